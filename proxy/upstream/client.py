"""The HTTP client: opens a chat completion at an upstream and reads what arrives, with its clocks running."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from types import SimpleNamespace

import aiohttp

from proxy import __version__
from proxy.config.deployment import Timeouts
from proxy.upstream.errors import (
    TimeoutKind,
    UpstreamBroken,
    UpstreamMalformed,
    UpstreamStatus,
    UpstreamTimeout,
    UpstreamUnreachable,
)

MAX_ERROR_BODY = 65_536
"""Bytes of an error answer's body that are looked at."""
READ_BUFFER = 65_536
"""Bytes that wait to be read before the upstream's connection is paused (twice as many, in fact)."""
RELEASE_GRACE = 1.0
"""Seconds that a complete answer's connection gets to end its HTTP message and so become reusable."""

POOLED_SECONDS = 60.0
"""Seconds that an unused connection is kept."""
MAX_HEADER_BYTES = 32_768
"""Largest header line of an upstream; some put much into one."""

_BROKEN = (aiohttp.ClientError, ConnectionError, OSError)
_STALE = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)
_LARGE_BODY = 1_000_000


class UpstreamAnswer:
    """An answer whose status and headers have arrived; its body is read with :meth:`read` or :meth:`body`."""

    def __init__(self, response: aiohttp.ClientResponse, timeouts: Timeouts, first_byte_at: float) -> None:
        """``first_byte_at`` is the loop time by which the body's first byte must have arrived."""
        self.status = response.status
        self.content_type = response.content_type
        self._response = response
        self._content = response.content
        self._idle = timeouts.idle
        self._loop = asyncio.get_running_loop()
        self._now = self._loop.time
        self._kind = TimeoutKind.FIRST_BYTE
        self._allowance = max(0.0, first_byte_at - self._now())
        self._waiting_since: float | None = None
        self._failure: Exception | None = None
        self._watchdog = self._loop.call_later(self._allowance, self._watch)

    async def read(self) -> bytes:
        """Whatever has arrived since the last read, waiting where nothing has; ``b""`` at the end.

        Raises UpstreamTimeout (first byte, idle) and UpstreamBroken.
        """
        if self._failure is not None:
            raise self._failure
        self._waiting_since = self._now()
        try:
            data = await self._content.readany()
        except _BROKEN as error:
            return self._salvage(error)
        finally:
            self._waiting_since = None
        if self._kind is not TimeoutKind.IDLE:
            self._begin_idle_clock()
        return data

    async def body(self, limit: int) -> bytes:
        """The whole body.

        Raises UpstreamMalformed where it is longer than ``limit`` bytes, and whatever ``read`` raises.
        """
        parts = bytearray()
        while data := await self.read():
            parts += data
            if len(parts) > limit:
                raise UpstreamMalformed("the answer is larger than the configured limit")
        return bytes(parts)

    def close(self) -> None:
        """End it now: the connection is closed, whatever was still to come. May be called again."""
        self._watchdog.cancel()
        self._response.close()

    def release(self) -> None:
        """Nothing more of the body is needed: the connection may be used again once the HTTP message ends.

        It is closed instead where that takes longer than RELEASE_GRACE seconds.
        """
        self._watchdog.cancel()
        if not self._content.is_eof():
            self._loop.call_later(RELEASE_GRACE, self._response.close)

    def _begin_idle_clock(self) -> None:
        self._kind = TimeoutKind.IDLE
        self._allowance = self._idle
        self._watchdog.cancel()
        self._watchdog = self._loop.call_later(self._idle, self._watch)

    def _salvage(self, error: Exception) -> bytes:
        # The reader reports a lost connection before it hands out what had arrived until then. Taking the
        # exception away makes that readable: what the client gets must not depend on how fast it was read.
        self._failure = UpstreamBroken()
        self._failure.__cause__ = error
        self._content.set_exception(None)  # type: ignore[arg-type]
        data = self._content.read_nowait()
        if not data:
            raise self._failure
        return data

    def _watch(self) -> None:
        now = self._now()
        # Where no read is waiting, a slow client is being written to: that is not the upstream's silence.
        due = (now if self._waiting_since is None else self._waiting_since) + self._allowance
        if now < due:
            self._watchdog = self._loop.call_at(due, self._watch)
            return
        self._failure = UpstreamTimeout(self._kind)
        self._content.set_exception(self._failure)


class UpstreamClient:
    """Connections to all upstreams of this process; an asynchronous context manager."""

    def __init__(self) -> None:
        self._open_session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> UpstreamClient:
        self._open_session = _session()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._open_session is not None:
            await self._open_session.close()

    async def open(self, url: str, body: bytes, headers: Mapping[str, str], timeouts: Timeouts) -> UpstreamAnswer:
        """POST ``body`` and wait for a status of 200..299.

        Raises UpstreamUnreachable, UpstreamBroken, UpstreamTimeout (connect, first byte) and UpstreamStatus.
        The lifetime clock is the caller's, since it also covers the time that a slow client takes.
        """
        for last_attempt in (False, True):
            sending = _Sending()
            try:
                return await self._attempt(url, body, headers, timeouts, sending)
            except TimeoutError:
                kind = TimeoutKind.CONNECT if sending.sent_at is None else TimeoutKind.FIRST_BYTE
                raise UpstreamTimeout(kind) from None
            except _BROKEN as error:
                # A pooled connection may have been closed by the other side just before it was used again.
                if last_attempt or not sending.reused or not isinstance(error, _STALE):
                    raise _connection_failure(sending) from error
        raise AssertionError("the last attempt returns or raises")

    async def _attempt(
        self, url: str, body: bytes, headers: Mapping[str, str], timeouts: Timeouts, sending: _Sending
    ) -> UpstreamAnswer:
        loop = asyncio.get_running_loop()
        if self._open_session is None:
            raise RuntimeError("the upstream client has not been entered")
        async with asyncio.timeout(timeouts.connect) as clock:
            sending.clock = clock
            sending.first_byte = timeouts.first_byte
            response = await self._open_session.post(
                url,
                data=io.BytesIO(body) if len(body) > _LARGE_BODY else body,
                headers=headers,
                allow_redirects=False,
                trace_request_ctx=sending,
            )
        sent_at = loop.time() if sending.sent_at is None else sending.sent_at
        answer = UpstreamAnswer(response, timeouts, sent_at + timeouts.first_byte)
        if 200 <= answer.status <= 299:
            return answer
        raise await _status_failure(answer, response.headers.get("retry-after"))


def _session() -> aiohttp.ClientSession:
    traces = aiohttp.TraceConfig()
    traces.on_request_headers_sent.append(_headers_sent)
    traces.on_connection_reuseconn.append(_connection_reused)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=POOLED_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        headers={"user-agent": f"tidegate/{__version__}"},
        read_bufsize=READ_BUFFER,
        max_line_size=MAX_HEADER_BYTES,
        max_field_size=MAX_HEADER_BYTES,
        trace_configs=[traces],
    )


def _connection_failure(sending: _Sending) -> UpstreamUnreachable | UpstreamBroken:
    return UpstreamUnreachable() if sending.sent_at is None else UpstreamBroken()


class _Sending:
    """What the client's traces report of one attempt, and the clock that they move on."""

    __slots__ = ("clock", "first_byte", "reused", "sent_at")

    def __init__(self) -> None:
        self.reused = False
        self.sent_at: float | None = None
        self.clock: asyncio.Timeout | None = None
        self.first_byte = 0.0


async def _headers_sent(session: aiohttp.ClientSession, context: SimpleNamespace, params: object) -> None:
    sending: _Sending = context.trace_request_ctx
    sending.sent_at = asyncio.get_running_loop().time()
    if sending.clock is not None:
        sending.clock.reschedule(sending.sent_at + sending.first_byte)


async def _connection_reused(session: aiohttp.ClientSession, context: SimpleNamespace, params: object) -> None:
    context.trace_request_ctx.reused = True


async def _status_failure(answer: UpstreamAnswer, retry_after: str | None) -> UpstreamStatus:
    try:
        body = await answer.body(MAX_ERROR_BODY)
    except (UpstreamTimeout, UpstreamBroken, UpstreamMalformed):
        body = b""
    finally:
        answer.close()
    return UpstreamStatus(answer.status, body, retry_after)
