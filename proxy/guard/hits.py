"""What enforcing scanners report about a lane, in the order in which it takes effect."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from proxy.guard.checks import Asking, Exchange, Placed
from proxy.guard.detector import Detector, Scanner
from proxy.guard.findings import Match
from proxy.guard.policy import Enforcement


class Rank(IntEnum):
    """What comes first where hits begin at the same place."""

    CHASE = 0
    BLOCK = 1
    REDACT = 2


class Hit(NamedTuple):
    """A match of an enforcing detector, sortable into the order in which findings take effect."""

    start: int
    """Where it takes effect: where the match begins, or, for a detector that chases, where it ends."""
    rank: Rank
    minus_end: int
    order: int
    """The detector's place in the policy, which decides between equals; then its own order does."""
    sequence: int
    match: Match

    @property
    def end(self) -> int:
        return -self.minus_end

    @property
    def redacts(self) -> bool:
        return self.rank is Rank.REDACT

    def due(self, watermark: int) -> bool:
        """Whether everything that could take effect before it is known."""
        return self.start < watermark or (self.rank is Rank.CHASE and self.start == watermark)


class Reader(NamedTuple):
    """One enforcing detector reading one lane."""

    order: int
    enforcement: Enforcement
    scanner: Scanner
    asking: Asking | None
    """The scanner, if it has questions."""
    chasing: bool
    """Whether text leaves before it is judged."""

    @classmethod
    def of(cls, order: int, enforcement: Enforcement, exchange: Exchange | None) -> Reader:
        """Return a reader for a fresh lane."""
        scanner = enforcement.detector.scanner(exchange)
        asking = scanner if isinstance(scanner, Asking) else None
        return cls(order, enforcement, scanner, asking, asking is not None and enforcement.chasing)

    @property
    def detector(self) -> Detector:
        return self.enforcement.detector

    def placed(self, limit: int, *, blocking: bool, chased: bool) -> list[Placed]:
        """Return its readings in a lane that was ended at ``limit``: whether by this detector, and whether by a chase.

        What lies behind the limit may have been read or not, depending on how the text arrived, unless the detector
        had to be waited for.
        """
        placed: list[Placed] = getattr(self.scanner, "placed", [])
        if self.chasing or (self.asking is None and not blocking):
            return [reading for reading in placed if reading.end <= limit]
        return [reading for reading in placed if reading.start < limit + (not chased)]


def hit_of(reader: Reader, match: Match, sequence: int) -> Hit:
    """Return what a match means under the detector's action and mode."""
    if reader.chasing:
        return Hit(match.end, Rank.CHASE, -match.end, reader.order, sequence, match)
    rank = Rank.REDACT if reader.enforcement.redacts else Rank.BLOCK
    return Hit(match.start, rank, -match.end, reader.order, sequence, match)
