"""A model server that none of us wrote, llama.cpp's, made to say what the guard is there for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.gateway import (
    BLOCKED,
    EMAIL,
    KEY,
    MESSAGES,
    REDACTED,
    SAID,
    USER_EMAIL,
    assert_reported,
)
from tests.conformance.llama_server import only
from tests.conformance.processes import require_packages
from tests.conformance.wire import Wire

if TYPE_CHECKING:
    import openai

EXPECTED = {"redact": (REDACTED, "stop"), "block": (BLOCKED, "content_filter")}
deployments = pytest.mark.parametrize("model", ["redact", "block"])


@pytest.fixture
def client(llama_wire: Wire) -> Iterator[openai.OpenAI]:
    require_packages("openai")
    import openai

    with openai.OpenAI(base_url=f"{llama_wire.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


def request(model: str, said: str = SAID, **fields: Any) -> dict[str, Any]:
    """A request that leaves the model nothing else to say. ``grammar`` is a field that Tidegate does not know."""
    return {"model": model, "messages": MESSAGES, "temperature": 0, "extra_body": {"grammar": only(said)}} | fields


def streamed(client: openai.OpenAI, **fields: Any) -> tuple[str, str | None, list[dict[str, Any]]]:
    """Text, finish reason and detections of a streamed answer."""
    text, reason, detections = "", None, []
    for chunk in client.chat.completions.create(stream=True, **fields):
        detections += [extra] if (extra := (chunk.model_extra or {}).get("enkrypt_policy_detections")) else []
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reason = choice.finish_reason or reason
    return text, reason, detections


@deployments
def test_a_streamed_answer(client: openai.OpenAI, model: str) -> None:
    text, reason, detections = streamed(client, **request(model))
    assert (text, reason) == EXPECTED[model]
    assert_reported(detections[-1]["output_guardrails"])


@deployments
def test_a_whole_answer(client: openai.OpenAI, model: str) -> None:
    completion = client.chat.completions.create(**request(model))
    choice = completion.choices[0]
    assert (choice.message.content, choice.finish_reason) == EXPECTED[model]
    assert_reported((completion.model_extra or {})["enkrypt_policy_detections"]["output_guardrails"])


@deployments
def test_usage(client: openai.OpenAI, model: str) -> None:
    *_, last = client.chat.completions.create(stream=True, stream_options={"include_usage": True}, **request(model))
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.total_tokens > last.usage.prompt_tokens > 0


def test_the_model_really_streams_in_small_pieces(client: openai.OpenAI, llama_wire: Wire) -> None:
    harmless = "no need to hold any of this. "
    assert streamed(client, **request("redact", harmless))[0] == harmless
    # Role, finish and [DONE] are frames as well; a server that had said it all at once would send no more than these.
    assert llama_wire.response.body.count(b"data: ") > 6


def test_what_was_hidden_from_the_model_comes_back(client: openai.OpenAI) -> None:
    messages = [{"role": "user", "content": f"Write to {USER_EMAIL}."}]
    said = request("restore", "I have written to <EMAIL_ADDRESS_0>. ", messages=messages)
    assert streamed(client, **said)[0] == f"I have written to {USER_EMAIL}. "


def test_logprobs_tell_no_more_than_the_text(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(stream=True, logprobs=True, top_logprobs=3, **request("redact"))
    said = [choice for chunk in stream for choice in chunk.choices]
    tokens = [entry.token for choice in said for entry in (choice.logprobs and choice.logprobs.content) or ()]
    assert "".join(choice.delta.content or "" for choice in said) == REDACTED
    assert EMAIL not in "".join(tokens)


def test_an_error_of_the_model_comes_before_the_stream(client: openai.OpenAI) -> None:
    import openai

    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(**request("redact") | {"extra_body": {"grammar": "root ::= ("}, "stream": True})
