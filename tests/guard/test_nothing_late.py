"""Text that cannot begin a finding leaves in the call that brought it, as it came; who only observes holds nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.answer import AnswerGuard
from proxy.guard.detectors.keyword_detector import KeywordDetector
from proxy.guard.findings import Action
from proxy.guard.policy import NO_POLICY, Enforcement, Policy
from tests.guard.answers import TOOL, choice, chunk, streams
from tests.guard.fakes import RulesDetector
from tests.guard.oracle import Spec, longest_from, longest_word_from
from tests.guard.strategies import BANNED, POOL, answers, cuttings, mixed_texts, policies, specs

Json = dict[str, Any]


@st.composite
def deltas(draw: st.DrawFn) -> tuple[list[Spec], list[str]]:
    chosen = [spec for spec in draw(specs()) if spec.validate is None]
    return chosen, draw(cuttings(draw(mixed_texts(chosen or POOL[:1]))))


def could_begin(chosen: list[Spec], text: str, position: int) -> bool:
    """Tell whether some continuation of ``text`` has a finding that begins at ``position``."""
    tails = {s[at:] + f for spec in chosen for s in spec.samples for f in spec.following for at in range(len(s) + 1)}
    tails |= {word[at:] for word in BANNED for at in range(len(word) + 1)}
    for tail in sorted(tails, key=len):
        if longest_word_from(BANNED, text + tail, position):
            return True
        if any(longest_from(spec, text + tail, position) is not None for spec in chosen):
            return True
    return False


@given(deltas(), st.sampled_from([Action.REDACT, Action.BLOCK]))
def test_what_cannot_begin_a_finding_leaves_at_once_as_it_came(
    scene: tuple[list[Spec], list[str]], action: Action
) -> None:
    chosen, pieces = scene
    detectors = (RulesDetector("rules", tuple(spec.rule for spec in chosen)), KeywordDetector(BANNED))
    policy = Policy("p", tuple(Enforcement(detector, action) for detector in detectors))
    guard = AnswerGuard(policy)
    guard.chunk(chunk(choice(0, {"role": "assistant", "content": ""})), 0.0)
    text = ""
    for piece in pieces:
        before, text = text, text + piece
        idle = not guard.holding
        payload = chunk(choice(0, {"content": piece}))
        out = guard.chunk(payload, 0.0)
        if guard.ended:
            break
        if idle and not any(could_begin(chosen, text, at) for at in range(len(before), len(text))):
            assert out == [payload]
        if guard.holding:
            assert any(could_begin(chosen, text, at) for at in range(len(text)))


@given(st.data())
def test_who_only_observes_changes_nothing(data: st.DataObject) -> None:
    chosen = data.draw(specs())
    policy = data.draw(policies(chosen, [Action.OBSERVE]) | st.just(NO_POLICY))
    answer = data.draw(answers(mixed_texts(chosen)))
    guard = AnswerGuard(policy, choices=len(answer), tool_names=frozenset((TOOL,)))
    for payload in data.draw(streams(answer)):
        out = guard.chunk(payload, 0.0)
        assert len(out) == 1
        assert not guard.holding
        if out[0] != payload:
            sent = json.loads(out[0])
            assert sent.pop("enkrypt_policy_detections")
            assert sent == json.loads(payload)
    assert guard.close(0.0) == []


@pytest.mark.parametrize("policy", [NO_POLICY, Policy("o", (Enforcement(KeywordDetector(BANNED), Action.OBSERVE),))])
@pytest.mark.parametrize(
    "fields",
    [
        {
            "delta": {"content": "a"},
            "logprobs": {"content": [{"token": "a", "top_logprobs": [{"token": "b"}]}], "refusal": None},
        },
        {"delta": {"content": "\ud83d"}},
        {"delta": {"tool_calls": [{"index": 0, "function": {"arguments": '{"a": "\\u00'}}]}},
        {"delta": {"content": "ban"}, "message": {"content": "ban"}, "note": "ban"},
        {"delta": {"content": [{"type": "text", "text": "ban"}]}},
    ],
)
def test_who_only_observes_leaves_oddities_alone(policy: Policy, fields: Json) -> None:
    guard = AnswerGuard(policy)
    guard.chunk(chunk(choice(0, {"role": "assistant"})), 0.0)
    payload = chunk({"index": 0, "finish_reason": None} | fields)
    assert guard.chunk(payload, 0.0) == [payload]


@pytest.mark.parametrize(
    "fields",
    [
        {
            "delta": {"content": "hm"},
            "logprobs": {"content": [{"token": "hm", "logprob": -1.0, "bytes": [104, 109]}], "refusal": None},
        },
        {"delta": {"content": "hm"}, "logprobs": None},
        {"delta": {"role": "assistant"}},
        {
            "delta": {
                "tool_calls": [{"index": 0, "id": "c", "type": "function", "function": {"name": TOOL, "arguments": ""}}]
            }
        },
        {"delta": {"content": "hm", "refusal": None, "tool_calls": None, "function_call": None, "audio": None}},
        {"delta": {"content": "hm", "weight": 0.5, "done": True}},
    ],
)
def test_chunks_that_need_no_change_leave_as_they_came(fields: Json) -> None:
    guard = AnswerGuard(
        Policy("p", (Enforcement(KeywordDetector(BANNED), Action.REDACT),)), tool_names=frozenset((TOOL,))
    )
    guard.chunk(chunk(choice(0, {"role": "assistant"})), 0.0)
    payload = b" " + chunk({"index": 0, "finish_reason": None} | fields) + b" "
    assert guard.chunk(payload, 0.0) == [payload]


PROTOCOL = [
    "chat",
    "completion",
    "chunk",
    "assistant",
    "stop",
    "length",
    "function",
    "tool_calls",
    "gpt",
    "choices",
    "index",
]


@pytest.mark.parametrize("action", [Action.REDACT, Action.BLOCK])
def test_the_protocol_s_own_words_are_not_a_model_s(action: Action) -> None:
    guard = AnswerGuard(Policy("p", (Enforcement(KeywordDetector(PROTOCOL), action),)), tool_names=frozenset((TOOL,)))
    call = {"index": 0, "id": "c", "type": "function", "function": {"name": TOOL, "arguments": "{}"}}
    sent = guard.chunk(chunk(choice(0, {"role": "assistant", "content": ""})), 0.0)
    sent += guard.chunk(chunk(choice(0, {"tool_calls": [call]})), 0.0)
    sent += guard.chunk(chunk(choice(0, {}, "tool_calls")), 0.0)
    first, second, last = (json.loads(payload) for payload in sent)
    assert {event["object"] for event in (first, second, last)} == {"chat.completion.chunk"}
    assert first["choices"][0]["delta"]["role"] == "assistant"
    assert second["choices"][0]["delta"]["tool_calls"] == [call]
    assert last["choices"][0]["finish_reason"] == "tool_calls"


@given(st.text("abn ", min_size=1, max_size=30), st.integers(1, 4))
def test_holding_is_counted_in_characters_and_seconds(text: str, size: int) -> None:
    guard = AnswerGuard(Policy("p", (Enforcement(KeywordDetector(["ban"]), Action.REDACT),)))
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    for now, piece in enumerate(pieces):
        guard.chunk(chunk(choice(0, {"content": piece})), float(now))
    guard.close(float(len(pieces)))
    holds = guard.take_holds()
    for detector, characters, seconds in holds:
        assert detector == "keyword_detector"
        assert characters > 0
        assert 0 < seconds <= len(pieces)
    assert sum(characters for _, characters, _ in holds) <= len(text)
    assert guard.take_holds() == []
