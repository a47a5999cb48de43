"""OpenAI's client for Python, calling ``create``."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.gateway import (
    ARGUMENTS,
    BANNED_MESSAGES,
    BLOCKED,
    COMMENT,
    DEPLOYMENTS,
    HELD,
    KEY,
    MESSAGES,
    NOTICE,
    REDACTED,
    REDACTED_ARGUMENTS,
    SAID,
    TOOL,
    USER_EMAIL,
    Gateway,
    assert_refused,
    assert_reported,
)
from tests.conformance.processes import require_packages
from tests.conformance.scripted_model import Ending

if TYPE_CHECKING:
    import openai

both_modes = pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])


@pytest.fixture
def client(gateway: Gateway) -> Iterator[openai.OpenAI]:
    require_packages("openai")
    import openai

    with openai.OpenAI(base_url=gateway.openai_url, api_key=KEY) as client:
        yield client


def answer(client: openai.OpenAI, streamed: bool, **request: Any) -> dict[str, Any]:
    """The answer as one object, put together from chunks where it came in these."""
    request = {"model": "redact", "messages": MESSAGES} | request
    if not streamed:
        completion: dict[str, Any] = client.chat.completions.create(**request).model_dump()
        return completion
    choices: dict[int, dict[str, Any]] = {}
    whole: dict[str, Any] = {"enkrypt_policy_detections": {}}
    for chunk in client.chat.completions.create(stream=True, **request):
        whole["usage"] = chunk.usage
        whole["enkrypt_policy_detections"] |= (chunk.model_extra or {}).get("enkrypt_policy_detections", {})
        for part in chunk.choices:
            choice = choices.setdefault(
                part.index, {"message": {"content": "", "arguments": ""}, "logprobs": {"content": []}}
            )
            choice["message"]["content"] += part.delta.content or ""
            choice["message"]["arguments"] += "".join(
                call.function.arguments or "" for call in part.delta.tool_calls or () if call.function
            )
            choice["logprobs"]["content"] += (part.logprobs and part.logprobs.to_dict()["content"]) or []
            choice["finish_reason"] = part.finish_reason
    return whole | {"choices": [choices[index] for index in sorted(choices)]}


def tokens(choice: dict[str, Any]) -> list[str]:
    """The tokens of a choice whose log probabilities were delivered."""
    return [entry["token"] for entry in (choice["logprobs"] or {}).get("content") or ()]


@both_modes
def test_what_is_forbidden_is_redacted(client: openai.OpenAI, streamed: bool) -> None:
    received = answer(client, streamed)
    assert received["choices"][0]["message"]["content"] == REDACTED
    assert received["choices"][0]["finish_reason"] == "stop"


@both_modes
@pytest.mark.parametrize("cut", [1, 2, 7, 1000])
def test_the_cut_of_the_deltas_does_not_show(client: openai.OpenAI, gateway: Gateway, streamed: bool, cut: int) -> None:
    gateway.model.says(SAID, cut=cut)
    assert answer(client, streamed)["choices"][0]["message"]["content"] == REDACTED


@both_modes
def test_the_detections_can_be_read_and_show_no_secret(client: openai.OpenAI, streamed: bool) -> None:
    detections = answer(client, streamed)["enkrypt_policy_detections"]
    assert detections.keys() == {"input_guardrails", "output_guardrails"}
    assert_reported(detections["output_guardrails"])


@both_modes
def test_a_block_is_a_proper_end(client: openai.OpenAI, streamed: bool) -> None:
    received = answer(client, streamed, model="block")
    assert received["choices"][0]["message"]["content"] == BLOCKED
    assert received["choices"][0]["finish_reason"] == "content_filter"
    section = received["enkrypt_policy_detections"]["output_guardrails"]
    assert_reported(section)
    assert section["result_message"] == NOTICE


@both_modes
def test_the_input_block_is_a_bad_request_that_nobody_repeats(
    client: openai.OpenAI, gateway: Gateway, streamed: bool
) -> None:
    import openai

    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="block", messages=BANNED_MESSAGES, stream=streamed)
    assert caught.value.code == "input_guardrails_violation"
    assert_refused(caught.value.response.json())
    assert gateway.wire.response.status == 400
    assert gateway.model.requests == []


@both_modes
def test_tool_arguments_stay_json(client: openai.OpenAI, gateway: Gateway, streamed: bool) -> None:
    gateway.model.says("", arguments=ARGUMENTS, cut=2)
    choice = answer(client, streamed, tools=[TOOL])["choices"][0]
    calls = choice["message"].get("tool_calls") or [{"function": choice["message"]}]
    assert json.loads(calls[0]["function"]["arguments"]) == REDACTED_ARGUMENTS
    assert choice["finish_reason"] == "tool_calls"


@both_modes
def test_each_choice_is_guarded_by_itself(client: openai.OpenAI, gateway: Gateway, streamed: bool) -> None:
    gateway.model.says((SAID, "Nothing to see here. "))
    choices = answer(client, streamed, model="block", n=2)["choices"]
    assert [choice["message"]["content"] for choice in choices] == [BLOCKED, "Nothing to see here. "]
    assert [choice["finish_reason"] for choice in choices] == ["content_filter", "stop"]


@both_modes
@pytest.mark.parametrize("model", ["redact", "block"])
def test_usage_is_reported(client: openai.OpenAI, streamed: bool, model: str) -> None:
    wanted = {"stream_options": {"include_usage": True}} if streamed else {}
    usage = answer(client, streamed, model=model, **wanted)["usage"]
    counts = usage if isinstance(usage, dict) else usage.model_dump()
    assert counts["prompt_tokens"] + counts["completion_tokens"] == counts["total_tokens"] > 0


@both_modes
@pytest.mark.parametrize("model", ["redact", "block"])
def test_logprobs_tell_no_more_than_the_text(client: openai.OpenAI, streamed: bool, model: str) -> None:
    (choice,) = answer(client, streamed, model=model, logprobs=True)["choices"]
    assert all(token in choice["message"]["content"] for token in tokens(choice))


@both_modes
def test_logprobs_of_harmless_text_are_delivered(client: openai.OpenAI, gateway: Gateway, streamed: bool) -> None:
    gateway.model.says("1 + 1 = 2! ", cut=2)
    (choice,) = answer(client, streamed, logprobs=True)["choices"]
    assert "".join(tokens(choice)) == "1 + 1 = 2! "


@both_modes
def test_reasoning_is_guarded_too(client: openai.OpenAI, gateway: Gateway, streamed: bool) -> None:
    gateway.model.says("Yes. ", reasoning=SAID)
    request: Any = {"model": "redact", "messages": MESSAGES}
    if streamed:
        chunks = client.chat.completions.create(stream=True, **request)
        deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    else:
        deltas = [choice.message for choice in client.chat.completions.create(**request).choices]
    assert "".join(delta.content or "" for delta in deltas) == "Yes. "
    assert "".join((delta.model_extra or {}).get("reasoning_content") or "" for delta in deltas) == REDACTED


@both_modes
def test_what_was_hidden_from_the_model_comes_back(client: openai.OpenAI, gateway: Gateway, streamed: bool) -> None:
    gateway.model.says("I have written to <EMAIL_ADDRESS_0>. ", cut=1)
    messages = [{"role": "user", "content": f"Write to {USER_EMAIL}."}]
    received = answer(client, streamed, model="restore", messages=messages)
    assert received["choices"][0]["message"]["content"] == f"I have written to {USER_EMAIL}. "
    assert gateway.model.requests[0]["messages"] == [{"role": "user", "content": "Write to <EMAIL_ADDRESS_0>."}]


def test_text_arrives_before_the_model_has_finished(client: openai.OpenAI, gateway: Gateway) -> None:
    heard = threading.Event()
    gateway.model.says(SAID, pause=heard.wait)
    text = ""
    for chunk in client.chat.completions.create(model="redact", messages=MESSAGES, stream=True):
        text += chunk.choices[0].delta.content or ""
        if text == REDACTED:
            heard.set()
    assert text == REDACTED


def test_signs_of_life_while_text_is_held_do_not_disturb(client: openai.OpenAI, gateway: Gateway) -> None:
    gateway.hold_until(COMMENT)
    assert answer(client, True, model="restless")["choices"][0]["message"]["content"] == HELD


@pytest.mark.parametrize(
    ("ending", "code"), [(Ending.DEATH, "upstream_error"), (Ending.ERROR_FRAME, "asleep")], ids=["death", "error"]
)
def test_a_broken_stream_is_an_api_error(client: openai.OpenAI, gateway: Gateway, ending: Ending, code: str) -> None:
    import openai

    gateway.model.says(SAID, ending=ending)
    text = ""
    with pytest.raises(openai.APIError) as caught:  # noqa: PT012 - what came before counts as well
        for chunk in client.chat.completions.create(model="redact", messages=MESSAGES, stream=True):
            text += chunk.choices[0].delta.content or ""
    assert caught.value.code == code
    assert text == REDACTED
    assert b"[DONE]" not in gateway.wire.response.body


@both_modes
def test_an_error_of_the_model_keeps_its_status_and_code(
    client: openai.OpenAI, gateway: Gateway, streamed: bool
) -> None:
    import openai

    gateway.model.says("", status=429)
    with pytest.raises(openai.RateLimitError) as caught:
        client.with_options(max_retries=0).chat.completions.create(model="redact", messages=MESSAGES, stream=streamed)
    assert caught.value.code == "unwell"


def test_a_wrong_key_is_an_authentication_error(client: openai.OpenAI, gateway: Gateway) -> None:
    import openai

    with pytest.raises(openai.AuthenticationError) as caught:
        client.with_options(api_key="some-other-key-of-somebody").chat.completions.create(
            model="redact", messages=MESSAGES
        )
    assert caught.value.code == "invalid_api_key"
    assert gateway.wire.response.status == 401


def test_an_unknown_deployment_is_not_found(client: openai.OpenAI) -> None:
    import openai

    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="no-such-deployment", messages=MESSAGES)
    assert caught.value.code == "model_not_found"


def test_a_field_out_of_range_is_named(client: openai.OpenAI, gateway: Gateway) -> None:
    import openai

    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="redact", messages=MESSAGES, temperature=99)
    assert caught.value.param == "temperature"
    assert gateway.model.requests == []


def test_the_models_are_the_deployments(client: openai.OpenAI) -> None:
    assert {model.id for model in client.models.list()} == set(DEPLOYMENTS)
    assert client.models.retrieve("redact").id == "redact"


@both_modes
def test_the_other_route_takes_the_header_and_ignores_the_model(gateway: Gateway, streamed: bool) -> None:
    require_packages("openai")
    import openai

    headers = {"apikey": KEY, "X-Enkrypt-Deployment": "redact"}
    with openai.OpenAI(
        base_url=f"{gateway.wire.url}/ai-proxy", api_key="not-a-key-of-ours", default_headers=headers
    ) as client:
        received = answer(client, streamed, model="whatever")
    assert received["choices"][0]["message"]["content"] == REDACTED
