"""The ways an upstream model fails, and the one place where each becomes an error for the client."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import assert_never

import orjson

from proxy.events import StreamOutcome
from proxy.protocol.errors import ApiError, ErrorCode, api_error

MAX_MESSAGE_CHARACTERS = 2_000
"""An upstream's error message is cut to this many characters."""
MAX_ERROR_CHARACTERS = 65_536
"""Characters of it that are looked at; what a policy withholds of them is out before the cut."""


class TimeoutKind(StrEnum):
    """The four clocks of one upstream request."""

    CONNECT = "connect"
    FIRST_BYTE = "first_byte"
    IDLE = "idle"
    LIFETIME = "lifetime"


_TIMEOUT_CODES = {
    TimeoutKind.CONNECT: ErrorCode.UPSTREAM_CONNECT_TIMEOUT,
    TimeoutKind.FIRST_BYTE: ErrorCode.UPSTREAM_FIRST_BYTE_TIMEOUT,
    TimeoutKind.IDLE: ErrorCode.UPSTREAM_IDLE_TIMEOUT,
    TimeoutKind.LIFETIME: ErrorCode.UPSTREAM_LIFETIME_TIMEOUT,
}

_RETRY_AFTER = re.compile(r"\d{1,9}(?:\.\d{1,9})?|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
"""Seconds or a date (RFC 9110, section 10.2.3; some servers send fractions): nothing else is passed on."""
_OWN_CREDENTIALS = frozenset({401, 403})


class UpstreamFailure(Exception):
    """An upstream model failed to answer; always one of the members of :data:`AnyFailure`."""


class UpstreamUnreachable(UpstreamFailure):
    """No connection could be made."""


class UpstreamTimeout(UpstreamFailure):
    """One of the clocks of :class:`~proxy.config.deployment.Timeouts` ran out."""

    def __init__(self, kind: TimeoutKind) -> None:
        super().__init__(f"upstream timeout: {kind}")
        self.kind = kind


class UpstreamStatus(UpstreamFailure):
    """The upstream answered with a status outside 200..299."""

    def __init__(self, status: int, body: bytes = b"", retry_after: str | None = None) -> None:
        super().__init__(f"upstream status {status}")
        self.status = status
        self.body = body
        self.retry_after = retry_after


class UpstreamBroken(UpstreamFailure):
    """The connection, once made, ended before the answer was complete."""


class UpstreamMalformed(UpstreamFailure):
    """The answer is not what was asked for. The reason is ours and quotes nothing of the answer."""

    def __init__(self, reason: str, code: ErrorCode = ErrorCode.UPSTREAM_MALFORMED) -> None:
        super().__init__(reason)
        self.code = code


class UpstreamReported(UpstreamFailure):
    """The upstream said in the middle of its answer that it failed: its ``error`` object."""

    def __init__(self, error: dict[str, object]) -> None:
        super().__init__("upstream reported an error")
        self.error = error


AnyFailure = (
    UpstreamUnreachable | UpstreamTimeout | UpstreamStatus | UpstreamBroken | UpstreamMalformed | UpstreamReported
)

UPSTREAM_FAILURES = (
    UpstreamUnreachable,
    UpstreamTimeout,
    UpstreamStatus,
    UpstreamBroken,
    UpstreamMalformed,
    UpstreamReported,
)
"""The members of :data:`AnyFailure`, for ``except``."""


def outcome_of(failure: AnyFailure) -> StreamOutcome:
    """How an answer that failed so has ended."""
    if isinstance(failure, UpstreamTimeout):
        return StreamOutcome.TIMEOUT
    return StreamOutcome.UPSTREAM_ERROR


def to_api_error(failure: AnyFailure, clean: Callable[[str], str]) -> ApiError:
    """What the client is told of a failure, as a status with an OpenAI error object.

    ``clean`` makes text that came from the upstream safe to show; nothing of the upstream's own wording is
    used without it.
    """
    match failure:
        case UpstreamUnreachable():
            return api_error(ErrorCode.UPSTREAM_UNREACHABLE)
        case UpstreamTimeout(kind=kind):
            return api_error(_TIMEOUT_CODES[kind])
        case UpstreamBroken():
            return api_error(ErrorCode.UPSTREAM_ERROR, "The model's answer broke off before it was complete.")
        case UpstreamMalformed():
            return api_error(failure.code, f"The model's answer is unusable: {failure}.")
        case UpstreamReported(error=error):
            return _reported(502, error, clean, {})
        case UpstreamStatus():
            return _refused(failure, clean)
        case _:
            assert_never(failure)


def scrub(text: str, secrets: Iterable[str]) -> str:
    """The text with every occurrence of a secret replaced by asterisks."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return text


def _refused(failure: UpstreamStatus, clean: Callable[[str], str]) -> ApiError:
    status = failure.status
    retry_after = failure.retry_after or ""
    headers = {"Retry-After": retry_after} if _RETRY_AFTER.fullmatch(retry_after) else {}
    if status in _OWN_CREDENTIALS:
        # Providers quote parts of the key that they refuse, so their own words are not passed on.
        message = f"The model's server refused the credentials configured for this deployment (HTTP {status})."
        return ApiError(status, message, type="upstream_error", code=ErrorCode.UPSTREAM_ERROR, headers=headers)
    if not 400 <= status <= 599:
        message = f"The model's server answered with the unexpected status {status}."
        return api_error(ErrorCode.UPSTREAM_MALFORMED, message)
    return _reported(status, _error_object(failure.body), clean, headers)


def _error_object(body: bytes) -> dict[str, object]:
    """The ``error`` object of an upstream's body, or something of that shape; empty when there is none."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(parsed, dict):
        return {}
    error = parsed.get("error")
    if isinstance(error, dict):
        return error
    for candidate in (error, parsed.get("message"), parsed.get("detail")):
        if isinstance(candidate, str):
            return {"message": candidate}
    return {}


def _reported(status: int, error: dict[str, object], clean: Callable[[str], str], headers: dict[str, str]) -> ApiError:
    def text(member: str) -> str | None:
        value = error.get(member)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        # Cleaned before it is cut: half a card number is no card number, and would pass.
        return clean(value[:MAX_ERROR_CHARACTERS])[:MAX_MESSAGE_CHARACTERS] if isinstance(value, str) else None

    return ApiError(
        status,
        text("message") or "The model's server answered with an error.",
        type=text("type") or "upstream_error",
        param=text("param"),
        code=text("code") or ErrorCode.UPSTREAM_ERROR,
        headers=headers,
    )
