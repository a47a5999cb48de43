"""Detectors that have to be awaited, over real sockets: what leaves before, and after, their verdicts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from proxy.events import Checked, FindingMade, Stage, StreamClosed, StreamOutcome
from proxy.guard.findings import Action
from proxy.guard.policy import Mode, Policy
from tests.support.frames import DONE, payloads, said
from tests.support.gates import SEGMENT, Gate, Listener, gated
from tests.support.proxies import Proxy, ask, configuration, deployment, tidegate
from tests.support.upstreams import Connection, Script, completion, delta, event, upstream

A, B, C = "a" * SEGMENT, "b" * SEGMENT, "c" * SEGMENT


class Model:
    """A model that says something whenever a test lets it."""

    def __init__(self) -> None:
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.gone = asyncio.Event()

    def says(self, *chunks: object) -> None:
        for chunk in chunks:
            self._lines.put_nowait(event(chunk))

    def ends(self, *, done: bool = True) -> None:
        if done:
            self._lines.put_nowait(DONE)
        self._lines.put_nowait(None)

    async def script(self, connection: Connection) -> None:
        await connection.head()
        while (data := await self._lines.get()) is not None:
            await connection.chunk(data)
        await connection.end()
        await connection.gone()
        self.gone.set()


def speaking(*chunks: object, done: bool = True) -> Script:
    async def script(connection: Connection) -> None:
        await connection.events(*chunks, done=done)

    return script


def guarded(url: str, policy: Policy, **fields: object) -> Any:
    return configuration(deployment(url, output_policy=policy, **{"keepalive": 0.05, **fields}))


def section_of(body: bytes) -> dict[str, Any]:
    [section] = [
        payload["enkrypt_policy_detections"]["output_guardrails"]
        for payload in payloads(body)
        if "output_guardrails" in payload.get("enkrypt_policy_detections", {})
    ]
    assert isinstance(section, dict)
    return section


def finish_reasons(body: bytes, index: int = 0) -> list[str]:
    choices = [choice for payload in payloads(body) for choice in payload.get("choices", ())]
    return [c["finish_reason"] for c in choices if c["index"] == index and c["finish_reason"]]


def outcomes(proxy: Proxy) -> list[StreamOutcome]:
    return [closed.outcome for closed in proxy.recorder.all(StreamClosed)]


async def test_nothing_leaves_while_its_check_is_open() -> None:
    gate, model = Gate(), Model()
    async with upstream(model.script) as server, tidegate(guarded(server.url, gated(gate))) as proxy:
        model.says(delta(A), delta(B))
        async with proxy.post() as response:
            client = Listener(response)
            first, second = await gate.question(0), await gate.question(1)
            await client.silence()
            assert client.said() == ""
            first.good()
            await client.until(A.encode())
            await client.silence()
            assert client.said() == A
            second.bad()
            body = await client.rest()
        assert said(body) == f"{A}\n\nNo."
        assert B.encode() not in body
        assert finish_reasons(body) == ["content_filter"]
        assert body.endswith(DONE)
        assert section_of(body) == {
            "summary": {"gated": 1},
            "details": {"gated": {"scores": [0.0, 1.0], "failed": False}},
            "result_message": "No.",
        }
        assert outcomes(proxy) == [StreamOutcome.BLOCKED]
        assert [checked.answered for checked in proxy.recorder.all(Checked)] == [True, True]


async def test_verdicts_may_come_in_any_order() -> None:
    gate, model = Gate(), Model()
    async with upstream(model.script) as server, tidegate(guarded(server.url, gated(gate))) as proxy:
        model.says(delta(A), delta(B))
        async with proxy.post() as response:
            client = Listener(response)
            (await gate.question(1)).good()
            await client.silence()
            assert client.said() == ""
            gate.questions[0].good()
            await client.until(B.encode())
            model.says(delta(finish="stop"))
            model.ends()
            body = await client.rest()
        assert said(body) == A + B
        assert outcomes(proxy) == [StreamOutcome.COMPLETED]


async def test_the_finish_reason_waits_for_the_last_verdict() -> None:
    gate = Gate()
    async with (
        upstream(speaking(delta("Hello"), delta(finish="stop"))) as server,
        tidegate(guarded(server.url, gated(gate))) as proxy,
        proxy.post() as response,
    ):
        client = Listener(response)
        await gate.question(0)
        await client.silence()
        assert (client.said(), finish_reasons(client.body)) == ("", [])
        assert DONE not in client.body
        gate.questions[0].good()
        body = await client.rest()
        assert (said(body), finish_reasons(body)) == ("Hello", ["stop"])
        assert section_of(body)["details"]["gated"] == {"scores": [0.0], "failed": False}


async def test_chased_text_leaves_at_once_and_a_bad_verdict_ends_it() -> None:
    gate, model = Gate(), Model()
    policy = gated(gate, mode=Mode.CHASE)
    async with upstream(model.script) as server, tidegate(guarded(server.url, policy)) as proxy:
        model.says(delta(A), delta(B), delta("more"))
        async with proxy.post() as response:
            client = Listener(response)
            await gate.question(1)
            await client.until(b"more")
            gate.questions[1].bad()
            await client.silence()
            assert finish_reasons(client.body) == []
            gate.questions[0].good()
            body = await client.rest()
        # The verdict about the whole of B ends the text behind it, wherever that was by then.
        assert said(body) == f"{A}{B}more\n\nNo."
        assert finish_reasons(body) == ["content_filter"]
        assert section_of(body)["details"]["gated"]["scores"] == [0.0, 1.0]
        assert outcomes(proxy) == [StreamOutcome.BLOCKED]


async def test_chased_text_ends_only_when_it_was_judged() -> None:
    gate = Gate()
    script = speaking(delta("Hello"), delta(finish="stop"))
    async with upstream(script) as server, tidegate(guarded(server.url, gated(gate, mode=Mode.CHASE))) as proxy:
        async with proxy.post() as response:
            client = Listener(response)
            await client.until(b"Hello")
            await client.silence()
            assert finish_reasons(client.body) == []
            (await gate.question(0)).bad()
            body = await client.rest()
        assert finish_reasons(body) == ["content_filter"]


async def test_observed_text_leaves_at_once_and_is_reported_at_the_end() -> None:
    gate = Gate()
    script = speaking(delta(A), delta("!"), delta(finish="stop"))
    async with upstream(script) as server, tidegate(guarded(server.url, gated(gate, Action.OBSERVE))) as proxy:
        async with proxy.post() as response:
            client = Listener(response)
            first, second = await gate.question(0), await gate.question(1)
            await client.until(b'"!"')
            await client.silence()
            assert client.said() == f"{A}!"
            assert b"output_guardrails" not in client.body
            second.good()
            first.bad()
            body = await client.rest()
        assert finish_reasons(body) == ["stop"]
        assert section_of(body)["summary"] == {"gated": 1}
        assert section_of(body)["details"]["gated"]["scores"] == [1.0, 0.0]
        assert [made.action for made in proxy.recorder.all(FindingMade)] == ["observe"]


async def test_two_choices_are_judged_by_themselves() -> None:
    gate = Gate()
    said_by_both = [delta(A, index=0), delta(B, index=1), delta(finish="stop", index=0), delta(finish="stop", index=1)]
    async with upstream(speaking(*said_by_both)) as server, tidegate(guarded(server.url, gated(gate))) as proxy:
        async with proxy.post(body=ask(n=2)) as response:
            client = Listener(response)
            for number in range(2):
                question = await gate.question(number)
                (question.bad if question.text == A else question.good)()
            body = await client.rest()
        assert said(body, 0) == "No."
        assert said(body, 1) == B
        assert (finish_reasons(body, 0), finish_reasons(body, 1)) == (["content_filter"], ["stop"])
        assert A.encode() not in body


async def test_what_is_said_next_waits_for_what_was_thought_first() -> None:
    gate, model = Gate(), Model()
    async with upstream(model.script) as server, tidegate(guarded(server.url, gated(gate))) as proxy:
        model.says(delta(reasoning_content=A), delta(B))
        async with proxy.post() as response:
            client = Listener(response)
            first = await gate.question(0)
            assert (first.text, first.exchange.lane) == (A, "reasoning_content")
            await client.silence()
            assert len(gate.questions) == 1
            first.good()
            second = await gate.question(1)
            assert (second.text, second.exchange.lane) == (B, "content")
            await client.until(A.encode())
            assert client.said() == ""
            second.good()
            await client.until(B.encode())
            model.says(delta(finish="stop"))
            model.ends()
            body = await client.rest()
        assert body.index(A.encode()) < body.index(B.encode())
        assert finish_reasons(body) == ["stop"]


async def test_bad_thoughts_keep_the_answer_from_being_said() -> None:
    gate = Gate()
    script = speaking(delta(reasoning_content=A), delta(B), delta(finish="stop"))
    async with upstream(script) as server, tidegate(guarded(server.url, gated(gate))) as proxy:
        async with proxy.post() as response:
            (await gate.question(0)).bad()
            body = await response.read()
        assert said(body) == "No."
        assert A.encode() not in body
        assert B.encode() not in body


def calling(arguments: Sequence[str]) -> Sequence[object]:
    head = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}
    pieces = [{"index": 0, "function": {"arguments": piece}} for piece in arguments]
    return [delta(tool_calls=[piece]) for piece in (head, *pieces)] + [delta(finish="tool_calls")]


@pytest.mark.parametrize("bad", [False, True])
async def test_arguments_of_a_tool_call_wait_as_well(bad: bool) -> None:
    gate = Gate()
    pieces = ['{"q":"', "a" * 12, '","r":1}']
    declared = ask(tools=[{"type": "function", "function": {"name": "f"}}])
    async with upstream(speaking(*calling(pieces))) as server, tidegate(guarded(server.url, gated(gate))) as proxy:
        async with proxy.post(body=declared) as response:
            client = Listener(response)
            question = await gate.question(0)
            await client.silence()
            assert b"aaa" not in client.body
            (question.bad if bad else question.good)()
            (await gate.question(1)).good()
            body = await client.rest()
        calls = [
            call
            for payload in payloads(body)
            for choice in payload["choices"]
            for call in choice["delta"].get("tool_calls") or ()
        ]
        said_there = "".join(call["function"].get("arguments") or "" for call in calls)
        assert finish_reasons(body) == (["content_filter"] if bad else ["tool_calls"])
        assert bad or json.loads(said_there) == {"q": "a" * 12, "r": 1}
        assert not bad or "aaa" not in said_there


@pytest.mark.parametrize("mode", [Mode.HOLD, Mode.CHASE])
@pytest.mark.parametrize("bad", [False, True])
async def test_whole_answers_wait_for_all_verdicts(mode: Mode, bad: bool) -> None:
    gate = Gate()

    async def script(connection: Connection) -> None:
        await connection.whole(json.dumps(completion(A + B)).encode())

    async with upstream(script) as server, tidegate(guarded(server.url, gated(gate, mode=mode))) as proxy:
        asked = asyncio.ensure_future(proxy.post(body=ask(stream=False)).__aenter__())
        first, second = await gate.question(0), await gate.question(1)
        assert not asked.done()
        first.good()
        (second.bad if bad else second.good)()
        async with await asked as response:
            body = await response.json()
        choice = body["choices"][0]
        kept = A + B if mode is Mode.CHASE else A
        assert choice["message"]["content"] == (f"{kept}\n\nNo." if bad else A + B)
        assert choice["finish_reason"] == ("content_filter" if bad else "stop")
        section = body["enkrypt_policy_detections"]["output_guardrails"]
        assert section["details"]["gated"]["scores"] == [0.0, float(bad)]
        assert outcomes(proxy) == [StreamOutcome.BLOCKED if bad else StreamOutcome.COMPLETED]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_bad_request_does_not_reach_the_model(stream: bool) -> None:
    gate = Gate()
    async with upstream(speaking(delta("Hi"), delta(finish="stop"))) as server:
        configured = configuration(deployment(server.url, input_policy=gated(gate)))
        async with tidegate(configured) as proxy:
            asked = asyncio.ensure_future(proxy.post(body=ask(stream=stream)).__aenter__())
            question = await gate.question(0)
            assert (question.text, question.exchange.answering) == ("hi", False)
            assert server.connections == 0
            question.bad()
            async with await asked as response:
                assert response.status == 400
                body = await response.json()
            assert body["error"]["code"] == "input_guardrails_violation"
            assert body["error"]["message"] == "No."
            assert body["enkrypt_policy_detections"]["input_guardrails"] == {
                "summary": {"gated": 1},
                "details": {"gated": {"scores": [1.0], "failed": False}},
                "result_message": "No.",
            }
            assert server.connections == 0
            assert proxy.admission.active == 0
            assert [checked.stage for checked in proxy.recorder.all(Checked)] == [Stage.INPUT]


async def test_a_good_request_brings_its_scores_along() -> None:
    gate = Gate()
    script = speaking(delta("Hi"), delta(finish="stop"))
    async with upstream(script) as server:
        configured = configuration(deployment(server.url, input_policy=gated(gate)))
        async with tidegate(configured) as proxy:
            asked = asyncio.ensure_future(proxy.post().__aenter__())
            (await gate.question(0)).good()
            async with await asked as response:
                body = await response.read()
            detections = payloads(body)[0]["enkrypt_policy_detections"]["input_guardrails"]
            assert detections["details"] == {"gated": {"scores": [0.0], "failed": False}}
            assert said(body) == "Hi"


async def test_judged_text_flows_on_although_the_model_has_finished() -> None:
    gate = Gate()
    finished = speaking(delta(A), delta(B), delta(finish="stop"))
    async with (
        upstream(finished) as server,
        tidegate(guarded(server.url, gated(gate))) as proxy,
        proxy.post() as response,
    ):
        client = Listener(response)
        await gate.question(1)
        gate.questions[0].good()
        await client.until(A.encode())


async def test_a_bad_first_verdict_ends_the_answer_although_others_are_open() -> None:
    gate = Gate()
    finished = speaking(delta(A), delta(B), delta(finish="stop"))
    async with (
        upstream(finished) as server,
        tidegate(guarded(server.url, gated(gate))) as proxy,
        proxy.post() as response,
    ):
        client = Listener(response)
        await gate.question(1)
        gate.questions[0].bad()
        await client.until(b"content_filter")
