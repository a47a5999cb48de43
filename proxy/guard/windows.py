"""Windows: the pieces in which a text is shown to a classifier. They are cut at positions of the text alone.

Consecutive windows overlap, so that each has context, but each answers for a *segment* of its own; segments tile the
text. What a window finds is a finding of its segment, and text leaves when the windows of all its segments are read.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

from proxy.guard.checks import Asking, Backend, Check, Exchange, Placed, Reading
from proxy.guard.detector import Scanner
from proxy.guard.findings import Match
from proxy.guard.text_buffer import TextBuffer

_NUDGE = 16
"""Characters by which a cut may be moved to fall between words."""


class Window(NamedTuple):
    """``text`` starts at ``start`` of the lane, and answers for ``segment_start:segment_end``; all in characters."""

    start: int
    text: str
    segment_start: int
    segment_end: int

    def matched(self, start: int, end: int, label: str, group: str = "") -> Match:
        """Return a match at ``start:end`` of the lane."""
        return Match(start, end, label, group, self.text[start - self.start : end - self.start])

    def flagged(self, label: str) -> Sequence[Match]:
        """Return what a classifier finds that says ``label`` of this window: its segment."""
        return (self.matched(self.segment_start, self.segment_end, label),)


Find = Callable[[Reading, Window], Sequence[Match]]
"""What a detector makes of a reading: matches that begin in the window's segment, in positions of the lane.

They have the matched text as their key: it may have left before the answer came.
"""


@dataclass(frozen=True, slots=True)
class Windows:
    """How a text is cut. All sizes are characters."""

    growth: tuple[int, ...] = (48, 96, 192)
    """Where the first windows end: small, so that the first text does not wait for long."""
    size: int = 384
    """The largest window; the first of this size ends there, and the next ones ``size - overlap`` further each."""
    overlap: int = 96
    """What two consecutive windows of the largest size have in common."""
    lookahead: int = 0
    """What a window sees behind its segment; for findings that could be cut in two."""

    def __post_init__(self) -> None:
        sizes = (*self.growth, self.size)
        if any(a >= b for a, b in pairwise(sizes)) or sizes[0] <= self.lookahead + _NUDGE:
            raise ValueError("windows have to grow, and the first has to be larger than the look-ahead")
        if not 0 <= self.lookahead <= self.overlap < self.size:
            raise ValueError("the overlap has to be smaller than a window, and no smaller than the look-ahead")

    @property
    def whole(self) -> Windows:
        """The same without small first windows: for texts that do not come piece by piece."""
        return Windows((), self.size, self.overlap, self.lookahead)

    def ends(self) -> Iterator[int]:
        """Yield where windows end, before they are moved to word boundaries."""
        yield from self.growth
        end = self.size
        while True:
            yield end
            end += self.size - self.overlap

    @property
    def hold_back(self) -> int:
        """The most characters that wait for a window to be filled."""
        sizes = (0, *self.growth, self.size)
        widest = max(b - a for a, b in pairwise(sizes))
        return max(widest, self.size - self.overlap) + self.lookahead + _NUDGE


class WindowScanner:
    """Cuts one lane into windows, asks a backend about each, and finds what a detector makes of the answers."""

    def __init__(self, detector: str, backend: Backend, windows: Windows, exchange: Exchange, find: Find) -> None:
        """Ask ``backend`` for the sake of ``detector``; ``find`` turns its readings into matches."""
        windows = windows if exchange.answering else windows.whole
        self._detector, self._backend, self._exchange, self._find = detector, backend, exchange, find
        self._windows = windows
        self._ends = windows.ends()
        self._next = next(self._ends)
        self._text = TextBuffer()
        self._received = 0
        self._cut = 0
        """Where the last segment ended."""
        self._asked: list[Check] = []
        self._waiting: dict[Check, Window] = {}
        self.placed: list[Placed] = []
        """The readings so far, with the segments they answer for, in their order."""
        self.safe = 0

    def feed(self, text: str) -> Sequence[Match]:
        """Take the next characters. Nothing is found until there are answers."""
        self._text.append(text)
        self._received += len(text)
        while self._received >= self._next:
            end = self._between_words(self._next)
            self._ask(end, self._between_words(self._next - self._windows.lookahead))
            self._next = next(self._ends)
        self._advance()
        return ()

    def finish(self) -> Sequence[Match]:
        """The text has ended: ask about the rest. ``safe`` reaches the end with the last answer."""
        if self._cut < self._received:
            self._ask(self._received, self._received)
        self._advance()
        return ()

    def asks(self) -> Sequence[Check]:
        """Return the questions that arose since the last call."""
        asked, self._asked = self._asked, []
        return asked

    def reply(self, check: Check, reading: Reading) -> Sequence[Match]:
        """Take the answer to one of them; return the matches in its segment."""
        window = self._waiting.pop(check)
        insort(self.placed, Placed(window.segment_start, window.segment_end, reading), key=itemgetter(0))
        self._advance()
        return self._find(reading, window)

    def _between_words(self, position: int) -> int:
        """Return ``position``, or the last place shortly before it where a word begins."""
        low = max(position - _NUDGE, self._cut + 1)
        near = self._text.slice(low, position) if low < position else ""
        for offset in range(len(near) - 1, -1, -1):
            if near[offset].isspace():
                return low + offset + 1
        return position

    def _ask(self, end: int, segment_end: int) -> None:
        start = max(0, self._next - self._windows.size)
        if 0 < start < end:
            # A word that the cut goes through says something else.
            near = self._text.slice(start, min(start + _NUDGE, end))
            start += next((offset + 1 for offset, ch in enumerate(near) if ch.isspace()), 0)
        start = min(start, self._cut)
        window = Window(start, self._text.slice(start, end), self._cut, segment_end)
        self._cut = segment_end
        # What comes next needs no more context than this.
        self._text.forget(max(0, end - self._windows.size))
        if any(ch.isalnum() for ch in window.text):
            check = Check(self._detector, self._backend, window.text, self._exchange)
            self._asked.append(check)
            self._waiting[check] = window

    def _advance(self) -> None:
        self.safe = min((window.segment_start for window in self._waiting.values()), default=self._cut)


class JoinedScanner:
    """Several scanners of one detector reading the same lane as one."""

    def __init__(self, scanners: Sequence[Scanner]) -> None:
        self._scanners = tuple(scanners)
        self._askers: dict[Check, Asking] = {}

    @property
    def safe(self) -> int:
        """What is safe for all of them."""
        return min(scanner.safe for scanner in self._scanners)

    @property
    def placed(self) -> list[Placed]:
        """The readings of all of them."""
        return [placed for scanner in self._scanners for placed in getattr(scanner, "placed", ())]

    def feed(self, text: str) -> Sequence[Match]:
        """Take the next characters; return the matches that became settled."""
        return [match for scanner in self._scanners for match in scanner.feed(text)]

    def finish(self) -> Sequence[Match]:
        """The text has ended: return the remaining matches of those that need no answer."""
        return [match for scanner in self._scanners for match in scanner.finish()]

    def asks(self) -> Sequence[Check]:
        """Return the questions that arose since the last call."""
        checks: list[Check] = []
        for scanner in self._scanners:
            if isinstance(scanner, Asking):
                asked = scanner.asks()
                self._askers.update(dict.fromkeys(asked, scanner))
                checks += asked
        return checks

    def reply(self, check: Check, reading: Reading) -> Sequence[Match]:
        """Take the answer to one of them."""
        return self._askers.pop(check).reply(check, reading)


class SilentScanner:
    """Reads a lane for a detector that can say nothing about it."""

    def __init__(self) -> None:
        self.safe = 0

    def feed(self, text: str) -> Sequence[Match]:
        """Take the next characters."""
        self.safe += len(text)
        return ()

    def finish(self) -> Sequence[Match]:
        """The text has ended."""
        return ()
