"""The client of the API whose vocabulary Tidegate speaks. It does not stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.gateway import (
    BANNED_MESSAGES,
    BLOCKED,
    KEY,
    MESSAGES,
    NOTICE,
    PROMPT,
    REDACTED,
    Gateway,
    assert_refused,
    assert_reported,
)
from tests.conformance.processes import require_packages

if TYPE_CHECKING:
    from enkryptai_sdk import AIProxyClient  # type: ignore[import-untyped]


@pytest.fixture
def client(gateway: Gateway) -> AIProxyClient:
    require_packages("enkryptai_sdk")
    from enkryptai_sdk import AIProxyClient

    return AIProxyClient(api_key=KEY, base_url=gateway.wire.url)


@pytest.mark.parametrize(
    ("deployment", "text", "reason"),
    [("redact", REDACTED, "stop"), ("block", BLOCKED, "content_filter")],
    ids=["redact", "block"],
)
def test_an_answer_with_its_detections(client: AIProxyClient, deployment: str, text: str, reason: str) -> None:
    answer = client.chat({"messages": MESSAGES}, deployment_name=deployment)
    assert answer.choices[0].message.content == text
    assert answer.choices[0].finish_reason == reason
    assert answer.usage.total_tokens > 0
    assert answer.enkrypt_policy_detections.keys() == {"input_guardrails", "output_guardrails"}
    assert_reported(answer.enkrypt_policy_detections["output_guardrails"])


def test_what_the_client_adds_is_taken_and_not_passed_on(client: AIProxyClient, gateway: Gateway) -> None:
    request = {"messages": MESSAGES, "enkrypt_context": "Maria is a customer.", "temperature": 0.5, "max_tokens": 64}
    answer = client.chat(request, deployment_name="redact", tags="tests,conformance", refresh_cache=True)
    assert answer.choices[0].message.content == REDACTED
    (sent,) = gateway.model.requests
    assert sent["messages"] == [{"role": "user", "content": PROMPT}]
    assert (sent["temperature"], sent["max_tokens"]) == (0.5, 64)
    assert "enkrypt_context" not in sent


def test_the_input_block_is_a_typed_error_with_detections(client: AIProxyClient, gateway: Gateway) -> None:
    from enkryptai_sdk.dto import ChatCompletionErrorResponse  # type: ignore[import-untyped]

    answer = client.chat({"messages": BANNED_MESSAGES}, deployment_name="block", return_error=True)
    assert isinstance(answer, ChatCompletionErrorResponse)
    assert (answer.error.code, answer.error.message) == ("input_guardrails_violation", NOTICE)
    assert answer.error.type == "invalid_request_error"
    assert_refused({"error": vars(answer.error), "enkrypt_policy_detections": answer.enkrypt_policy_detections})
    assert gateway.wire.response.status == 400
    assert gateway.model.requests == []


def test_the_input_block_is_raised_where_errors_are_not_asked_for(client: AIProxyClient) -> None:
    from enkryptai_sdk.ai_proxy import AIProxyClientError  # type: ignore[import-untyped]

    with pytest.raises(AIProxyClientError, match="input_guardrails_violation"):
        client.chat({"messages": BANNED_MESSAGES}, deployment_name="block")


def test_a_wrong_key_and_a_wrong_deployment(client: AIProxyClient, gateway: Gateway) -> None:
    from enkryptai_sdk import AIProxyClient

    stranger = AIProxyClient(api_key="some-other-key-of-somebody", base_url=gateway.wire.url)
    refused = stranger.chat({"messages": MESSAGES}, deployment_name="redact", return_error=True)
    assert refused.error.code == "invalid_api_key"
    unknown = client.chat({"messages": MESSAGES}, deployment_name="no-such-deployment", return_error=True)
    assert unknown.error.code == "deployment_not_found"
    assert [response.status for response in gateway.wire.responses] == [401, 404]
