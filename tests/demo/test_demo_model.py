"""The demo model over a real socket: its streams, its pace, and its errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from aiohttp.test_utils import TestClient, TestServer

from proxy.demo.model import DemoModel, Listener, Pace
from proxy.demo.script import MODEL
from proxy.protocol.sse import DONE_DATA, SSEDecoder


class Sleeper:
    """Notes every sleep instead of taking it."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


class Ear(Listener):
    def __init__(self) -> None:
        self.heard: list[Mapping[str, object]] = []

    def said(self, answer: Mapping[str, object]) -> None:
        self.heard.append(answer)


def client_of(model: DemoModel) -> TestClient[Any, Any]:
    return TestClient(TestServer(model.application()))


def body(prompt: str = "poem", **fields: object) -> dict[str, object]:
    return {"model": MODEL, "messages": [{"role": "user", "content": prompt}], **fields}


async def test_a_stream_is_the_script_and_then_done() -> None:
    ear = Ear()
    async with client_of(DemoModel(Pace(0, 0), listener=ear, clock=lambda: 1234.5)) as client:
        response = await client.post("/v1/chat/completions", json=body(stream=True))
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        events = [event.data for event in SSEDecoder(1_000_000).feed(await response.read())]
    assert events[-1] == DONE_DATA
    chunks = [orjson.loads(event) for event in events[:-1]]
    assert chunks == ear.heard
    assert {chunk["created"] for chunk in chunks} == {1234}
    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert text.startswith("The tide comes in")


async def test_the_pace_is_kept() -> None:
    sleeper = Sleeper()
    async with client_of(DemoModel(Pace(first_token=0.5, token=0.01), sleep=sleeper)) as client:
        await (await client.post("/v1/chat/completions", json=body("repeat: 12345", stream=True))).read()
    # the role, one token, the finish_reason
    assert sleeper.slept == [0.5, 0.01, 0.01, 0.01]


async def test_a_whole_answer_takes_as_long_as_its_tokens() -> None:
    sleeper = Sleeper()
    async with client_of(DemoModel(Pace(first_token=0.5, token=0.25), sleep=sleeper)) as client:
        answer = await (await client.post("/v1/chat/completions", json=body("repeat: 12345"))).json()
    assert sleeper.slept == [0.75]
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["message"]["content"] == "12345"


async def test_the_same_request_gets_the_same_answer() -> None:
    async with client_of(DemoModel(Pace(0, 0), clock=lambda: 0.0)) as client:
        answers = [await (await client.post("/v1/chat/completions", json=body("hm"))).read() for _ in range(2)]
    assert answers[0] == answers[1]


async def test_models_are_listed() -> None:
    async with client_of(DemoModel()) as client:
        listing = await (await client.get("/v1/models")).json()
    assert [model["id"] for model in listing["data"]] == [MODEL]


@pytest.mark.parametrize(
    ("raw", "status", "param", "code"),
    [
        (b"{", 400, None, "invalid_json"),
        (b"{}", 400, "messages", "missing_required_parameter"),
        (b'{"messages": "hi"}', 400, "messages", "invalid_type"),
        (b'{"messages": [{"role": "user", "content": "x"}], "n": 0}', 400, "n", "invalid_value"),
        (
            b'{"model": "gpt", "messages": [{"role": "user", "content": "x"}]}',
            404,
            "model",
            "model_not_found",
        ),
    ],
)
async def test_a_bad_request_gets_an_openai_error_object(raw: bytes, status: int, param: str | None, code: str) -> None:
    async with client_of(DemoModel(Pace(0, 0))) as client:
        response = await client.post("/v1/chat/completions", data=raw)
        answer = await response.json()
    assert response.status == status
    assert answer["error"]["param"] == param
    assert answer["error"]["code"] == code
    assert answer["error"]["message"]
    assert answer["error"]["type"] == "invalid_request_error"
