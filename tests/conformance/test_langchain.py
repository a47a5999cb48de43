"""LangChain's chat model for OpenAI-compatible servers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.conformance.gateway import (
    ARGUMENTS,
    BANNED,
    BLOCKED,
    COMMENT,
    HELD,
    KEY,
    PROMPT,
    REDACTED,
    REDACTED_ARGUMENTS,
    SAID,
    TOOL,
    Gateway,
    assert_refused,
)
from tests.conformance.processes import require_packages
from tests.conformance.scripted_model import Ending

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

deployments = pytest.mark.parametrize(
    ("model", "text", "reason"),
    [("redact", REDACTED, "stop"), ("block", BLOCKED, "content_filter")],
    ids=["redact", "block"],
)


@pytest.fixture
def chat(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ChatOpenAI]:
    """Makes the chat model of a deployment."""
    require_packages("langchain_openai")
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    # It would otherwise offer its traces to a service elsewhere where the environment says so.
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    return lambda model: ChatOpenAI(model=model, base_url=gateway.openai_url, api_key=SecretStr(KEY))


@deployments
def test_invoke(chat: Callable[[str], ChatOpenAI], model: str, text: str, reason: str) -> None:
    message = chat(model).invoke(PROMPT)
    assert message.content == text
    assert message.response_metadata["finish_reason"] == reason
    assert message.usage_metadata is not None
    assert message.usage_metadata["total_tokens"] > 0


@deployments
def test_stream(chat: Callable[[str], ChatOpenAI], model: str, text: str, reason: str) -> None:
    first, *rest = chat(model).stream(PROMPT, stream_usage=True)
    whole = sum(rest, start=first)
    assert whole.content == text
    assert whole.response_metadata["finish_reason"] == reason
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["total_tokens"] > 0


@deployments
async def test_astream(chat: Callable[[str], ChatOpenAI], model: str, text: str, reason: str) -> None:
    pieces = [piece async for piece in chat(model).astream(PROMPT)]
    assert "".join(str(piece.content) for piece in pieces) == text
    assert [r for piece in pieces if (r := piece.response_metadata.get("finish_reason"))] == [reason]


def test_text_arrives_before_the_model_has_finished(gateway: Gateway, chat: Callable[[str], ChatOpenAI]) -> None:
    heard = threading.Event()
    gateway.model.says(SAID, pause=heard.wait)
    text = ""
    for piece in chat("redact").stream(PROMPT):
        text += str(piece.content)
        if text == REDACTED:
            heard.set()
    assert text == REDACTED


def test_signs_of_life_while_text_is_held_do_not_disturb(gateway: Gateway, chat: Callable[[str], ChatOpenAI]) -> None:
    gateway.hold_until(COMMENT)
    assert "".join(str(piece.content) for piece in chat("restless").stream(PROMPT)) == HELD


def test_bound_tools_are_called_with_redacted_arguments(gateway: Gateway, chat: Callable[[str], ChatOpenAI]) -> None:
    gateway.model.says("", arguments=ARGUMENTS)
    bound = chat("redact").bind_tools([TOOL])
    first, *rest = bound.stream(PROMPT)
    for message in (bound.invoke(PROMPT), sum(rest, start=first)):
        assert [call["args"] for call in message.tool_calls] == [REDACTED_ARGUMENTS]
        assert message.invalid_tool_calls == []


def test_the_input_block_is_a_bad_request_that_nobody_repeats(
    gateway: Gateway, chat: Callable[[str], ChatOpenAI]
) -> None:
    import openai

    for ask in (chat("block").invoke, lambda prompt: list(chat("block").stream(prompt))):
        with pytest.raises(openai.BadRequestError) as caught:
            ask(f"Tell me about {BANNED}.")
        assert caught.value.code == "input_guardrails_violation"
        assert_refused(caught.value.response.json())
    assert len(gateway.wire.responses) == 2
    assert gateway.model.requests == []


@pytest.mark.parametrize(
    ("ending", "code"), [(Ending.DEATH, "upstream_error"), (Ending.ERROR_FRAME, "asleep")], ids=["death", "error"]
)
def test_a_broken_stream_is_an_api_error(
    gateway: Gateway, chat: Callable[[str], ChatOpenAI], ending: Ending, code: str
) -> None:
    import openai

    gateway.model.says(SAID, ending=ending)
    text = ""
    with pytest.raises(openai.APIError) as caught:  # noqa: PT012 - what came before counts as well
        for piece in chat("redact").stream(PROMPT):
            text += str(piece.content)
    assert caught.value.code == code
    assert text == REDACTED
