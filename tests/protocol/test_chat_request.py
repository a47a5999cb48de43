"""Every documented field with values that pass and values that are refused, and what errors may say."""

from __future__ import annotations

import json

import pytest

from proxy.protocol.errors import ApiError
from proxy.protocol.request import (
    choices_requested,
    decode_request,
    encode_request,
    include_usage,
    is_stream,
    tool_names,
)

HI = {"role": "user", "content": "hi"}
FUNCTION = {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": None}
TOOL = {"type": "function", "function": FUNCTION}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
SCHEMA = {"name": "s", "schema": {}, "strict": True, "description": "d"}

VALID: dict[str, list[object]] = {
    "enkrypt_context": ["", "context"],
    "model": ["", "gpt-4o", "no-such-model"],
    "store": [True, False, None],
    "reasoning_effort": ["low", "medium", "high", "minimal", None],
    "metadata": [{}, {"a": "b"}, None],
    "frequency_penalty": [-2, 0, 1.5, 2, 2.0, None],
    "presence_penalty": [-2.0, 2, None],
    "logit_bias": [{}, {"50256": -100, "1": 100}, None],
    "logprobs": [True, None],
    "top_logprobs": [0, 20, None],
    "max_tokens": [1, -1, 10**30, None],
    "max_completion_tokens": [1, None],
    "n": [1, 128, 2.0, None],
    "modalities": [["text", "audio"], [], ["video"], None],
    "prediction": [
        {"type": "content", "content": "x"},
        {"type": "content", "content": [{"type": "text", "text": "x"}]},
        {"type": "other"},
        None,
    ],
    "audio": [{"voice": "alloy", "format": "mp3"}, {"voice": "new", "format": "aac"}, None],
    "response_format": [
        {"type": "text"},
        {"type": "json_object"},
        {"type": "json_schema", "json_schema": SCHEMA},
        {"type": "grammar", "value": 1},
        None,
    ],
    "seed": [0, -9223372036854776000, 9223372036854776000, None],
    "service_tier": ["auto", "flex", None],
    "stop": ["", "x", ["x"], ["a", "b", "c", "d"], None],
    "stream": [True, False, None],
    "stream_options": [{}, {"include_usage": True}, {"include_usage": False, "include_obfuscation": False}, None],
    "temperature": [0, 2, 0.7, None],
    "top_p": [0, 1, 0.5, None],
    "tools": [[], [TOOL], [TOOL] * 128, [{"type": "web_search"}], None],
    "tool_choice": ["none", "auto", "required", "any", {"type": "function", "function": {"name": "f"}}, None],
    "parallel_tool_calls": [True, None],
    "user": ["u", None],
    "function_call": ["none", "auto", {"name": "f"}, None],
    "functions": [[{"name": "f"}], [FUNCTION] * 128, None],
    "a_field_of_next_year": [1, "x", {"deep": [None]}],
}

INVALID: list[tuple[str, object, str, str]] = [
    ("enkrypt_context", None, "enkrypt_context", "invalid_type"),
    ("enkrypt_context", ["x"], "enkrypt_context", "invalid_type"),
    ("model", 5, "model", "invalid_type"),
    ("store", 1, "store", "invalid_type"),
    ("reasoning_effort", 3, "reasoning_effort", "invalid_type"),
    ("metadata", {"a": 1}, "metadata.a", "invalid_type"),
    ("metadata", {"jane@example.com": 1}, "metadata.*", "invalid_type"),
    ("metadata", [], "metadata", "invalid_type"),
    ("frequency_penalty", 2.01, "frequency_penalty", "invalid_value"),
    ("frequency_penalty", "1", "frequency_penalty", "invalid_type"),
    ("presence_penalty", -3, "presence_penalty", "invalid_value"),
    ("presence_penalty", True, "presence_penalty", "invalid_type"),
    ("logit_bias", {"1": 101}, "logit_bias.*", "invalid_value"),
    ("logit_bias", {"1": 0.5}, "logit_bias.*", "invalid_type"),
    ("logprobs", "true", "logprobs", "invalid_type"),
    ("top_logprobs", 21, "top_logprobs", "invalid_value"),
    ("top_logprobs", True, "top_logprobs", "invalid_type"),
    ("max_tokens", 1.5, "max_tokens", "invalid_type"),
    ("max_completion_tokens", "1", "max_completion_tokens", "invalid_type"),
    ("n", 0, "n", "invalid_value"),
    ("n", 129, "n", "invalid_value"),
    ("n", False, "n", "invalid_type"),
    ("modalities", "text", "modalities", "invalid_type"),
    ("modalities", ["text", 1], "modalities[1]", "invalid_type"),
    ("prediction", "x", "prediction", "invalid_type"),
    ("prediction", {"content": "x"}, "prediction.type", "missing_required_parameter"),
    ("prediction", {"type": "content"}, "prediction.content", "missing_required_parameter"),
    ("prediction", {"type": "content", "content": []}, "prediction.content", "invalid_value"),
    ("audio", {"voice": "alloy"}, "audio.format", "missing_required_parameter"),
    ("audio", {"voice": 1, "format": "mp3"}, "audio.voice", "invalid_type"),
    ("response_format", "json", "response_format", "invalid_type"),
    ("response_format", {}, "response_format.type", "missing_required_parameter"),
    ("response_format", {"type": 1}, "response_format.type", "invalid_type"),
    ("response_format", {"type": "json_schema"}, "response_format.json_schema", "missing_required_parameter"),
    (
        "response_format",
        {"type": "json_schema", "json_schema": {"schema": {}}},
        "response_format.json_schema.name",
        "missing_required_parameter",
    ),
    ("seed", 9223372036854776001, "seed", "invalid_value"),
    ("service_tier", True, "service_tier", "invalid_type"),
    ("stop", [], "stop", "invalid_value"),
    ("stop", ["x"] * 5, "stop", "invalid_value"),
    ("stop", [1], "stop[0]", "invalid_type"),
    ("stop", 1, "stop", "invalid_type"),
    ("stream", "true", "stream", "invalid_type"),
    ("stream", 1, "stream", "invalid_type"),
    ("stream_options", [], "stream_options", "invalid_type"),
    ("stream_options", {"include_usage": 1}, "stream_options.include_usage", "invalid_type"),
    ("temperature", 2.1, "temperature", "invalid_value"),
    ("temperature", [], "temperature", "invalid_type"),
    ("top_p", 1.01, "top_p", "invalid_value"),
    ("tools", [TOOL] * 129, "tools", "invalid_value"),
    ("tools", [{"function": FUNCTION}], "tools[0].type", "missing_required_parameter"),
    ("tools", [{"type": "function"}], "tools[0].function", "missing_required_parameter"),
    ("tools", [TOOL, {"type": "function", "function": {}}], "tools[1].function.name", "missing_required_parameter"),
    (
        "tools",
        [{"type": "function", "function": {"name": "f", "parameters": []}}],
        "tools[0].function.parameters",
        "invalid_type",
    ),
    ("tool_choice", 1, "tool_choice", "invalid_type"),
    ("tool_choice", {"type": "function"}, "tool_choice.function", "missing_required_parameter"),
    ("parallel_tool_calls", "no", "parallel_tool_calls", "invalid_type"),
    ("user", 7, "user", "invalid_type"),
    ("function_call", "always", "function_call", "invalid_value"),
    ("function_call", {}, "function_call.name", "missing_required_parameter"),
    ("functions", [], "functions", "invalid_value"),
    ("functions", [{"name": "f"}] * 129, "functions", "invalid_value"),
    ("functions", [{"description": "d"}], "functions[0].name", "missing_required_parameter"),
]

STRICT_ONLY: list[tuple[str, object, str]] = [
    ("reasoning_effort", "minimal", "reasoning_effort"),
    ("reasoning_effort", None, "reasoning_effort"),
    ("modalities", ["video"], "modalities[0]"),
    ("prediction", {"type": "other"}, "prediction.type"),
    ("audio", {"voice": "new", "format": "mp3"}, "audio.voice"),
    ("response_format", {"type": "grammar"}, "response_format.type"),
    ("service_tier", "flex", "service_tier"),
    ("tools", [{"type": "web_search"}], "tools[0].type"),
    ("tools", None, "tools"),
    ("tools", [{"type": "function", "function": {"name": "a.b"}}], "tools[0].function.name"),
    ("functions", [{"name": "f" * 65}], "functions[0].name"),
    ("tool_choice", "any", "tool_choice"),
    (
        "messages",
        [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": "u"}}]}],
        "messages[0].content[0].type",
    ),
    ("messages", [{"role": "user", "content": [{"type": "file"}]}], "messages[0].content[0].type"),
]


def request(**fields: object) -> dict[str, object]:
    return {"messages": [HI], **fields}


def refusal(body: dict[str, object], *, strict: bool = False) -> ApiError:
    with pytest.raises(ApiError) as caught:
        decode_request(json.dumps(body).encode(), strict=strict)
    assert caught.value.status == 400
    assert caught.value.type == "invalid_request_error"
    return caught.value


@pytest.mark.parametrize(("field", "value"), [(name, value) for name, values in VALID.items() for value in values])
def test_documented_values_pass_and_survive(field: str, value: object) -> None:
    body = request(**{field: value})
    decoded = decode_request(json.dumps(body).encode())
    assert decoded == body
    assert json.loads(encode_request(decoded)) == body


@pytest.mark.parametrize(("field", "value", "param", "code"), INVALID)
@pytest.mark.parametrize("strict", [False, True])
def test_values_outside_the_documented_type_or_range_are_refused_by_name(
    field: str, value: object, param: str, code: str, strict: bool
) -> None:
    error = refusal(request(**{field: value}), strict=strict)
    assert (error.param, error.code) == (param, code)
    assert f"`{param}`" in error.message


@pytest.mark.parametrize(("field", "value", "param"), STRICT_ONLY)
def test_vocabularies_that_providers_extend_are_closed_in_strict_mode_only(
    field: str, value: object, param: str
) -> None:
    body = request(**{field: value})
    decode_request(json.dumps(body).encode())
    assert refusal(body, strict=True).param == param


def test_messages_are_required_and_at_least_one() -> None:
    assert (refusal({}).param, refusal({}).code) == ("messages", "missing_required_parameter")
    assert refusal({"messages": []}).code == "invalid_value"
    assert refusal({"messages": {}}).code == "invalid_type"
    assert refusal({"messages": None}).code == "invalid_type"


def test_integers_beyond_64_bits_reach_the_model_exactly() -> None:
    raw = b'{"messages":[{"role":"user","content":"hi"}],"x":123456789012345678901234567890,"y":1.5}'
    assert encode_request(decode_request(raw)) == raw


def test_what_helpers_say_of_a_request() -> None:
    body = request(
        stream=True,
        n=3,
        stream_options={"include_usage": True},
        tools=[TOOL, {"type": "web_search"}, {"type": "function", "function": {"name": "g"}}],
        functions=[{"name": "h"}],
    )
    assert is_stream(body)
    assert include_usage(body)
    assert choices_requested(body) == 3
    assert tool_names(body) == {"f", "g", "h"}


@pytest.mark.parametrize(
    "fields", [{}, {"stream": None, "n": None, "stream_options": None, "tools": None, "functions": None}]
)
def test_what_helpers_say_of_absent_fields(fields: dict[str, object]) -> None:
    body = request(**fields)
    assert not is_stream(body)
    assert not include_usage(body)
    assert choices_requested(body) == 1
    assert tool_names(body) == frozenset()


def test_a_whole_number_with_a_fraction_part_counts_as_an_integer() -> None:
    assert choices_requested(decode_request(b'{"messages":[{"role":"user","content":""}],"n":2.0}')) == 2
