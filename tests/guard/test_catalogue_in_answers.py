"""The shipped detectors, all rules, in whole answers: streamed is whole, and nothing forbidden leaves early."""

from __future__ import annotations

import json
from functools import lru_cache

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.guard.answer import AnswerGuard
from proxy.guard.checks import NoBackends
from proxy.guard.detectors import FACTORIES
from proxy.guard.detectors.pii_rules import RULES
from proxy.guard.findings import Action
from proxy.guard.policy import Enforcement, Policy
from tests.guard.answers import (
    ARGUMENT_LANES,
    PLAIN_LANES,
    TOOL,
    Client,
    Spoken,
    streamed_answer,
    streams,
    whole_answer,
)

# In a whole message tool calls are numbered by their place, so the second one cannot come without the first.
LANES = PLAIN_LANES + ARGUMENT_LANES[:2]
WORDS = ("Project Bluebird", "moonshine", "straße", "敏感词")
EXAMPLES = tuple(example for rule in RULES for example in rule.examples)
SECRETS = {example: example[example.index("«") + 1 : example.index("»")] for example in EXAMPLES}


@lru_cache
def policy(pii: Action, words: Action) -> Policy:
    detectors = (
        FACTORIES["pii"]({}, NoBackends()),
        FACTORIES["keyword_detector"]({"banned_keywords": list(WORDS)}, NoBackends()),
    )
    return Policy("p", tuple(Enforcement(d, action) for d, action in zip(detectors, (pii, words), strict=True)))


def plain(example: str) -> str:
    return example.replace("«", "").replace("»", "")


FRAGMENTS = st.one_of(
    st.sampled_from(EXAMPLES).map(plain),
    st.builds(lambda example, cut: plain(example)[: cut % 40], st.sampled_from(EXAMPLES), st.integers(1, 39)),
    st.sampled_from(WORDS),
    st.sampled_from((" ", ", ", "\n", "the order of 12 May", "ends.", "a@", "http", "1", "-", "é", "😀")),
)
TEXTS = st.lists(FRAGMENTS, max_size=5).map("".join)
POLICIES = st.builds(policy, st.sampled_from(Action), st.sampled_from(Action))


@st.composite
def answers(draw: st.DrawFn) -> list[Spoken]:
    answer: list[Spoken] = []
    for _ in range(draw(st.integers(1, 2))):
        lanes = draw(st.lists(st.sampled_from(LANES), unique=True, min_size=1, max_size=3))
        lanes.sort(key=LANES.index)
        texts = [draw(TEXTS) for _ in lanes]
        spoken = [
            (lane, json.dumps({"text": text, "n": 7}) if lane in ARGUMENT_LANES else text)
            for lane, text in zip(lanes, texts, strict=True)
        ]
        answer.append([entry for entry in spoken if entry[1]])
    return answer


def guard_of(chosen: Policy, answer: list[Spoken]) -> AnswerGuard:
    return AnswerGuard(chosen, choices=len(answer), tool_names=frozenset((TOOL,)))


def output_of(client: Client) -> object:
    return dict(client.sections)["output_guardrails"]


@settings(max_examples=120, deadline=None)
@given(POLICIES, answers(), st.data())
def test_streamed_is_whole(chosen: Policy, answer: list[Spoken], data: st.DataObject) -> None:
    whole = whole_answer(guard_of(chosen, answer), answer)
    streamed = streamed_answer(guard_of(chosen, answer), data.draw(streams(answer)))
    assert streamed.said == whole.said
    assert streamed.finish == whole.finish
    assert output_of(streamed) == output_of(whole)


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(EXAMPLES),
    st.sampled_from((Action.REDACT, Action.BLOCK)),
    st.sampled_from(("content", "refusal", "reasoning_content", "tool_calls[0].function.arguments")),
    st.data(),
)
def test_nothing_forbidden_is_in_any_byte(example: str, action: Action, lane: str, data: st.DataObject) -> None:
    text = f"Well: {plain(example)} , so be it."
    answer: list[Spoken] = [[(lane, json.dumps({"text": text}) if lane in ARGUMENT_LANES else text)]]
    client = streamed_answer(guard_of(policy(action, Action.OBSERVE), answer), data.draw(streams(answer)))
    secret = SECRETS[example]
    for received in (client.said.get((0, lane), ""), json.dumps(client.payloads, ensure_ascii=False)):
        # A short one may stand in the sentence, or in the chunk's own fields, by chance.
        assert len(secret) < 6 or secret not in received
    assert output_of(client)["summary"]["pii"] == 1
