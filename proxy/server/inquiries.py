"""Checks under way: questions of the guard, put to their backends, each with its deadline."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable

from proxy.events import Checked, Observer, Stage
from proxy.guard.checks import Reading
from proxy.guard.lane import Asked
from proxy.server.services import Clock

AT_ONCE = 16
"""Questions of one exchange that are put at once: a long one must not take every model from everybody else."""
BEHIND = 64
"""Questions waiting for their turn from which on the upstream is not read any further."""

_log = logging.getLogger(__name__)

Answer = tuple[Asked, Reading | None]
"""A question and what became of it: None is a failure."""


class Inquiries:
    """The open questions of one stage of one exchange."""

    def __init__(self, observer: Observer, clock: Clock, deployment: str, stage: Stage) -> None:
        self._observer, self._clock = observer, clock
        self._deployment, self._stage = deployment, stage
        self._tasks: dict[asyncio.Task[Reading | None], Asked] = {}
        self._waiting: deque[Asked] = deque()

    @property
    def busy(self) -> bool:
        """Whether any question is open."""
        return bool(self._tasks)

    @property
    def behind(self) -> bool:
        """Whether so many questions are open that nothing should be read that raises more."""
        return len(self._waiting) >= BEHIND

    def start(self, asked: Iterable[Asked]) -> None:
        """Put questions to their backends; those that are too many at once wait for their turn."""
        self._waiting.extend(asked)
        while self._waiting and len(self._tasks) < AT_ONCE:
            question = self._waiting.popleft()
            self._tasks[asyncio.create_task(self._read(question))] = question

    async def wait(self, *others: asyncio.Task[object]) -> None:
        """Return when a question has been answered, or one of ``others`` is done.

        Raises RuntimeError where that could never be.
        """
        if not self._tasks and not others:
            raise RuntimeError("there is nothing to wait for")
        await asyncio.wait({*self._tasks, *others}, return_when=asyncio.FIRST_COMPLETED)

    def collect(self) -> list[Answer]:
        """Return what has been answered since the last call, in the order in which it was asked."""
        done = [task for task in self._tasks if task.done()]
        return [(self._tasks.pop(task), task.result()) for task in done]

    def cancel(self) -> None:
        """Nobody is interested in the answers any more."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        self._waiting.clear()

    async def settle(self, take: Callable[[], list[Asked]], answer: Callable[[Asked, Reading | None], object]) -> None:
        """Ask what ``take`` returns, pass the answers on, and go on until there are no questions left."""
        try:
            self.start(take())
            while self.busy:
                await self.wait()
                for asked, reading in self.collect():
                    answer(asked, reading)
                self.start(take())
        finally:
            self.cancel()

    async def _read(self, asked: Asked) -> Reading | None:
        check, began = asked.check, self._clock()
        reading: Reading | None = None
        try:
            async with asyncio.timeout(check.backend.timeout):
                reading = await check.backend.read(check.text, check.exchange)
        except TimeoutError:
            _log.warning("%s: no answer within %.3g seconds", check.detector, check.backend.timeout)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Nobody has cancelled this: the backend gave up work that it shared with others.
            _log.warning("%s: the check was cancelled", check.detector)
        except Exception as error:
            # What an exception says may quote the text that was judged, so only its kind is logged.
            _log.warning("%s: the check failed: %s", check.detector, type(error).__name__)
        seconds = self._clock() - began
        self._observer.notify(Checked(self._deployment, self._stage, check.detector, reading is not None, seconds))
        return reading
