"""Upstream bytes in, payloads for the client out, and how the answer ended: decoder and guard joined, nothing waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from proxy.events import StreamOutcome
from proxy.guard.answer import AnswerGuard
from proxy.protocol.chunks import MalformedChunk, UpstreamErrorChunk
from proxy.protocol.errors import ErrorCode
from proxy.protocol.sse import DONE_DATA, EventTooLarge, SSEDecoder, SSEEvent
from proxy.upstream.errors import AnyFailure, UpstreamBroken, UpstreamMalformed, UpstreamReported, outcome_of


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ended; ``failure`` says why where the upstream is at fault."""

    outcome: StreamOutcome
    failure: AnyFailure | None = None


class Feed:
    """One streamed answer. What it returns is a function of the bytes, not of how they were cut into reads."""

    def __init__(self, guard: AnswerGuard, max_event_bytes: int) -> None:
        self._guard = guard
        self._decoder = SSEDecoder(max_event_bytes)
        self._limit = max_event_bytes
        self.accepted = False
        """Whether any event has been understood: until then the request may still be answered with an error."""
        self.ending: Ending | None = None
        """Set once the answer has ended; nothing is taken after that."""

    def take(self, data: bytes, now: float) -> list[bytes]:
        """Take what was read (``b""`` is the end); return JSON payloads to send, in order."""
        if not data:
            return self._end_of_body(now)
        payloads: list[bytes] = []
        try:
            payloads += self._chunks(self._decoder.feed(data), now, _malformed)
            if self.ending is None and len(data) > self._limit:
                # Says at once, and not only with the next read, that what followed those events was too large.
                self._decoder.feed(b"")
        except EventTooLarge:
            payloads += self.fail(_too_large())
        return payloads

    def fail(self, failure: AnyFailure) -> list[bytes]:
        """The upstream failed: return what is safe to send all the same."""
        self.ending = Ending(outcome_of(failure), failure)
        return self._guard.abort()

    def _chunks(self, events: list[SSEEvent], now: float, malformed: Callable[[], AnyFailure]) -> list[bytes]:
        guard = self._guard
        payloads: list[bytes] = []
        for data, _ in events:
            if data == DONE_DATA:
                return payloads + self._close(now)
            if not data:
                # Some servers send empty events to keep a connection alive.
                continue
            try:
                payloads += guard.chunk(data, now)
            except MalformedChunk:
                return payloads + self.fail(malformed())
            except UpstreamErrorChunk as error:
                return payloads + self.fail(UpstreamReported(error.error))
            self.accepted = True
            if guard.ended:
                return payloads + self._close(now)
        return payloads

    def _end_of_body(self, now: float) -> list[bytes]:
        try:
            # What stands last may be cut off in the middle, and is then not so much wrong as unfinished.
            payloads = self._chunks(self._decoder.finish(), now, UpstreamBroken)
        except EventTooLarge:
            return self.fail(_too_large())
        if self.ending is None:
            # Some servers leave "[DONE]" out; once every choice has said that it is finished, nothing is missing.
            payloads += self._close(now) if self._guard.complete else self.fail(UpstreamBroken())
        return payloads

    def _close(self, now: float) -> list[bytes]:
        self.accepted = True
        payloads = self._guard.close(now)
        self.ending = Ending(StreamOutcome.BLOCKED if self._guard.blocked else StreamOutcome.COMPLETED)
        return payloads


def _malformed() -> UpstreamMalformed:
    return UpstreamMalformed("an event is not a chat completion chunk")


def _too_large() -> UpstreamMalformed:
    return UpstreamMalformed("an event is larger than the configured limit", ErrorCode.UPSTREAM_EVENT_TOO_LARGE)
