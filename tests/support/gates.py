"""A backend that answers when a test lets it, the detector that asks it, and a client that reads as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp

from proxy.guard.checks import Backend, Exchange, Reading
from proxy.guard.detector import DetectorReport, Evidence, RuleReport, Scanner
from proxy.guard.findings import Action, Match
from proxy.guard.policy import Enforcement, Mode, OnError, Policy
from proxy.guard.windows import SilentScanner, Window, Windows, WindowScanner
from proxy.protocol.sse import KEEPALIVE
from tests.support.frames import said

PATIENCE = 3.0
"""Seconds after which a test that waits has failed."""
SEGMENT = 20
WINDOWS = Windows((SEGMENT,), 2 * SEGMENT, SEGMENT)
"""Texts without blanks are cut into segments of one size; those of requests begin with one of twice the size."""


class Question:
    """One check under way."""

    def __init__(self, text: str, exchange: Exchange) -> None:
        self.text = text
        self.exchange = exchange
        self.verdict: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.gone = asyncio.Event()
        """Set when it was answered, or nobody waits for it any more."""

    def good(self) -> None:
        self.verdict.set_result(0.0)

    def bad(self) -> None:
        self.verdict.set_result(1.0)

    def fail(self, error: BaseException) -> None:
        self.verdict.set_exception(error)


class Gate:
    """Answers nothing by itself."""

    def __init__(self, timeout: float = 60.0) -> None:
        self.timeout = timeout
        self.questions: list[Question] = []
        self._news = asyncio.Condition()

    async def read(self, text: str, exchange: Exchange) -> Reading:
        question = Question(text, exchange)
        async with self._news:
            self.questions.append(question)
            self._news.notify_all()
        try:
            return Reading({"bad": await question.verdict})
        finally:
            question.gone.set()

    async def question(self, number: int) -> Question:
        """Return the question of that number, from 0, waiting for it."""
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: len(self.questions) > number)
        return self.questions[number]


@dataclass(frozen=True)
class Gated:
    """Flags the segments that its backend calls bad."""

    backend: Backend
    name: str = "gated"
    asks = True

    def rules(self) -> Sequence[RuleReport]:
        return (RuleReport("gated windows", WINDOWS.hold_back),)

    def scanner(self, exchange: Exchange | None) -> Scanner:
        if exchange is None:
            return SilentScanner()
        return WindowScanner(self.name, self.backend, WINDOWS, exchange, _find)

    def placeholder(self, label: str, index: int) -> str:
        return f"[{label}_{index + 1}]"

    def report(self, evidence: Evidence) -> DetectorReport:
        scores = [reading.scores["bad"] for reading in evidence.readings]
        return DetectorReport({self.name: int(1.0 in scores)}, {"scores": scores, "failed": evidence.failed})


def _find(reading: Reading, window: Window) -> Sequence[Match]:
    return window.flagged("BAD") if reading.scores["bad"] else ()


def gated(
    gate: Gate, action: Action = Action.BLOCK, mode: Mode = Mode.HOLD, on_error: OnError = OnError.BLOCK
) -> Policy:
    """A policy with one gated detector."""
    return Policy("p", (Enforcement(Gated(gate), action, "No.", mode),), on_error=on_error)


@dataclass
class Listener:
    """Reads a streamed answer as far as a test wants to know."""

    response: aiohttp.ClientResponse
    body: bytes = field(default=b"")

    async def until(self, sign: bytes, *, after: int = 0) -> None:
        """Read until ``sign`` has come, behind the first ``after`` bytes."""
        async with asyncio.timeout(PATIENCE):
            while sign not in self.body[after:]:
                data = await self.response.content.readany()
                assert data, f"the answer ended without {sign!r}: {self.body!r}"
                self.body += data

    async def silence(self) -> None:
        """Wait until the stream has said that it has nothing to say."""
        await self.until(KEEPALIVE, after=len(self.body))

    async def rest(self) -> bytes:
        """Read to the end; return everything."""
        async with asyncio.timeout(PATIENCE):
            self.body += await self.response.content.read()
        return self.body

    def said(self, index: int = 0) -> str:
        """The content of one choice so far."""
        return said(self.body, index)
