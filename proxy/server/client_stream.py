"""The event stream to one client: frames out, with backpressure, and a sign of life while there is nothing to say."""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import web

from proxy.protocol.sse import KEEPALIVE

WRITE_BUFFER = 16_384
"""Unsent bytes beyond which a slow client holds up the reading of its upstream."""

_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",
}


class ClientStream:
    """An open event stream. Make it with :meth:`open`."""

    def __init__(self, request: web.Request, response: web.StreamResponse, keepalive: float) -> None:
        self.response = response
        self._request = request
        self._protocol = request.protocol
        self._writer = request.writer
        self._loop = asyncio.get_running_loop()
        self._interval = keepalive
        self._last = self._loop.time()
        self._timer = self._loop.call_later(keepalive, self._beat)
        self._comment: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, request: web.Request, keepalive: float) -> ClientStream:
        """Decide for a 200 with an event stream; after ``keepalive`` silent seconds a comment is sent."""
        if request.transport is not None:
            request.transport.set_write_buffer_limits(high=WRITE_BUFFER)
        response = web.StreamResponse(headers=_HEADERS)
        await response.prepare(request)
        return cls(request, response, keepalive)

    async def send(self, frames: bytes) -> None:
        """Write frames, waiting while the client is behind. Raises ConnectionError where it has gone."""
        self._last = self._loop.time()
        await self.response.write(frames)
        if self._protocol.writing_paused:
            await self._writer.drain()

    def send_headers(self) -> None:
        """Send the headers without waiting for the first frame."""
        self._writer.send_headers()

    @property
    def behind(self) -> bool:
        """Whether the client has yet to take what was sent before."""
        return self._protocol.writing_paused

    def disconnect(self) -> None:
        """Drop the connection with everything that has not been taken."""
        if self._request.transport is not None:
            self._request.transport.abort()

    def close(self) -> None:
        """Send no more signs of life."""
        self._timer.cancel()
        if self._comment is not None:
            self._comment.cancel()

    def _beat(self) -> None:
        now = self._loop.time()
        due = self._last + self._interval
        if now >= due:
            self._last, due = now, now + self._interval
            # Rare enough to afford a task; the stream's own task is waiting for the upstream meanwhile.
            if not self._protocol.writing_paused:
                self._comment = self._loop.create_task(self._send_comment())
        self._timer = self._loop.call_at(due, self._beat)

    async def _send_comment(self) -> None:
        with contextlib.suppress(ConnectionError):
            await self.response.write(KEEPALIVE)
