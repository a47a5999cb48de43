"""Detectors that have to be awaited, for the guard's properties: what they say is a pure function of the window."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from proxy.guard.answer import AnswerGuard
from proxy.guard.checks import Entity, Exchange, Reading
from proxy.guard.detector import DetectorReport, Evidence, RuleReport, Scanner
from proxy.guard.findings import Match
from proxy.guard.lane import Asked
from proxy.guard.windows import SilentScanner, Window, Windows, WindowScanner
from proxy.protocol.sse import DONE_DATA, encode
from proxy.server.feed import Feed
from tests.guard.answers import Client
from tests.support.backends import FakeBackend, drawn_score

SMALL = Windows((18, 27), 40, 20)
AHEAD = Windows((30,), 48, 24, 10)
_NAME = re.compile(r"[A-Z][a-z]{1,5}")


@dataclass(frozen=True)
class Classifying:
    """Flags a good part of all windows."""

    name: str
    share: float = 0.2
    windows: Windows = SMALL
    asks = True

    def rules(self) -> Sequence[RuleReport]:
        return (RuleReport("windows", self.windows.hold_back),)

    def scanner(self, exchange: Exchange | None) -> Scanner:
        if exchange is None:
            return SilentScanner()
        backend = FakeBackend(lambda text: Reading({"bad": drawn_score(text, self.name)}))
        return WindowScanner(self.name, backend, self.windows, exchange, self._find)

    def _find(self, reading: Reading, window: Window) -> Sequence[Match]:
        return window.flagged("BAD") if reading.scores["bad"] < self.share else ()

    def placeholder(self, label: str, index: int) -> str:
        return f"[{label}_{index}]"

    def report(self, evidence: Evidence) -> DetectorReport:
        scores = [reading.scores["bad"] for reading in evidence.readings]
        shown = [[f.lane.lane, f.start, f.end, f.action.value, f.value] for f in evidence.findings]
        return DetectorReport({self.name: len(shown)}, {"scores": scores, "shown": shown, "failed": evidence.failed})


@dataclass(frozen=True)
class Naming:
    """Finds capitalised words, also those that a segment's end goes through."""

    name: str = "pii"
    asks = True

    def rules(self) -> Sequence[RuleReport]:
        return (RuleReport("windows", AHEAD.hold_back),)

    def scanner(self, exchange: Exchange | None) -> Scanner:
        if exchange is None:
            return SilentScanner()
        return WindowScanner(self.name, FakeBackend(_names), AHEAD, exchange, self._find)

    def _find(self, reading: Reading, window: Window) -> Sequence[Match]:
        placed = [(max(e.start + window.start, window.segment_start), e.end + window.start) for e in reading.entities]
        return [
            window.matched(start, end, "NAME", "pii") for start, end in placed if start < min(end, window.segment_end)
        ]

    def placeholder(self, label: str, index: int) -> str:
        return f"<{label}_{index}>"

    def report(self, evidence: Evidence) -> DetectorReport:
        shown = [[f.lane.lane, f.start, f.end, f.action.value, f.placeholder, f.value] for f in evidence.findings]
        return DetectorReport({self.name: len(shown)}, {"shown": shown, "text": evidence.redacted_text})


def _names(text: str) -> Reading:
    return Reading(entities=tuple(Entity(m.start(), m.end(), "NAME", 1.0) for m in _NAME.finditer(text)))


class Conversation:
    """Guards an answer while questions are answered in any order, at any time."""

    def __init__(self, guard: AnswerGuard, data: st.DataObject, failing: frozenset[str] = frozenset()) -> None:
        self.guard = guard
        self.client = Client()
        self._data = data
        self._failing = failing
        self._open: list[Asked] = []
        self._feed = Feed(guard, 1 << 20)
        self._now = 0.0

    def stream(self, payloads: Sequence[bytes]) -> Client:
        """Feed a stream to its end; return what its client reads."""
        reads = [encode(payload) for payload in payloads] + [encode(DONE_DATA)]
        size = self._data.draw(st.integers(1, 3))
        for at in range(0, len(reads), size):
            while self._feed.waiting or (self._open and self._data.draw(st.booleans())):
                self._answer_one()
            if self._feed.ending is not None:
                break
            self._take(self._feed.take(b"".join(reads[at : at + size]), self._tick()))
        while self._feed.ending is None:
            self._answer_one()
        return self.client

    def whole(self, payloads: list[bytes]) -> bytes:
        """Answer what a whole answer asks; return it."""
        self._open += self.guard.take_asked()
        while not payloads:
            asked = self._open.pop(self._data.draw(st.integers(0, len(self._open) - 1)))
            payloads = self.guard.answer(asked, self._reading(asked), self._tick())
            self._open += self.guard.take_asked()
        return payloads[0]

    def _answer_one(self) -> None:
        assert self._open, "the guard waits for nothing"
        asked = self._open.pop(self._data.draw(st.integers(0, len(self._open) - 1)))
        self._take(self._feed.answer(asked, self._reading(asked), self._tick()))

    def _take(self, payloads: list[bytes]) -> None:
        self.client.read(payloads)
        self._open += self.guard.take_asked()

    def _reading(self, asked: Asked) -> Reading | None:
        if asked.check.detector in self._failing:
            return None
        assert isinstance(asked.check.backend, FakeBackend)
        return asked.check.backend.says(asked.check.text)

    def _tick(self) -> float:
        self._now += 1.0
        return self._now
