"""OpenAI's client for Python: the stream helper, raw responses, and the asynchronous client."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.gateway import (
    ARGUMENTS,
    BANNED_MESSAGES,
    BLOCKED,
    KEY,
    MESSAGES,
    REDACTED,
    REDACTED_ARGUMENTS,
    SAID,
    TOOL,
    Gateway,
    assert_refused,
    assert_reported,
)
from tests.conformance.processes import require_packages
from tests.conformance.scripted_model import Ending

if TYPE_CHECKING:
    import openai

STRICT_TOOL = TOOL | {"function": TOOL["function"] | {"strict": True}}


@pytest.fixture
def client(gateway: Gateway) -> Iterator[openai.OpenAI]:
    require_packages("openai")
    import openai

    with openai.OpenAI(base_url=gateway.openai_url, api_key=KEY) as client:
        yield client


@pytest.fixture
async def async_client(gateway: Gateway) -> AsyncIterator[openai.AsyncOpenAI]:
    require_packages("openai")
    import openai

    async with openai.AsyncOpenAI(base_url=gateway.openai_url, api_key=KEY) as client:
        yield client


def test_the_stream_helper_tells_deltas_and_the_final_completion(client: openai.OpenAI) -> None:
    usage: Any = {"include_usage": True}
    with client.chat.completions.stream(model="redact", messages=MESSAGES, stream_options=usage) as stream:
        events = list(stream)
        final = stream.get_final_completion()
    assert "".join(event.delta for event in events if event.type == "content.delta") == REDACTED
    assert [event.content for event in events if event.type == "content.done"] == [REDACTED]
    assert final.choices[0].message.content == REDACTED
    assert final.choices[0].finish_reason == "stop"
    assert final.usage is not None
    assert final.usage.total_tokens > 0


def test_the_stream_helper_parses_tool_arguments(client: openai.OpenAI, gateway: Gateway) -> None:
    gateway.model.says("", arguments=ARGUMENTS)
    with client.chat.completions.stream(model="redact", messages=MESSAGES, tools=[STRICT_TOOL]) as stream:
        (done,) = [event for event in stream if event.type == "tool_calls.function.arguments.done"]
        final = stream.get_final_completion()
    assert done.parsed_arguments == REDACTED_ARGUMENTS
    calls = final.choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].function.parsed_arguments == REDACTED_ARGUMENTS


@pytest.mark.parametrize("tools", [[], [STRICT_TOOL]], ids=["plain", "parsing"])
def test_a_block_is_the_stream_helpers_own_error_after_the_safe_text(client: openai.OpenAI, tools: list[Any]) -> None:
    import openai

    text = ""
    with (  # noqa: PT012 - what came before counts as well
        pytest.raises(openai.ContentFilterFinishReasonError),
        client.chat.completions.stream(model="block", messages=MESSAGES, tools=tools) as stream,
    ):
        for event in stream:
            text += event.delta if event.type == "content.delta" else ""
        stream.get_final_completion()
    assert text == BLOCKED


def test_raw_responses_have_the_request_id_and_the_detections(client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="redact", messages=MESSAGES, extra_headers={"x-request-id": "ours-1"}
    )
    assert raw.headers["x-request-id"] == "ours-1"
    completion = raw.parse()
    assert completion.choices[0].message.content == REDACTED
    assert_reported((completion.model_extra or {})["enkrypt_policy_detections"]["output_guardrails"])


def test_a_raw_stream_has_only_chunks_and_done(client: openai.OpenAI) -> None:
    create = client.chat.completions.with_streaming_response.create
    with create(model="redact", messages=MESSAGES, stream=True) as response:
        lines = [line for line in response.iter_lines() if line]
    assert all(line.startswith("data: {") for line in lines[:-1])
    assert lines[-1] == "data: [DONE]"


async def test_the_asynchronous_client_streams(async_client: openai.AsyncOpenAI, gateway: Gateway) -> None:
    heard = threading.Event()
    gateway.model.says(SAID, pause=heard.wait)
    text, reasons = "", []
    async for chunk in await async_client.chat.completions.create(model="redact", messages=MESSAGES, stream=True):
        text += chunk.choices[0].delta.content or ""
        reasons.append(chunk.choices[0].finish_reason)
        if text == REDACTED:
            heard.set()
    assert text == REDACTED
    assert reasons[-1] == "stop"


async def test_the_asynchronous_client_gets_a_whole_answer(async_client: openai.AsyncOpenAI) -> None:
    completion = await async_client.chat.completions.create(model="block", messages=MESSAGES)
    assert completion.choices[0].message.content == BLOCKED
    assert completion.choices[0].finish_reason == "content_filter"
    assert_reported((completion.model_extra or {})["enkrypt_policy_detections"]["output_guardrails"])


async def test_streams_side_by_side_do_not_mix(async_client: openai.AsyncOpenAI) -> None:
    async def text(model: str) -> str:
        stream = await async_client.chat.completions.create(model=model, messages=MESSAGES, stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    models = ["redact", "block"] * 6
    expected = {"redact": REDACTED, "block": BLOCKED}
    assert await asyncio.gather(*map(text, models)) == [expected[model] for model in models]


async def test_the_asynchronous_stream_helper(async_client: openai.AsyncOpenAI) -> None:
    async with async_client.chat.completions.stream(model="redact", messages=MESSAGES) as stream:
        done = [event.content async for event in stream if event.type == "content.done"]
        final = await stream.get_final_completion()
    assert done == [REDACTED]
    assert final.choices[0].message.content == REDACTED


async def test_the_asynchronous_client_raises_what_the_other_raises(
    async_client: openai.AsyncOpenAI, gateway: Gateway
) -> None:
    import openai

    with pytest.raises(openai.BadRequestError) as refused:
        await async_client.chat.completions.create(model="block", messages=BANNED_MESSAGES, stream=True)
    assert_refused(refused.value.response.json())
    gateway.model.says(SAID, ending=Ending.ERROR_FRAME)
    stream = await async_client.chat.completions.create(model="redact", messages=MESSAGES, stream=True)
    with pytest.raises(openai.APIError) as broken:
        async for _ in stream:
            pass
    assert broken.value.code == "asleep"
