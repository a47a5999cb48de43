"""The input policy, answers that are not streamed, and restored personal data, end to end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from proxy.events import FindingMade, Stage, StreamClosed, StreamOutcome
from proxy.guard.findings import Action
from tests.support.frames import payloads, said
from tests.support.proxies import ask, configuration, deployment, policy, tidegate
from tests.support.upstreams import Connection, completion, delta, upstream

EMPTY: dict[str, object] = {"summary": {}, "details": {}, "result_message": None}


def echo(text: str) -> Any:
    async def script(connection: Connection) -> None:
        if connection.json.get("stream"):
            await connection.events(*(delta(character) for character in text), delta(finish="stop"))
        else:
            await connection.whole(json.dumps(completion(text, timings={"ms": 1})).encode())

    return script


def saying(text: str, **fields: object) -> dict[str, object]:
    return ask(messages=[{"role": "user", "content": text}], **fields)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_blocked_request_never_reaches_the_upstream(stream: bool) -> None:
    async with upstream(echo("hi")) as model:
        guarded = deployment(model.url, input_policy=policy(keyword_detector=Action.BLOCK))
        async with tidegate(configuration(guarded)) as proxy:
            async with proxy.post(body=saying("this is forbidden", stream=stream)) as response:
                body = await response.json()
            assert response.status == 400
            assert body["error"]["code"] == "input_guardrails_violation"
            assert body.keys() == {"error", "enkrypt_policy_detections"}
            detections = body["enkrypt_policy_detections"]
            assert detections["input_guardrails"]["summary"] == {"keyword_detected": 1}
            assert detections["output_guardrails"] == EMPTY
            assert "forbidden" not in json.dumps(body)
            (found,) = proxy.recorder.all(FindingMade)
            assert (found.stage, found.action) == (Stage.INPUT, "block")
            assert not proxy.recorder.all(StreamClosed)
            assert proxy.admission.active == 0
        assert not model.asked


async def test_a_redacted_request_goes_upstream_redacted() -> None:
    async with upstream(echo("hi")) as model:
        guarded = deployment(model.url, input_policy=policy(keyword_detector=Action.REDACT))
        async with tidegate(configuration(guarded)) as proxy, proxy.post(body=saying("a forbidden word")) as response:
            await response.read()
    (asked,) = model.asked
    assert asked.json["messages"] == [{"role": "user", "content": "a [KEYWORD_1] word"}]


async def test_content_that_cannot_be_read_is_refused_under_an_enforcing_policy() -> None:
    parts = [{"type": "image_url", "image_url": {"url": "http://localhost/x.png"}}]
    body = ask(messages=[{"role": "user", "content": parts}])
    async with upstream(echo("hi")) as model:
        guarded = deployment(model.url, input_policy=policy(keyword_detector=Action.BLOCK))
        async with tidegate(configuration(guarded)) as proxy, proxy.post(body=body) as response:
            assert response.status == 400
            error = (await response.json())["error"]
    assert (error["code"], error["param"]) == ("unseen_content", "messages[0].content[0]")


async def test_a_whole_answer_passes_with_both_sections() -> None:
    async with upstream(echo("Hello")) as model, tidegate(configuration(deployment(model.url))) as proxy:
        async with proxy.post(body=ask(stream=False)) as response:
            body = await response.json()
        assert response.status == 200
        assert response.content_type == "application/json"
        assert body == completion("Hello", timings={"ms": 1}) | {
            "enkrypt_policy_detections": {"input_guardrails": EMPTY, "output_guardrails": EMPTY}
        }
        assert not (await proxy.recorder.first(StreamClosed)).streamed


@pytest.mark.parametrize("action", [Action.REDACT, Action.BLOCK])
async def test_streamed_and_whole_answers_say_the_same(action: Action) -> None:
    text = "The secret plan is forbidden. The secret garden is not."
    async with upstream(echo(text)) as model:
        guarded = deployment(model.url, output_policy=policy(keyword_detector=action))
        async with tidegate(configuration(guarded)) as proxy:
            async with proxy.post(body=ask(stream=False)) as response:
                whole = await response.json()
            async with proxy.post() as response:
                streamed = await response.read()
            outcomes = {closed.outcome for closed in proxy.recorder.all(StreamClosed)}
    (choice,) = whole["choices"]
    last = [payload for payload in payloads(streamed) if payload["choices"]][-1]
    assert said(streamed) == choice["message"]["content"]
    assert last["choices"][0]["finish_reason"] == choice["finish_reason"]
    sections = whole["enkrypt_policy_detections"]
    assert last["enkrypt_policy_detections"]["output_guardrails"] == sections["output_guardrails"]
    assert outcomes == {StreamOutcome.BLOCKED if action is Action.BLOCK else StreamOutcome.COMPLETED}


@pytest.mark.parametrize("stream", [True, False])
async def test_personal_data_is_hidden_from_the_upstream_and_restored_for_the_client(stream: bool) -> None:
    async def script(connection: Connection) -> None:
        messages: Any = connection.json["messages"]
        await echo(f"You wrote: {messages[0]['content']}")(connection)

    async with upstream(script) as model:
        private = deployment(model.url, input_policy=policy(pii=Action.REDACT), pii_redaction=True)
        asked = saying("I am ada@example.com, 10.1.2.3", stream=stream)
        async with tidegate(configuration(private)) as proxy, proxy.post(body=asked) as response:
            body = await response.read()
    assert b"ada@example.com" not in model.asked[0].body
    text = said(body) if stream else json.loads(body)["choices"][0]["message"]["content"]
    assert text == "You wrote: I am ada@example.com, 10.1.2.3"
