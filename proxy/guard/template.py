"""What the usual chunks of a stream have in common: everything but their text.

A server spells the chunks of one answer alike. Once one has been decoded and judged, a payload with the same bytes
around a string without escapes means the same with another text, and need not be decoded again.
"""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from proxy.guard.choice import Choice
from proxy.protocol import chunks

_CONTENT: Final = re.compile(rb'"content": ?"')
_LESSONS: Final = 8
"""Chunks from which a template is made before it is given up: some servers stamp every chunk anew."""


class ChunkTemplate:
    """The bytes before and behind the text of one choice's usual chunk."""

    __slots__ = ("_after", "_before", "_lessons", "choice")

    def __init__(self) -> None:
        self._before = b""
        self._after = b""
        self._lessons = 0
        self.choice: Choice | None = None
        """The choice that the text belongs to, once a chunk has been learnt."""

    def learn(self, payload: bytes, chunk: dict[str, Any], text: str, choice: Choice) -> None:
        """Take a judged chunk as the pattern: ``chunk`` is what ``payload`` decodes to, ``text`` its only text."""
        places = [match.end() for match in _CONTENT.finditer(payload)]
        if self._lessons >= _LESSONS or len(places) != 1 or not _is_plain(text):
            return
        self._lessons += 1
        start, end = places[0], places[0] + len(text)
        told = payload[start : end + 1] == text.encode() + b'"'
        if told and b"\n" not in payload and b"\r" not in payload and chunks.spell(chunk, payload) is payload:
            self._before, self._after, self.choice = payload[:start], payload[end:], choice

    def text(self, payload: bytes) -> str | None:
        """Return the text of a payload that is spelled like the one learnt, or None where it is not."""
        before, after = self._before, self._after
        choice = self.choice
        if choice is None or choice.over or not (payload.startswith(before) and payload.endswith(after)):
            return None
        middle = payload[len(before) : len(payload) - len(after)]
        if not middle.isascii() or len(payload) <= len(before) + len(after):
            return None
        text = middle.decode()
        return text if _is_plain(text) else None

    def spell(self, text: str) -> bytes:
        """Return the payload that says ``text``."""
        spelled = text.encode() if _is_plain(text) else orjson.dumps(text)[1:-1]
        return self._before + spelled + self._after


def _is_plain(text: str) -> bool:
    """Whether a JSON string spells ``text`` as it stands, without escapes (RFC 8259, section 7)."""
    return text.isascii() and text.isprintable() and '"' not in text and "\\" not in text
