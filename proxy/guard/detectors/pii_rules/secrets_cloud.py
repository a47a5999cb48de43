"""Keys of cloud platforms, hosting, networks and identity, as their documentation and public secret scanners describe
them."""

from __future__ import annotations

from typing import Final

from proxy.guard.detectors.pii_rules.building import (
    Run,
    alphanumeric,
    assigned,
    at_least,
    base64,
    dotted,
    hexadecimal,
    lower,
    sample_of,
    token,
    upper,
    url_safe,
    word,
)
from proxy.guard.detectors.pii_rules.entropy import is_varied
from proxy.guard.rule import Rule

UUID: Final[tuple[str | Run, ...]] = (
    hexadecimal(8),
    "-",
    hexadecimal(4),
    "-",
    hexadecimal(4),
    "-",
    hexadecimal(4),
    "-",
    hexadecimal(12),
)

_AZURE_SECRET = (alphanumeric(3), "8Q~", dotted(31, 34))
_AZURE_KEY = (base64(86), "==")
_SAS = (alphanumeric(43), "%3D")


def _connection(name: str, label: str, parameter: str, pattern: str, sample: str) -> Rule:
    return Rule(
        name=name,
        label=label,
        group="secrets",
        pattern=pattern,
        validate=is_varied,
        context=rf"(?<![A-Za-z0-9])(?i:{parameter})=",
        examples=(f"Endpoint=x;{parameter}=«{sample}»;Suffix=y", f"?a=b&{parameter}=«{sample}»"),
        counter_examples=(sample, f"{parameter}={sample[:12]}"),
    )


_AMAZON: Final = (
    *(
        token(f"aws_{kind}", "AWS_ACCESS_KEY", prefix, upper(16))
        for kind, prefix in (
            ("access_key_id", "AKIA"),
            ("temporary_access_key_id", "ASIA"),
            ("bearer_token_id", "ABIA"),
            ("context_credential_id", "ACCA"),
        )
    ),
    Rule(
        name="aws_secret_access_key",
        label="AWS_SECRET_KEY",
        group="secrets",
        pattern=r"[0-9A-Za-z+/]{40}(?![0-9A-Za-z+/=])",
        validate=is_varied,
        context=(
            r"""(?<![A-Za-z0-9])(?i:secret[ _-]?(?:access[ _-]?)?key|aws[ _-]?secret)"""
            r"""["'`*]{0,2}\s{0,3}(?:=>|:=|[:=]| (?i:is) )["'`*]{0,2}\s{0,3}["'`]?"""
        ),
        examples=(
            f"aws_secret_access_key = «{sample_of((base64(40),))}»",
            f'"SecretAccessKey": "«{sample_of((base64(40),))}»"',
        ),
        counter_examples=(sample_of((base64(40),)), "secret_key = " + sample_of((base64(41),))),
    ),
    token("aws_bedrock_api_key", "AWS_BEDROCK_KEY", "ABSK", at_least(base64(109))),
    token("aws_bedrock_short_lived_key", "AWS_BEDROCK_KEY", "bedrock-api-key-", at_least(base64(40))),
    token("aws_mws_key", "AWS_MWS_KEY", "amzn.mws.", *UUID),
    token("aws_appsync_key", "AWS_APPSYNC_KEY", "da2-", lower(26)),
)

_MICROSOFT: Final = (
    token("azure_client_secret", "AZURE_CLIENT_SECRET", *_AZURE_SECRET),
    _connection(
        "azure_storage_account_key", "AZURE_STORAGE_KEY", "AccountKey", r"[0-9A-Za-z+/]{86}==", sample_of(_AZURE_KEY)
    ),
    _connection(
        "azure_shared_access_key",
        "AZURE_SHARED_ACCESS_KEY",
        "SharedAccessKey",
        r"[0-9A-Za-z+/]{43}=",
        sample_of((base64(43), "=")),
    ),
    _connection("azure_sas_signature", "AZURE_SAS", "sig", r"[0-9A-Za-z%]{43,63}%3(?i:d)", sample_of(_SAS)),
    token("azure_devops_token", "AZURE_DEVOPS_TOKEN", alphanumeric(76), "AZDO", alphanumeric(4)),
    assigned("azure_subscription_key", "AZURE_KEY", "azure|subscription", hexadecimal(32)),
)

_GOOGLE: Final = (
    token("google_api_key", "GOOGLE_API_KEY", "AIza", url_safe(35)),
    token("google_oauth_client_secret", "GOOGLE_OAUTH_SECRET", "GOCSPX-", url_safe(28)),
    token("google_oauth_access_token", "GOOGLE_OAUTH_TOKEN", "ya29.", at_least(url_safe(30))),
    token("google_oauth_refresh_token", "GOOGLE_OAUTH_TOKEN", "1//0", url_safe(30, 128)),
    token("google_hmac_key", "GOOGLE_HMAC_KEY", "GOOG1E", upper(55)),
    token("firebase_server_key", "FIREBASE_KEY", "AAAA", url_safe(7), ":APA91b", at_least(url_safe(134))),
)

_HOSTING: Final = (
    token("digitalocean_personal_token", "DIGITALOCEAN_TOKEN", "dop_v1_", hexadecimal(64)),
    token("digitalocean_oauth_token", "DIGITALOCEAN_TOKEN", "doo_v1_", hexadecimal(64)),
    token("digitalocean_refresh_token", "DIGITALOCEAN_TOKEN", "dor_v1_", hexadecimal(64)),
    token("digitalocean_spaces_key", "DIGITALOCEAN_TOKEN", "DO00", upper(16)),
    token("heroku_api_key", "HEROKU_API_KEY", "HRKU-AA", url_safe(58)),
    assigned("heroku_legacy_api_key", "HEROKU_API_KEY", "heroku", *UUID),
    token("fly_access_token", "FLY_TOKEN", "fo1_", url_safe(43)),
    token("fly_macaroon", "FLY_TOKEN", "fm2_", at_least(base64(100))),
    token("netlify_token", "NETLIFY_TOKEN", "nfp_", alphanumeric(36, 44)),
    token("vercel_token", "VERCEL_TOKEN", "vcp_", alphanumeric(56, 64)),
    token("render_api_key", "RENDER_API_KEY", "rnd_", alphanumeric(28, 40)),
    token("supabase_access_token", "SUPABASE_TOKEN", "sbp_", hexadecimal(40)),
    token("supabase_secret_key", "SUPABASE_TOKEN", "sb_secret_", url_safe(24, 48)),
    token("planetscale_token", "PLANETSCALE_TOKEN", "pscale_tkn_", dotted(32, 64)),
    token("planetscale_oauth_token", "PLANETSCALE_TOKEN", "pscale_oauth_", dotted(32, 64)),
    token("planetscale_password", "PLANETSCALE_TOKEN", "pscale_pw_", dotted(32, 64)),
    token("neon_api_key", "NEON_API_KEY", "napi_", alphanumeric(60, 70)),
    token("mongodb_atlas_service_secret", "MONGODB_ATLAS_SECRET", "mdb_sa_sk_", url_safe(40)),
    token("clickhouse_cloud_secret", "CLICKHOUSE_SECRET", "4b1d", alphanumeric(38)),
    token("alibaba_access_key_id", "ALIBABA_ACCESS_KEY", "LTAI", alphanumeric(16, 24)),
    token("tencent_secret_id", "TENCENT_SECRET_ID", "AKID", alphanumeric(32)),
    token("yandex_api_key", "YANDEX_KEY", "AQVN", url_safe(35, 38)),
    token("yandex_static_key_id", "YANDEX_KEY", "YCAJE", url_safe(20)),
    token("yandex_static_secret_key", "YANDEX_KEY", "YC", url_safe(38)),
    token("scalingo_token", "SCALINGO_TOKEN", "tk-us-", url_safe(48)),
    token("openshift_token", "OPENSHIFT_TOKEN", "sha256~", url_safe(43)),
    assigned("linode_token", "LINODE_TOKEN", "linode", hexadecimal(64)),
    assigned("fastly_api_token", "FASTLY_TOKEN", "fastly", url_safe(32)),
    assigned("vercel_legacy_token", "VERCEL_TOKEN", "vercel", alphanumeric(24)),
)

_NETWORK_AND_IDENTITY: Final = (
    token("cloudflare_origin_ca_key", "CLOUDFLARE_KEY", "v1.0-", hexadecimal(24), "-", hexadecimal(146)),
    assigned("cloudflare_api_token", "CLOUDFLARE_KEY", "cloudflare", url_safe(40)),
    assigned("cloudflare_global_key", "CLOUDFLARE_KEY", "cloudflare", hexadecimal(37)),
    token(
        "tailscale_key", "TAILSCALE_KEY", "tskey-", lower(3, 12), "-", alphanumeric(10, 24), "-", alphanumeric(20, 48)
    ),
    token("vault_service_token", "VAULT_TOKEN", "hvs.", url_safe(24, 130)),
    token("vault_batch_token", "VAULT_TOKEN", "hvb.", at_least(url_safe(100))),
    token("vault_recovery_token", "VAULT_TOKEN", "hvr.", url_safe(24, 130)),
    assigned("vault_legacy_token", "VAULT_TOKEN", "vault", "s.", alphanumeric(24)),
    token("doppler_token", "DOPPLER_TOKEN", "dp.pt.", alphanumeric(40, 44)),
    token("doppler_service_token", "DOPPLER_TOKEN", "dp.st.", word(4, 40), ".", alphanumeric(40, 44)),
    token(
        "onepassword_secret_key",
        "ONEPASSWORD_KEY",
        "A3-",
        upper(6),
        "-",
        upper(11),
        "-",
        upper(5),
        "-",
        upper(5),
        "-",
        upper(5),
    ),
    token("onepassword_service_token", "ONEPASSWORD_KEY", "ops_eyJ", at_least(base64(100))),
    token(
        "infisical_service_token", "INFISICAL_TOKEN", "st.", hexadecimal(24), ".", hexadecimal(32), ".", hexadecimal(32)
    ),
    token("age_secret_key", "AGE_SECRET_KEY", "AGE-SECRET-KEY-1", upper(58)),
    assigned("okta_api_token", "OKTA_TOKEN", "okta|ssws", "00", url_safe(40)),
)

RULES: Final = _AMAZON + _MICROSOFT + _GOOGLE + _HOSTING + _NETWORK_AND_IDENTITY
