"""Vercel's AI SDK with its provider for OpenAI-compatible servers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.gateway import (
    ARGUMENTS,
    BANNED,
    BLOCKED,
    COMMENT,
    HELD,
    KEY,
    NOTICE,
    PROMPT,
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

both_modes = pytest.mark.parametrize("mode", ["stream", "generate"])


def call(gateway: Gateway, mode: str, model: str = "redact", prompt: str = PROMPT, tool: Any = None) -> dict[str, Any]:
    return drive("vercel.mjs", "ai", url=gateway.openai_url, key=KEY, mode=mode, model=model, prompt=prompt, tool=tool)


@both_modes
@pytest.mark.parametrize(
    ("model", "text", "reason"),
    [("redact", REDACTED, "stop"), ("block", BLOCKED, "content-filter")],
    ids=["redact", "block"],
)
def test_an_answer_with_its_detections(gateway: Gateway, mode: str, model: str, text: str, reason: str) -> None:
    result = call(gateway, mode, model)
    assert result["error"] is None
    assert (result["text"], result["finishReason"]) == (text, reason)
    assert mode == "generate" or result["heard"] == text
    assert_reported(result["detections"]["output_guardrails"])
    assert "input_guardrails" in result["detections"]
    assert result["usage"]["totalTokens"] > 0


@both_modes
def test_tool_arguments_stay_json(gateway: Gateway, mode: str) -> None:
    gateway.model.says("", arguments=ARGUMENTS)
    result = call(gateway, mode, tool=TOOL["function"])
    assert result["error"] is None
    assert result["calls"] == [{"toolName": TOOL["function"]["name"], "input": REDACTED_ARGUMENTS}]
    assert result["finishReason"] == "tool-calls"


@both_modes
def test_reasoning_is_guarded_too(gateway: Gateway, mode: str) -> None:
    gateway.model.says("Yes. ", reasoning=SAID)
    result = call(gateway, mode)
    assert (result["text"].rstrip(), result["reasoning"].rstrip()) == ("Yes.", REDACTED.rstrip())


def test_signs_of_life_while_text_is_held_do_not_disturb(gateway: Gateway) -> None:
    gateway.hold_until(COMMENT)
    result = call(gateway, "stream", "restless")
    assert (result["heard"], result["error"]) == (HELD, None)


@both_modes
def test_the_input_block_is_an_error_that_nobody_repeats(gateway: Gateway, mode: str) -> None:
    error = call(gateway, mode, "block", f"Tell me about {BANNED}.")["error"]
    assert (error["status"], error["message"]) == (400, NOTICE)
    assert_refused(json.loads(error["body"]))
    assert gateway.wire.response.status == 400
    assert gateway.model.requests == []


@pytest.mark.parametrize("ending", [Ending.DEATH, Ending.ERROR_FRAME], ids=["death", "error"])
def test_a_broken_stream_is_an_error_after_the_safe_text(gateway: Gateway, ending: Ending) -> None:
    gateway.model.says(SAID, ending=ending)
    result = call(gateway, "stream")
    assert result["heard"] == REDACTED
    assert result["error"] is not None
