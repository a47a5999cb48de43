"""One answer as its observers see it: when its text came and went, what was found, how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from proxy.events import (
    DetectorFailed,
    FieldsDropped,
    FindingMade,
    FirstToken,
    Flowed,
    Held,
    Observer,
    Scanned,
    Stage,
    StreamClosed,
    StreamOpened,
    StreamOutcome,
)
from proxy.guard.answer import AnswerGuard
from proxy.guard.findings import Finding
from proxy.guard.holds import Hold
from proxy.guard.screening import Screening
from proxy.server.services import Clock

TELL_EVERY = 1.0
"""Seconds between two reports of how a stream flows."""


class Tracker:
    """Turns the course of one answer into events."""

    def __init__(self, observer: Observer, clock: Clock, deployment: str, *, streamed: bool) -> None:
        self._notify = observer.notify
        self._clock = clock
        self._deployment = deployment
        self._streamed = streamed
        self._opened = clock()
        self._upstream_spoke = False
        self._last_sent: float | None = None
        self._gaps: list[float] = []
        self._holds: list[Hold] = []
        self._tell_at = 0.0

    def opened(self) -> None:
        """The upstream is about to be asked."""
        self._opened = self._clock()
        self._tell_at = self._opened + TELL_EVERY
        self._notify(StreamOpened(self._deployment, self._streamed))

    def heard(self, guard: AnswerGuard, now: float) -> None:
        """Something from the upstream went through the guard."""
        if not self._upstream_spoke and (guard.text_sent or guard.holding):
            self._upstream_spoke = True
            self._notify(FirstToken(self._deployment, "upstream", now - self._opened))
        self._holds += guard.take_holds()

    def sent(self, guard: AnswerGuard, now: float) -> None:
        """Payloads were written to the client."""
        if self._last_sent is not None:
            self._gaps.append(now - self._last_sent)
            if now >= self._tell_at:
                self._tell_at = now + TELL_EVERY
                self._tell()
        elif guard.text_sent:
            self._notify(FirstToken(self._deployment, "client", now - self._opened))
        else:
            return
        self._last_sent = now

    def _tell(self) -> None:
        # Told in batches: a stream makes two of these for every token, and the observers are on its path.
        if self._gaps or self._holds:
            self._notify(Flowed(self._deployment, tuple(self._gaps), tuple(map(Held._make, self._holds))))
            self._gaps.clear()
            self._holds.clear()

    def screened(self, screening: Screening) -> None:
        """The request went through its policy."""
        self._found(Stage.INPUT, screening.findings)
        self._failed(Stage.INPUT, screening.failures)

    def closed(self, guard: AnswerGuard, outcome: StreamOutcome) -> None:
        """The answer has ended, in whatever way."""
        self._holds += guard.take_holds()
        self._tell()
        self._found(Stage.OUTPUT, guard.findings)
        self._failed(Stage.OUTPUT, guard.failures)
        if guard.dropped_fields:
            self._notify(FieldsDropped(self._deployment, guard.dropped_fields))
        if guard.scanned or guard.unscanned:
            self._notify(Scanned(self._deployment, guard.scanned, guard.unscanned))
        self._notify(StreamClosed(self._deployment, self._streamed, outcome, self._clock() - self._opened))

    def _failed(self, stage: Stage, detectors: Iterable[str]) -> None:
        for detector in detectors:
            self._notify(DetectorFailed(self._deployment, stage, detector))

    def _found(self, stage: Stage, findings: Iterable[Finding]) -> None:
        counts = Counter((finding.detector, str(finding.action)) for finding in findings)
        for (detector, action), count in counts.items():
            self._notify(FindingMade(self._deployment, stage, detector, action, count))
