"""Replays a transcript without sockets: the relay's decisions, read by read."""

from __future__ import annotations

from collections.abc import Iterable

from proxy.guard.answer import AnswerGuard
from proxy.protocol.errors import error_payload
from proxy.protocol.sse import encode_all
from proxy.server.feed import Feed
from proxy.server.relay import closing_frame
from proxy.upstream.errors import to_api_error
from tests.support.transcripts import Transcript

MAX_EVENT_BYTES = 10_000


def replay(transcript: Transcript, reads: Iterable[bytes]) -> tuple[int, bytes, str]:
    """The status, body and outcome for the upstream's bytes, cut into ``reads``."""
    guard = AnswerGuard(transcript.policy, choices=transcript.n, include_usage=transcript.include_usage)
    feed = Feed(guard, MAX_EVENT_BYTES)
    sent = b""
    for read in [*(read for read in reads if read), *([b""] if transcript.end != "open" else [])]:
        sent += encode_all(feed.take(read, 0.0))
        if feed.ending is not None:
            break
    if feed.ending is None:
        return 200, sent, "open"
    failure = feed.ending.failure
    error = None if failure is None else to_api_error(failure, guard.clean)
    if error is not None and not feed.accepted:
        return error.status, error_payload(error), feed.ending.outcome
    return 200, sent + closing_frame(feed.ending.outcome, error), feed.ending.outcome
