"""Running texts through the guard: what comes out is a function of text and detector, not of how it was run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.guard.checks import Exchange, Reading
from proxy.guard.detector import Detector
from proxy.guard.detectors.keyword_detector import KeywordDetector
from proxy.guard.detectors.pii import Pii
from proxy.guard.detectors.toxicity import Toxicity
from proxy.guard.findings import Action
from proxy.guard.policy import Enforcement, Mode, OnError, Policy
from proxy.inference.evaluation.metrics import Span
from proxy.inference.evaluation.rows import Row
from proxy.inference.evaluation.running import DELTA, Outcome, Run, Side
from tests.support.backends import FakeBackends, drawn_score, scoring

TEXTS = st.lists(st.sampled_from(["moon", "bad", "Zoë", "a@b.example", "🙂", "\n", "the"]), max_size=60).map(" ".join)
WAYS = [
    (Action.OBSERVE, Mode.HOLD),
    (Action.BLOCK, Mode.HOLD),
    (Action.BLOCK, Mode.CHASE),
]
NONE = FakeBackends(scoring(lambda _: {}))


def _toxicity(score: Callable[[str], float] = drawn_score) -> Detector:
    config = {"threshold": 0.8, "windows": {"first": 24, "size": 48, "overlap": 16}}
    return Toxicity.from_config(config, FakeBackends(scoring(lambda text: {"toxicity": score(text)})))


def _keywords() -> Detector:
    return KeywordDetector.from_config({"banned_keywords": ["bad moon"]}, NONE)


def _ticks() -> Callable[[], float]:
    ticks = count()
    return lambda: float(next(ticks))


def _judged(rows: Sequence[Row], enforcement: Enforcement, side: Side, concurrency: int = 1) -> list[Outcome]:
    return asyncio.run(Run(Policy(), side, lambda: 0.0).judge_all(rows, enforcement, concurrency))


@settings(max_examples=40, deadline=None)
@given(TEXTS, st.sampled_from(Side), st.sampled_from([_toxicity, _keywords]))
def test_actions_and_modes_change_neither_flag_nor_score_nor_spans(
    text: str, side: Side, make: Callable[[], Detector]
) -> None:
    outcomes = [_judged([Row(text, True)], Enforcement(make(), *way), side)[0] for way in WAYS]
    assert len({(each.flagged, each.score, each.spans, each.failed) for each in outcomes}) == 1


@settings(max_examples=30, deadline=None)
@given(TEXTS)
def test_the_score_is_the_highest_reading_and_decides_the_flag(text: str) -> None:
    seen: list[float] = []

    def score(window: str) -> float:
        seen.append(drawn_score(window))
        return seen[-1]

    [outcome] = _judged([Row(text, True)], Enforcement(_toxicity(score), Action.OBSERVE), Side.INPUT)
    assert outcome.score == max(seen, default=None)
    assert outcome.flagged == (outcome.score is not None and outcome.score >= 0.8)


@settings(max_examples=20, deadline=None)
@given(st.lists(TEXTS, max_size=8), st.integers(1, 9), st.sampled_from(Side))
def test_outcomes_do_not_depend_on_what_else_is_under_way(texts: list[str], concurrency: int, side: Side) -> None:
    rows = [Row(text, True) for text in texts]
    enforcement = Enforcement(_toxicity(), Action.BLOCK)
    assert _judged(rows, enforcement, side, concurrency) == _judged(rows, enforcement, side)


@settings(max_examples=40, deadline=None)
@given(TEXTS, st.sampled_from([_toxicity, _keywords]))
def test_an_answer_is_held_no_longer_than_its_detector_says_and_by_an_observer_not_at_all(
    text: str, make: Callable[[], Detector]
) -> None:
    row, detector = Row(text, True), make()
    [holding] = _judged([row], Enforcement(detector, Action.BLOCK), Side.OUTPUT)
    assert max(waited for waited, _ in holding.held) <= max(rule.hold_back for rule in detector.rules()) + DELTA
    [observed] = _judged([row], Enforcement(detector, Action.OBSERVE), Side.OUTPUT)
    assert observed.held == ((0, len(text)),)


def test_entities_are_placed_in_the_text_on_both_sides() -> None:
    pii = Enforcement(Pii.from_config({}, NONE), Action.REDACT)
    row = Row("Zoë 🙂 wrote to a@b.example.", True)
    for side in Side:
        [outcome] = _judged([row], pii, side)
        assert outcome.spans == (Span(15, 26, "EMAIL_ADDRESS"),)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("on_error", OnError)
async def test_a_failure_is_no_verdict(side: Side, on_error: OnError) -> None:
    def fail(_: str) -> float:
        raise OSError("no backend")

    for way in WAYS:
        run = Run(Policy(on_error=on_error), side, lambda: 0.0)
        outcome = await run.judge(Row("some text", True), Enforcement(_toxicity(fail), *way))
        assert outcome.failed


async def test_what_a_row_says_about_its_text_reaches_the_backend() -> None:
    asked: list[Exchange] = []

    class Backend:
        timeout = 1.0

        async def read(self, text: str, exchange: Exchange) -> Reading:
            asked.append(exchange)
            return Reading({"toxicity": 0.0})

    detector = Toxicity.from_config({}, FakeBackends(Backend()))
    row = Row("an answer", True, question="why?", context="c", system_prompt="s")
    for side in Side:
        await Run(Policy(), side, _ticks()).judge(row, Enforcement(detector, Action.OBSERVE))
    prompt, answer = asked
    assert (prompt.question, prompt.context, prompt.system_prompt, prompt.answering) == ("an answer", "c", "s", False)
    assert (answer.question, answer.context, answer.system_prompt, answer.answering) == ("why?", "c", "s", True)


async def test_time_is_that_of_the_clock() -> None:
    outcome = await Run(Policy(), Side.INPUT, _ticks()).judge(Row("a", True), Enforcement(_toxicity(), Action.BLOCK))
    assert outcome.seconds == 1.0
