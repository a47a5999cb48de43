"""Secrets known by their wrapping: private keys (RFC 7468, RFC 9580), JSON Web Tokens (RFC 7519), credentials in URLs
(RFC 3986) and headers (RFC 6750, RFC 7617), and what is assigned to a name that says secret."""

from __future__ import annotations

from typing import Final

from proxy.guard.detectors.pii_rules.building import ASSIGNS, BOUNDARY, alphanumeric, base64, sample_of, url_safe
from proxy.guard.detectors.pii_rules.entropy import is_password, is_random, is_varied
from proxy.guard.rule import Rule

_BREAK = r"(?:[ \t\r\n\"',+]|\\n|\\r){1,6}"
"""What separates the lines of a key, in a file or in a string literal of JSON or source code."""
_LINE = "[A-Za-z0-9+/=]"
_BODY = rf"{_BREAK}{_LINE}{{16}}(?:{_LINE}|{_BREAK}{_LINE}{{16}})*"

_LINE_SAMPLE = sample_of((base64(64),))
_KIND, _KEY = "PRIVATE", "KEY"
_PEM = (
    f"-----BEGIN RSA {_KIND} {_KEY}-----\n{_LINE_SAMPLE}\n{_LINE_SAMPLE[::-1]}\nq7Rt2K==\n"
    f"-----END RSA {_KIND} {_KEY}-----"
)
_PGP = (
    f"-----BEGIN PGP {_KIND} {_KEY} BLOCK-----\nVersion: 1\n\n{_LINE_SAMPLE}\n=aB3d\n"
    f"-----END PGP {_KIND} {_KEY} BLOCK-----"
)
_JWT = ".".join(("eyJ" + sample_of((url_safe(30),)), "eyJ" + sample_of((url_safe(40),)), sample_of((url_safe(43),))))
_VALUE = sample_of((alphanumeric(32),))

_TELLING = (
    r"(?:api|access|auth|private|encryption|signing|master|account|consumer|client|app|session|service|shared|bearer"
    r"|refresh)[ _-]?(?:key|token|secret)|secret(?:[ _-]?key)?|token|apikey|credentials?"
)
"""Words in the names of variables and fields that hold secrets."""

_CHARACTER = r"[^\s\"'<>`,;()\[\]{}|]"
_LAST_CHARACTER = r"[^\s\"'<>`,;()\[\]{}|.:!?]"
"""What secrets are made of wherever they are written down; sentences and calls end with the rest."""

RULES: Final = (
    Rule(
        name="private_key_block",
        label="PRIVATE_KEY",
        group="secrets",
        pattern=(
            r"-----BEGIN (?:[A-Z0-9]{1,10} ){0,3}PRIVATE KEY-----"
            rf"(?:{_BREAK}[A-Za-z-]{{1,16}}: [A-Za-z0-9,-]{{1,64}}){{0,3}}{_BODY}"
            rf"(?:{_BREAK}(?:{_LINE}{{1,15}}{_BREAK})?-----END [A-Z0-9 ]{{1,40}}-----)?"
        ),
        examples=(f"here:\n«{_PEM}»\nbye", '{"k":"«' + _PEM.replace("\n", "\\n") + '»\\n"}'),
        counter_examples=("-----BEGIN PRIVATE KEY----- opens the file", f"-----BEGIN CERTIFICATE-----\n{_LINE_SAMPLE}"),
    ),
    Rule(
        name="pgp_private_key_block",
        label="PRIVATE_KEY",
        group="secrets",
        pattern=(
            rf"-----BEGIN PGP PRIVATE KEY BLOCK-----(?:{_BREAK}[A-Za-z-]{{1,16}}: [^\n]{{1,80}}){{0,3}}{_BODY}"
            rf"(?:{_BREAK}(?:{_LINE}{{1,15}}{_BREAK})?-----END [A-Z0-9 ]{{1,40}}-----)?"
        ),
        examples=(f"key:\n«{_PGP}».",),
        counter_examples=(
            f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{_LINE_SAMPLE}",
            "-----BEGIN PGP PRIVATE KEY BLOCK-----",
        ),
    ),
    Rule(
        name="putty_private_key",
        label="PRIVATE_KEY",
        group="secrets",
        pattern=rf"(?i:Private-Lines: )[0-9]{{1,3}}{_BODY}",
        examples=(f"Private-Lines: 2\n{_LINE_SAMPLE}".join("«»") + "\nend",),
        counter_examples=("Private-Lines: 2", f"Public-Lines: 2\n{_LINE_SAMPLE}"),
    ),
    Rule(
        name="json_web_token",
        label="JWT",
        group="secrets",
        # The second part of a signed token is JSON as well; of an encrypted one (RFC 7516) it is not.
        pattern=rf"{BOUNDARY}eyJ[A-Za-z0-9_-]{{12,512}}\.[A-Za-z0-9_-]{{10}}(?:[A-Za-z0-9_-]|\.[A-Za-z0-9_-])*",
        examples=(f"token «{_JWT}».", f"Authorization: Bearer «{_JWT}»"),
        counter_examples=("eyJhbGciOi", "eyJ." + _VALUE, "x" + _JWT.rpartition(".eyJ")[0]),
    ),
    Rule(
        name="password_in_url",
        label="URL_PASSWORD",
        group="secrets",
        pattern=r"[^\s/?#@:\"'<>]{3,128}(?=@[A-Za-z0-9\[])",
        validate=is_varied,
        context=r"""://[^\s/?#@:"'<>]{0,64}:""",
        examples=(
            "postgres://app:«s3cr3t-pw»@db.example.com:5432/x",
            "redis://:«hunter2»@localhost",
            "https://u:«p4ss»@h/x",
        ),
        counter_examples=("http://localhost:8080/a@b", "see https://example.com: a@b", "mysql://u:xxxxxxxx@h"),
    ),
    Rule(
        name="authorization_header",
        label="AUTHORIZATION",
        group="secrets",
        pattern=r"[A-Za-z0-9._~+/-]{16,255}={0,2}(?![A-Za-z0-9._~+/-])",
        validate=is_random,
        context=r"(?<![A-Za-z0-9])(?i:bearer|basic|authorization: ?(?:token|apikey|bearer|basic)) {1,2}",
        examples=(f"curl -H 'Authorization: Bearer «{_VALUE}»'", f"Authorization: Basic «{sample_of((base64(28),))}=»"),
        counter_examples=(
            "bearer of bad news",
            "Basic understanding of electrodynamics",
            "Bearer $TOKEN_0123456789ABCDEF",
        ),
    ),
    Rule(
        name="password_after_user_option",
        label="PASSWORD",
        group="secrets",
        pattern=r"[^\s\"'<>`]{5,63}[^\s\"'<>`.,;:!?)]",
        validate=is_password,
        context=r"""(?<=[\s])(?:-u|--user)[ =]["']?[A-Za-z0-9_.@-]{1,64}:""",
        examples=("curl -u admin:«Tr0ub4dor&3» https://x", "curl --user 'bob:«c0rrect-horse»' y"),
        counter_examples=("docker run -u 1000:1000 image", "curl -u bob: x"),
    ),
    Rule(
        name="password_assignment",
        label="PASSWORD",
        group="secrets",
        pattern=r"[^\s\"'<>`,;]{5,63}[^\s\"'<>`,;.:!?)](?:[!?]{1,3})?(?!\.?[^\s\"'<>`,;.!?)])",
        validate=is_password,
        context=rf"(?i:passw(?:or)?d|passphrase|passcode|pwd)[\w-]{{0,16}}(?: (?i:is):? |{ASSIGNS})",
        examples=(
            'password = "«Tr0ub4dor&3»"',
            "Your password is «hunter22».",
            "DB_PASSWORD=«c0rrect-horse-9»",
            "Pwd=«pa55w0rd1»;Encrypt=yes",
            "password: «Hunter2!»",
        ),
        counter_examples=(
            "password: changeme123",
            "Your password is wrong.",
            "password = os.environ['DB1']",
            "password: ${DB_PASSWORD1}",
            "password=<your-password-1>",
            "The password: must contain letters",
        ),
    ),
    Rule(
        name="secret_assignment",
        label="SECRET",
        group="secrets",
        pattern=rf"{_CHARACTER}{{15,199}}{_LAST_CHARACTER}(?!\.?[^\s\"'<>`,;.:!?)\]}}|])",
        validate=is_random,
        context=rf"(?i:{_TELLING})[\w-]{{0,16}}(?: (?i:is):? |{ASSIGNS})",
        examples=(
            "SECRET_KEY = '«django-insecure-4f!x9k$2m»'",
            f'api_key = "«{_VALUE}»"',
            f"clientSecret: '«{_VALUE}»'",
            f"ACCESS_TOKEN=«{_VALUE}»",
            f"Your API key is «{_VALUE}»",
        ),
        counter_examples=(
            "token = get_token_from_header_v2(request)",
            'api_key = "your-api-key-0123456789"',
            "secret: EXAMPLE0123456789abcdef",
            "access_token = settings.oauth.access_token",
            "token: aaaaaaaaaaaaaaaaaaaaaaaa1",
            "token_url = https://auth.example.org/oauth2/v2.0/token",
            "secret_file=/run/secrets/db_password_1",
            f"hash = {_VALUE}",
        ),
    ),
)
