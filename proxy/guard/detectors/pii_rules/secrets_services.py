"""Keys of payment, messaging, mail, commerce and office services, as their documentation and public secret scanners
describe them."""

from __future__ import annotations

from typing import Final

from proxy.guard.detectors.pii_rules.building import (
    BOUNDARY,
    alphanumeric,
    any_hexadecimal,
    assigned,
    at_least,
    base64,
    digits,
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
from proxy.guard.detectors.pii_rules.secrets_cloud import UUID
from proxy.guard.rule import Rule

_PAYMENT: Final = (
    *(
        token(f"stripe_{name}", "STRIPE_KEY", prefix, alphanumeric(10, 128))
        for name, prefix in (
            ("live_secret_key", "sk_live_"),
            ("test_secret_key", "sk_test_"),
            ("live_restricted_key", "rk_live_"),
            ("test_restricted_key", "rk_test_"),
        )
    ),
    token("stripe_webhook_secret", "STRIPE_KEY", "whsec_", base64(32, 64)),
    token("square_access_token", "SQUARE_TOKEN", "sq0atp-", url_safe(22, 60)),
    token("square_oauth_secret", "SQUARE_TOKEN", "sq0csp-", url_safe(43)),
    token("square_production_token", "SQUARE_TOKEN", "EAAA", url_safe(60)),
    token("braintree_access_token", "BRAINTREE_TOKEN", "access_token$production$", lower(16), "$", hexadecimal(32)),
    *(
        token(f"plaid_{kind}_token", "PLAID_TOKEN", f"access-{kind}-", *UUID)
        for kind in ("sandbox", "development", "production")
    ),
    token("razorpay_key", "RAZORPAY_KEY", "rzp_live_", alphanumeric(14)),
    token("razorpay_test_key", "RAZORPAY_KEY", "rzp_test_", alphanumeric(14)),
    token("flutterwave_secret_key", "FLUTTERWAVE_KEY", "FLWSECK-", hexadecimal(32), "-X"),
    token("flutterwave_test_secret_key", "FLUTTERWAVE_KEY", "FLWSECK_TEST-", hexadecimal(32), "-X"),
    token("adyen_api_key", "ADYEN_KEY", "AQE", lower(1), at_least(base64(60))),
    token("shippo_live_token", "SHIPPO_TOKEN", "shippo_live_", any_hexadecimal(40)),
    token("shippo_test_token", "SHIPPO_TOKEN", "shippo_test_", any_hexadecimal(40)),
    token("easypost_key", "EASYPOST_KEY", "EZAK", alphanumeric(54)),
    token("easypost_test_key", "EASYPOST_KEY", "EZTK", alphanumeric(54)),
    token("duffel_live_token", "DUFFEL_TOKEN", "duffel_live_", url_safe(43)),
    token("duffel_test_token", "DUFFEL_TOKEN", "duffel_test_", url_safe(43)),
    *(
        token(f"shopify_{kind}", "SHOPIFY_TOKEN", f"{prefix}_", any_hexadecimal(32))
        for kind, prefix in (
            ("access_token", "shpat"),
            ("custom_app_token", "shpca"),
            ("private_app_password", "shppa"),
            ("shared_secret", "shpss"),
        )
    ),
    assigned("coinbase_token", "COINBASE_TOKEN", "coinbase", url_safe(64)),
    assigned("binance_key", "BINANCE_KEY", "binance", alphanumeric(64)),
)

_MESSAGING: Final = (
    token("slack_bot_token", "SLACK_TOKEN", "xoxb-", digits(10, 13), "-", digits(10, 13), "-", alphanumeric(18, 40)),
    token(
        "slack_user_token",
        "SLACK_TOKEN",
        "xoxp-",
        digits(10, 13),
        "-",
        digits(10, 13),
        "-",
        digits(10, 13),
        "-",
        alphanumeric(28, 40),
    ),
    token(
        "slack_legacy_token",
        "SLACK_TOKEN",
        "xoxs-",
        digits(6, 13),
        "-",
        digits(6, 13),
        "-",
        digits(6, 13),
        "-",
        hexadecimal(10, 64),
    ),
    token("slack_workspace_token", "SLACK_TOKEN", "xoxa-2-", url_safe(20, 200)),
    token("slack_refresh_token", "SLACK_TOKEN", "xoxr-", url_safe(20, 200)),
    token("slack_configuration_token", "SLACK_TOKEN", "xoxe.xoxp-1-", at_least(alphanumeric(140))),
    token("slack_configuration_refresh_token", "SLACK_TOKEN", "xoxe-1-", at_least(alphanumeric(120))),
    token("slack_app_token", "SLACK_TOKEN", "xapp-1-", upper(9, 13), "-", digits(10, 15), "-", lower(40, 80)),
    token("slack_cookie", "SLACK_TOKEN", "xoxd-", at_least(base64(40))),
    token(
        "slack_webhook",
        "SLACK_WEBHOOK",
        "hooks.slack.com/services/T",
        upper(8, 12),
        "/B",
        upper(8, 12),
        "/",
        alphanumeric(20, 32),
    ),
    token(
        "teams_webhook",
        "TEAMS_WEBHOOK",
        "webhook.office.com/webhookb2/",
        *UUID,
        "@",
        *UUID,
        "/IncomingWebhook/",
        hexadecimal(32),
        "/",
        *UUID,
    ),
    token("discord_webhook", "DISCORD_WEBHOOK", "discord.com/api/webhooks/", digits(17, 20), "/", url_safe(60, 80)),
    token(
        "discord_legacy_webhook",
        "DISCORD_WEBHOOK",
        "discordapp.com/api/webhooks/",
        digits(17, 20),
        "/",
        url_safe(60, 80),
    ),
    Rule(
        name="discord_bot_token",
        label="DISCORD_TOKEN",
        group="secrets",
        pattern=rf"{BOUNDARY}[MNO][0-9A-Za-z_-]{{23,27}}\.[0-9A-Za-z_-]{{6}}\.[0-9A-Za-z_-]{{27,40}}",
        validate=is_varied,
        examples=(f"bot «{'M' + sample_of((alphanumeric(23), '.', alphanumeric(6), '.', alphanumeric(27)))}»",),
        counter_examples=(
            "My.name.is",
            "N" + sample_of((alphanumeric(23), ".", alphanumeric(5), ".", alphanumeric(27))),
        ),
    ),
    token("telegram_bot_token", "TELEGRAM_TOKEN", digits(8, 10), ":AA", url_safe(33)),
    token("twilio_api_key", "TWILIO_KEY", "SK", hexadecimal(32)),
    token("twilio_account_sid", "TWILIO_KEY", "AC", hexadecimal(32)),
    assigned("twilio_auth_token", "TWILIO_KEY", "twilio", hexadecimal(32)),
    token("sendgrid_api_key", "SENDGRID_KEY", "SG.", url_safe(22), ".", url_safe(43)),
    token("sendinblue_api_key", "SENDINBLUE_KEY", "xkeysib-", hexadecimal(64), "-", alphanumeric(16)),
    token("mailgun_api_key", "MAILGUN_KEY", "key-", hexadecimal(32)),
    token("mailgun_signing_key", "MAILGUN_KEY", hexadecimal(32), "-", hexadecimal(8), "-", hexadecimal(8)),
    token("mailchimp_api_key", "MAILCHIMP_KEY", hexadecimal(32), "-us", digits(1, 2)),
    token("resend_api_key", "RESEND_KEY", "re_", alphanumeric(8), "_", alphanumeric(24)),
    token("mailersend_token", "MAILERSEND_TOKEN", "mlsn.", hexadecimal(64)),
    assigned("postmark_token", "POSTMARK_TOKEN", "postmark", *UUID),
    assigned("messagebird_token", "MESSAGEBIRD_TOKEN", "messagebird", alphanumeric(25)),
)

_OFFICE_AND_SOCIAL: Final = (
    token("notion_token", "NOTION_TOKEN", "ntn_", digits(11), alphanumeric(35)),
    token("notion_legacy_token", "NOTION_TOKEN", "secret_", alphanumeric(43)),
    token("linear_api_key", "LINEAR_KEY", "lin_api_", alphanumeric(40)),
    token("linear_oauth_token", "LINEAR_KEY", "lin_oauth_", hexadecimal(64)),
    token("airtable_token", "AIRTABLE_TOKEN", "pat", alphanumeric(14), ".", hexadecimal(64)),
    token("asana_token", "ASANA_TOKEN", digits(1), "/", digits(12, 18), ":", hexadecimal(32)),
    token("figma_token", "FIGMA_TOKEN", "figd_", url_safe(38, 50)),
    token("dropbox_token", "DROPBOX_TOKEN", "sl.", at_least(dotted(130))),
    token("contentful_token", "CONTENTFUL_TOKEN", "CFPAT-", url_safe(43)),
    *(token(f"hubspot_{region}_token", "HUBSPOT_TOKEN", f"pat-{region}-", *UUID) for region in ("na1", "eu1")),
    token("clickup_token", "CLICKUP_TOKEN", "pk_", digits(6, 10), "_", upper(32)),
    token("typeform_token", "TYPEFORM_TOKEN", "tfp_", dotted(44, 70)),
    token("mapbox_secret_token", "MAPBOX_TOKEN", "sk.eyJ", alphanumeric(40, 120), ".", url_safe(22)),
    token("frameio_token", "FRAMEIO_TOKEN", "fio-u-", url_safe(64)),
    token("maxmind_license_key", "MAXMIND_KEY", alphanumeric(6), "_", alphanumeric(29), "_mmk"),
    token("adobe_client_secret", "ADOBE_SECRET", "p8e-", lower(32)),
    token("salesforce_session", "SALESFORCE_TOKEN", "00D", alphanumeric(12, 15), "!", at_least(dotted(80))),
    token("facebook_page_token", "FACEBOOK_TOKEN", "EAAC", at_least(alphanumeric(100))),
    token("facebook_business_token", "FACEBOOK_TOKEN", "EAAM", at_least(alphanumeric(100))),
    token("instagram_token", "FACEBOOK_TOKEN", "IGQV", at_least(word(100))),
    assigned("facebook_app_secret", "FACEBOOK_TOKEN", "facebook|fb_app", hexadecimal(32)),
    assigned("twitter_api_secret", "TWITTER_KEY", "twitter", alphanumeric(50)),
    assigned("twitch_token", "TWITCH_TOKEN", "twitch", lower(30)),
    assigned("algolia_admin_key", "ALGOLIA_KEY", "algolia", hexadecimal(32)),
    assigned("zendesk_token", "ZENDESK_TOKEN", "zendesk", alphanumeric(40)),
    token("zapier_webhook", "ZAPIER_WEBHOOK", "hooks.zapier.com/hooks/catch/", digits(5, 10), "/", lower(6, 10)),
)

RULES: Final = _PAYMENT + _MESSAGING + _OFFICE_AND_SOCIAL
