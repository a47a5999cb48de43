"""Answers that are worth keeping: a bounded cache with a time to live, and one flight for all who ask the same."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class _Flight(Generic[T]):
    __slots__ = ("task", "waiting")

    def __init__(self, task: asyncio.Task[T]) -> None:
        self.task = task
        self.waiting = 0


class SharedAnswers(Generic[T]):
    """Answers by key. Whoever asks for one that is under way waits for it as well; failures are not kept."""

    def __init__(self, entries: int, ttl: float, clock: Callable[[], float]) -> None:
        """Keep the ``entries`` answers used last, each for ``ttl`` seconds of ``clock``; none where either is 0."""
        self._entries, self._ttl, self._clock = entries, ttl, clock
        self._kept: OrderedDict[str, tuple[float, T]] = OrderedDict()
        self._flights: dict[str, _Flight[T]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    async def get(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the answer kept or under way for ``key``, or else that of ``work``, whose exceptions pass through.

        ``work`` goes on when the one who began it is cancelled, and ends when all who wait for it are.
        """
        kept = self._kept.get(key)
        if kept is not None and self._clock() < kept[0]:
            self._kept.move_to_end(key)
            return kept[1]
        flight = self._flights.get(key)
        if flight is None:
            flight = self._begin(key, work)
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._land(key, flight)
                flight.task.cancel()

    async def aclose(self) -> None:
        """End everything that is under way."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> _Flight[T]:
        flight = _Flight(asyncio.get_running_loop().create_task(work()))
        self._flights[key] = flight

        def done(task: asyncio.Task[T]) -> None:
            self._land(key, flight)
            # Asking for the exception marks it as seen, in case that nobody waits for it any more.
            if not task.cancelled() and task.exception() is None:
                self._keep(key, task.result())

        flight.task.add_done_callback(done)
        return flight

    def _land(self, key: str, flight: _Flight[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]

    def _keep(self, key: str, answer: T) -> None:
        if self._ttl > 0:
            self._kept[key] = (self._clock() + self._ttl, answer)
            self._kept.move_to_end(key)
        while len(self._kept) > self._entries:
            self._kept.popitem(last=False)
