"""The guard's work per character does not grow with the answer: counted in executed lines, which repeat exactly."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from proxy.guard.answer import AnswerGuard
from proxy.guard.detectors.keyword_detector import KeywordDetector
from proxy.guard.findings import Action
from proxy.guard.policy import Enforcement, Policy
from tests.guard.answers import choice, chunk, fields_of, message_of
from tests.guard.fakes import RulesDetector
from tests.guard.strategies import BANNED, POOL

RULES = RulesDetector("rules", tuple(spec.rule for spec in POOL))
TEXTS = {
    "prose": "so it was that nobody had anything to say ",
    "findings": "ab.c@de.fg and 123-45-6789 or banned ban ",
    "near misses": "ab.c@de 123-45- forbidde sk-a http:/ aabab",
    "one long match": "https://ab",
    "words in a row": "ban ",
    "digits": "1234567890-12.3.",
    "invisible": "b\u200b\u200ba\u200b",
}
LANES = ("content", "tool_calls[0].function.arguments")


def lines(work: Callable[[], object]) -> int:
    """Return how many lines of Python are executed by ``work``."""
    count = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def policy(action: Action) -> Policy:
    return Policy("p", tuple(Enforcement(d, action) for d in (RULES, KeywordDetector(BANNED))))


def stretch(text: str, length: int) -> str:
    return (text * (length // len(text) + 1))[:length]


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("action", [Action.REDACT, Action.OBSERVE])
@pytest.mark.parametrize("name", TEXTS)
def test_a_late_delta_costs_what_an_early_one_did(name: str, action: Action, lane: str) -> None:
    guard = AnswerGuard(policy(action))
    unit = TEXTS[name]
    payloads = [chunk(choice(0, fields_of(lane, unit[at : at + 5]))) for at in range(0, len(unit), 5)]

    def speak(times: int) -> None:
        for _ in range(times):
            for payload in payloads:
                guard.chunk(payload, 0.0)

    speak(10)
    early = lines(lambda: speak(3))
    speak(150)
    late = lines(lambda: speak(3))
    assert late <= early * 1.5 + 100


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("action", [Action.REDACT, Action.OBSERVE])
def test_a_whole_answer_costs_in_proportion_to_its_length(name: str, action: Action) -> None:
    def work(length: int) -> int:
        body = {"choices": [{"index": 0, "message": message_of([("content", stretch(TEXTS[name], length))])}]}
        return lines(lambda: AnswerGuard(policy(action)).whole(body, 0.0))

    work(100)
    assert work(1600) <= work(400) * 4 * 1.5


def test_the_same_text_costs_about_the_same_in_large_and_small_deltas() -> None:
    text = stretch(TEXTS["near misses"], 1000)

    def work(size: int) -> int:
        guard = AnswerGuard(policy(Action.REDACT))
        payloads = [chunk(choice(0, {"content": text[at : at + size]})) for at in range(0, len(text), size)]
        return lines(lambda: [guard.chunk(payload, 0.0) for payload in payloads])

    work(10)
    assert work(1000) <= work(10)
