"""The served description: valid OpenAPI, complete, and of one mind with the validator."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openapi_spec_validator import validate

from proxy.protocol.errors import ApiError
from proxy.protocol.openapi import document
from proxy.protocol.request import decode_request

DOCUMENTED = {
    "enkrypt_context",
    "messages",
    "model",
    "store",
    "reasoning_effort",
    "metadata",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "modalities",
    "prediction",
    "audio",
    "presence_penalty",
    "response_format",
    "seed",
    "service_tier",
    "stop",
    "stream",
    "stream_options",
    "temperature",
    "top_p",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "user",
    "function_call",
    "functions",
}
SECTIONS = ("input_guardrails", "output_guardrails")

FULL: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": [{"type": "text", "text": "s"}]},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u", "detail": "low"}}], "name": "n"},
        {
            "role": "assistant",
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}],
        },
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "r"}], "audio": {"id": "a"}},
        {"role": "tool", "tool_call_id": "c", "content": "t"},
        {"role": "function", "name": "f", "content": None},
    ],
    "metadata": {"a": "b"},
    "logit_bias": {"1": 2},
    "top_logprobs": 3,
    "n": 2,
    "stop": ["x"],
    "modalities": ["text"],
    "temperature": 0.5,
    "prediction": {"type": "content", "content": [{"type": "text", "text": "p"}]},
    "audio": {"voice": "alloy", "format": "mp3"},
    "response_format": {"type": "json_schema", "json_schema": {"name": "j", "schema": {}, "strict": True}},
    "stream_options": {"include_usage": True},
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {}, "strict": None}}],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "function_call": "auto",
    "functions": [{"name": "f", "description": "d"}],
    "reasoning_effort": "low",
}

replacements = st.one_of(
    st.sampled_from(
        [None, True, 0, 1, -3, 1.0, 1.5, 129, 10**19, "", "auto", "text", "user", "function", "a b", "f" * 65]
    ),
    st.sampled_from([[], ["x"] * 5, {}, {"type": "text"}, {"type": "new"}, {"name": "f"}, {"role": "user"}]),
)


def containers(value: object) -> list[Any]:
    """Every array and object of a value, the outermost first."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    here = [value] if isinstance(value, dict | list) else []
    return here + [found for item in inner for found in containers(item)]


@st.composite
def mutants(draw: st.DrawFn) -> dict[str, Any]:
    """A request with most of the documented members, one to three of them removed or replaced."""
    body = copy.deepcopy(FULL)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from([found for found in containers(body) if found]))
        key = draw(st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place)))))
        if draw(st.integers(0, 3)):
            place[key] = copy.deepcopy(draw(replacements))
        else:
            del place[key]
    return body


def validator(*, strict: bool) -> Draft202012Validator:
    components = document("1", strict=strict)["components"]
    return Draft202012Validator({"$ref": "#/components/schemas/CreateChatCompletionRequest", "components": components})


VALIDATORS = {strict: validator(strict=strict) for strict in (False, True)}


def accepted(body: dict[str, Any], *, strict: bool) -> bool:
    try:
        decode_request(json.dumps(body).encode(), strict=strict)
    except ApiError:
        return False
    return True


@given(mutants(), st.booleans())
def test_requests_are_accepted_exactly_when_the_served_schema_accepts_them(body: dict[str, Any], strict: bool) -> None:
    assert accepted(body, strict=strict) == VALIDATORS[strict].is_valid(body)


@pytest.mark.parametrize("strict", [False, True])
def test_the_full_request_is_accepted_by_both(strict: bool) -> None:
    assert accepted(FULL, strict=strict)
    assert VALIDATORS[strict].is_valid(FULL)


@pytest.mark.parametrize("strict", [False, True])
def test_the_document_is_valid_openapi(strict: bool) -> None:
    description = document("1.2.3", strict=strict)
    validate(json.loads(json.dumps(description)))
    assert description["info"]["version"] == "1.2.3"  # type: ignore[index]


def test_every_documented_request_field_is_listed() -> None:
    schemas: Any = document("1")["components"]
    assert set(schemas["schemas"]["CreateChatCompletionRequest"]["properties"]) == DOCUMENTED


def test_every_path_and_header_is_listed() -> None:
    paths: Any = document("1")["paths"]
    assert set(paths) >= {
        "/ai-proxy/chat/completions",
        "/v1/chat/completions",
        "/v1/models",
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
    }
    chat = paths["/ai-proxy/chat/completions"]["post"]
    headers = {parameter["name"]: parameter["required"] for parameter in chat["parameters"]}
    assert headers == {"X-Enkrypt-Deployment": True, "X-Enkrypt-Tags": False, "X-Enkrypt-Refresh-Cache": False}
    assert set(chat["responses"]["200"]["content"]) == {"application/json", "text/event-stream"}
    assert chat["security"] == [{"apiKeyAuth": []}, {"bearerAuth": []}]


def test_detections_have_the_specified_shape() -> None:
    components: Any = document("1")["components"]
    schemas = components["schemas"]
    assert set(schemas["EnkryptPolicyDetections"]["properties"]) == set(SECTIONS)
    assert schemas["GuardrailsDetectionResponse"]["required"] == ["summary", "details"]
    assert "result_message" in schemas["GuardrailsDetectionResponse"]["properties"]
    assert components["securitySchemes"]["apiKeyAuth"] == {"type": "apiKey", "in": "header", "name": "apikey"}
