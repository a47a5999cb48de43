"""Classifiers behind HTTP: one request for each text, and answers that are shared and kept for a while."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from proxy.config.backends import ServiceSettings
from proxy.config.deployment import Timeouts
from proxy.guard.checks import Exchange, Reading
from proxy.inference.sharing import SharedAnswers
from proxy.upstream.client import UpstreamAnswer
from proxy.upstream.errors import (
    UPSTREAM_FAILURES,
    UpstreamBroken,
    UpstreamFailure,
    UpstreamStatus,
    UpstreamUnreachable,
)

MAX_ANSWER = 1_048_576
"""Bytes of an answer."""
CONNECT_SECONDS = 10.0
KEPT_ANSWERS = 4096
KEPT_SECONDS = 300.0


class BackendFailure(Exception):
    """A service gave no usable answer. The message names it and says why; no key and nothing that was judged."""


class Client(Protocol):
    """What is needed of :class:`~proxy.upstream.client.UpstreamClient`."""

    async def open(self, url: str, body: bytes, headers: Mapping[str, str], timeouts: Timeouts) -> UpstreamAnswer:
        """POST ``body``; return an answer whose status is 200..299, or raise one of UPSTREAM_FAILURES."""


class RemoteBackend:
    """A service as a :class:`~proxy.guard.checks.Backend`."""

    def __init__(
        self,
        settings: ServiceSettings,
        client: Client,
        encode: Callable[[str], bytes],
        decode: Callable[[bytes, str], Reading],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``encode`` makes the request's body of a text; ``decode`` makes a reading of the answer's body and the text,
        and raises msgspec.DecodeError or ValueError where it is none."""
        self.timeout = settings.timeout
        self._settings, self._client = settings, client
        self._encode, self._decode = encode, decode
        self._timeouts = Timeouts(min(CONNECT_SECONDS, settings.timeout), *3 * [settings.timeout])
        self._headers = {"content-type": "application/json", "accept": "application/json"} | {
            name.lower(): value for name, value in settings.headers
        }
        self._slots = asyncio.Semaphore(settings.max_concurrency)
        self._answers: SharedAnswers[Reading] = SharedAnswers(KEPT_ANSWERS, KEPT_SECONDS, clock)

    async def read(self, text: str, exchange: Exchange) -> Reading:
        """Judge a text. Raises BackendFailure."""
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        return await self._answers.get(key, lambda: self._ask(text))

    async def aclose(self) -> None:
        """End the requests that are under way."""
        await self._answers.aclose()

    async def _ask(self, text: str) -> Reading:
        try:
            async with asyncio.timeout(self.timeout), self._slots:
                data = await self._post(self._encode(text))
            return self._decode(data, text)
        except TimeoutError:
            raise self._failure(f"no answer within {self.timeout:g} seconds") from None
        except UPSTREAM_FAILURES as failure:
            raise self._failure(_reason(failure)) from None
        except (msgspec.DecodeError, UnicodeError, ValueError, RecursionError):
            # Without the decoder's own words: they may quote what was judged.
            raise self._failure("its answer is not of the expected form") from None

    async def _post(self, body: bytes) -> bytes:
        answer = await self._client.open(self._settings.url, body, self._headers, self._timeouts)
        try:
            data = await answer.body(MAX_ANSWER)
        except BaseException:
            answer.close()
            raise
        answer.release()
        return data

    def _failure(self, reason: str) -> BackendFailure:
        return BackendFailure(f"backend `{self._settings.name}`: {reason}")


def _reason(failure: UpstreamFailure) -> str:
    """Say what happened; never in the other side's words, which may quote the key or the text."""
    match failure:
        case UpstreamStatus():
            return f"HTTP status {failure.status}"
        case UpstreamUnreachable():
            return "no connection"
        case UpstreamBroken():
            return "the connection broke off"
    return str(failure)
