"""One lane: text in, released text out, findings settled in text order up to the watermark.

The watermark is the least safe prefix over the enforcing scanners. What lies before it is final: it is released, or
replaced by the placeholder of the redaction it belongs to, or it is where a block ends the lane. All of this is a
function of the lane's text, so the lane's answer is the same however the text arrived.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from proxy.guard.checks import Check, Exchange, Placed, Reading
from proxy.guard.detector import Detector
from proxy.guard.findings import Action, Finding, LaneKey, Match
from proxy.guard.hits import Hit, Rank, Reader, hit_of
from proxy.guard.holds import Hold, HoldClock
from proxy.guard.lane_text import ArgumentText, LaneText, PlainText
from proxy.guard.observing import Observing
from proxy.guard.policy import Enforcement, OnError, Policy
from proxy.guard.record import Record
from proxy.guard.surrogates import SurrogateJoiner
from proxy.guard.vault import Numbering, Vault


class Span(NamedTuple):
    """Text that was replaced, in positions of the lane's view."""

    start: int
    end: int


@dataclass(eq=False, slots=True)
class Asked:
    """A question that a lane has asked."""

    check: Check
    lane: Lane
    reader: Reader | None
    """Who asked; None is an observer."""

    @property
    def withholding(self) -> bool:
        """Whether anything depends on the answer besides the report."""
        return self.reader is not None and self.lane.wants(self.reader)


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
        exchange: Exchange | None = None,
        asked: list[Asked] | None = None,
        known: bool = False,
    ) -> None:
        """Make a lane.

        ``arguments`` says that its text is JSON; a ``vault`` restores placeholders; a ``numbering`` may be shared by
        the lanes of a request; a ``record`` is told what is released; settled ``holds`` and questions ``asked`` are
        appended to lists. Without an ``exchange`` the lane asks nobody. Of a text that is ``known`` from the start
        everything is reported, also what lies behind a block.
        """
        self.key = key
        self.policy = policy
        exchange = replace(exchange, lane=key.lane) if exchange is not None else None
        self._vault = vault
        self._passes = vault is None and not policy.enforcing
        """Nothing can change this lane: text leaves as it came, half escapes and half surrogate pairs included."""
        restorer = vault.restorer() if vault else None
        self._text: LaneText = ArgumentText(restorer) if arguments else PlainText(restorer)
        self._joiner = SurrogateJoiner()
        self._record = record
        self._numbering = numbering or Numbering(vault)
        self._enforcing = [Reader.of(order, e, exchange) for order, e in enumerate(policy.enforcements) if e.enforcing]
        self._readers = tuple(self._enforcing)
        self._observing = Observing([e.detector for e in policy.enforcements if not e.enforcing], exchange)
        self._asked = asked if asked is not None else []
        self._hits: list[Hit] = []
        self._cluster: list[Hit] = []
        """Overlapping redactions at the front of what is held, in order; replaced together."""
        self._cluster_end = self._sequence = 0
        self._holds = HoldClock(holds if holds is not None else [])
        self._holder = None
        self.findings, self.withheld = [], []
        self.received = self.released = self.unscanned = 0
        self.blocked_by, self.failed = None, False
        self._ended, self._known = False, known
        self._block_hit: Hit | None = None
        self._failures: list[str] = []

    @property
    def blocked(self) -> bool:
        """Whether a block has ended this lane."""
        return self.blocked_by is not None

    @property
    def rewrites(self) -> bool:
        """Whether anything can change its text; where nothing can, ``settle`` and ``finish`` return nothing."""
        return not self._passes

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
        self.read(text)
        released = self.settle(now)
        return text if self._passes else released

    def read(self, text: str) -> None:
        """Take the next text without sending anything on yet."""
        if self.blocked_by is None:
            ready = text.isascii() and not self._joiner.pending
            self._read(self._text.feed(text if ready else self._joiner.feed(text)))

    def end(self) -> None:
        """The text has ended: ask the last questions. Safe to call twice."""
        if self._ended or self.blocked_by is not None:
            return
        self._ended = True
        rest = self._joiner.finish()
        self._read((self._text.feed(rest) if rest else "") + self._text.finish())
        for reader in self._enforcing:
            try:
                self._take_hits(reader, reader.scanner.finish())
            except Exception:
                self._fail(reader)
            else:
                self._ask(reader)

    def finish(self, now: float) -> str:
        """The text has ended, and what was asked is answered: settle and return the rest."""
        self.end()
        released = "" if self.blocked else self.settle(now)
        self._observing.finish()
        self._ask_for_observers()
        return "" if self._passes else released

    def _read(self, view: str) -> None:
        self.received += len(view)
        # _fail() replaces the list, so that going through the old one stays sound.
        for reader in self._enforcing:
            try:
                matches = reader.scanner.feed(view)
            except Exception:
                self._fail(reader)
                if self.blocked_by is not None:
                    return
                continue
            if matches:
                self._take_hits(reader, matches)
            if reader.asking is not None:
                self._ask(reader)

    def _ask(self, reader: Reader) -> None:
        if reader.asking is not None:
            self._asked += [Asked(check, self, reader) for check in reader.asking.asks()]

    def _ask_for_observers(self) -> None:
        if self._observing.asking:
            self._asked += [Asked(check, self, None) for check in self._observing.asks()]

    def wants(self, reader: Reader) -> bool:
        """Tell whether an answer for ``reader`` can still change what this lane says."""
        return reader in self._enforcing and not self.failed and (self.blocked_by is None or reader.chasing)

    def answer(self, asked: Asked, reading: Reading | None) -> None:
        """Take the answer to one of this lane's questions, None where there is none; settles nothing."""
        reader = asked.reader
        if reader is None:
            self._observing.reply(asked.check, reading)
        elif not self.wants(reader) or reader.asking is None:
            return
        elif reading is None:
            self._fail(reader)
        else:
            try:
                matches = reader.asking.reply(asked.check, reading)
            except Exception:
                self._fail(reader)
            else:
                self._take_hits(reader, matches)

    def _fail(self, reader: Reader) -> None:
        """A detector failed: under ``on_error: block`` the lane ends before anything it has not judged."""
        self._failures.append(reader.detector.name)
        if reader.chasing:
            self.unscanned += max(0, self.released - reader.scanner.safe)
        if self.policy.on_error is OnError.BLOCK:
            self.blocked_by, self.failed = reader.detector, True
            self._end_at(self.released)
        else:
            self._enforcing = [entry for entry in self._enforcing if entry is not reader]

    def _take_hits(self, reader: Reader, matches: Sequence[Match]) -> None:
        vault, name = self._vault, reader.detector.name
        for match in matches:
            if vault and not reader.chasing and vault.exempts(name, self._text.view(match.start, match.end)):
                continue
            self._sequence += 1
            insort(self._hits, hit_of(reader, match, self._sequence))
        if self._block_hit is not None and self._hits:
            self._block_earlier(self._block_hit, self._hits[0])

    def _block_earlier(self, known: Hit, late: Hit) -> None:
        """An answer that was chased came after another block, but it counts before it."""
        self._hits.clear()
        if late >= known:
            return
        self._block(late)

    def _watermark(self) -> int:
        watermark = self.received
        for reader in self._enforcing:
            if not reader.chasing and reader.scanner.safe < watermark:
                watermark = reader.scanner.safe
                self._holder = reader.enforcement
        return watermark

    def settle(self, now: float) -> str:
        """Return what may be sent on now."""
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
        while self._hits and self._hits[0].due(watermark) and not self.blocked:
            hit = self._hits.pop(0)
            if self._cluster and hit.start <= self._cluster[0].start and not hit.redacts:
                self._cluster.clear()
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

    def _detector(self, hit: Hit) -> Detector:
        return self.policy.enforcements[hit.order].detector

    def _block(self, hit: Hit) -> str:
        before = self._release(hit.start)
        if hit.rank is Rank.CHASE:
            # What left behind it, while its answer was awaited, is as good as not said.
            self.findings = [finding for finding in self.findings if finding.start < hit.start]
            self.withheld = [span for span in self.withheld if span.start < hit.start]
            if self._record is not None:
                self._record.cut(hit.start)
        self._found(hit, Action.BLOCK)
        self.blocked_by, self._block_hit = self._detector(hit), hit
        self._end_at(hit.start)
        return before

    def _end_at(self, position: int) -> None:
        if self._known:
            self._observe(self.received)
        self.withheld.append(Span(position, self.received))
        self._hits.clear()
        self._cluster.clear()
        self._observing.finish()
        self._ask_for_observers()

    def _found(self, hit: Hit, action: Action) -> None:
        detector = self._detector(hit)
        match = hit.match
        key = match.key or self._text.view(match.start, match.end)
        placeholder = self._numbering.placeholder(detector, match.label, key)
        value = key if self.policy.expose_full else None
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
            self._ask_for_observers()

    def observed(self) -> list[Finding]:
        """Return the observing detectors' findings; those that touch withheld text have no value."""
        spans = [] if self.policy.expose_full else self.withheld
        found = self._observing.findings(self.key, self._numbering, spans)
        return found if self._chase is None else [finding for finding in found if finding.end <= self._chase]

    def readings(self) -> list[tuple[str, Placed]]:
        """Return what was measured of what this lane says, with the names of the detectors."""
        limit = self.received if self._block_hit is None or self._known else self._block_hit.start
        limit = self.released if self.failed else limit
        measured = [
            (reader.detector.name, placed)
            for reader in self._readers
            for placed in reader.placed(
                limit, blocking=reader.detector is self.blocked_by, chased=self._chase is not None
            )
        ]
        observed = self._observing.readings()
        return measured + (observed if self._chase is None else [r for r in observed if r[1].end <= self._chase])

    @property
    def _chase(self) -> int | None:
        """Where a late answer has cut this lane: what was read behind it depends on how late it was."""
        hit = None if self._known else self._block_hit
        return hit.start if hit is not None and hit.rank is Rank.CHASE else None

    def _note_holds(self, now: float) -> None:
        self._holds.settle(self.released if self.blocked_by is None else self.received, now)
        if self.released < self.received and self.blocked_by is None:
            self._holds.wait(self.released, self.received, now, self._responsible())

    def _responsible(self) -> str:
        if self._cluster:
            return self._detector(self._cluster[0]).name
        return self._holder.detector.name if self._holder else ""
