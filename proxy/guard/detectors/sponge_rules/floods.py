"""Token floods: long stretches of text that say next to nothing, even where they repeat nothing exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from proxy.guard.checks import Placed, Reading
from proxy.guard.findings import Match
from proxy.guard.text_buffer import TextBuffer

LABEL: Final = "TOKEN_FLOOD"
SEGMENT: Final = 4096
"""Characters that are judged together."""
FLOOD: Final = 0.99
"""The repetition from which on a whole segment is a flood; prose has .1, tables and code stay below .9."""

_PIECE: Final = 8


def repetition(text: str) -> float:
    """Return which share of the 8-character pieces of ``text`` has stood in it before, from 0 to 1."""
    pieces = len(text) - _PIECE + 1
    return 1 - len({text[at : at + _PIECE] for at in range(pieces)}) / pieces if pieces > 0 else 0.0


class FloodScanner:
    """Measures the repetition of each segment of a lane. A flood's match is the last character of its segment."""

    def __init__(self) -> None:
        self._text = TextBuffer()
        self._start = 0
        self.placed: list[Placed] = []
        self.safe = 0

    def feed(self, text: str) -> Sequence[Match]:
        """Take the next characters; return the matches that became settled."""
        self._text.append(text)
        self.safe += len(text)
        found: list[Match] = []
        while self.safe - self._start >= SEGMENT:
            found += self._measure(self._start + SEGMENT)
        return found

    def finish(self) -> Sequence[Match]:
        """The text has ended: measure the rest, which is too short to be a flood."""
        if self.safe > self._start:
            self._measure(self.safe)
        return ()

    def _measure(self, end: int) -> Sequence[Match]:
        text, start = self._text.slice(self._start, end), self._start
        score = repetition(text)
        self.placed.append(Placed(start, end, Reading({"repetition": score})))
        self._start = end
        self._text.forget(end)
        flood = len(text) == SEGMENT and score >= FLOOD and sum(map(str.isalpha, text)) * 2 > SEGMENT
        return [Match(end - 1, end, LABEL, "flood", text[:_PIECE])] if flood else ()
