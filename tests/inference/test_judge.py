"""Judges over real HTTP: what is sent, what is believed, what is kept, and how each failure ends."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from proxy.guard.checks import Brief, Exchange
from proxy.inference.judge import Judge, JudgeFailure
from proxy.upstream.client import UpstreamClient
from tests.support.judge import Answer, Asked, JudgeServer, Rule, completion, judge_server

KEY = "sk-very-secret-judge-key"
SECRET_TEXT = " ".join(("a", "cod", "in", "hiding"))
BRIEF = Brief(
    "Decide whether the TEXT is about fish.",
    {"type": "object", "properties": {"why": {"type": "string", "maxLength": 50}, "fish": {"type": "boolean"}}},
)
FULL = Brief(BRIEF.task, BRIEF.answer, question=True, context=True)
EXCHANGE = Exchange(question="Cod?", context="The sea.")


def about_fish(asked: Asked) -> Answer:
    return {"why": "it says so", "fish": "cod" in asked.text}


class Clock:
    """Seconds, moved on by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@contextlib.asynccontextmanager
async def judging(rule: Rule = about_fish, **settings: Any) -> AsyncIterator[tuple[Judge, JudgeServer, Clock]]:
    clock = Clock()
    async with judge_server(rule) as server, UpstreamClient() as client:
        judge = Judge(server.settings(**settings), client, clock=clock)
        yield judge, server, clock
        await judge.aclose()


async def test_the_answer_becomes_the_notes() -> None:
    async with judging() as (judge, _, _):
        backend = judge.ask(BRIEF)
        assert (await backend.read("a cod", EXCHANGE)).notes == {"why": "it says so", "fish": True, "seconds": 0.0}
        assert (await backend.read("a cow", EXCHANGE)).notes["fish"] is False
        assert backend.timeout == judge.settings.timeout


async def test_what_is_sent() -> None:
    async with judging(headers=(("Authorization", f"Bearer {KEY}"),), payload=(("seed", 7),)) as (judge, server, _):
        await judge.ask(FULL).read("a cod", EXCHANGE)
    body, headers = server.asked[0].body, server.asked[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["content-type"] == "application/json"
    assert (body["model"], body["temperature"], body["stream"], body["seed"]) == ("judge-1", 0, False, 7)
    assert server.asked[0].blocks == {"QUESTION": "Cod?", "CONTEXT": "The sea.", "TEXT": "a cod"}
    schema = body["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert list(schema["schema"]["properties"]) == schema["schema"]["required"] == ["receipt", "why", "fish"]
    assert schema["schema"]["additionalProperties"] is False


async def test_fields_of_the_payload_win_and_null_takes_a_field_out() -> None:
    payload = (("max_tokens", None), ("max_completion_tokens", 99), ("temperature", 1), ("stream", True))
    async with judging(payload=payload, model="", structured="none") as (judge, server, _):
        await judge.ask(BRIEF).read("a cod", EXCHANGE)
    body = server.asked[0].body
    assert body.keys() == {"messages", "temperature", "max_completion_tokens", "stream"}
    assert (body["temperature"], body["stream"]) == (1, False)


async def test_a_server_may_know_plain_json_only() -> None:
    async with judging(structured="json_object") as (judge, server, _):
        await judge.ask(BRIEF).read("a cod", EXCHANGE)
    assert server.asked[0].body["response_format"] == {"type": "json_object"}


async def test_a_wrong_answer_gets_one_more_chance_and_is_told_why() -> None:
    def rule(asked: Asked) -> Answer:
        return {"why": "", "fish": "yes"} if len(server.asked) == 1 else about_fish(asked)

    async with judging(rule) as (judge, server, _):
        assert (await judge.ask(BRIEF).read("a cod", EXCHANGE)).notes["fish"] is True
    first, second = server.asked
    assert "`fish` is not true or false" in second.system
    assert len({first.fence, first.receipt, second.fence, second.receipt}) == 4


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("no idea", "not one JSON object"),
        ({"why": ""}, "has no `fish`"),
        ({"why": "", "fish": True, "seconds": 0}, "not asked for"),
        ({"why": "x" * 51, "fish": True}, "more than 50 characters"),
        ({"why": "", "fish": True, "receipt": "guessed"}, "`receipt` is not"),
        (web.json_response(completion('{"fish"', finish_reason="length")), "cut off"),
        (web.json_response(completion(None)), "no content"),
        (web.json_response({"choices": []}), "no choices"),
        (web.json_response({"error": {"message": KEY}}), "not a chat completion"),
        (web.Response(body=b"\xff"), "not a chat completion"),
    ],
)
async def test_two_wrong_answers_are_a_failure(answer: Answer, reason: str) -> None:
    def rule(_: Asked) -> Answer:
        return answer if isinstance(answer, dict | str) else web.Response(body=answer.body)

    async with judging(rule) as (judge, server, _):
        with pytest.raises(JudgeFailure, match=reason) as caught:
            await judge.ask(BRIEF).read("a cod", EXCHANGE)
    assert len(server.asked) == 2
    assert str(caught.value).startswith("judge `strict`: ")


@pytest.mark.parametrize("status", [401, 429, 500])
async def test_a_refusal_is_a_failure_that_tells_no_secret(status: int) -> None:
    def rule(_: Asked) -> Answer:
        return web.json_response({"error": {"message": f"Incorrect key {KEY} for: {SECRET_TEXT}"}}, status=status)

    async with judging(rule, headers=(("Authorization", f"Bearer {KEY}"),)) as (judge, server, _):
        with pytest.raises(JudgeFailure, match=f"HTTP {status}") as caught:
            await judge.ask(BRIEF).read(SECRET_TEXT, EXCHANGE)
    told = "".join(traceback.format_exception(caught.value)) + repr(judge.settings)
    assert KEY not in told
    assert SECRET_TEXT not in told
    assert len(server.asked) == 1


async def test_a_judge_that_is_not_there_is_a_failure() -> None:
    async with judging() as (_, server, _):
        gone = server.settings()
    async with UpstreamClient() as client:
        with pytest.raises(JudgeFailure, match="UpstreamUnreachable"):
            await Judge(gone, client).ask(BRIEF).read("a cod", EXCHANGE)


async def test_an_answer_that_takes_too_long_is_a_failure_and_its_request_ends() -> None:
    gone = asyncio.Event()

    async def rule(_: Asked) -> Answer:
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()
        raise AssertionError

    async with judging(rule, timeout=0.05) as (judge, _, _):
        with pytest.raises(JudgeFailure, match=r"0\.05 seconds|UpstreamTimeout"):
            await judge.ask(BRIEF).read("a cod", EXCHANGE)
        async with asyncio.timeout(10):
            await gone.wait()


async def test_more_than_can_be_judged_is_refused_unasked() -> None:
    async with judging(max_characters=20) as (judge, server, _):
        await judge.ask(FULL).read("12345678", EXCHANGE)
        with pytest.raises(JudgeFailure, match="20 characters"):
            await judge.ask(FULL).read("123456789", EXCHANGE)
        assert len(server.asked) == 1


async def test_the_same_is_asked_once_until_its_time_is_over() -> None:
    async with judging(cache_ttl=10.0) as (judge, server, clock):
        backend = judge.ask(BRIEF)
        await backend.read("a cod", EXCHANGE)
        clock.now = 9.9
        await judge.ask(BRIEF).read("a cod", Exchange(question="another, which the brief does not show"))
        assert len(server.asked) == 1
        clock.now = 10.0
        await backend.read("a cod", EXCHANGE)
        await judge.ask(FULL).read("a cod", EXCHANGE)
        await judge.ask(FULL).read("a cod", Exchange(question="Cod?", context="The lake."))
        await judge.ask(Brief("Another task.", BRIEF.answer)).read("a cod", EXCHANGE)
        assert len(server.asked) == 5


async def test_only_so_many_requests_are_under_way_at_once() -> None:
    entered: asyncio.Queue[Asked] = asyncio.Queue()
    release = asyncio.Event()

    async def rule(asked: Asked) -> Answer:
        entered.put_nowait(asked)
        await release.wait()
        return about_fish(asked)

    async with judging(rule, max_concurrency=2) as (judge, server, _), asyncio.timeout(10):
        backend = judge.ask(BRIEF)
        tasks = [asyncio.create_task(backend.read(f"cod {number}", EXCHANGE)) for number in range(5)]
        await entered.get()
        await entered.get()
        assert len(server.asked) == 2
        release.set()
        assert [reading.notes["fish"] for reading in await asyncio.gather(*tasks)] == [True] * 5


async def test_a_cancelled_leader_leaves_its_answer_to_the_others() -> None:
    entered, release = asyncio.Event(), asyncio.Event()

    async def rule(asked: Asked) -> Answer:
        entered.set()
        await release.wait()
        return about_fish(asked)

    async with judging(rule) as (judge, server, _), asyncio.timeout(10):
        backend = judge.ask(BRIEF)
        leader = asyncio.create_task(backend.read("a cod", EXCHANGE))
        await entered.wait()
        follower = asyncio.create_task(backend.read("a cod", EXCHANGE))
        await asyncio.sleep(0)
        leader.cancel()
        release.set()
        assert (await follower).notes["fish"] is True
        assert leader.cancelled() or await asyncio.wait([leader])
        assert len(server.asked) == 1


async def test_nobody_waiting_ends_the_request() -> None:
    entered, gone = asyncio.Event(), asyncio.Event()

    async def rule(_: Asked) -> Answer:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()
        raise AssertionError

    async with judging(rule) as (judge, _, _), asyncio.timeout(10):
        task = asyncio.create_task(judge.ask(BRIEF).read("a cod", EXCHANGE))
        await entered.wait()
        task.cancel()
        await gone.wait()


def test_a_shape_that_is_not_supported_is_refused_before_anything_is_asked() -> None:
    judge = Judge(JudgeServer("http://127.0.0.1:9/").settings(), UpstreamClient())
    with pytest.raises(ValueError, match="pattern"):
        judge.ask(Brief("", {"type": "object", "properties": {"a": {"type": "string", "pattern": "a"}}}))
