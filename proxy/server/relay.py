"""The heart: one answer on its way from the upstream through the guard to the client.

Until the first event of the upstream has been understood, a failure is a status with an error object. After that the
status is sent, and a failure is an error frame without ``[DONE]``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import assert_never

from aiohttp import web

from proxy.config.deployment import Deployment
from proxy.events import StreamOutcome
from proxy.guard.answer import AnswerGuard
from proxy.guard.checks import Reading
from proxy.guard.lane import Asked
from proxy.protocol import chunks
from proxy.protocol.errors import ApiError, ErrorCode, api_error, error_payload
from proxy.protocol.sse import DONE, encode, encode_all
from proxy.server.admission import Slot
from proxy.server.aside import aside
from proxy.server.client_stream import ClientStream
from proxy.server.feed import Ending, Feed
from proxy.server.inquiries import Inquiries
from proxy.server.middleware import log_unexpected
from proxy.server.services import Clock
from proxy.server.tracking import Tracker
from proxy.upstream.client import UpstreamAnswer, UpstreamClient
from proxy.upstream.errors import (
    UPSTREAM_FAILURES,
    AnyFailure,
    TimeoutKind,
    UpstreamBroken,
    UpstreamMalformed,
    UpstreamReported,
    UpstreamTimeout,
    outcome_of,
    scrub,
    to_api_error,
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """What one answer needs: whom to ask what, who guards it, and who watches."""

    deployment: Deployment
    client: UpstreamClient
    body: bytes
    headers: Mapping[str, str]
    streamed: bool
    guard: AnswerGuard
    inquiries: Inquiries
    slot: Slot
    tracker: Tracker
    clock: Clock


class Relay:
    """One answer; used once."""

    def __init__(self, request: web.Request, exchange: Exchange) -> None:
        self._request = request
        self._exchange = exchange
        self._deployment = exchange.deployment
        self._guard = exchange.guard
        self._tracker = exchange.tracker
        self._clock = exchange.clock
        self._feed = Feed(exchange.guard, exchange.deployment.max_event_bytes)
        self._inquiries = exchange.inquiries
        self._reading: asyncio.Task[bytes | AnyFailure] | None = None
        """A read that goes on while the guard waits for answers."""
        self._upstream: UpstreamAnswer | None = None
        self._client: ClientStream | None = None
        # What it is unless something says otherwise: an end that neither side asked for.
        self._outcome = StreamOutcome.CANCELLED

    async def run(self) -> web.StreamResponse:
        """Relay the answer to its end, whatever that is.

        Raises ApiError as long as nothing has been sent. In every case the upstream ends up closed, or free for
        the next request, and the observers are told how the answer ended.
        """
        self._tracker.opened()
        try:
            return await self._within_lifetime()
        except UPSTREAM_FAILURES as failure:
            self._outcome = outcome_of(failure)
            raise self._api_error(failure) from failure
        except asyncio.CancelledError:
            self._note_departure()
            raise
        except Exception as error:
            if self._client is None:
                raise
            return await self._after_exception(self._client, error)
        finally:
            self._inquiries.cancel()
            if self._reading is not None:
                self._reading.cancel()
            if self._client is not None:
                self._client.close()
            if self._upstream is not None:
                self._upstream.close()
            self._tracker.closed(self._guard, self._outcome)

    async def _within_lifetime(self) -> web.StreamResponse:
        try:
            async with self._exchange.slot.bounded(self._deployment.timeouts.lifetime):
                upstream = self._upstream = await self._open()
                return await (self._stream(upstream) if self._exchange.streamed else self._whole(upstream))
        except TimeoutError:
            return await self._interrupted()

    async def _open(self) -> UpstreamAnswer:
        exchange, model = self._exchange, self._deployment.upstream
        return await exchange.client.open(model.url, exchange.body, exchange.headers, self._deployment.timeouts)

    async def _stream(self, upstream: UpstreamAnswer) -> web.StreamResponse:
        if upstream.content_type != "text/event-stream":
            raise await self._not_a_stream(upstream)
        feed, guard, tracker = self._feed, self._guard, self._tracker
        payloads = await self._first(upstream)
        client = self._client = await ClientStream.open(self._request, self._deployment.keepalive)
        if not payloads:
            client.send_headers()
        while feed.ending is None:
            if payloads:
                await client.send(encode_all(payloads))
                tracker.sent(guard, self._clock())
            payloads = await self._next(upstream)
        return await self._finish(client, upstream, payloads, feed.ending)

    async def _first(self, upstream: UpstreamAnswer) -> list[bytes]:
        """Read until an event has been understood; raises the failure where there is one before that."""
        feed = self._feed
        while True:
            payloads = await self._next(upstream)
            if feed.accepted:
                return payloads
            if feed.ending is not None and feed.ending.failure is not None:
                raise feed.ending.failure

    async def _next(self, upstream: UpstreamAnswer) -> list[bytes]:
        """The payloads that one read, or the answers to questions, give rise to; all of them leave in one write."""
        if self._inquiries.busy or self._reading is not None:
            return await self._next_of_either(upstream)
        return self._take(await self._read(upstream))

    async def _next_of_either(self, upstream: UpstreamAnswer) -> list[bytes]:
        """Read on while questions are open, unless the guard can take nothing before they are answered."""
        feed = self._feed
        if self._reading is None and not feed.waiting and not self._inquiries.behind:
            self._reading = asyncio.create_task(self._read(upstream))
        await self._inquiries.wait(*([] if self._reading is None or feed.waiting else [self._reading]))
        payloads: list[bytes] = []
        for asked, reading in self._inquiries.collect():
            if feed.ending is None:
                payloads += feed.answer(asked, reading, self._clock())
        if self._reading is not None and self._reading.done() and not feed.waiting and feed.ending is None:
            data, self._reading = self._reading.result(), None
            return payloads + self._take(data)
        self._inquiries.start(self._guard.take_asked())
        self._tracker.heard(self._guard, self._clock())
        return payloads

    async def _read(self, upstream: UpstreamAnswer) -> bytes | AnyFailure:
        try:
            return await upstream.read()
        except UpstreamBroken:
            # Whether anything is missing is for the events to say: many servers close without HTTP's last chunk.
            return b""
        except UPSTREAM_FAILURES as failure:
            return failure

    def _take(self, data: bytes | AnyFailure) -> list[bytes]:
        if not isinstance(data, bytes):
            return self._feed.fail(data)
        now = self._clock()
        payloads = self._feed.take(data, now)
        self._inquiries.start(self._guard.take_asked())
        self._tracker.heard(self._guard, now)
        return payloads

    async def _finish(
        self, client: ClientStream, upstream: UpstreamAnswer, payloads: list[bytes], ending: Ending
    ) -> web.StreamResponse:
        self._outcome = ending.outcome
        if ending.outcome is StreamOutcome.COMPLETED:
            upstream.release()
            self._upstream = None
        else:
            upstream.close()
        error = None if ending.failure is None else self._api_error(ending.failure)
        await client.send(encode_all(payloads) + closing_frame(ending.outcome, error))
        if payloads:
            self._tracker.sent(self._guard, self._clock())
        return client.response

    async def _whole(self, upstream: UpstreamAnswer) -> web.Response:
        raw = await upstream.body(self._deployment.max_answer_bytes)
        guard, clock = self._guard, self._clock
        payloads = await aside(partial(guard.whole, _decode(raw), clock()), len(raw))

        def answer(asked: Asked, reading: Reading | None) -> None:
            payloads.extend(guard.answer(asked, reading, clock()))

        await self._inquiries.settle(guard.take_asked, answer)
        self._outcome = StreamOutcome.BLOCKED if guard.blocked else StreamOutcome.COMPLETED
        return web.Response(status=upstream.status, body=b"".join(payloads), content_type="application/json")

    async def _not_a_stream(self, upstream: UpstreamAnswer) -> AnyFailure:
        if upstream.content_type == "application/json":
            try:
                _decode(await upstream.body(self._deployment.max_answer_bytes))
            except UpstreamReported as reported:
                return reported
        return UpstreamMalformed("it is not an event stream")

    async def _interrupted(self) -> web.StreamResponse:
        """The lifetime is over, or the server is stopping."""
        stopping = self._exchange.slot.shutting_down
        failure = UpstreamTimeout(TimeoutKind.LIFETIME)
        self._outcome = StreamOutcome.CANCELLED if stopping else StreamOutcome.TIMEOUT
        error = api_error(ErrorCode.SERVER_SHUTDOWN) if stopping else self._api_error(failure)
        if self._client is None:
            raise error
        if self._client.behind:
            # What is still waiting to be sent would have to go first, and it does not.
            self._client.disconnect()
            return self._client.response
        return await self._cut_short(self._client, self._guard.abort(), error)

    async def _after_exception(self, client: ClientStream, error: Exception) -> web.StreamResponse:
        if isinstance(error, ConnectionError):
            self._note_departure()
            return client.response
        log_unexpected(error, self._request)
        # The guard may be what failed, so it is not asked for more.
        return await self._cut_short(client, [], api_error(ErrorCode.INTERNAL_ERROR))

    async def _cut_short(self, client: ClientStream, payloads: list[bytes], error: ApiError) -> web.StreamResponse:
        try:
            await client.send(encode_all(payloads) + closing_frame(self._outcome, error))
        except ConnectionError:
            self._note_departure()
        return client.response

    def _note_departure(self) -> None:
        """Tell a client that left from a server that stops."""
        transport = self._request.transport
        if transport is None or transport.is_closing():
            self._outcome = StreamOutcome.DISCONNECTED

    def _api_error(self, failure: AnyFailure) -> ApiError:
        secrets = self._deployment.upstream.secrets
        return to_api_error(failure, lambda text: self._guard.clean(scrub(text, secrets)))


def closing_frame(outcome: StreamOutcome, error: ApiError | None) -> bytes:
    """The last frame of a stream; ``error`` is given where the outcome is a failure."""
    match outcome:
        case StreamOutcome.COMPLETED | StreamOutcome.BLOCKED:
            return DONE
        case StreamOutcome.UPSTREAM_ERROR | StreamOutcome.TIMEOUT | StreamOutcome.CANCELLED:
            return encode(error_payload(error or api_error(ErrorCode.INTERNAL_ERROR)))
        case StreamOutcome.DISCONNECTED:
            return b""
        case _:
            assert_never(outcome)


def _decode(raw: bytes) -> dict[str, object]:
    """A whole answer. Raises UpstreamReported for an error object, UpstreamMalformed for anything else."""
    try:
        return chunks.decode(raw)
    except chunks.MalformedChunk:
        raise UpstreamMalformed("it is not a chat completion") from None
    except chunks.UpstreamErrorChunk as error:
        raise UpstreamReported(error.error) from None
