"""Backends for tests: what they say is a pure function of the text, and a driver that answers scanners in any order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn
from zlib import crc32

from hypothesis import strategies as st

from proxy.guard.checks import Asking, Backend, Brief, Check, Exchange, Placed, Reading
from proxy.guard.detector import Scanner
from proxy.guard.findings import Match

ANSWER = Exchange(answering=True)
PROMPT = Exchange()


@dataclass(frozen=True)
class FakeBackend:
    """Says of each text what ``says`` returns for it."""

    says: Callable[[str], Reading]
    timeout: float = 1.0

    async def read(self, text: str, exchange: Exchange) -> Reading:
        return self.says(text)


def scoring(scores: Callable[[str], Mapping[str, float]]) -> FakeBackend:
    """Return a backend that gives each text the scores of that function."""
    return FakeBackend(lambda text: Reading(scores(text)))


def drawn_score(text: str, salt: str = "") -> float:
    """Return a number from 0 to 1 that every character of the text has a part in."""
    return crc32((salt + text).encode()) % 1000 / 999


@dataclass
class FakeBackends:
    """Hands out one backend for everything, under the name ``other`` or none, and remembers what was asked of it."""

    backend: Backend
    classifiers: list[tuple[str, str | None]] = field(default_factory=list)
    briefs: list[Brief] = field(default_factory=list)
    references: tuple[str, ...] = ()

    def classifier(self, detector: str, name: str | None) -> Backend:
        self.classifiers.append((detector, name))
        return self._named(name)

    def judge(self, brief: Brief, name: str | None) -> Backend:
        self.briefs.append(brief)
        return self._named(name)

    def similarity(self, references: Callable[[Exchange], Sequence[str]]) -> Backend:
        self.references = tuple(references(ANSWER))
        return self.backend

    def fingerprints(self, path: str) -> NoReturn:
        raise ValueError(f"there is no index at {path}")

    def _named(self, name: str | None) -> Backend:
        if name not in (None, "other"):
            raise ValueError(f"there is no backend called {name!r}")
        return self.backend


class Scanned(NamedTuple):
    """What a scanner made of a text: its matches, and its readings, both in order."""

    matches: list[Match]
    placed: list[Placed]

    @property
    def readings(self) -> list[Reading]:
        return [placed.reading for placed in self.placed]


class Drive:
    """Feeds one scanner, answers its questions, and fails where it breaks a promise about ``safe``."""

    def __init__(self, scanner: Scanner) -> None:
        self.scanner = scanner
        self.pending: list[Check] = []
        self.received = 0
        self._matches: list[Match] = []

    def feed(self, text: str) -> None:
        before = self.scanner.safe
        self.received += len(text)
        self._take(before, self.scanner.feed(text))

    def finish(self) -> None:
        before = self.scanner.safe
        self._take(before, self.scanner.finish())

    def answer(self, index: int = 0) -> None:
        """Answer one of the pending questions."""
        check = self.pending.pop(index)
        assert isinstance(self.scanner, Asking)
        assert isinstance(check.backend, FakeBackend)
        before = self.scanner.safe
        self._take(before, self.scanner.reply(check, check.backend.says(check.text)))

    def answer_all(self) -> None:
        while self.pending:
            self.answer()

    def _take(self, before: int, matches: Sequence[Match]) -> None:
        assert all(match.start >= before for match in matches), "a match begins in what was said to be safe"
        assert before <= self.scanner.safe <= self.received
        self._matches += matches
        if isinstance(self.scanner, Asking):
            self.pending += self.scanner.asks()

    def result(self) -> Scanned:
        assert not self.pending
        assert self.scanner.safe == self.received
        assert all(0 <= match.start < match.end <= self.received for match in self._matches)
        placed: list[Placed] = getattr(self.scanner, "placed", [])
        return Scanned(sorted(self._matches), sorted(placed, key=lambda one: one.start))


def scan(scanner: Scanner, deltas: Sequence[str]) -> Scanned:
    """Feed ``deltas``, answering every question at once."""
    drive = Drive(scanner)
    for delta in deltas:
        drive.feed(delta)
        drive.answer_all()
    drive.finish()
    drive.answer_all()
    return drive.result()


def scan_in_any_order(scanner: Scanner, deltas: Sequence[str], data: st.DataObject) -> Scanned:
    """Feed ``deltas``, answering questions as late and in such an order as ``data`` will have it."""
    drive = Drive(scanner)
    for delta in deltas:
        drive.feed(delta)
        for _ in range(data.draw(st.integers(0, len(drive.pending)))):
            drive.answer(data.draw(st.integers(0, len(drive.pending) - 1)))
    drive.finish()
    while drive.pending:
        drive.answer(data.draw(st.integers(0, len(drive.pending) - 1)))
    return drive.result()
