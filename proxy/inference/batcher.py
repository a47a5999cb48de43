"""Gathers the questions of many streams into inferences that run off the event loop."""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

CAPACITY = 1024
"""Texts that may wait for one model."""
REMEMBERED = 4096
"""Answers that are kept, so that a chat's history is not judged again with each of its requests."""
_SIMILAR = 1.5
"""How many times longer than the shortest the longest text of a batch may be: all are padded to the longest."""


class Overloaded(Exception):
    """More texts are waiting for a model than may."""


class Stopped(Exception):
    """The process is on its way down."""


@dataclass(eq=False, slots=True)
class _Job(Generic[T]):
    key: bytes
    text: str
    deadline: float
    """Loop time at which nobody waits any longer."""
    answer: asyncio.Future[T]
    waiters: int = field(default=0)


class Batcher(Generic[T]):
    """Answers texts by ``run``, in batches, on the threads of ``executor``. Belongs to one event loop.

    A text that is asked about while it waits, runs or is remembered is not run again. Texts wait in the order of their
    arrival: a batch has the one that waits longest, and others of similar length. A batch that fails fails for those
    that wait for it.
    """

    def __init__(
        self,
        run: Callable[[Sequence[str]], Sequence[T]],
        executor: Executor,
        *,
        parallel: int = 1,
        largest: Callable[[], int] = lambda: 1,
        capacity: int = CAPACITY,
        remembered: int = REMEMBERED,
    ) -> None:
        """``run`` answers texts in their order; ``parallel`` calls of it may run at once, each with at most
        ``largest()`` texts. ``capacity`` texts may wait, and ``remembered`` answers are kept."""
        self._run, self._executor = run, executor
        self._parallel, self._largest = parallel, largest
        self._capacity, self._remembered = capacity, remembered
        self._known: OrderedDict[bytes, T] = OrderedDict()
        self._jobs: dict[bytes, _Job[T]] = {}
        """What waits or runs."""
        self._waiting: OrderedDict[bytes, _Job[T]] = OrderedDict()
        self._running: set[asyncio.Future[Sequence[T]]] = set()
        self._stopped = False

    async def ask(self, text: str, seconds: float) -> T:
        """Return the answer to ``text``; it is not begun any more after ``seconds``.

        Raises TimeoutError then, Overloaded where too many texts wait, Stopped, and whatever ``run`` raises.
        """
        if self._stopped:
            raise Stopped
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        job = self._join(key, text, asyncio.get_running_loop().time() + seconds)
        job.waiters += 1
        try:
            # Shielded: whoever gives up must not take the answer from the others.
            return await asyncio.shield(job.answer)
        finally:
            job.waiters -= 1
            # By now the same text may be waiting anew, as another job.
            if not job.waiters and self._waiting.get(key) is job:
                self._forget(job)

    async def aclose(self) -> None:
        """Fail what waits with Stopped, and return when what runs has ended. May be called again."""
        self._stopped = True
        for job in self._waiting.values():
            _fail(job, Stopped())
        self._waiting.clear()
        if self._running:
            await asyncio.wait(self._running)

    def _join(self, key: bytes, text: str, deadline: float) -> _Job[T]:
        job = self._jobs.get(key)
        if job is not None:
            job.deadline = max(job.deadline, deadline)
            return job
        if len(self._waiting) >= self._capacity:
            raise Overloaded(f"{self._capacity} texts are waiting")
        job = _Job(key, text, deadline, asyncio.get_running_loop().create_future())
        self._jobs[key] = self._waiting[key] = job
        self._start()
        return job

    def _start(self) -> None:
        """Give every free thread something to do."""
        while len(self._running) < self._parallel and (batch := self._next_batch()):
            loop = asyncio.get_running_loop()
            running = loop.run_in_executor(self._executor, self._run, [job.text for job in batch])
            self._running.add(running)
            running.add_done_callback(lambda done, batch=batch: self._end(done, batch))  # type: ignore[misc]

    def _next_batch(self) -> list[_Job[T]]:
        now = asyncio.get_running_loop().time()
        for job in [job for job in self._waiting.values() if job.deadline <= now]:
            self._forget(job)
            _fail(job, TimeoutError("no model was free in time"))
        if not self._waiting:
            return []
        # What waits is divided among the threads that are free, rather than all given to one.
        share = math.ceil(len(self._waiting) / (self._parallel - len(self._running)))
        size = min(self._largest(), share)
        batch: list[_Job[T]] = []
        low = high = len(next(iter(self._waiting.values())).text)
        for job in self._waiting.values():
            length = len(job.text)
            if max(high, length) <= _SIMILAR * max(1, min(low, length)):
                low, high = min(low, length), max(high, length)
                batch.append(job)
                if len(batch) == size:
                    break
        for job in batch:
            del self._waiting[job.key]
        return batch

    def _end(self, done: asyncio.Future[Sequence[T]], batch: list[_Job[T]]) -> None:
        self._running.discard(done)
        for job in batch:
            self._jobs.pop(job.key, None)
        failure = _failure(done, len(batch))
        for number, job in enumerate(batch):
            if failure is not None:
                _fail(job, failure)
            else:
                job.answer.set_result(done.result()[number])
                self._remember(job.key, done.result()[number])
        if not self._stopped:
            self._start()

    def _remember(self, key: bytes, answer: T) -> None:
        self._known[key] = answer
        if len(self._known) > self._remembered:
            self._known.popitem(last=False)

    def _forget(self, job: _Job[T]) -> None:
        del self._waiting[job.key], self._jobs[job.key]


def _failure(done: asyncio.Future[Sequence[T]], expected: int) -> BaseException | None:
    if done.cancelled():
        return Stopped()
    failure = done.exception()
    if failure is None and len(done.result()) != expected:
        return ValueError(f"{len(done.result())} answers to {expected} texts")
    return failure


def _fail(job: _Job[T], failure: BaseException) -> None:
    job.answer.set_exception(failure)
    # Nobody may be waiting any more; that is no reason for asyncio to complain.
    job.answer.exception()
