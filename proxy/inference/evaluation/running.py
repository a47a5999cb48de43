"""Runs texts through the guard as production does, one detector at a time, and notes what became of them.

A detector runs alone under its own action and mode, so that none is cut short by what another one blocks. Where it
blocks itself, what it would have found and measured in the rest is had from a second run in which it observes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from proxy.guard.answer import AnswerGuard
from proxy.guard.checks import Exchange, Reading
from proxy.guard.detector import Detector, DetectorReport, Evidence, RuleReport, Scanner
from proxy.guard.findings import Action
from proxy.guard.holds import Hold
from proxy.guard.lane import Asked
from proxy.guard.policy import Enforcement, Policy, Unseen
from proxy.guard.screening import RequestGuard
from proxy.inference.evaluation.metrics import Span
from proxy.inference.evaluation.rows import Row
from proxy.inference.evaluation.scores import score_of
from proxy.protocol import chunks

DELTA: Final = 5
"""Characters of a delta, about a token."""

_LANE: Final = "content"

Clock = Callable[[], float]
"""Seconds of a monotonic clock."""


class Side(StrEnum):
    """What texts are taken for: prompts, judged whole, or answers, which are streamed."""

    INPUT = "input"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a detector made of one text."""

    flagged: bool
    score: float | None
    """The highest score that was read; None where the detector gives none."""
    spans: tuple[Span, ...]
    """What it found, in characters of the text."""
    seconds: float
    """From the start of the text until everything was said about it; the stream itself takes no time."""
    held: tuple[tuple[int, int], ...] = ()
    """Of an answer: how many more characters had come before text could leave, and how many characters left so."""
    failed: bool = False
    """Whether the detector failed, so that the rest says nothing."""


class _Watched:
    """A detector, and what it was told last. Serves one text."""

    def __init__(self, detector: Detector) -> None:
        self._detector, self.name, self.asks = detector, detector.name, detector.asks
        self.evidence = Evidence()

    def rules(self) -> Sequence[RuleReport]:
        return self._detector.rules()

    def scanner(self, exchange: Exchange | None) -> Scanner:
        return self._detector.scanner(exchange)

    def placeholder(self, label: str, index: int) -> str:
        return self._detector.placeholder(label, index)

    def report(self, evidence: Evidence) -> DetectorReport:
        self.evidence = evidence
        return self._detector.report(evidence)


class Run:
    """Evaluates detectors of one policy on one side."""

    def __init__(self, policy: Policy, side: Side, clock: Clock) -> None:
        """Take the policy for its settings; which of its enforcements runs is said with every text."""
        self._policy, self._side, self._clock = policy, side, clock

    async def judge(self, row: Row, enforcement: Enforcement) -> Outcome:
        """Return what one detector makes of one text."""
        detector = enforcement.detector
        watched, held, seconds = await self._guard(row, enforcement)
        evidence = watched.evidence
        flagged = bool(evidence.findings)
        if flagged and enforcement.action is Action.BLOCK and not evidence.failed:
            evidence = (await self._guard(row, replace(enforcement, action=Action.OBSERVE)))[0].evidence
        return Outcome(
            flagged=flagged,
            score=score_of(detector.name, evidence.readings),
            spans=tuple(Span(f.start, f.end, f.label) for f in evidence.findings if f.lane.lane == _LANE),
            seconds=seconds,
            held=held,
            failed=evidence.failed,
        )

    async def judge_all(self, rows: Sequence[Row], enforcement: Enforcement, concurrency: int) -> list[Outcome]:
        """Return the outcomes of ``rows`` in their order, ``concurrency`` of them under way at a time.

        One text goes ahead and is not timed: models are loaded when they are first asked.
        """
        for row in rows[:1]:
            await self.judge(row, enforcement)
        found: dict[int, Outcome] = {}
        waiting = iter(enumerate(rows))

        async def work() -> None:
            for index, row in waiting:
                found[index] = await self.judge(row, enforcement)

        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(work())
        return [found[index] for index in range(len(rows))]

    async def _guard(self, row: Row, enforcement: Enforcement) -> tuple[_Watched, tuple[tuple[int, int], ...], float]:
        watched = _Watched(enforcement.detector)
        alone = (replace(enforcement, detector=watched),)
        policy = replace(self._policy, enforcements=alone, unseen=Unseen.ALLOW)
        began = self._clock()
        if self._side is Side.INPUT:
            await _screen(row, policy)
            held: tuple[tuple[int, int], ...] = ()
        else:
            held = await _stream(row, policy)
        return watched, held, self._clock() - began


async def _screen(row: Row, policy: Policy) -> None:
    body = {"messages": [{"role": "user", "content": row.text}]}
    guard = RequestGuard(body, policy, exchange=Exchange(row.text, row.context, row.system_prompt))
    await _settle(guard.take_asked, guard.answer)
    guard.settle()
    # Observers read what has been settled.
    await _settle(guard.take_asked, guard.answer)
    guard.finish()


async def _stream(row: Row, policy: Policy) -> tuple[tuple[int, int], ...]:
    """Stream an answer; return its holds.

    The guard's clock counts the characters that have come, so that what it says about time is about characters.
    """
    exchange = Exchange(row.question, row.context, row.system_prompt, answering=True)
    guard = AnswerGuard(policy, exchange=exchange)
    holds: list[Hold] = []
    received = 0.0

    async def settle() -> None:
        def answer(asked: Asked, reading: Reading | None) -> None:
            guard.answer(asked, reading, received)

        await _settle(guard.take_asked, answer)
        holds.extend(guard.take_holds())

    for text, payload in _payloads(row.text):
        received += len(text)
        guard.chunk(payload, received)
        await settle()
        if guard.ended:
            break
    guard.close(received)
    await settle()
    guard.section()
    waits = [(round(waited), characters) for _, characters, waited in holds if waited > 0]
    return ((0, round(received) - sum(characters for _, characters in waits)), *waits)


def _payloads(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield the deltas of an answer, and the chunks that they come in."""
    head = {"id": "chatcmpl-evaluation", "object": "chat.completion.chunk", "created": 0, "model": "evaluated"}
    for at in range(0, len(text), DELTA):
        piece = text[at : at + DELTA]
        yield (
            piece,
            chunks.encode({**head, "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]}),
        )
    yield "", chunks.encode({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})


async def _settle(take: Callable[[], Iterable[Asked]], answer: Callable[[Asked, Reading | None], object]) -> None:
    """Ask what ``take`` returns, all at once, and pass the answers on, until nothing is asked any more."""
    while asked := list(take()):
        readings = await asyncio.gather(*map(_read, asked))
        for question, reading in zip(asked, readings, strict=True):
            answer(question, reading)


async def _read(asked: Asked) -> Reading | None:
    check = asked.check
    try:
        async with asyncio.timeout(check.backend.timeout):
            return await check.backend.read(check.text, check.exchange)
    # As in production, whatever a backend raises is a failure of the detector, and counted as one.
    except Exception:
        return None
