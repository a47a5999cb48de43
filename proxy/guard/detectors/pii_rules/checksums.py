"""Checksums that python-stdnum does not compute, and the ranges of payment cards.

Each is computed from the issuer's published rule, named in its docstring. All functions are pure, take a text that
matched their rule's pattern, and never raise on one.
"""

from __future__ import annotations

import hashlib
import re

from stdnum import luhn

from proxy.guard.detectors.pii_rules.validators import compact

_PAN_RANGES: tuple[tuple[str, frozenset[int]], ...] = (
    (r"4", frozenset({13, 16, 18, 19})),
    (r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", frozenset({16})),
    (r"3[47]", frozenset({15})),
    (r"30[0-5]|3095|3[689]", frozenset({14, 15, 16, 17, 18, 19})),
    (r"35(?:2[89]|[3-8])", frozenset({16, 17, 18, 19})),
    (r"6011|64[4-9]|65|62|81", frozenset({16, 17, 18, 19})),
    (r"50|5[6-9]|60|63|67", frozenset(range(13, 20))),
)
_PAN = tuple((re.compile(prefix), lengths) for prefix, lengths in _PAN_RANGES)


def payment_card(text: str) -> bool:
    """Check the Luhn digit (ISO/IEC 7812-1) and that the issuer prefix and length belong to a card network."""
    number = compact(text)
    known = any(prefix.match(number) and len(number) in lengths for prefix, lengths in _PAN)
    return known and bool(luhn.is_valid(number))


_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_CONSTANTS = frozenset({1, 0x2BC830A3})
_BECH32_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def bech32_address(text: str) -> bool:
    """Check a Bech32 or Bech32m checksum (BIP 173 and BIP 350)."""
    prefix, separator, data = text.lower().rpartition("1")
    if not separator or any(ch not in _BECH32 for ch in data):
        return False
    values = (
        [ord(ch) >> 5 for ch in prefix] + [0] + [ord(ch) & 31 for ch in prefix] + [_BECH32.index(ch) for ch in data]
    )
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_BECH32_GENERATOR):
            if top >> bit & 1:
                checksum ^= generator
    return checksum in _BECH32_CONSTANTS


_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"


def base58check(text: str) -> bool:
    """Check the double SHA-256 checksum of a Base58Check address of 25 bytes, in Bitcoin's or Ripple's alphabet."""
    alphabet = _RIPPLE if text.startswith("r") else _BASE58
    number = 0
    for ch in text:
        if ch not in alphabet:
            return False
        number = number * 58 + alphabet.index(ch)
    if number.bit_length() > 200:
        return False
    raw = number.to_bytes(25, "big")
    return hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


def us_social_security(text: str) -> bool:
    """Check area, group and serial (SSA, "Social Security Number Randomization"; 20 CFR 422.103).

    Numbers that were once printed in advertisements are refused by python-stdnum; they still look like somebody's.
    """
    number = compact(text)
    area, group, serial = number[:3], number[3:5], number[5:]
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def us_dea_number(text: str) -> bool:
    """Check the seventh digit of a DEA registration: the odd places plus twice the even ones (21 CFR 1301.13)."""
    digits = [int(ch) for ch in text[2:]]
    return (sum(digits[0:6:2]) + 2 * sum(digits[1:6:2])) % 10 == digits[6]


def us_npi(text: str) -> bool:
    """Check a National Provider Identifier: Luhn over 80840 and the ten digits (CMS, 45 CFR 162.406)."""
    return bool(luhn.is_valid("80840" + compact(text)))


_NRIC_LETTERS = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK", "M": "XWUTRQPNJLK"}
_NRIC_OFFSETS = {"S": 0, "T": 4, "F": 0, "G": 4, "M": 3}


def singapore_nric(text: str) -> bool:
    """Check the letter of a Singapore NRIC or FIN: weights 2 7 6 5 4 3 2, remainder by 11, a table for each series."""
    number = text.upper()
    weighted = sum(weight * int(ch) for weight, ch in zip((2, 7, 6, 5, 4, 3, 2), number[1:8], strict=True))
    return _NRIC_LETTERS[number[0]][(weighted + _NRIC_OFFSETS[number[0]]) % 11] == number[8]


def australian_medicare(text: str) -> bool:
    """Check an Australian Medicare card: weights 1 3 7 9 1 3 7 9, remainder by 10 (Services Australia)."""
    digits = [int(ch) for ch in compact(text)]
    return sum(w * d for w, d in zip((1, 3, 7, 9, 1, 3, 7, 9), digits, strict=False)) % 10 == digits[8]


def belgian_national_number(text: str) -> bool:
    """Check the last two digits: 97 less the remainder of the first nine by 97, prefixed with 2 from the year 2000."""
    number = compact(text)
    base, check = number[:9], int(number[9:])
    return check in (97 - int(base) % 97, 97 - int("2" + base) % 97)


def korean_resident_number(text: str) -> bool:
    """Check the date of birth; the check digit has been random since October 2020 (Ministry of the Interior)."""
    return plausible_date(compact(text), 2, 4)


def swedish_personal_number(text: str) -> bool:
    """Check the date of birth and the Luhn digit of ten digits (Skatteverket, SKV 707)."""
    number = compact(text)[-10:]
    return plausible_date(number, 2, 4) and bool(luhn.is_valid(number))


def danish_cpr_number(text: str) -> bool:
    """Check the date of birth; the check digit has not been binding since 2007 (CPR-kontoret)."""
    return plausible_date(compact(text), 2, 0)


def south_african_id(text: str) -> bool:
    """Check the date of birth and the Luhn digit of thirteen digits (Department of Home Affairs)."""
    return plausible_date(text, 2, 4) and bool(luhn.is_valid(text))


def plausible_date(number: str, month_at: int, day_at: int) -> bool:
    """Tell whether two digits at each place can be a month and a day of the month."""
    return 1 <= int(number[month_at : month_at + 2]) <= 12 and 1 <= int(number[day_at : day_at + 2]) <= 31
