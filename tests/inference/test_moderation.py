"""The moderation-shaped backend, and what all backends behind HTTP have in common, against a real server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from proxy.config.backends import ModerationSettings
from proxy.guard.checks import Exchange, Reading
from proxy.inference.moderation import moderation
from proxy.inference.remote import MAX_ANSWER, BackendFailure
from proxy.upstream.client import UpstreamClient
from tests.inference.services import Answer, Service, always, serving

KEY = "sk-moderation-secret"
SCORES = {"violence": 0.25, "sexual": 0.75}
GOOD = {"id": "modr-1", "model": "m", "results": [{"flagged": True, "categories": {}, "category_scores": SCORES}]}


def settings(service: Service, **fields: Any) -> ModerationSettings:
    headers = (("Authorization", f"Bearer {KEY}"),)
    return ModerationSettings(name="mod", url=f"{service.url}/v1/moderations?key={KEY}", headers=headers, **fields)


async def read(answer: Answer, text: str = "some text", **fields: Any) -> tuple[Reading, Service]:
    async with serving(answer) as service, UpstreamClient() as client:
        backend = moderation(settings(service, **fields), client)
        try:
            return await backend.read(text, Exchange()), service
        finally:
            await backend.aclose()


async def test_category_scores_become_scores() -> None:
    reading, service = await read(always(GOOD), "héllo \U0001f600", model="omni")
    assert reading == Reading(scores=SCORES)
    assert service.asked == [{"input": "héllo \U0001f600", "model": "omni"}]
    assert service.headers[0]["authorization"] == f"Bearer {KEY}"
    assert service.headers[0]["content-type"] == "application/json"


async def test_without_a_model_none_is_asked_for_and_null_scores_are_left_out() -> None:
    answer = {"results": [{"category_scores": {"violence": 0.5, "illicit": None}}]}
    reading, service = await read(always(answer))
    assert reading.scores == {"violence": 0.5}
    assert service.asked == [{"input": "some text"}]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"results": []},
        {"results": [GOOD["results"][0]] * 2},
        {"results": [{"flagged": True}]},
        {"results": [{"category_scores": {"violence": "0.5"}}]},
        {"results": [{"category_scores": {"violence": 1.5}}]},
        {"results": [{"category_scores": {"violence": -0.1}}]},
        {"results": [{"category_scores": {"violence": True}}]},
        {"error": {"message": f"wrong key {KEY}"}},
    ],
)
async def test_another_form_is_a_failure(answer: object) -> None:
    with pytest.raises(BackendFailure, match="backend `mod`: its answer is not of the expected form"):
        await read(always(answer))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"results":[{"category_scores":{"a":1e999}}]}']
)
async def test_what_is_no_json_is_a_failure(body: bytes) -> None:
    async def answer(service: Service, request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type="application/json")

    with pytest.raises(BackendFailure, match="not of the expected form"):
        await read(answer)


async def test_an_error_names_the_backend_and_neither_key_nor_words_of_the_server() -> None:
    with pytest.raises(BackendFailure) as caught:
        await read(always({"error": f"no such key: {KEY}"}, status=401))
    assert str(caught.value) == "backend `mod`: HTTP status 401"
    assert caught.value.__cause__ is None


async def test_a_body_over_the_limit_is_a_failure() -> None:
    async def answer(service: Service, request: web.Request) -> web.StreamResponse:
        return web.Response(body=json.dumps(GOOD).encode() + b" " * MAX_ANSWER, content_type="application/json")

    with pytest.raises(BackendFailure, match="larger than"):
        await read(answer)


async def test_a_server_that_is_not_there_is_a_failure() -> None:
    async with serving(always(GOOD)) as gone:
        pass
    async with UpstreamClient() as client:
        with pytest.raises(BackendFailure, match="backend `mod`: no connection"):
            await moderation(settings(gone), client).read("text", Exchange())


async def silent(service: Service, request: web.Request) -> web.StreamResponse:
    await service.go_on.wait()
    return web.json_response(GOOD)


async def test_silence_ends_at_the_timeout() -> None:
    with pytest.raises(BackendFailure, match=r"backend `mod`: (no answer within 0\.2 seconds|upstream timeout)"):
        await read(silent, timeout=0.2)


async def test_the_same_text_is_asked_once() -> None:
    async with serving(silent) as service, UpstreamClient() as client:
        backend = moderation(settings(service), client)
        tasks = [asyncio.create_task(backend.read("text", Exchange(question=str(each)))) for each in range(3)]
        await service.arrived.wait()
        tasks[0].cancel()
        service.go_on.set()
        assert [reading.scores for reading in await asyncio.gather(*tasks[1:])] == [SCORES, SCORES]
        assert (await backend.read("text", Exchange())).scores == SCORES
        assert len(service.asked) == 1
        await backend.aclose()


async def test_a_failure_is_not_kept() -> None:
    async def answer(service: Service, request: web.Request) -> web.StreamResponse:
        return web.json_response(GOOD, status=500 if len(service.asked) == 1 else 200)

    async with serving(answer) as service, UpstreamClient() as client:
        backend = moderation(settings(service), client)
        with pytest.raises(BackendFailure):
            await backend.read("text", Exchange())
        assert (await backend.read("text", Exchange())).scores == SCORES


async def test_no_more_requests_than_allowed_are_under_way() -> None:
    async def answer(service: Service, request: web.Request) -> web.StreamResponse:
        if len(service.asked) == 2:
            service.go_on.set()
        await service.go_on.wait()
        return web.json_response(GOOD)

    async with serving(answer) as service, UpstreamClient() as client:
        backend = moderation(settings(service, max_concurrency=2), client)
        await asyncio.gather(*(backend.read(f"text {number}", Exchange()) for number in range(8)))
        assert (len(service.asked), service.most) == (8, 2)
