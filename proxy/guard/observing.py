"""Detectors that only observe: they read what has been settled, after the fact, and hold nothing."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

from proxy.guard.checks import Asking, Check, Exchange, Placed, Reading
from proxy.guard.detector import Detector, Scanner
from proxy.guard.findings import Action, Finding, LaneKey, Match
from proxy.guard.text_buffer import TextBuffer
from proxy.guard.vault import Numbering


class _Observed(NamedTuple):
    detector: Detector
    match: Match
    text: str


class Observing:
    """The observing detectors of one lane. They read the lane's text up to where a block ends it."""

    def __init__(self, detectors: Sequence[Detector], exchange: Exchange | None) -> None:
        self.detectors = tuple(detectors)
        self._scanners: list[tuple[Detector, Scanner]] = [(d, d.scanner(exchange)) for d in self.detectors]
        self._all = tuple(self._scanners)
        self._askers: dict[Check, tuple[Detector, Scanner, Asking]] = {}
        self.asking = any(detector.asks for detector in self.detectors)
        """Whether there may be questions."""
        self._seen: list[_Observed] = []
        self._text = TextBuffer()
        self._position = 0
        self._finished = False
        self.failures: list[str] = []
        """The detectors that failed. One that fails observes no more."""

    def feed(self, text: str) -> None:
        """Read text that has been settled, withheld or not."""
        self._text.append(text)
        self._position += len(text)
        for detector, scanner in tuple(self._scanners):
            try:
                self._note(detector, scanner.feed(text))
            except Exception:
                self._scanners.remove((detector, scanner))
                self.failures.append(detector.name)
        self._text.forget(min((scanner.safe for _, scanner in self._scanners), default=self._position))

    def asks(self) -> list[Check]:
        """Return the questions that arose since the last call."""
        checks: list[Check] = []
        for detector, scanner in self._scanners:
            if isinstance(scanner, Asking):
                asked = scanner.asks()
                self._askers.update(dict.fromkeys(asked, (detector, scanner, scanner)))
                checks += asked
        return checks

    def reply(self, check: Check, reading: Reading | None) -> None:
        """Take the answer to one of them, None where it failed."""
        detector, scanner, asker = self._askers.pop(check)
        if (detector, scanner) not in self._scanners:
            return
        try:
            matches = None if reading is None else asker.reply(check, reading)
        except Exception:
            matches = None
        if matches is None:
            self._scanners.remove((detector, scanner))
            self.failures.append(detector.name)
        else:
            self._note(detector, matches)

    def readings(self) -> list[tuple[str, Placed]]:
        """Return what was measured, with the names of the detectors."""
        return [(d.name, placed) for d, scanner in self._all for placed in getattr(scanner, "placed", ())]

    def finish(self) -> None:
        """The text has ended. Safe to call twice."""
        if self._finished:
            return
        self._finished = True
        for detector, scanner in self._scanners:
            try:
                self._note(detector, scanner.finish())
            except Exception:
                self.failures.append(detector.name)

    def _note(self, detector: Detector, matches: Sequence[Match]) -> None:
        for match in matches:
            self._seen.append(_Observed(detector, match, match.key or self._text.slice(match.start, match.end)))

    def findings(self, key: LaneKey, numbering: Numbering, withheld: Sequence[tuple[int, int]]) -> list[Finding]:
        """Return what was seen, in text order; what touches one of the spans ``withheld`` shows no value."""
        found: list[Finding] = []
        for detector, match, text in sorted(self._seen, key=lambda seen: (seen.match.start, -seen.match.end)):
            masked = touches(withheld, match.start, match.end)
            placeholder = numbering.placeholder(detector, match.label, text)
            found.append(
                Finding(
                    detector.name,
                    match.label,
                    match.group,
                    key,
                    match.start,
                    match.end,
                    Action.OBSERVE,
                    placeholder,
                    None if masked else text,
                )
            )
        return found


def touches(spans: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Tell whether ``start:end`` shares a character with one of ``spans``, which are disjoint and in order."""
    index = bisect_left(spans, end, key=itemgetter(0))
    return index > 0 and spans[index - 1][1] > start
