"""What an answer waits for: the questions that are open, and the steps that go on once they are answered."""

from __future__ import annotations

from collections.abc import Generator
from enum import Enum

from proxy.guard.lane import Asked


class Wait(Enum):
    """What a step waits for."""

    VERDICTS = "verdicts"
    """Answers that decide what may leave."""
    LAST_VERDICTS = "last verdicts"
    """The same, where everything said so far has been sent: what is answered meanwhile may follow."""
    READINGS = "readings"
    """All answers: a report is about to be made."""


Steps = Generator[bytes | Wait, None, None]
"""Payloads to send, in order, and where to wait between them."""


class Inquiry:
    """The open questions of one answer."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        """What lanes have asked and nobody has been told yet; they append to it."""
        self._open: dict[Asked, None] = {}
        self._parked: tuple[Steps, Wait] | None = None

    @property
    def parked(self) -> bool:
        """Whether steps are waiting for answers."""
        return self._parked is not None

    @property
    def flowing(self) -> bool:
        """Whether text may be sent while steps are waiting."""
        return self._parked is not None and self._parked[1] is Wait.LAST_VERDICTS

    def take(self) -> list[Asked]:
        """Return the questions that arose since the last call."""
        taken, self.asked[:] = list(self.asked), ()
        self._open.update(dict.fromkeys(taken))
        return taken

    def answered(self, asked: Asked) -> None:
        """Note that a question is open no longer."""
        self._open.pop(asked, None)

    def run(self, steps: Steps) -> list[bytes]:
        """Return the payloads up to the first wait that is not over; the rest is parked."""
        payloads: list[bytes] = []
        for step in steps:
            if isinstance(step, bytes):
                payloads.append(step)
            elif self.pending(step):
                self._parked = steps, step
                break
        return payloads

    def resume(self) -> list[bytes]:
        """Go on with what was parked, if it need not wait any longer."""
        if self._parked is None or self.pending(self._parked[1]):
            return []
        (steps, _), self._parked = self._parked, None
        return self.run(steps)

    def abandon(self) -> None:
        """Nobody waits any longer."""
        self._parked = None

    def pending(self, wait: Wait) -> bool:
        """Tell whether a step that waits for this would be parked."""
        reporting = wait is Wait.READINGS
        return any(a.withholding or (reporting and a.reader is None) for a in (*self._open, *self.asked))
