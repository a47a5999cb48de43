"""How much text was withheld, for how long, and for whose sake."""

from __future__ import annotations

from collections import deque

Hold = tuple[str, int, float]
"""Text that was withheld and then settled: by which detector, how much (characters), how long (seconds)."""


class HoldClock:
    """Notes what of one lane could not leave when it came, and when it was settled."""

    __slots__ = ("_settled", "_waiting")

    def __init__(self, settled: list[Hold]) -> None:
        """Append what has been settled to a list, which lanes may share."""
        self._settled = settled
        self._waiting: deque[tuple[int, int, float, str]] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def wait(self, start: int, end: int, now: float, detector: str) -> None:
        """Text from ``start`` to ``end`` is withheld at time ``now``; what was noted before keeps its time."""
        if self._waiting:
            start = max(start, self._waiting[-1][1])
        if start < end:
            self._waiting.append((start, end, now, detector))

    def settle(self, position: int, now: float) -> None:
        """What was noted up to ``position`` is settled."""
        waiting = self._waiting
        while waiting and waiting[0][1] <= position:
            start, end, since, detector = waiting.popleft()
            self._settled.append((detector, end - start, now - since))
