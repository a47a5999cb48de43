"""IP addresses (RFC 791, RFC 4291, RFC 5952) and URLs (RFC 3986, as people write them in running text)."""

from __future__ import annotations

from typing import Final

from proxy.guard.detectors.pii_rules.building import BOUNDARY
from proxy.guard.detectors.pii_rules.validators import ipv6
from proxy.guard.rule import Rule

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_LATIN = r"A-Za-z0-9\u00c0-\u024f"
_INSIDE = rf"[{_LATIN}_~%/&=+$@#-]"
"""Characters with which a URL may end."""
_BETWEEN = r"[.,;:!?()*\[\]]"
"""Characters that belong to a URL only where more of it follows; in a row of at most three."""
_REST = rf"(?:{_BETWEEN}{{0,3}}{_INSIDE})"
_HOST = rf"[{_LATIN}][{_LATIN}-]{{0,62}}"
_TOP = "(?:com|org|net|edu|gov|io|co|dev|app|ai|me|info|uk|de|fr|eu|us|ca|au|in|jp|ly|gl|be|nl|ch|se|es|it|xyz|link)"

RULES: Final = (
    Rule(
        name="ip_v4",
        label="IP_ADDRESS",
        group="ip_address",
        pattern=rf"(?<![A-Za-z0-9_.]){_IPV4}(?![0-9A-Za-z_]|\.[0-9])",
        examples=(
            "ping «192.168.0.1».",
            "«10.0.0.1»:8080",
            "http://«203.0.113.9»/x",
            "(«8.8.8.8»)",
            "net «10.1.0.0»/16",
        ),
        counter_examples=("version 1.2.3", "v1.2.3.4", "256.1.1.1", "1.2.3.4.5", "section 4.5.6.7a"),
    ),
    Rule(
        name="ip_v6",
        label="IP_ADDRESS",
        group="ip_address",
        pattern=(
            r"(?<![A-Za-z0-9_:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}"
            rf"(?::{_IPV4}|\.[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{2}})?(?:%[A-Za-z0-9]{{1,15}})?(?![A-Za-z0-9_:])"
        ),
        validate=ipv6,
        examples=(
            "host «2001:db8::8a2e:370:7334» up",
            "[«::1»]:8080",
            "«fe80::1ff:fe23:4567:890a%eth0»",
            "«2001:0db8:85a3:0000:0000:8a2e:0370:7334».",
            "«::ffff:192.0.2.128»",
        ),
        counter_examples=("at 12:30:45", "std::vector", "00:1A:2B:3C:4D:5E", "a :: b", "::add(1)", "ratio 1:2:3"),
    ),
    Rule(
        name="url",
        label="URL",
        group="url",
        pattern=rf"{BOUNDARY}(?i:https?|ftps?|sftp|wss?)://{_INSIDE}{_REST}*",
        examples=(
            "see «https://example.com/a/b?c=d#e».",
            "(«http://localhost:8080/x»)",
            "[docs](«https://docs.example.org/page_(1)/x»), then",
            '"«wss://example.net/socket»"',
            "«HTTPS://EXAMPLE.COM»!!",
        ),
        counter_examples=("https is a protocol", "http://", "file:///etc/hosts", "a://b"),
    ),
    Rule(
        name="url_without_scheme",
        label="URL",
        group="url",
        pattern=(
            rf"(?<![A-Za-z0-9@./_-])(?:(?i:www)\.{_HOST}\.[{_LATIN}]{{2}}"
            rf"|(?:{_HOST}\.){{1,4}}(?i:{_TOP})(?::[0-9]{{2,5}})?/{_INSIDE}){_REST}*"
        ),
        examples=(
            "visit «www.example.com».",
            "«www.example.co.uk/shop?id=1», today",
            "open «example.com/reset/abc».",
            "«docs.example.org:8443/a?b=c»",
        ),
        counter_examples=(
            "and/or",
            "example.com",
            "src/main.py/x",
            "https://example.com/a",
            "https://www.example.com",
            "e.g./i.e.",
            "www.x",
        ),
    ),
)
