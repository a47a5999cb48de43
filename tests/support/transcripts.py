"""Transcripts: what an upstream sent, byte by byte and read by read, and what the client got for it.

A transcript is a text file. Lines before the first section are ``name: value`` settings or ``#`` comments:
``policy`` lists detectors with their actions, ``n`` and ``include_usage`` are the request's. Then come

``--- upstream``
    The bytes sent, in UTF-8. ``\\n``, ``\\r``, ``\\\\`` and ``\\xNN`` stand for bytes, ``¦`` for the end of a read, and
    line ends of the file for nothing.
``--- end``
    How the body ends: ``close`` in good order, ``lost`` in the middle of the HTTP message, ``open`` not at all.
``--- client``
    The frames received, one a line, each followed by an empty line on the wire; or ``HTTP`` with a status and a body.
``--- outcome``
    The stream's outcome.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from proxy.guard.findings import Action
from proxy.guard.policy import Policy
from tests.support.proxies import policy

_ESCAPE = re.compile(rb"\\(n|r|\\|x[0-9a-f]{2})")
_PLAIN = {b"n": b"\n", b"r": b"\r", b"\\": b"\\"}


@dataclass(frozen=True)
class Transcript:
    """One file, read."""

    reads: tuple[bytes, ...]
    end: str
    client: bytes
    """The body the client receives."""
    status: int
    outcome: str
    policy: Policy
    n: int
    include_usage: bool


def load(path: Path) -> Transcript:
    """Read a transcript."""
    head, *parts = re.split(r"^--- ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    sections = {name: text.strip("\n") for name, _, text in (part.partition("\n") for part in parts)}
    settings = dict(line.split(": ", 1) for line in head.splitlines() if line and not line.startswith("#"))
    actions = [entry.split("=") for entry in settings.get("policy", "").split(", ") if entry]
    status, client = _client(sections["client"])
    return Transcript(
        reads=tuple(_bytes(read) for read in sections["upstream"].replace("\n", "").split("¦")),
        end=sections["end"],
        client=client,
        status=status,
        outcome=sections["outcome"],
        policy=policy(**{name: Action(action) for name, action in actions}),
        n=int(settings.get("n", "1")),
        include_usage=settings.get("include_usage") == "true",
    )


def _client(text: str) -> tuple[int, bytes]:
    if text.startswith("HTTP "):
        _, status, body = text.split(" ", 2)
        return int(status), body.encode()
    return 200, b"".join(line.encode() + b"\n\n" for line in text.splitlines())


def _bytes(text: str) -> bytes:
    return _ESCAPE.sub(lambda found: _PLAIN.get(found[1]) or bytes([int(found[1][1:], 16)]), text.encode())
