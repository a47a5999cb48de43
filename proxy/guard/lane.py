"""One lane: text in, released text out, findings settled in text order up to the watermark.

The watermark is the least safe prefix over the enforcing scanners. What lies before it is final: it is released, or
replaced by the placeholder of the redaction it belongs to, or it is where a block ends the lane. All of this is a
function of the lane's text, so the lane's answer is the same however the text arrived.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from typing import NamedTuple

from proxy.guard.detector import Detector, Scanner
from proxy.guard.findings import Action, Finding, LaneKey, Match
from proxy.guard.holds import Hold, HoldClock
from proxy.guard.lane_text import ArgumentText, LaneText, PlainText
from proxy.guard.observing import Observing
from proxy.guard.policy import Enforcement, OnError, Policy
from proxy.guard.record import Record
from proxy.guard.surrogates import SurrogateJoiner
from proxy.guard.vault import Numbering, Vault


class _Hit(NamedTuple):
    """A match of an enforcing detector, sortable into the order in which findings take effect."""

    start: int
    redacts: bool
    """At one start, a block comes before a redaction."""
    minus_end: int
    order: int
    """The detector's place in the policy, which decides between equals; then its own order does."""
    sequence: int
    match: Match

    @property
    def end(self) -> int:
        return -self.minus_end


class Span(NamedTuple):
    """Text that was replaced, in positions of the lane's view."""

    start: int
    end: int


class Lane:
    """The guard of one text of one choice. Positions and sizes are characters of the lane's view."""

    findings: list[Finding]
    """What enforcing detectors found, in the order in which it took effect."""
    withheld: list[Span]
    """What was replaced, and what a block cut off, in text order."""
    received: int
    """How much has come in."""
    released: int
    """How much has been settled: it has left, or its placeholder has."""
    unscanned: int
    """How much has left although an enforcing detector had failed."""
    blocked_by: Detector | None
    """The detector whose finding, or failure, ended this lane."""
    failed: bool
    """Whether a failure has ended this lane."""
    _holder: Enforcement | None
    """Whose scanner sets the watermark."""

    def __init__(
        self,
        key: LaneKey,
        policy: Policy,
        *,
        arguments: bool = False,
        vault: Vault | None = None,
        numbering: Numbering | None = None,
        record: Record | None = None,
        holds: list[Hold] | None = None,
    ) -> None:
        """Make a lane.

        ``arguments`` says that its text is JSON; a ``vault`` restores placeholders; a ``numbering`` may be shared by
        the lanes of a request; a ``record`` is told what is released; settled ``holds`` are appended to a list.
        """
        self.key = key
        self.policy = policy
        self._vault = vault
        self._passes = vault is None and not policy.enforcing
        """Nothing can change this lane: text leaves as it came, half escapes and half surrogate pairs included."""
        restorer = vault.restorer() if vault else None
        self._text: LaneText = ArgumentText(restorer) if arguments else PlainText(restorer)
        self._joiner = SurrogateJoiner()
        self._record = record
        self._numbering = numbering or Numbering(vault)
        self._enforcing: list[tuple[int, Enforcement, Scanner]] = [
            (order, e, e.detector.scanner()) for order, e in enumerate(policy.enforcements) if e.enforcing
        ]
        self._observing = Observing([e.detector for e in policy.enforcements if not e.enforcing])
        self._hits: list[_Hit] = []
        self._cluster: list[_Hit] = []
        """Overlapping redactions at the front of what is held, in order; replaced together."""
        self._cluster_end = self._sequence = 0
        self._holds = HoldClock(holds if holds is not None else [])
        self._holder = None
        self.findings, self.withheld = [], []
        self.received = self.released = self.unscanned = 0
        self.blocked_by, self.failed = None, False
        self._failures: list[str] = []

    @property
    def blocked(self) -> bool:
        """Whether a block has ended this lane."""
        return self.blocked_by is not None

    @property
    def failures(self) -> list[str]:
        """The detectors that failed here, enforcing or observing."""
        return self._failures + self._observing.failures

    @property
    def held(self) -> int:
        """Characters received and not yet settled."""
        return self.received - self.released

    def feed(self, text: str, now: float) -> str:
        """Take the next text from the upstream at time ``now`` (seconds); return what may be sent on."""
        if self.blocked_by is not None:
            return ""
        self._read(self._text.feed(text if text.isascii() and not self._joiner.pending else self._joiner.feed(text)))
        released = self._settle(now)
        return text if self._passes else released

    def finish(self, now: float) -> str:
        """The text has ended: settle and return the rest."""
        if self.blocked_by is not None:
            return ""
        rest = self._joiner.finish()
        self._read((self._text.feed(rest) if rest else "") + self._text.finish())
        for order, enforcement, scanner in self._enforcing:
            try:
                self._take_hits(order, enforcement, scanner.finish())
            except Exception:
                self._fail(enforcement)
        released = "" if self.blocked else self._settle(now)
        self._observing.finish()
        return "" if self._passes else released

    def _read(self, view: str) -> None:
        self.received += len(view)
        # _fail() replaces the list, so that going through the old one stays sound.
        for order, enforcement, scanner in self._enforcing:
            try:
                matches = scanner.feed(view)
            except Exception:
                self._fail(enforcement)
                if self.blocked_by is not None:
                    return
                continue
            if matches:
                self._take_hits(order, enforcement, matches)

    def _fail(self, enforcement: Enforcement) -> None:
        """A detector raised: under ``on_error: block`` the lane ends before anything it has not judged."""
        self._failures.append(enforcement.detector.name)
        if self.policy.on_error is OnError.BLOCK:
            self.blocked_by, self.failed = enforcement.detector, True
            self._end_at(self.released)
        else:
            self._enforcing = [entry for entry in self._enforcing if entry[1] is not enforcement]

    def _take_hits(self, order: int, enforcement: Enforcement, matches: Sequence[Match]) -> None:
        redacts = enforcement.action is Action.REDACT
        vault, detector = self._vault, enforcement.detector.name
        for match in matches:
            if vault and vault.exempts(detector, self._text.view(match.start, match.end)):
                continue
            self._sequence += 1
            insort(self._hits, _Hit(match.start, redacts, -match.end, order, self._sequence, match))

    def _watermark(self) -> int:
        watermark = self.received
        for _, enforcement, scanner in self._enforcing:
            if scanner.safe < watermark:
                watermark = scanner.safe
                self._holder = enforcement
        return watermark

    def _settle(self, now: float) -> str:
        if self.blocked_by is not None:
            return ""
        watermark = self._watermark()
        if not self._hits and not self._cluster:
            released = self._release(watermark) if watermark > self.released else ""
        else:
            released = self._settle_hits(watermark)
        if self._holds or self.released < self.received:
            self._note_holds(now)
        return released

    def _settle_hits(self, watermark: int) -> str:
        parts: list[str] = []
        while self._hits and self._hits[0].start < watermark and not self.blocked:
            hit = self._hits.pop(0)
            if self._cluster and (hit.start >= self._cluster_end or not hit.redacts):
                parts.append(self._close_cluster(min(self._cluster_end, hit.start)))
            if hit.redacts:
                self._cluster_end = max(self._cluster_end, hit.end) if self._cluster else hit.end
                self._cluster.append(hit)
            else:
                parts.append(self._block(hit))
        if not self.blocked:
            if self._cluster and self._cluster_end <= watermark:
                parts.append(self._close_cluster(self._cluster_end))
            parts.append(self._release(self._cluster[0].start if self._cluster else watermark))
        return "".join(parts)

    def _release(self, end: int) -> str:
        if end <= self.released:
            return ""
        self._observe(end)
        if self._failures:
            self.unscanned += end - self.released
        text = self._text.take(end)
        if self._record is not None:
            self._record.released(self.released, text)
        self.released = end
        return text

    def _close_cluster(self, end: int) -> str:
        cluster, self._cluster = self._cluster, []
        before = self._release(cluster[0].start)
        first = cluster[0]
        label, key = first.match.label, first.match.key or self._text.view(first.start, first.end)
        placeholder = self._numbering.cover(self._detector(first), label, key, self._text.view(first.start, end))
        for hit in cluster:
            self._found(hit, Action.REDACT)
        self._observe(end)
        if self._record is not None:
            self._record.replaced(self.released, placeholder)
        self.withheld.append(Span(self.released, end))
        self.released = end
        return before + self._text.replace(end, placeholder)

    def _detector(self, hit: _Hit) -> Detector:
        return self.policy.enforcements[hit.order].detector

    def _block(self, hit: _Hit) -> str:
        before = self._release(hit.start)
        self._found(hit, Action.BLOCK)
        self.blocked_by = self._detector(hit)
        self._end_at(hit.start)
        return before

    def _end_at(self, position: int) -> None:
        self.withheld.append(Span(position, self.received))
        self._hits.clear()
        self._cluster.clear()
        self._observing.finish()

    def _found(self, hit: _Hit, action: Action) -> None:
        detector = self._detector(hit)
        text = self._text.view(hit.start, hit.end)
        key = hit.match.key or text
        placeholder = self._numbering.placeholder(detector, hit.match.label, key)
        value = key if self.policy.expose_full else None
        match = hit.match
        self.findings.append(
            Finding(
                detector.name,
                match.label,
                match.group,
                self.key,
                match.start,
                match.end,
                action,
                placeholder,
                value,
            )
        )

    def _observe(self, end: int) -> None:
        if self._observing.detectors and end > self.released:
            self._observing.feed(self._text.view(self.released, end))

    def observed(self) -> list[Finding]:
        """Return the observing detectors' findings; those that touch withheld text have no value."""
        return self._observing.findings(self.key, self._numbering, [] if self.policy.expose_full else self.withheld)

    def _note_holds(self, now: float) -> None:
        self._holds.settle(self.released if self.blocked_by is None else self.received, now)
        if self.released < self.received and self.blocked_by is None:
            self._holds.wait(self.released, self.received, now, self._responsible())

    def _responsible(self) -> str:
        if self._cluster:
            return self._detector(self._cluster[0]).name
        return self._holder.detector.name if self._holder else ""
