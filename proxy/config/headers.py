"""Request headers that the configuration asks for: which can be sent, and what in them is secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, urlsplit

from proxy.config.problems import Problems

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_LEAST_SECRET = 8
"""Values of headers and queries shorter than this, in characters, are settings rather than secrets."""
_RESERVED = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding", "te",
     "upgrade", "trailer", "expect", "keep-alive"}
)  # fmt: skip


def is_header_name(name: str) -> bool:
    """True where ``name`` can be the name of a header."""
    return _TOKEN.fullmatch(name) is not None


def sendable(wanted: Iterable[tuple[str, str, str]], problems: Problems) -> Iterator[tuple[str, str]]:
    """Yield name and value of those headers that can be sent; ``wanted`` has path, name and value of each."""
    taken: set[str] = set()
    for where, name, value in wanted:
        if not is_header_name(name):
            problems.add(where, "expected a header name")
        elif name.lower() in _RESERVED:
            problems.add(where, "this header belongs to the connection and cannot be set")
        elif name.lower() in taken:
            problems.add(where, "this header is already set")
        elif _VALUE.fullmatch(value) is None:
            problems.add(where, "the value is empty, or has surrounding blanks, line breaks or non-ASCII characters")
        else:
            yield name, value
        taken.add(name.lower())


def secrets(values: Iterable[str], url: str) -> Iterator[str]:
    """Yield those header values, and values in the query of ``url``, that may be secret."""
    possible = [*values, *(value for _, value in parse_qsl(urlsplit(url).query))]
    yield from (value for value in possible if len(value) >= _LEAST_SECRET)
