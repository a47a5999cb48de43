"""Runaway repetition: the same piece of text over and over, found while it streams, with nothing held back.

The text is looked at on a grid of its own positions, so that what is found does not depend on how it arrived. For every
size of unit, the last ``size`` characters are searched for once more shortly before them. If the text repeats a unit no
longer than that, the nearest earlier place is exactly one unit away (two periods of a long enough text have their
greatest common divisor as a period as well: N. J. Fine and H. S. Wilf, "Uniqueness theorems for periodic functions",
1965). The search is bounded by the size, and made once in a quarter of it: a constant per character.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from proxy.guard.findings import Match
from proxy.guard.text_buffer import TextBuffer

LABEL: Final = "REPETITION"
UNIT_SIZES: Final = (64, 128, 256, 512, 1024, 2048)
"""The largest units, in characters, of the searches that run beside each other."""
PLAIN_FACTOR: Final = 4
"""How many times longer repetitions may be that look like rulers, padding, table borders or dumps of memory."""

_GRID: Final = UNIT_SIZES[0] // 4
_MEMORY: Final = 4 * UNIT_SIZES[-1]
_FIRST_SEGMENT: Final = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """A repetition is a loop when it exceeds both."""

    repeats: int = 12
    """How often a unit may stand in a row."""
    characters: int = 600
    """How long a repetition may be, whatever its unit."""

    def allowed(self, unit: str) -> int:
        """Return the length in characters that a repetition of ``unit`` may have."""
        plain = len({ch.lower() for ch in unit if ch.isalpha()}) < 2
        return max(self.characters * (PLAIN_FACTOR if plain else 1), self.repeats * len(unit))


class Run(NamedTuple):
    """The text from ``start`` on repeats its first ``period`` characters."""

    start: int
    period: int


class _Search:
    """Looks for units of at most ``size`` characters, every quarter of that."""

    __slots__ = ("_run", "_size", "step")

    def __init__(self, size: int) -> None:
        self._size = size
        self.step = size // 4
        self._run: Run | None = None

    def look(self, text: TextBuffer, end: int) -> Run | None:
        """Return the run that the text up to ``end`` ends with."""
        run = self._run
        if run is None or not self._goes_on(run, text, end):
            self._run = run = self._find(text, end)
        return run

    def _goes_on(self, run: Run, text: TextBuffer, end: int) -> bool:
        recent = end - self.step
        return text.slice(recent, end) == text.slice(recent - run.period, end - run.period)

    def _find(self, text: TextBuffer, end: int) -> Run | None:
        window = text.slice(max(0, end - 2 * self._size), end)
        if len(window) <= self._size:
            return None
        here = len(window) - self._size
        before = window.rfind(window[here:], 0, len(window) - 1)
        if before < 0:
            return None
        period = here - before
        # Had it begun further back, it would have been found earlier.
        first = max(0, end - 3 * self._size)
        same = _common_suffix(text.slice(first, end - period), text.slice(first + period, end))
        return Run(end - period - same, period)


@dataclass(slots=True)
class _Loop:
    """A run that has become a loop: its text is reported in segments that overlap, so that they are one redaction."""

    period: int
    unit: str
    reported: int
    """Where the last segment ended."""
    verified: int
    """How far the text is known to repeat."""
    size: int = _FIRST_SEGMENT
    """The length of the next segment; they double, so that they are few."""

    def match(self, end: int) -> Match:
        """Return the match from the last character reported to ``end``."""
        found = Match(self.reported - 1, end, LABEL, "loop", self.unit)
        self.reported = end
        return found


class LoopScanner:
    """Finds loops in one lane. A loop's first match is the character with which it became one."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._text = TextBuffer()
        self._received = 0
        self._next = _GRID
        self._searches = _searches()
        self._loop: _Loop | None = None
        self.safe = 0

    def feed(self, text: str) -> Sequence[Match]:
        """Take the next characters; return the matches that became settled."""
        self._text.append(text)
        self._received += len(text)
        found: list[Match] = []
        while True:
            if self._loop is None:
                self._loop = self._look()
                if self._loop is None:
                    break
                found.append(self._loop.match(self._loop.verified))
            if self._follow(self._loop, found):
                break
            self._leave(self._loop)
        self.safe = self._received if self._loop is None else self._loop.reported - 1
        self._text.forget(self._received - _MEMORY)
        return found

    def finish(self) -> Sequence[Match]:
        """The text has ended: return what has not been reported of a loop."""
        loop, self._loop = self._loop, None
        self.safe = self._received
        return [loop.match(loop.verified)] if loop is not None and loop.verified > loop.reported else []

    def _look(self) -> _Loop | None:
        """Go on along the grid until a run has become a loop."""
        while self._next <= self._received:
            end = self._next
            self._next += _GRID
            for search in self._searches:
                if end % search.step:
                    break
                run = search.look(self._text, end)
                if run is not None and end - run.start >= self._limits.characters:
                    unit = self._text.slice(end - run.period, end)
                    if end - run.start > self._limits.allowed(unit):
                        return _Loop(run.period, unit, end, end)
        return None

    def _follow(self, loop: _Loop, found: list[Match]) -> bool:
        """Report how the loop goes on; return whether it still does."""
        recent = self._text.slice(loop.verified, self._received)
        earlier = self._text.slice(loop.verified - loop.period, self._received - loop.period)
        loop.verified += len(recent) if recent == earlier else _common_prefix(recent, earlier)
        while loop.verified >= loop.reported + loop.size:
            found.append(loop.match(loop.reported + loop.size))
            loop.size *= 2
        if loop.verified == self._received:
            return True
        if loop.verified > loop.reported:
            found.append(loop.match(loop.verified))
        return False

    def _leave(self, loop: _Loop) -> None:
        self._loop = None
        self._searches = _searches()
        self._next = (loop.verified // _GRID + 1) * _GRID


def _searches() -> tuple[_Search, ...]:
    return tuple(map(_Search, UNIT_SIZES))


def _common_prefix(one: str, other: str) -> int:
    """Return how many characters two texts of one length have in common at their beginnings."""
    low, high = 0, len(one)
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_suffix(one: str, other: str) -> int:
    """Return how many characters two texts of one length have in common at their ends."""
    return _common_prefix(one[::-1], other[::-1])
