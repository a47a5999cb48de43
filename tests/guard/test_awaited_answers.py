"""Answers under detectors that are awaited: the same as whole ones, however they are cut and whenever answers come."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.guard.answer import AnswerGuard
from proxy.guard.detectors.keyword_detector import KeywordDetector
from proxy.guard.findings import Action
from proxy.guard.policy import Enforcement, Mode, OnError, Policy
from tests.guard.answers import TOOL, Client, Spoken, message_of, streams, texts_of
from tests.guard.awaiting import Classifying, Conversation, Naming

WORDS = st.sampled_from(
    ["alpha ", "be", "Gamma ", "Delta", "forbidden ", "\n", "it is so. ", "x", "secret plan", "Éa ", "😀", "1234567 "]
)
TEXTS = st.lists(WORDS, max_size=30).map("".join)
LANES = ("reasoning_content", "content", "refusal", "tool_calls[0].function.arguments")

Json = dict[str, Any]


@st.composite
def answers(draw: st.DrawFn) -> list[Spoken]:
    """One or two choices that speak in a few lanes."""
    lanes = st.lists(st.sampled_from(LANES), min_size=1, max_size=3, unique=True).map(
        lambda ls: sorted(ls, key=LANES.index)
    )
    return [
        [
            (lane, json.dumps({"q": text}) if "arguments" in lane else text)
            for lane in draw(lanes)
            for text in [draw(TEXTS)]
        ]
        for _ in range(draw(st.integers(1, 2)))
    ]


@st.composite
def policies(draw: st.DrawFn, modes: tuple[Mode, ...]) -> Policy:
    """Classifiers, names and words, in any order and under any actions."""
    blocking = st.sampled_from([Action.BLOCK, Action.OBSERVE])
    any_action = st.sampled_from(list(Action))
    entries = [
        Enforcement(Classifying("toxicity"), draw(blocking), mode=draw(st.sampled_from(modes))),
        Enforcement(Classifying("nsfw", 0.1), draw(blocking), mode=draw(st.sampled_from(modes))),
        Enforcement(Naming(), draw(any_action)),
        Enforcement(KeywordDetector(["forbidden", "secret plan"]), draw(any_action)),
    ]
    chosen = draw(st.permutations(entries))[: draw(st.integers(1, 4))]
    return Policy(enforcements=tuple(chosen), expose_full=draw(st.booleans()), block_notice=False)


def guard_of(policy: Policy, answer: list[Spoken]) -> AnswerGuard:
    return AnswerGuard(policy, choices=len(answer), tool_names=frozenset((TOOL,)))


def whole_of(policy: Policy, answer: list[Spoken], data: st.DataObject) -> tuple[AnswerGuard, Client]:
    guard = guard_of(policy, answer)
    choices = [{"index": i, "message": message_of(s), "finish_reason": "stop"} for i, s in enumerate(answer)]
    body = json.loads(Conversation(guard, data).whole(guard.whole({"choices": choices}, 0.0)))
    client = Client(sections=list(body["enkrypt_policy_detections"].items()))
    for entry in body["choices"]:
        client.finish[entry["index"]] = entry["finish_reason"]
        client.lanes |= {(entry["index"], lane): text for lane, text in texts_of(entry["message"])}
    return guard, client


def output_of(client: Client) -> Json:
    return dict(client.sections)["output_guardrails"]


@settings(deadline=None, max_examples=300)
@given(policies((Mode.HOLD,)), answers(), st.data())
def test_held_streams_are_whole(policy: Policy, answer: list[Spoken], data: st.DataObject) -> None:
    reference, whole = whole_of(policy, answer, data)
    guard = guard_of(policy, answer)
    streamed = Conversation(guard, data).stream(data.draw(streams(answer)))
    assert streamed.said == whole.said
    assert streamed.finish == whole.finish
    assert output_of(streamed) == output_of(whole)
    assert guard.blocked == reference.blocked
    assert (guard.scanned, guard.unscanned) == (reference.scanned, 0)


@settings(deadline=None, max_examples=300)
@given(policies((Mode.HOLD, Mode.CHASE)), answers(), st.data())
def test_chased_streams_say_at_least_the_same_and_end_the_same_way(
    policy: Policy, answer: list[Spoken], data: st.DataObject
) -> None:
    # What observers read behind a late block is theirs to report.
    enforced = replace(policy, enforcements=tuple(e for e in policy.enforcements if e.enforcing))
    _, whole = whole_of(enforced, answer, data)
    guard = guard_of(enforced, answer)
    streamed = Conversation(guard, data).stream(data.draw(streams(answer)))
    assert streamed.finish == whole.finish
    assert output_of(streamed)["summary"] == output_of(whole)["summary"]
    assert output_of(streamed)["details"] == output_of(whole)["details"]
    for key, text in whole.said.items():
        if "arguments" not in key[1]:
            assert streamed.said.get(key, "").startswith(text)


@settings(deadline=None, max_examples=200)
@given(policies((Mode.HOLD, Mode.CHASE)), answers(), st.sampled_from(OnError), st.data())
def test_failures_do_what_the_policy_says(
    policy: Policy, answer: list[Spoken], on_error: OnError, data: st.DataObject
) -> None:
    policy = replace(policy, on_error=on_error)
    guard = guard_of(policy, answer)
    Conversation(guard, data, frozenset({"toxicity", "nsfw"})).stream(data.draw(streams(answer)))
    enforcing = {e.detector.name for e in policy.enforcements if e.enforcing}
    if on_error is OnError.BLOCK and enforcing & set(guard.failures):
        assert guard.blocked
    if on_error is OnError.BLOCK and not any(e.chasing for e in policy.enforcements):
        assert guard.unscanned == 0


@settings(deadline=None)
@given(TEXTS, st.data())
def test_nothing_of_a_flagged_passage_is_sent(text: str, data: st.DataObject) -> None:
    policy = Policy(enforcements=(Enforcement(Classifying("toxicity"), Action.BLOCK),), block_notice=False)
    guard = guard_of(policy, [[("content", text)]])
    client = Conversation(guard, data).stream(data.draw(streams([[("content", text)]])))
    starts = [finding.start for finding in guard.findings]
    said = client.said.get((0, "content"), "")
    assert said == (text[: starts[0]] if starts else text)
