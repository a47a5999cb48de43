"""Messages: which members each role needs, what content may be, and that errors never repeat text."""

from __future__ import annotations

import json

import pytest

from proxy.protocol.errors import ApiError
from proxy.protocol.request import decode_request

TEXT = {"type": "text", "text": "t"}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}}
SOUND = {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}

VALID: list[dict[str, object]] = [
    {"role": "developer", "content": ""},
    {"role": "developer", "content": [TEXT]},
    {"role": "system", "content": "x"},
    {"role": "system", "content": [TEXT]},
    {"role": "user", "content": "x"},
    {"role": "user", "content": [TEXT]},
    {"role": "user", "name": "n", "content": [TEXT, IMAGE, SOUND]},
    {"role": "user", "name": None, "content": "x", "cache_control": {"type": "ephemeral"}},
    {"role": "user", "content": [{"type": "file", "file": {}}, {**TEXT, "cache_control": {}}]},
    {"role": "system", "content": [IMAGE]},
    {"role": "assistant", "content": "x"},
    {"role": "assistant", "content": None},
    {"role": "assistant", "content": [TEXT, {"type": "refusal", "refusal": "no"}]},
    {"role": "assistant", "tool_calls": [CALL]},
    {"role": "assistant", "content": None, "tool_calls": [{"type": "custom", "id": "c", "custom": {}}]},
    {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}},
    {"role": "assistant", "audio": {"id": "a"}},
    {"role": "assistant", "refusal": "no"},
    {
        "role": "assistant",
        "content": "as a client echoes it",
        "refusal": None,
        "annotations": [],
        "audio": None,
        "function_call": None,
        "tool_calls": None,
        "name": None,
        "reasoning_content": "hm",
    },
    {"role": "tool", "tool_call_id": "c", "content": "x"},
    {"role": "tool", "tool_call_id": "c", "content": [TEXT]},
    {"role": "function", "name": "f", "content": None},
    {"role": "function", "name": "f", "content": "x"},
]

INVALID: list[tuple[object, str, str]] = [
    ("hi", "", "invalid_type"),
    ({"content": "x"}, ".role", "missing_required_parameter"),
    ({"role": "robot", "content": "x"}, ".role", "invalid_value"),
    ({"role": 1, "content": "x"}, ".role", "invalid_type"),
    *(({"role": role}, ".content", "missing_required_parameter") for role in ("developer", "system", "user")),
    *(({"role": role, "content": None}, ".content", "invalid_type") for role in ("developer", "system", "user")),
    ({"role": "user", "content": 1}, ".content", "invalid_type"),
    ({"role": "user", "content": TEXT}, ".content", "invalid_type"),
    ({"role": "user", "content": []}, ".content", "invalid_value"),
    ({"role": "user", "content": ["x"]}, ".content[0]", "invalid_type"),
    ({"role": "user", "content": [TEXT, {"text": "x"}]}, ".content[1].type", "missing_required_parameter"),
    ({"role": "user", "content": [{"type": "text"}]}, ".content[0].text", "missing_required_parameter"),
    ({"role": "user", "content": [{"type": "text", "text": None}]}, ".content[0].text", "invalid_type"),
    (
        {"role": "user", "content": [{"type": "image_url", "image_url": "u"}]},
        ".content[0].image_url",
        "invalid_type",
    ),
    (
        {"role": "user", "content": [{"type": "image_url", "image_url": {}}]},
        ".content[0].image_url.url",
        "missing_required_parameter",
    ),
    (
        {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "x"}}]},
        ".content[0].input_audio.format",
        "missing_required_parameter",
    ),
    ({"role": "user", "content": "x", "name": 1}, ".name", "invalid_type"),
    ({"role": "assistant"}, ".content", "missing_required_parameter"),
    ({"role": "assistant", "tool_calls": None}, ".content", "missing_required_parameter"),
    ({"role": "assistant", "content": {}}, ".content", "invalid_type"),
    ({"role": "assistant", "content": "", "tool_calls": {}}, ".tool_calls", "invalid_type"),
    ({"role": "assistant", "tool_calls": [{"id": "c"}]}, ".tool_calls[0].type", "missing_required_parameter"),
    (
        {"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "f", "arguments": {}}}]},
        ".tool_calls[0].function.arguments",
        "invalid_type",
    ),
    ({"role": "assistant", "function_call": {"name": "f"}}, ".function_call.arguments", "missing_required_parameter"),
    ({"role": "assistant", "audio": {}}, ".audio.id", "missing_required_parameter"),
    ({"role": "assistant", "content": "", "refusal": 1}, ".refusal", "invalid_type"),
    ({"role": "tool", "content": "x"}, ".tool_call_id", "missing_required_parameter"),
    ({"role": "tool", "tool_call_id": None, "content": "x"}, ".tool_call_id", "invalid_type"),
    ({"role": "tool", "tool_call_id": "c"}, ".content", "missing_required_parameter"),
    ({"role": "tool", "tool_call_id": "c", "content": None}, ".content", "invalid_type"),
    ({"role": "function", "content": "x"}, ".name", "missing_required_parameter"),
    ({"role": "function", "name": "f"}, ".content", "missing_required_parameter"),
    ({"role": "function", "name": "f", "content": [TEXT]}, ".content", "invalid_type"),
]


def decode(*messages: object) -> dict[str, object]:
    return decode_request(json.dumps({"messages": messages}).encode())


@pytest.mark.parametrize("message", VALID)
def test_documented_messages_pass_and_survive(message: dict[str, object]) -> None:
    assert decode(message) == {"messages": [message]}


@pytest.mark.parametrize(("message", "where", "code"), INVALID)
def test_messages_outside_the_schema_are_refused_by_path(message: object, where: str, code: str) -> None:
    with pytest.raises(ApiError) as caught:
        decode({"role": "user", "content": "x"}, message)
    assert (caught.value.param, caught.value.code) == (f"messages[1]{where}", code)


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "SECRET", "content": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "SECRET": "SECRET"}]}]},
        {"messages": "SECRET"},
        {"messages": [{"role": "user", "content": "x"}], "metadata": {"my SECRET": 1}},
        {"messages": [{"role": "user", "content": "x"}], "temperature": "SECRET"},
        {"messages": [{"role": "user", "content": "x"}], "function_call": "SECRET"},
        {"messages": [{"role": "user", "content": "x"}], "seed": 41411111111111111111111},
    ],
)
def test_errors_never_repeat_what_the_user_wrote(body: dict[str, object]) -> None:
    with pytest.raises(ApiError) as caught:
        decode_request(json.dumps(body).encode())
    said = json.dumps(caught.value.body())
    assert "SECRET" not in said
    assert "4141" not in said
