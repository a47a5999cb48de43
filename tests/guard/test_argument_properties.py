"""Tool-call arguments: what parsed before the guard parses behind it, its structure untouched."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from proxy.guard.answer import AnswerGuard
from proxy.guard.detector import Detector
from proxy.guard.detectors.keyword_detector import KeywordDetector
from proxy.guard.findings import Action
from proxy.guard.policy import Enforcement, Policy
from tests.guard.answers import TOOL, choice, chunk, fields_of, streamed_answer, units, whole_answer
from tests.guard.fakes import RulesDetector
from tests.guard.oracle import Spec, pattern_spans
from tests.guard.strategies import POOL, documents, mixed_texts, specs

LANE = "tool_calls[0].function.arguments"
BY_NAME = {spec.name: spec for spec in POOL}


def redacting(*chosen: Spec, words: tuple[str, ...] = ()) -> Policy:
    detectors: list[Detector] = [
        RulesDetector("rules", tuple(spec.rule for spec in chosen)),
        *([KeywordDetector(words)] if words else []),
    ]
    return Policy("p", tuple(Enforcement(detector, Action.REDACT) for detector in detectors))


def streamed(policy: Policy, text: str, size: int) -> str:
    parts = units(text)
    pieces = ["".join(parts[at : at + size]) for at in range(0, len(parts), size)]
    payloads = [chunk(choice(0, fields_of(LANE, piece))) for piece in pieces] + [chunk(choice(0, {}, "tool_calls"))]
    return streamed_answer(AnswerGuard(policy), payloads).said.get((0, LANE), "")


def shape(value: Any) -> Any:
    """Return the value with its leaves left out."""
    if isinstance(value, dict):
        return [shape(item) for item in value.values()]
    if isinstance(value, list):
        return [[shape(item)] for item in value]
    return "leaf"


def leaves(value: Any) -> list[tuple[type, Any]]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [(type(value), value)]


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[Spec], str]:
    chosen = draw(specs())
    return chosen, draw(documents(mixed_texts(chosen)))


@given(scenes(), st.integers(1, 6))
@example(([Spec("inner", "ul|ru")], '{"a": null, "b": [true, -1.5e3]}'), 1)
@example(([Spec("inner", r"\.|e|\d{2}")], '{"a": -1.5e3, "b": [1e5, 2.25, 1234]}'), 1)
def test_parse_as_before(scene: tuple[list[Spec], str], size: int) -> None:
    chosen, text = scene
    guarded = streamed(redacting(*chosen, words=("ban", "true", "日本")), text, size)
    assert shape(json.loads(guarded)) == shape(json.loads(text))


@given(scenes(), st.integers(1, 6))
def test_untouched_values_stay(scene: tuple[list[Spec], str], size: int) -> None:
    chosen, text = scene
    original = json.loads(text)
    # Rules whose matches may run from one value into the next are another matter.
    assume(not any(spec.name in ("not_word", "any", "link", "context_even", "labelled") for spec in chosen))
    before, after = leaves(original), leaves(json.loads(streamed(redacting(*chosen), text, size)))
    for (kind, value), (_, now) in zip(before, after, strict=True):
        written = value if kind is str else json.dumps(value)
        if not pattern_spans(chosen, f'"{written}"') and not pattern_spans(chosen, f" {written}\n"):
            assert now == value
        elif kind is str and pattern_spans(chosen, f'"{written}"'):
            assert now != value


@given(st.data())
def test_escapes_hide_nothing(data: st.DataObject) -> None:
    secret = "ab.c@de.fg"
    escaped = "".join(data.draw(st.sampled_from([ch, f"\\u{ord(ch):04x}", f"\\u{ord(ch):04X}"])) for ch in secret)
    text = f'{{"to": "{escaped}", "n": 1}}'
    guarded = streamed(redacting(BY_NAME["address"]), text, data.draw(st.integers(1, 12)))
    assert json.loads(guarded) == {"to": "<ADDRESS_0>", "n": 1}


@given(st.text('ab1-@.\\u"{}:,0néd😀', max_size=30), st.integers(1, 5))
@example(r"\u0ab.c@de.fg", 1)
def test_text_that_is_no_json_is_guarded_all_the_same(text: str, size: int) -> None:
    policy = redacting(BY_NAME["address"], BY_NAME["serial"])
    whole = whole_answer(AnswerGuard(policy, tool_names=frozenset((TOOL,))), [[(LANE, text + "}")]]).said.get(
        (0, LANE), ""
    )
    guarded = streamed(policy, text + "}", size)
    assert guarded == whole
    if "\\" not in text and not pattern_spans([BY_NAME["address"], BY_NAME["serial"]], text):
        assert guarded == text + "}"


@pytest.mark.parametrize("text", [r'"\u0ab.c@de.fg"', r'"\uab.c@de.fg"', r'"\u12ab.c@de.fg'])
def test_a_broken_escape_does_not_swallow_the_beginning_of_a_secret(text: str) -> None:
    assert "ab.c@de" not in streamed(redacting(BY_NAME["address"]), text, 1)


@pytest.mark.parametrize(("text", "pattern"), [('{"card": 4111111111111111}', r"\d{16}"), ('{"ok": true}', "true")])
def test_a_scalar_that_is_replaced_becomes_a_string(text: str, pattern: str) -> None:
    guarded = streamed(redacting(Spec("found", pattern)), text, 3)
    assert list(json.loads(guarded).values()) == ["<FOUND_0>"]


@pytest.mark.parametrize("arguments", ['{"a": "b', '{"a": 12', "for", '{"to": "ab.c@de'])
def test_arguments_that_end_while_held_stay_in_their_tool_call(arguments: str) -> None:
    policy = redacting(BY_NAME["address"], words=("forbidden", "band aid"))
    message = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c", "type": "function", "function": {"name": TOOL, "arguments": arguments}}],
    }
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "length"}]}
    guarded = json.loads(AnswerGuard(policy, tool_names=frozenset((TOOL,))).whole(json.loads(json.dumps(body)), 0.0)[0])
    calls = guarded["choices"][0]["message"]["tool_calls"]
    assert [call["id"] for call in calls if "id" in call] == ["c"]
    assert len(calls) == 1
    assert calls[0]["function"] == {"name": TOOL, "arguments": streamed(policy, arguments, 2)}
