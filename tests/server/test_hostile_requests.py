"""Whatever a request says, wherever it says it, the input policy has seen it before a model does."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from proxy.guard.findings import Action
from tests.support.proxies import ask, configuration, deployment, policy, tidegate
from tests.support.upstreams import Connection, completion, upstream

ADDRESS = "alice@example.com"
HIDING: dict[str, Any] = {"input_policy": policy(pii=Action.REDACT), "pii_redaction": True}
FUNCTION = {
    "name": "lookup",
    "description": ADDRESS,
    "parameters": {"type": "object", "properties": {"type": {"description": ADDRESS, "enum": [ADDRESS]}}},
}
SCHEMA = {"name": "reply", "description": ADDRESS, "schema": {"description": ADDRESS}}
REQUEST: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": ADDRESS, "name": ADDRESS},
        {"role": "user", "name": ADDRESS, "content": [{"type": "text", "text": ADDRESS, "more": {"x": ADDRESS}}]},
        {"role": "assistant", "content": None, "refusal": ADDRESS, "reasoning_details": [{"text": ADDRESS}]},
        {"role": "user", "content": ADDRESS},
    ],
    "model": "any",
    "stream": False,
    "user": ADDRESS,
    "metadata": {"owner": ADDRESS},
    "prediction": {"type": "content", "content": ADDRESS},
    "tools": [{"type": "function", "function": FUNCTION}],
    "functions": [FUNCTION],
    "stop": [ADDRESS],
    "response_format": {"type": "json_schema", "json_schema": SCHEMA},
    "documents": [{"text": ADDRESS}],
}


def echo(text: str) -> Any:
    async def answer(connection: Connection) -> None:
        await connection.whole(json.dumps(completion(text)).encode())

    return answer


async def test_personal_data_is_hidden_wherever_it_stands() -> None:
    async with (
        upstream(echo("hello")) as model,
        tidegate(configuration(deployment(model.url, **HIDING))) as proxy,
        proxy.post(body=REQUEST) as response,
    ):
        assert response.status == 200
    sent = model.asked[0].body.decode()
    assert ADDRESS not in sent
    tools: Any = model.asked[0].json["tools"]
    assert tools[0]["function"]["name"] == "lookup"


async def test_a_large_request_does_not_hold_up_the_others() -> None:
    fields: dict[str, Any] = {"input_policy": policy(keyword_detector=Action.BLOCK, pii=Action.REDACT)}
    large = " ".join(f"a{number}@example.com" for number in range(20_000)) + " forbidden"
    async with (
        upstream(echo("hello")) as model,
        tidegate(configuration(deployment(model.url, **fields))) as proxy,
    ):

        async def ask_much() -> int:
            async with proxy.post(body=ask(messages=[{"role": "user", "content": large}])) as response:
                await response.read()
                return response.status

        asking = asyncio.create_task(ask_much())
        answered = 0
        while not asking.done():
            async with proxy.session.get("/healthz") as response:
                answered += response.status == 200
        assert await asking == 400
        assert answered > 5
    assert not model.asked


async def test_a_placeholder_that_the_user_typed_stands_for_nobody() -> None:
    typed = "who is <EMAIL_ADDRESS_0>, or <email_address_1>? I am " + ADDRESS
    async with (
        upstream(echo("<EMAIL_ADDRESS_0> is not <EMAIL_ADDRESS_2>")) as model,
        tidegate(configuration(deployment(model.url, **HIDING))) as proxy,
        proxy.post(body=ask(messages=[{"role": "user", "content": typed}], stream=False)) as response,
    ):
        answer = await response.json()
    assert ADDRESS not in model.asked[0].body.decode()
    assert answer["choices"][0]["message"]["content"] == "<EMAIL_ADDRESS_0> is not " + ADDRESS
