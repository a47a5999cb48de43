"""Several worker processes on one port: started, watched, started again, and stopped together.

The port is shared by SO_REUSEPORT, so that the kernel spreads connections over the workers. Each worker has a pipe to
the supervisor: it says there that it is ready, and stops when the other end is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from proxy.metrics import forget_process
from proxy.server.listening import Address, new_event_loop, reserve, serve_until, stop_signals

MAX_CRASHES = 5
"""Workers that may die within CRASH_WINDOW seconds before the supervisor gives up."""
CRASH_WINDOW = 30.0
KILL_AFTER = 10.0
"""Seconds past the shutdown grace after which a worker is killed."""

_LOG = logging.getLogger(__name__)
_READY = b"ready"


@dataclass(frozen=True, slots=True)
class _Worker:
    process: SpawnProcess
    pipe: Connection


class Supervisor:
    """Keeps ``count`` workers running; ``grace`` is the seconds they take, at most, to stop in good order."""

    def __init__(self, config_path: Path, address: Address, count: int, grace: float) -> None:
        self._config_path = config_path
        self._address = address
        self._count = count
        self._grace = grace
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        self._crashes: deque[float] = deque(maxlen=MAX_CRASHES)

    def run(self, announce: Callable[[], None]) -> int:
        """Run until SIGTERM or SIGINT (returns 0) or until too many workers have died (returns 1).

        ``announce`` is called once, when every worker is ready.
        """
        with _signal_pipe() as signalled:
            self._workers = [self._start() for _ in range(self._count)]
            try:
                return self._watch(signalled, announce)
            finally:
                self._stop()

    def _watch(self, signalled: int, announce: Callable[[], None]) -> int:
        waiting = {worker.pipe for worker in self._workers}
        announced = False
        while True:
            sentinels = [worker.process.sentinel for worker in self._workers]
            events = wait([signalled, *sentinels, *waiting])
            if signalled in events:
                return 0
            waiting -= {pipe for pipe in waiting if pipe in events and _said_ready(pipe)}
            for dead in [worker for worker in self._workers if worker.process.sentinel in events]:
                waiting.discard(dead.pipe)
                if not self._may_restart(dead):
                    return 1
                started = self._start()
                self._workers[self._workers.index(dead)] = started
                waiting.add(started.pipe)
            if not waiting and not announced:
                announced = True
                announce()

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=work, args=(self._config_path, self._address, theirs))
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _may_restart(self, dead: _Worker) -> bool:
        dead.process.join()
        dead.pipe.close()
        _LOG.error("worker %s ended with status %s", dead.process.pid, dead.process.exitcode)
        forget_process(dead.process.pid or 0)
        now = time.monotonic()
        self._crashes.append(now)
        if len(self._crashes) == MAX_CRASHES and now - self._crashes[0] < CRASH_WINDOW:
            _LOG.error("%s workers ended within %s seconds: giving up", MAX_CRASHES, CRASH_WINDOW)
            return False
        return True

    def _stop(self) -> None:
        for worker in self._workers:
            worker.process.terminate()
        deadline = time.monotonic() + self._grace + KILL_AFTER
        for worker in self._workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            forget_process(worker.process.pid or 0)


def work(config_path: Path, address: Address, pipe: Connection) -> None:
    """A worker process: serve until told to stop, or until the supervisor is gone."""
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)s %(levelname)s [{os.getpid()}] %(name)s: %(message)s")
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_work(config_path, address, pipe))


async def _work(config_path: Path, address: Address, pipe: Connection) -> None:
    stop = stop_signals()
    asyncio.get_running_loop().add_reader(pipe.fileno(), stop.set)
    sockets, _ = reserve(address.host, address.port, shared=True)
    await serve_until(stop, config_path, sockets, lambda: pipe.send_bytes(_READY))
    asyncio.get_running_loop().remove_reader(pipe.fileno())


def _said_ready(pipe: Connection) -> bool:
    try:
        return pipe.recv_bytes() == _READY
    except EOFError:
        return False


@contextlib.contextmanager
def _signal_pipe() -> Iterator[int]:
    """A file descriptor that becomes readable with SIGTERM or SIGINT."""
    readable, writable = os.pipe()
    previous = {
        number: signal.signal(number, lambda *_: os.write(writable, b"!")) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield readable
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        os.close(readable)
        os.close(writable)
