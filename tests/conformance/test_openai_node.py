"""OpenAI's client for node."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.gateway import (
    ARGUMENTS,
    BANNED_MESSAGES,
    BLOCKED,
    COMMENT,
    HELD,
    KEY,
    MESSAGES,
    NOTICE,
    REDACTED,
    REDACTED_ARGUMENTS,
    SAID,
    TOOL,
    Gateway,
    assert_refused,
    assert_reported,
)
from tests.conformance.node_driver import drive
from tests.conformance.scripted_model import Ending

EXPECTED = {"redact": (REDACTED, "stop"), "block": (BLOCKED, "content_filter")}
deployments = pytest.mark.parametrize("model", ["redact", "block"])


def call(gateway: Gateway, mode: str = "create", key: str = KEY, **request: Any) -> dict[str, Any]:
    request = {"model": "redact", "messages": MESSAGES} | request
    return drive("openai.mjs", "openai", url=gateway.openai_url, key=key, mode=mode, request=request)


def said(result: dict[str, Any], index: int = 0) -> tuple[str, str]:
    """Text and finish reason of one choice of the streamed answer."""
    choices = [choice for chunk in result["chunks"] for choice in chunk["choices"] if choice["index"] == index]
    return "".join(choice["delta"].get("content") or "" for choice in choices), choices[-1]["finish_reason"]


@deployments
def test_a_streamed_answer(gateway: Gateway, model: str) -> None:
    result = call(gateway, model=model, stream=True)
    assert result["error"] is None
    assert said(result) == EXPECTED[model]
    assert "input_guardrails" in result["chunks"][0]["enkrypt_policy_detections"]
    assert_reported(result["chunks"][-1]["enkrypt_policy_detections"]["output_guardrails"])


@deployments
def test_a_whole_answer(gateway: Gateway, model: str) -> None:
    completion = call(gateway, model=model)["completion"]
    choice = completion["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == EXPECTED[model]
    assert_reported(completion["enkrypt_policy_detections"]["output_guardrails"])


def test_choices_and_usage(gateway: Gateway) -> None:
    gateway.model.says((SAID, "Nothing to see here. "))
    result = call(gateway, model="block", stream=True, n=2, stream_options={"include_usage": True})
    assert said(result, 0) == EXPECTED["block"]
    assert said(result, 1) == ("Nothing to see here. ", "stop")
    assert result["chunks"][-1]["choices"] == []
    assert result["chunks"][-1]["usage"]["total_tokens"] > 0


def test_signs_of_life_while_text_is_held_do_not_disturb(gateway: Gateway) -> None:
    gateway.hold_until(COMMENT)
    result = call(gateway, model="restless", stream=True)
    assert result["error"] is None
    assert said(result) == (HELD, "stop")


def test_the_stream_helper(gateway: Gateway) -> None:
    result = call(gateway, "helper")
    assert result["error"] is None
    assert result["heard"] == result["completion"]["choices"][0]["message"]["content"] == REDACTED


def test_a_block_ends_the_stream_helper_in_good_order(gateway: Gateway) -> None:
    result = call(gateway, "helper", model="block")
    assert result["error"] is None
    assert result["heard"] == BLOCKED
    assert result["completion"]["choices"][0]["finish_reason"] == "content_filter"


def test_the_stream_helper_assembles_tool_arguments(gateway: Gateway) -> None:
    gateway.model.says("", arguments=ARGUMENTS)
    (choice,) = call(gateway, "helper", tools=[TOOL])["completion"]["choices"]
    assert json.loads(choice["message"]["tool_calls"][0]["function"]["arguments"]) == REDACTED_ARGUMENTS
    assert choice["finish_reason"] == "tool_calls"


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
def test_the_input_block_is_a_bad_request_that_nobody_repeats(gateway: Gateway, streamed: bool) -> None:
    error = call(gateway, model="block", messages=BANNED_MESSAGES, stream=streamed)["error"]
    assert (error["name"], error["code"]) == ("BadRequestError", "input_guardrails_violation")
    assert NOTICE in error["message"]
    assert_refused(json.loads(gateway.wire.response.body))
    assert gateway.model.requests == []


@pytest.mark.parametrize(
    ("ending", "code"), [(Ending.DEATH, "upstream_error"), (Ending.ERROR_FRAME, "asleep")], ids=["death", "error"]
)
@pytest.mark.parametrize("mode", ["create", "helper"])
def test_a_broken_stream_is_an_api_error(gateway: Gateway, mode: str, ending: Ending, code: str) -> None:
    gateway.model.says(SAID, ending=ending)
    result = call(gateway, mode, stream=True)
    assert (result["error"]["name"], result["error"]["code"]) == ("APIError", code)
    assert said(result)[0] == REDACTED


def test_a_wrong_key_and_a_wrong_deployment(gateway: Gateway) -> None:
    assert call(gateway, key="some-other-key-of-somebody")["error"]["name"] == "AuthenticationError"
    error = call(gateway, model="no-such-deployment")["error"]
    assert (error["name"], error["code"]) == ("NotFoundError", "model_not_found")
