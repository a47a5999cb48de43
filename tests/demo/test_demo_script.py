"""The demo model's answers: what a prompt gets, and that streamed and whole answers are one and the same."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.demo.answers import ANSWERS, CARD, choose, tool_arguments
from proxy.demo.script import Script, tokens, write_script

TOOL = {"type": "function", "function": {"name": "send_mail", "parameters": {"type": "object"}}}
PROMPTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["an email", "the card", "a key", "use a tool", "reasoning", "poem", "repeat: x\ny"]),
)


def ask(prompt: str, **fields: object) -> Script:
    return write_script({"messages": [{"role": "user", "content": prompt}], **fields}, created=7)


def streamed(script: Script) -> dict[int, dict[str, Any]]:
    """Put the chunks together again, the way a client does."""
    choices: dict[int, dict[str, Any]] = defaultdict(lambda: {"arguments": "", "finish_reason": None})
    for chunk in script.chunks():
        entries: Any = chunk["choices"]
        for entry in entries:
            state = choices[entry["index"]]
            assert state["finish_reason"] is None, "nothing follows a finish_reason"
            state["finish_reason"] = entry["finish_reason"]
            for lane in ("content", "reasoning_content"):
                state[lane] = state.get(lane, "") + entry["delta"].get(lane, "")
            for call in entry["delta"].get("tool_calls", []):
                state["name"] = call["function"].get("name", state.get("name"))
                state["arguments"] += call["function"]["arguments"]
    return choices


@given(text=st.text(max_size=200))
def test_tokens_are_the_text_in_pieces_of_four_to_six_characters(text: str) -> None:
    pieces = list(tokens(text))
    assert "".join(pieces) == text
    assert all(4 <= len(piece) <= 6 for piece in pieces[:-1])
    assert all(1 <= len(piece) <= 6 for piece in pieces[-1:])


@given(
    prompt=PROMPTS,
    n=st.integers(1, 3),
    limit=st.none() | st.integers(1, 400),
    tools=st.booleans(),
    logprobs=st.booleans(),
)
def test_a_streamed_answer_is_the_whole_answer(
    prompt: str, n: int, limit: int | None, tools: bool, logprobs: bool
) -> None:
    fields: dict[str, object] = {"n": n, "max_tokens": limit, "logprobs": logprobs}
    script = ask(prompt, **fields, **({"tools": [TOOL]} if tools else {}))
    whole: Any = script.completion()["choices"]
    parts = streamed(script)
    assert sorted(parts) == [choice["index"] for choice in whole] == list(range(n))
    for choice in whole:
        part, message = parts[choice["index"]], choice["message"]
        assert part["content"] == (message["content"] or "")
        assert part["reasoning_content"] == message.get("reasoning_content", "")
        assert part["finish_reason"] == choice["finish_reason"]
        if "tool_calls" in message:
            assert part["name"] == message["tool_calls"][0]["function"]["name"]
            assert part["arguments"] == message["tool_calls"][0]["function"]["arguments"]


@given(text=st.text(max_size=80).filter(lambda text: not text.startswith(" ")))
def test_repeat_says_exactly_what_it_was_told(text: str) -> None:
    assert choose("repeat: " + text).content == text
    assert streamed(ask("repeat:" + text))[0]["content"] == text


@pytest.mark.parametrize(
    ("prompt", "fragment"),
    [
        ("Show me the customer's ticket.", "Project Bluebird"),
        ("What is her EMAIL?", "maria.lopez@example.com"),
        ("which card", CARD),
        ("my keyboard and the api key", "AKIA"),
        ("Which network is it?", "2001:db8:"),
        ("something banned", "moonshine"),
        ("a poem", "tide"),
    ],
)
def test_a_keyword_chooses_the_answer(prompt: str, fragment: str) -> None:
    assert fragment in choose(prompt).content


@given(prompt=st.text(), choice=st.integers(0, 5))
def test_any_other_prompt_gets_the_same_answer_each_time(prompt: str, choice: int) -> None:
    assert choose(prompt, choice) == choose(prompt, choice)


def test_no_answer_is_out_of_reach() -> None:
    picked = {choose(f"question {number}") for number in range(400)}
    assert picked == set(ANSWERS)


def test_reasoning_comes_first() -> None:
    deltas = [list(delta) for delta in ask("reasoning").lines[0].deltas]
    assert deltas == sorted(deltas, reverse=True)
    assert ["reasoning_content"] in deltas
    assert ["content"] in deltas


@pytest.mark.parametrize(
    ("prompt", "choice", "called"),
    [
        ("use a tool", "auto", "send_mail"),
        ("hello", "auto", None),
        ("hello", "required", "send_mail"),
        ("use a tool", "none", None),
        ("hello", {"type": "function", "function": {"name": "other"}}, "other"),
    ],
)
def test_tools_are_called_when_asked_for(prompt: str, choice: object, called: str | None) -> None:
    answer = streamed(ask(prompt, tools=[TOOL], tool_choice=choice))[0]
    assert answer.get("name") == called
    assert answer["finish_reason"] == ("tool_calls" if called else "stop")


@given(text=st.text(max_size=60))
def test_tool_arguments_are_json_whatever_they_repeat(text: str) -> None:
    arguments = json.loads(tool_arguments("repeat:" + text))
    assert arguments["body"] == text.removeprefix(" ")


def test_the_prompt_is_the_last_user_message_and_its_text_parts() -> None:
    messages: list[Mapping[str, object]] = [
        {"role": "user", "content": "repeat: first"},
        {"role": "assistant", "content": "first"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "repeat: "}, {"type": "text", "text": "2nd"}],
        },
        {"role": "system", "content": "repeat: third"},
    ]
    assert streamed(write_script({"messages": messages}, 7))[0]["content"] == "2nd"


def test_usage_is_streamed_only_where_it_was_asked_for() -> None:
    plain = list(ask("poem").chunks())
    assert all("usage" not in chunk for chunk in plain)
    asked: list[Any] = list(ask("poem", stream=True, stream_options={"include_usage": True}).chunks())
    assert [chunk["usage"] for chunk in asked[:-1]] == [None] * len(plain)
    assert asked[-1]["choices"] == []
    usage = asked[-1]["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_logprobs_spell_the_content() -> None:
    script = ask("repeat: grüße", logprobs=True)
    completion: Any = script.completion()
    entries = completion["choices"][0]["logprobs"]["content"]
    assert "".join(entry["token"] for entry in entries) == "grüße"
    assert all(bytes(entry["bytes"]).decode() == entry["token"] for entry in entries)
