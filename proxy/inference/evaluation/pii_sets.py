"""Generated values with a format, set into sentences, and others that only look like them; everything from a seed.

Values follow the public descriptions of their formats, not the detector's rules: checksums are computed, and keys have
the prefixes and lengths that their issuers document. What looks like a value breaks exactly what makes it one.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import random
import string
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from stdnum import luhn
from stdnum.iso7064 import mod_97_10

from proxy.inference.evaluation.metrics import Span
from proxy.inference.evaluation.rows import Row

DETECTOR: Final = "pii"
STRUCTURED, SECRETS = "structured PII", "secrets"
ENTITY: Final = "VALUE"
"""The label of all spans here: which kind a value is taken for does not count, only that it is found."""

_SENTENCES: Final = (
    "Please use {} from now on.",
    "{}",
    "I think it is {}, but check it twice.",
    "Notes:\n- first item\n- {}\n- last item",
    'He wrote: "{}".',
    "It was changed (now {}) after the move.",
    "| field | {} |\n|---|---|",
    "We got **{}** from the customer; is that right?",
)
_ALPHANUMERIC: Final = string.ascii_letters + string.digits
_URL_SAFE: Final = _ALPHANUMERIC + "-_"

Make = Callable[[random.Random], str]


def structured(seed: int, each: int) -> list[Row]:
    """Return ``each`` sentences with a value of each family, and as many with what only looks like one."""
    return [*_filled(STRUCTURED, _VALUES, seed, each), *_look_alikes(STRUCTURED, _NO_VALUES, seed, each)]


def secrets(seed: int, each: int) -> list[Row]:
    """Return the same of keys and other secrets."""
    return [*_filled(SECRETS, _KEYS, seed, each), *_look_alikes(SECRETS, _NO_KEYS, seed, each)]


def _filled(name: str, families: Mapping[str, Make], seed: int, each: int) -> Iterator[Row]:
    for family, make in families.items():
        rng = random.Random(f"{seed} {family}")  # noqa: S311 - made-up values
        for number in range(each):
            # A family's wrapping, such as "password: {}", is no part of the value.
            before, value, after = _parts(make(rng))
            sentence = _SENTENCES[number % len(_SENTENCES)]
            start = sentence.index("{}") + len(before)
            spans = (Span(start, start + len(value), ENTITY),)
            yield Row(sentence.format(before + value + after), labels={DETECTOR: spans}, set=name)


def _look_alikes(name: str, families: Mapping[str, Make], seed: int, each: int) -> Iterator[Row]:
    for family, make in families.items():
        rng = random.Random(f"{seed} {family}")  # noqa: S311 - made-up values
        for number in range(each):
            sentence = _SENTENCES[number % len(_SENTENCES)]
            yield Row(sentence.format(make(rng)), labels={DETECTOR: ()}, set=name)


def _parts(made: str) -> tuple[str, str, str]:
    before, mark, rest = made.partition("«")
    if not mark:
        return "", made, ""
    value, _, after = rest.partition("»")
    return before, value, after


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choices(string.digits, k=count))


def _drawn(rng: random.Random, characters: str, count: int) -> str:
    return "".join(rng.choices(characters, k=count))


def _email(rng: random.Random) -> str:
    local = rng.choice(["anna", "j.smith", "info+shop", "max_muster", "k9", "sales-eu"]) + _digits(
        rng, rng.randint(0, 3)
    )
    return f"{local}@{_drawn(rng, string.ascii_lowercase, 7)}.{rng.choice(['com', 'org', 'co.uk', 'de', 'io'])}"


def _phone(rng: random.Random) -> str:
    local = f"{rng.choice('23456789')}{rng.choice('02345678')}{rng.choice('23456789')}"
    return rng.choice(["+1 {} {}-{}", "({}) {}-{}", "+1-{}-{}-{}", "{}-{}-{}"]).format(
        local, rng.choice("23456789") + _digits(rng, 2), _digits(rng, 4)
    )


def _card(rng: random.Random) -> str:
    body = rng.choice(["4", "52", "55", "6011"])
    body += _digits(rng, 15 - len(body))
    number = body + luhn.calc_check_digit(body)
    return rng.choice(["", " ", "-"]).join(number[at : at + 4] for at in range(0, 16, 4))


def _iban(rng: random.Random) -> str:
    # Countries whose account numbers have no check digits of their own that the rules would insist on.
    country, length = rng.choice([("DE", 18), ("AT", 16), ("CH", 17), ("PL", 24), ("DK", 14)])
    account = _digits(rng, length)
    number = country + mod_97_10.calc_check_digits(account + country) + account
    return number if rng.random() < 0.5 else " ".join(number[at : at + 4] for at in range(0, len(number), 4))


def _ssn(rng: random.Random) -> str:
    area = rng.choice([number for number in range(1, 900) if number != 666])
    return f"{area:03d}-{rng.randint(1, 99):02d}-{rng.randint(1, 9999):04d}"


def _ipv4(rng: random.Random) -> str:
    return str(ipaddress.IPv4Address(rng.randrange(1 << 24, 223 << 24)))


def _ipv6(rng: random.Random) -> str:
    return ipaddress.IPv6Address((0x2001 << 112) + rng.getrandbits(112)).compressed


def _url(rng: random.Random) -> str:
    host = _drawn(rng, string.ascii_lowercase, 8)
    return f"https://{host}.{rng.choice(['com', 'org', 'net'])}/{_drawn(rng, _ALPHANUMERIC, 6)}?id={_digits(rng, 4)}"


def _bad_card(rng: random.Random) -> str:
    number = "4" + _digits(rng, 14)
    return number + str((int(luhn.calc_check_digit(number)) + rng.randint(1, 9)) % 10)


def _bad_iban(rng: random.Random) -> str:
    account = _digits(rng, 18)
    check = int(mod_97_10.calc_check_digits(account + "DE"))
    return f"DE{(check - 2 + rng.randint(1, 90)) % 97 + 2:02d}{account}"


def _version(rng: random.Random) -> str:
    return f"v{rng.randint(1, 12)}.{rng.randint(0, 40)}.{rng.randint(0, 20)}-rc.{rng.randint(1, 9)}"


_VALUES: Final[Mapping[str, Make]] = {
    "email": _email,
    "phone": _phone,
    "card": _card,
    "iban": _iban,
    "ssn": _ssn,
    "ipv4": _ipv4,
    "ipv6": _ipv6,
    "url": _url,
}
_NO_VALUES: Final[Mapping[str, Make]] = {
    "card with a wrong check digit": _bad_card,
    "iban with wrong check digits": _bad_iban,
    "no area number of an ssn": lambda rng: f"{rng.choice(['000', '666'])}-{_digits(rng, 2)}-{_digits(rng, 4)}",
    "octets over 255": lambda rng: f"{rng.randint(300, 999)}.{rng.randint(256, 999)}.{rng.randint(0, 255)}.1",
    "version": _version,
    "uuid": lambda rng: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
    "figures": lambda rng: f"{rng.randint(1, 999)},{_digits(rng, 3)},{_digits(rng, 3)} of {rng.random() * 100:.2f} %",
    "handle": lambda rng: f"@{_drawn(rng, string.ascii_lowercase, 9)}, #{_drawn(rng, string.ascii_lowercase, 5)}",
}


def _web_token(rng: random.Random) -> str:
    def encoded(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    claims = {
        "sub": _digits(rng, 8),
        "name": _drawn(rng, string.ascii_letters, 8),
        "iat": rng.randint(10**9, 2 * 10**9),
    }
    return f"{encoded({'alg': 'HS256', 'typ': 'JWT'})}.{encoded(claims)}.{_drawn(rng, _URL_SAFE, 42)}A"


def _private_key(rng: random.Random) -> str:
    kind = rng.choice(["RSA ", "EC ", "OPENSSH ", ""])
    body = "\n".join(_drawn(rng, _ALPHANUMERIC + "+/", 64) for _ in range(5))
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{body}\n-----END {kind}PRIVATE KEY-----"


def _password(rng: random.Random) -> str:
    return f"password: «{_drawn(rng, string.ascii_letters, 7)}{rng.choice('!#&+')}{_digits(rng, 4)}»"


_KEYS: Final[Mapping[str, Make]] = {
    "aws access key id": lambda rng: "AKIA" + _drawn(rng, string.ascii_uppercase + "234567", 16),
    "github token": lambda rng: rng.choice(["ghp_", "gho_", "ghs_"]) + _drawn(rng, _ALPHANUMERIC, 36),
    "gitlab token": lambda rng: "glpat-" + _drawn(rng, _ALPHANUMERIC, 20),
    "google api key": lambda rng: "AIza" + _drawn(rng, _ALPHANUMERIC, 35),
    "slack token": lambda rng: f"xoxb-{_digits(rng, 12)}-{_digits(rng, 12)}-{_drawn(rng, _ALPHANUMERIC, 24)}",
    "stripe key": lambda rng: rng.choice(["sk_live_", "rk_live_"]) + _drawn(rng, _ALPHANUMERIC, 24),
    "npm token": lambda rng: "npm_" + _drawn(rng, _ALPHANUMERIC, 36),
    "hugging face token": lambda rng: "hf_" + _drawn(rng, string.ascii_letters, 34),
    "openai project key": lambda rng: (
        f"sk-proj-{_drawn(rng, _ALPHANUMERIC, 74)}T3BlbkFJ{_drawn(rng, _ALPHANUMERIC, 74)}"
    ),
    "json web token": _web_token,
    "private key": _private_key,
    "password": _password,
    "assigned secret": lambda rng: f"client_secret = '«{_drawn(rng, _ALPHANUMERIC, 32)}»'",
}
_NO_KEYS: Final[Mapping[str, Make]] = {
    "commit": lambda rng: "commit " + _drawn(rng, "0123456789abcdef", 40),
    "digest": lambda rng: "sha256 " + _drawn(rng, "0123456789abcdef", 64),
    "uuid": lambda rng: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
    "password in prose": lambda rng: rng.choice(
        ["My password: what was it again?", "A password is a secret", "the password must have 12 characters"]
    ),
    "variable": lambda rng: f"api_key = os.environ['{_drawn(rng, string.ascii_uppercase, 8)}_KEY']",
    "too short": lambda rng: rng.choice(["ghp_", "AKIA", "npm_", "sk_live_"]) + _drawn(rng, _ALPHANUMERIC, 6),
    "certificate": lambda rng: (
        f"-----BEGIN CERTIFICATE-----\n{_drawn(rng, _ALPHANUMERIC, 64)}\n-----END CERTIFICATE-----"
    ),
    "placeholder": lambda rng: rng.choice(["api_key = 'your-api-key-here'", "token: <TOKEN>", "password: ********"]),
    "slug": lambda rng: "-".join(_drawn(rng, string.ascii_lowercase, 6) for _ in range(5)),
}
