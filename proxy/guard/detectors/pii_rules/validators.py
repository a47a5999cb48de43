"""What a matched text must satisfy to count. All functions are pure and never raise: what they cannot read is invalid.

Checksums come from python-stdnum and telephone plans from phonenumbers (the data of Google's libphonenumber).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from types import ModuleType

import phonenumbers

_SEPARATORS = re.compile(r"[^0-9A-Za-z]+")
_NANP = 1


def compact(text: str) -> str:
    """Return ``text`` without anything but ASCII letters and digits."""
    return _SEPARATORS.sub("", text)


def by_stdnum(*modules: ModuleType) -> Callable[[str], bool]:
    """Return a validator that accepts what any of these stdnum modules calls valid."""

    def validate(text: str) -> bool:
        number = compact(text)
        return any(module.is_valid(number) for module in modules)

    return validate


def phone(text: str) -> bool:
    """Check a telephone number in international, North American or national notation against its number plan."""
    if text[0] == "+" or text[:2] == "00":
        return _international(text)
    if text.lstrip("(")[0] == "0":
        return _national(text)
    return _north_american(text)


def _international(text: str) -> bool:
    number = _parsed("+" + text[2:] if text[0] == "0" else text, None)
    if number is None or text.isdigit():
        return False
    if phonenumbers.is_valid_number(number):
        return True
    # Numbers of fiction (555) are outside every plan; written out like a number they are meant as one.
    possible = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    return possible and (number.country_code == _NANP or not text[1:].isdigit())


def _north_american(text: str) -> bool:
    number = _parsed(text, "US")
    if number is None:
        return False
    # Three groups apart by mere spaces may be any figures: then only assigned area codes count.
    return any(ch in "().-" for ch in text) or phonenumbers.is_valid_number(number)


def _national(text: str) -> bool:
    digits = compact(text)
    if len(digits) < 10 or len({ch for ch in text if ch in " .-"}) > 1:
        return False
    # British mobile numbers reserved for fiction are outside the plan as well.
    if digits.startswith("07") and len(digits) == 11:
        return True
    parsed = (_parsed(text, region) for region in ("GB", "FR", "DE", "AU"))
    return any(number is not None and phonenumbers.is_valid_number(number) for number in parsed)


def labelled_phone(text: str) -> bool:
    """Check a number that is announced as one: 7 to 15 digits (ITU-T E.164), not all alike."""
    digits = compact(text)
    return 7 <= len(digits) <= 15 and len(set(digits)) > 2


def _parsed(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def ipv6(text: str) -> bool:
    """Check an IPv6 address (RFC 4291) that is neither ``::`` nor a word such as ``::add``."""
    address = text.partition("%")[0]
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return False
    return any(ch.isdigit() for ch in address)


def email_address(text: str) -> bool:
    """Reject what only looks like an address: ``git@host`` remotes, versions, image names such as ``logo@2x.png``."""
    local, _, domain = text.rpartition("@")
    labels = domain.lower().split(".")
    if local.lower() == "git" or any(label[0] == "-" or label[-1] == "-" for label in labels):
        return False
    return labels[-1] not in _FILE_ENDINGS and not all(label.isdigit() for label in labels[:2])


_FILE_ENDINGS = frozenset(
    ["png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "css", "js", "ts", "jsx", "tsx", "json", "html"]
)


def has_digits(count: int) -> Callable[[str], bool]:
    """Return a validator that asks for at least ``count`` digits."""

    def validate(text: str) -> bool:
        return sum(ch.isdigit() for ch in text) >= count

    return validate
