"""Judges: chat models behind an OpenAI-compatible endpoint that answer what no local model can."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

import msgspec

from proxy.config.deployment import Timeouts
from proxy.guard.checks import Brief, Exchange, Reading
from proxy.inference.judge_answer import WrongAnswer, check_schema, read_answer, wire_schema, with_receipt
from proxy.inference.judge_prompt import messages
from proxy.inference.sharing import SharedAnswers
from proxy.upstream.client import UpstreamAnswer
from proxy.upstream.errors import UPSTREAM_FAILURES, UpstreamStatus

MAX_BODY: Final = 1_048_576
"""Bytes of a judge's HTTP answer."""

Structured = Literal["json_schema", "json_object", "none"]


class JudgeFailure(Exception):
    """A judge gave no usable answer. The message names it and says why; it holds no key and nothing that was judged."""


class Client(Protocol):
    """What a judge needs of :class:`~proxy.upstream.client.UpstreamClient`."""

    async def open(self, url: str, body: bytes, headers: Mapping[str, str], timeouts: Timeouts) -> UpstreamAnswer:
        """POST ``body``; return an answer whose status is 200..299, or raise one of UPSTREAM_FAILURES."""


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """One judge, as the configuration has it."""

    name: str
    url: str = field(repr=False)
    """Of chat completions; its query may hold a key."""
    model: str
    """Sent as ``model``; "" sends none."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    payload: tuple[tuple[str, object], ...] = field(default=(), repr=False)
    """More fields of each request. They win over ``temperature`` and ``max_tokens``; null leaves a field out."""
    timeout: float = 20.0
    """Seconds for one judgement, its place in the queue and a second try included."""
    structured: Structured = "json_schema"
    """The ``response_format`` that the server knows."""
    max_concurrency: int = 8
    """Requests under way at once; more wait for their turn."""
    max_characters: int = 200_000
    """Of text, question and context together. More is refused, not cut: what is cut off would not be judged."""
    max_tokens: int = 2_048
    """Of an answer."""
    cache_entries: int = 4_096
    cache_ttl: float = 3_600.0
    """Seconds that an answer is kept."""


class Judge:
    """One judge model, serving all requests of this process."""

    def __init__(
        self,
        settings: JudgeSettings,
        client: Client,
        *,
        clock: Callable[[], float] = time.monotonic,
        nonce: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        """Send requests through ``client``. ``nonce`` returns what nobody can guess, anew with each call."""
        self.settings = settings
        self._client, self._clock, self._nonce = client, clock, nonce
        self._timeouts = Timeouts(min(10.0, settings.timeout), *3 * [settings.timeout])
        self._headers = {"content-type": "application/json", "accept": "application/json"} | {
            name.lower(): value for name, value in settings.headers
        }
        self._slots = asyncio.Semaphore(settings.max_concurrency)
        self._answers: SharedAnswers[Reading] = SharedAnswers(settings.cache_entries, settings.cache_ttl, clock)

    def ask(self, brief: Brief) -> JudgeBackend:
        """Return a backend that puts ``brief`` to this judge.

        Raises:
            ValueError: the brief asks for an answer of a shape that is not supported.
        """
        check_schema(brief.answer)
        return JudgeBackend(self, brief)

    async def judge(self, brief: Brief, text: str, exchange: Exchange) -> Reading:
        """Judge ``text``. The notes are the members of the answer, and ``seconds``: how long it took to get.

        Raises:
            JudgeFailure: there is no usable answer.
        """
        shown = (text, exchange.question if brief.question else "", exchange.context if brief.context else "")
        if sum(map(len, shown)) > self.settings.max_characters:
            raise self._failure(f"there are more than {self.settings.max_characters} characters to judge")
        return await self._answers.get(self._digest(brief, shown), lambda: self._ask(brief, text, exchange))

    async def aclose(self) -> None:
        """End the requests that are under way."""
        await self._answers.aclose()

    def _digest(self, brief: Brief, shown: tuple[str, ...]) -> str:
        parts = [self.settings.model, brief.task, brief.answer, brief.question, brief.context, *shown]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _failure(self, reason: str) -> JudgeFailure:
        return JudgeFailure(f"judge `{self.settings.name}`: {reason}")

    async def _ask(self, brief: Brief, text: str, exchange: Exchange) -> Reading:
        try:
            async with asyncio.timeout(self.settings.timeout), self._slots:
                began = self._clock()
                notes = await self._answer(brief, text, exchange)
                return Reading(notes=notes | {"seconds": self._clock() - began})
        except TimeoutError:
            raise self._failure(f"no answer within {self.settings.timeout:g} seconds") from None
        except WrongAnswer as wrong:
            raise self._failure(f"its answer cannot be used, because {wrong}") from None
        except UPSTREAM_FAILURES as failure:
            # Only what is ours to say: an upstream's own words may quote the key, or the text.
            status = f" (HTTP {failure.status})" if isinstance(failure, UpstreamStatus) else ""
            raise self._failure(f"{type(failure).__name__}{status}") from None

    async def _answer(self, brief: Brief, text: str, exchange: Exchange) -> dict[str, object]:
        """Ask, and once more where the answer is wrong.

        Raises UPSTREAM_FAILURES, and WrongAnswer for the second wrong answer.
        """
        reason = ""
        for last in (False, True):
            fence, receipt = self._nonce(), self._nonce()
            body = self._body(brief, messages(brief, text, exchange, fence, receipt, reason))
            try:
                return read_answer(self._content(await self._post(body)), brief.answer, receipt)
            except WrongAnswer as wrong:
                if last:
                    raise
                reason = str(wrong)
        raise AssertionError("the last attempt returns or raises")

    def _body(self, brief: Brief, said: list[dict[str, str]]) -> bytes:
        body: dict[str, object] = {"temperature": 0, "max_tokens": self.settings.max_tokens}
        body |= dict(self.settings.payload)
        body |= {"model": self.settings.model or None, "messages": said, "stream": False}
        if self.settings.structured == "json_object":
            body["response_format"] = {"type": "json_object"}
        elif self.settings.structured == "json_schema":
            schema = {"name": "verdict", "strict": True, "schema": wire_schema(with_receipt(brief.answer))}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return msgspec.json.encode({name: value for name, value in body.items() if value is not None})

    async def _post(self, body: bytes) -> bytes:
        answer = await self._client.open(self.settings.url, body, self._headers, self._timeouts)
        try:
            data = await answer.body(MAX_BODY)
        except BaseException:
            answer.close()
            raise
        answer.release()
        return data

    def _content(self, data: bytes) -> str:
        """Return what the model said. Raises WrongAnswer where it did not say it all."""
        try:
            completion = msgspec.json.decode(data, type=_Completion)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise WrongAnswer("it is not a chat completion") from None
        if not completion.choices:
            raise WrongAnswer("it has no choices")
        choice = completion.choices[0]
        if choice.finish_reason == "length":
            raise WrongAnswer("it was cut off at the limit of its length")
        if choice.message.content is None:
            raise WrongAnswer("it has no content")
        return choice.message.content


class JudgeBackend:
    """A judge with one brief: a :class:`~proxy.guard.checks.Backend`."""

    def __init__(self, judge: Judge, brief: Brief) -> None:
        self._judge, self._brief = judge, brief

    @property
    def timeout(self) -> float:
        """Seconds after which its answer is not awaited any longer."""
        return self._judge.settings.timeout

    async def read(self, text: str, exchange: Exchange) -> Reading:
        """Judge ``text``. Raises JudgeFailure."""
        return await self._judge.judge(self._brief, text, exchange)


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Completion(msgspec.Struct):
    """What is read of a chat completion."""

    choices: list[_Choice]
