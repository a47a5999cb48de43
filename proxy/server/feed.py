"""Upstream bytes in, payloads for the client out, and how the answer ended: decoder and guard joined, nothing waits."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.events import StreamOutcome
from proxy.guard.answer import AnswerGuard
from proxy.guard.checks import Reading
from proxy.guard.lane import Asked
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
        self._backlog: list[SSEEvent] = []
        """Events that arrived together with one that the guard has questions about."""
        self._at_end = False
        """Whether the upstream has sent everything."""
        self._closing = False

    @property
    def waiting(self) -> bool:
        """Whether the guard has to be answered before anything more is taken."""
        return self.ending is None and self._guard.waiting

    def take(self, data: bytes, now: float) -> list[bytes]:
        """Take what was read (``b""`` is the end); return JSON payloads to send, in order."""
        if not data:
            return self._end_of_body(now)
        payloads: list[bytes] = []
        try:
            payloads += self._chunks(self._decoder.feed(data), now)
            if self.ending is None and len(data) > self._limit:
                # Says at once, and not only with the next read, that what followed those events was too large.
                self._decoder.feed(b"")
        except EventTooLarge:
            payloads += self.fail(_too_large())
        return payloads

    def answer(self, asked: Asked, reading: Reading | None, now: float) -> list[bytes]:
        """Take the answer to one of the guard's questions, None where it failed; return payloads to send."""
        guard = self._guard
        payloads = guard.answer(asked, reading, now)
        if guard.waiting or self.ending is not None:
            return payloads
        if self._closing:
            self._closed()
            return payloads
        if guard.ended:
            return payloads + self._close(now)
        events, self._backlog = self._backlog, []
        payloads += self._chunks(events, now)
        return payloads + self._conclude(now)

    def fail(self, failure: AnyFailure) -> list[bytes]:
        """The upstream failed: return what is safe to send all the same."""
        self.ending = Ending(outcome_of(failure), failure)
        return self._guard.abort()

    def _chunks(self, events: list[SSEEvent], now: float) -> list[bytes]:
        guard = self._guard
        payloads: list[bytes] = []
        for position, (data, _) in enumerate(events):
            if data == DONE_DATA:
                return payloads + self._close(now)
            if not data:
                # Some servers send empty events to keep a connection alive.
                continue
            try:
                payloads += guard.chunk(data, now)
            except MalformedChunk:
                # What stands last may be cut off in the middle, and is then not so much wrong as unfinished.
                return payloads + self.fail(UpstreamBroken() if self._at_end else _malformed())
            except UpstreamErrorChunk as error:
                return payloads + self.fail(UpstreamReported(error.error))
            self.accepted = True
            if guard.waiting:
                self._backlog = events[position + 1 :]
                return payloads
            if guard.ended:
                return payloads + self._close(now)
        return payloads

    def _end_of_body(self, now: float) -> list[bytes]:
        self._at_end = True
        try:
            payloads = self._chunks(self._decoder.finish(), now)
        except EventTooLarge:
            return self.fail(_too_large())
        return payloads + self._conclude(now)

    def _conclude(self, now: float) -> list[bytes]:
        """Some servers leave "[DONE]" out; once every choice has said that it is finished, nothing is missing."""
        if not self._at_end or self.ending is not None or self._closing or self._guard.waiting:
            return []
        return self._close(now) if self._guard.complete else self.fail(UpstreamBroken())

    def _close(self, now: float) -> list[bytes]:
        self.accepted = self._closing = True
        payloads = self._guard.close(now)
        if not self._guard.waiting:
            self._closed()
        return payloads

    def _closed(self) -> None:
        self.ending = Ending(StreamOutcome.BLOCKED if self._guard.blocked else StreamOutcome.COMPLETED)


def _malformed() -> UpstreamMalformed:
    return UpstreamMalformed("an event is not a chat completion chunk")


def _too_large() -> UpstreamMalformed:
    return UpstreamMalformed("an event is larger than the configured limit", ErrorCode.UPSTREAM_EVENT_TOO_LARGE)
