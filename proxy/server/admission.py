"""How many answers may be in progress, and how those in progress are told to end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from proxy.protocol.errors import ErrorCode, api_error

RETRY_AFTER = "1"
"""Seconds, as a header value, after which a refused client may try again."""


class Slot:
    """One answer in progress, from the admission of its request to its last byte."""

    def __init__(self) -> None:
        self.shutting_down = False
        self._scope: asyncio.Timeout | None = None

    def bounded(self, seconds: float) -> asyncio.Timeout:
        """A scope that raises TimeoutError after ``seconds``, or at once when the server has to stop."""
        self._scope = asyncio.timeout(0 if self.shutting_down else seconds)
        return self._scope

    def end(self) -> None:
        """The server has to stop: leave the scope now. ``shutting_down`` tells why."""
        self.shutting_down = True
        if self._scope is not None:
            # Refused by a scope that is just being left, which is what was wanted.
            with contextlib.suppress(RuntimeError):
                self._scope.reschedule(asyncio.get_running_loop().time())


class Admission:
    """The slots of one process."""

    def __init__(self) -> None:
        self.draining = False
        self._slots: set[Slot] = set()
        self._idle = asyncio.Event()

    @property
    def active(self) -> int:
        """Slots taken."""
        return len(self._slots)

    @contextlib.contextmanager
    def slot(self, limit: int) -> Iterator[Slot]:
        """Take a slot for as long as the context lasts.

        Raises ApiError (503) where ``limit`` slots are taken, or the server is stopping.
        """
        if self.draining:
            raise api_error(ErrorCode.SERVER_SHUTDOWN, headers={"Retry-After": RETRY_AFTER, "Connection": "close"})
        if len(self._slots) >= limit:
            raise api_error(ErrorCode.OVERLOADED, headers={"Retry-After": RETRY_AFTER})
        slot = Slot()
        self._slots.add(slot)
        try:
            yield slot
        finally:
            self._slots.discard(slot)
            if not self._slots:
                self._idle.set()

    async def drain(self, grace: float, farewell: float = 2.0) -> None:
        """Admit no more; give those in progress ``grace`` seconds to finish, then ``farewell`` to say goodbye."""
        self.draining = True
        if not await self._emptied(grace):
            for slot in tuple(self._slots):
                slot.end()
            await self._emptied(farewell)

    async def _emptied(self, seconds: float) -> bool:
        self._idle.clear()
        if self._slots:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), seconds)
        return not self._slots
