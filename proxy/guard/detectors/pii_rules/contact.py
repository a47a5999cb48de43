"""E-mail addresses (RFC 5321, with the Latin letters of RFC 6531) and telephone numbers (ITU-T E.164, E.123; NANP)."""

from __future__ import annotations

from typing import Final

from proxy.guard.detectors.pii_rules.building import BOUNDARY, NAMES
from proxy.guard.detectors.pii_rules.validators import email_address, labelled_phone, phone
from proxy.guard.rule import Rule

_LATIN = r"A-Za-z0-9\u00c0-\u024f"
_LOCAL = rf"[{_LATIN}_.%+-][{_LATIN}_.%+'-]{{0,63}}"
_DOMAIN = rf"(?:[{_LATIN}-]{{1,63}}\.){{1,5}}[A-Za-z]{{2,24}}"

_INTERNATIONAL = r"(?:\+|00)[1-9](?:[ .()/-]{0,2}[0-9]){6,14}"
_NORTH_AMERICAN = r"(?:1[ .-])?(?:\([2-9][0-9]{2}\)[ .-]?|[2-9][0-9]{2}[ .-])[0-9]{3}[ .-][0-9]{4}"
_TRUNK = r"(?:\(0[1-9][0-9]{1,3}\) ?|0[1-9][0-9]{0,3}[ .-])[0-9]{2,4}(?:[ .-]?[0-9]{2,4}){1,3}"

RULES: Final = (
    Rule(
        name="email_address",
        label="EMAIL_ADDRESS",
        group="pii",
        pattern=rf"(?<![{_LATIN}_.%+-]){_LOCAL}@{_DOMAIN}(?![A-Za-z])",
        validate=email_address,
        examples=(
            "mail «ann.lee+news@example.co.uk», please",
            "«josé@ejemplo.es»",
            "<«a@b.co»>",
            "'«o'neil@example.org»'",
            "mailto:«first_last@sub.domain.example».",
            "user=«x.y@example.com»&next=1",
        ),
        counter_examples=(
            "git clone git@github.com:owner/name.git",
            "icon@2x.png and lodash@4.17.21",
            "meet @ noon",
            "@app.route('/')",
            "user@localhost",
        ),
    ),
    Rule(
        name="phone_number",
        label="PHONE_NUMBER",
        group="pii",
        pattern=rf"(?<![A-Za-z0-9+])(?:{_INTERNATIONAL}|{_NORTH_AMERICAN}|{_TRUNK})(?![0-9])",
        validate=phone,
        examples=(
            "call «+44 20 7946 0958» now",
            "«+14155550123»",
            "at «+1 (415) 555-0123», ask for Ann",
            "«+49 (0)30 901820».",
            "or «(415) 555-0123»",
            "fax «555-123-4567»",
            "«1-800-555-0199»",
            "«415.555.0123»",
            "ring «020 7946 0958»",
            "text «07700 900123».",
            "mobil «0171-1234567»",
            "portable «06 12 34 56 78»",
            "dial «0044 20 7946 0958»",
        ),
        counter_examples=(
            "2125550123",
            "on 01-02-2024 at 10:30",
            "x = +12345",
            "001234567890",
            "between 1914-1918 and 1939-1945",
            "ISBN 978-3-16-148410-0",
            "2024-01-15",
        ),
    ),
    Rule(
        name="phone_number_after_label",
        label="PHONE_NUMBER",
        group="pii",
        pattern=r"(?:[0-9]{7,15}|[0-9]{3}[ .-][0-9]{4})(?![0-9]|[ .-][0-9])",
        validate=labelled_phone,
        context=rf"{BOUNDARY}(?i:phone|tel|telephone|mobile|cell|whatsapp|fax)\.?{NAMES}",
        examples=(
            "Phone: «2125550123»",
            "my mobile number is «07700900123»",
            '"phone": "«5550123»"',
            "tel. no. «555-0123»",
        ),
        counter_examples=("phone 4 of 5", "phone: 0000000", "mobile: 415-555-0123", "version 20240115"),
    ),
)
