"""Checks that do not end well, over real sockets: failures, time-outs, departures, a server that stops."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from proxy.events import Checked, DetectorFailed, RequestFinished, Stage, StreamClosed, StreamOutcome
from proxy.guard.checks import Reading
from proxy.guard.findings import Action
from proxy.guard.policy import Mode, OnError, Policy
from proxy.inference.batcher import Batcher
from proxy.inference.workshop import LocalBackend
from tests.server.test_awaited_streams import (
    Model,
    finish_reasons,
    guarded,
    outcomes,
    section_of,
    speaking,
)
from tests.support.frames import DONE, error_of, said
from tests.support.gates import PATIENCE, SEGMENT, Gate, Gated, Listener, gated
from tests.support.proxies import ask, configuration, deployment, patient, tidegate
from tests.support.upstreams import Connection, completion, delta, event, upstream

A, B = "a" * SEGMENT, "b" * SEGMENT
HELLO = speaking(delta("Hello"), delta(finish="stop"))
MODES = pytest.mark.parametrize("mode", [Mode.HOLD, Mode.CHASE])


@MODES
@pytest.mark.parametrize("on_error", list(OnError))
@pytest.mark.parametrize("error", [None, OSError("down"), asyncio.CancelledError()])
async def test_a_failure_does_what_the_policy_says(mode: Mode, on_error: OnError, error: BaseException | None) -> None:
    """A failure is an exception, a cancellation that nobody of ours asked for, or None: no answer in time."""
    gate = Gate(timeout=0.05 if error is None else 60.0)
    policy = gated(gate, mode=mode, on_error=on_error)
    async with upstream(HELLO) as server, tidegate(guarded(server.url, policy)) as proxy:
        async with proxy.post() as response:
            question = await gate.question(0)
            if error is not None:
                question.fail(error)
            async with asyncio.timeout(PATIENCE):
                body = await response.read()
        blocked = on_error is OnError.BLOCK
        assert finish_reasons(body) == ["content_filter" if blocked else "stop"]
        assert ("Hello" in said(body)) is (mode is Mode.CHASE or not blocked)
        assert section_of(body)["details"]["gated"] == {"scores": [], "failed": True}
        assert body.endswith(DONE)
        assert [checked.answered for checked in proxy.recorder.all(Checked)] == [False]
        assert [failed.stage for failed in proxy.recorder.all(DetectorFailed)] == [Stage.OUTPUT]
        assert proxy.admission.active == 0


@pytest.mark.parametrize("on_error", list(OnError))
async def test_a_failure_of_a_whole_answer(on_error: OnError) -> None:
    gate = Gate()

    async def script(connection: Connection) -> None:
        await connection.whole(json.dumps(completion(A)).encode())

    async with upstream(script) as server, tidegate(guarded(server.url, gated(gate, on_error=on_error))) as proxy:
        asked = asyncio.ensure_future(proxy.post(body=ask(stream=False)).__aenter__())
        (await gate.question(0)).fail(OSError())
        async with await asked as response:
            [choice] = (await response.json())["choices"]
        assert (A in choice["message"]["content"]) is (on_error is OnError.ALLOW)
        assert choice["finish_reason"] == ("stop" if on_error is OnError.ALLOW else "content_filter")


@pytest.mark.parametrize("on_error", list(OnError))
async def test_a_failure_on_the_request(on_error: OnError) -> None:
    gate = Gate()
    async with upstream(HELLO) as server:
        configured = configuration(deployment(server.url, input_policy=gated(gate, on_error=on_error)))
        async with tidegate(configured) as proxy:
            asked = asyncio.ensure_future(proxy.post().__aenter__())
            (await gate.question(0)).fail(OSError())
            async with await asked as response:
                body = await response.read()
            if on_error is OnError.BLOCK:
                assert response.status == 500
                assert json.loads(body)["error"]["code"] == "detector_error"
            else:
                assert said(body) == "Hello"
            assert server.connections == int(on_error is OnError.ALLOW)
            assert [failed.stage for failed in proxy.recorder.all(DetectorFailed)] == [Stage.INPUT]


async def test_a_failure_of_an_observer_blocks_nothing() -> None:
    gate = Gate()
    async with upstream(HELLO) as server, tidegate(guarded(server.url, gated(gate, Action.OBSERVE))) as proxy:
        async with proxy.post() as response:
            (await gate.question(0)).fail(OSError())
            body = await response.read()
        assert (said(body), finish_reasons(body)) == ("Hello", ["stop"])
        assert section_of(body)["details"]["gated"] == {"scores": [], "failed": True}


async def test_a_model_that_too_many_wait_for_is_a_failure() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def run(texts: Sequence[str]) -> list[Reading]:
        begun.set()
        assert go_on.wait(PATIENCE)
        return [Reading({"bad": 0.0}) for _ in texts]

    with ThreadPoolExecutor(1) as executor:
        batcher = Batcher(run, executor, capacity=1)
        backend = LocalBackend(batcher, 60.0)
        policy = gated(Gate())
        [enforcement] = policy.enforcements
        policy = replace(policy, enforcements=(replace(enforcement, detector=Gated(backend)),))
        script = speaking(delta(A), delta(B), delta("c" * SEGMENT), delta(finish="stop"))
        async with upstream(script) as server, tidegate(guarded(server.url, policy)) as proxy:
            async with proxy.post() as response:
                await proxy.recorder.first(Checked)
                go_on.set()
                async with asyncio.timeout(PATIENCE):
                    body = await response.read()
            # One was being answered and one waited; the third question was one too many.
            assert begun.is_set()
            assert A.encode() not in body
            assert finish_reasons(body) == ["content_filter"]
            assert section_of(body)["details"]["gated"]["failed"] is True
        await batcher.aclose()


@MODES
async def test_a_client_that_leaves_takes_its_checks_along(mode: Mode) -> None:
    gate, gone = Gate(), asyncio.Event()

    async def script(connection: Connection) -> None:
        await connection.head()
        await connection.chunk(event(delta(A)))
        await connection.gone()
        gone.set()

    async with upstream(script) as server, tidegate(guarded(server.url, gated(gate, mode=mode))) as proxy:
        response = await proxy.post().__aenter__()
        question = await gate.question(0)
        response.close()
        async with asyncio.timeout(PATIENCE):
            await question.gone.wait()
            await gone.wait()
        assert question.verdict.cancelled()
        assert (await proxy.recorder.first(StreamClosed)).outcome is StreamOutcome.DISCONNECTED
        await proxy.recorder.first(RequestFinished)
        assert proxy.admission.active == 0


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_while_its_request_is_judged(stream: bool) -> None:
    gate = Gate()
    async with upstream(HELLO) as server:
        configured = configuration(deployment(server.url, input_policy=gated(gate)))
        async with tidegate(configured) as proxy:
            asked = asyncio.ensure_future(proxy.post(body=ask(stream=stream)).__aenter__())
            question = await gate.question(0)
            asked.cancel()
            async with asyncio.timeout(PATIENCE):
                await question.gone.wait()
            await proxy.recorder.first(RequestFinished)
            assert question.verdict.cancelled()
            assert proxy.admission.active == 0
            assert server.connections == 0


async def test_a_client_that_leaves_while_a_whole_answer_is_judged() -> None:
    gate = Gate()

    async def script(connection: Connection) -> None:
        await connection.whole(json.dumps(completion(A)).encode())

    async with upstream(script) as server, tidegate(guarded(server.url, gated(gate))) as proxy:
        asked = asyncio.ensure_future(proxy.post(body=ask(stream=False)).__aenter__())
        question = await gate.question(0)
        asked.cancel()
        assert (await proxy.recorder.first(StreamClosed)).outcome is StreamOutcome.DISCONNECTED
        async with asyncio.timeout(PATIENCE):
            await question.gone.wait()
        assert question.verdict.cancelled()


@MODES
@pytest.mark.parametrize("finished", [False, True])
async def test_a_lifetime_that_is_over_while_a_check_is_open(mode: Mode, finished: bool) -> None:
    gate, model = Gate(), Model()
    model.says(delta(A), *([delta(finish="stop")] if finished else []))
    if finished:
        model.ends()
    policy, hurried = gated(gate, mode=mode), patient(lifetime=0.2)
    async with upstream(model.script) as server, tidegate(guarded(server.url, policy, timeouts=hurried)) as proxy:
        async with proxy.post() as response:
            question = await gate.question(0)
            async with asyncio.timeout(PATIENCE):
                body = await response.read()
                await question.gone.wait()
        assert question.verdict.cancelled()
        assert said(body) == (A if mode is Mode.CHASE else "")
        assert error_of(body)["code"] == "upstream_lifetime_timeout"
        assert finish_reasons(body) == []
        assert outcomes(proxy) == [StreamOutcome.TIMEOUT]
        assert proxy.admission.active == 0


@MODES
async def test_a_server_that_stops_while_a_check_is_open(mode: Mode) -> None:
    gate = Gate()
    async with upstream(HELLO) as server, tidegate(guarded(server.url, gated(gate, mode=mode))) as proxy:
        async with proxy.post() as response:
            question = await gate.question(0)
            await proxy.admission.drain(0.0)
            body = await response.read()
        assert said(body) == ("Hello" if mode is Mode.CHASE else "")
        assert error_of(body)["code"] == "server_shutdown"
        assert question.gone.is_set()
        assert outcomes(proxy) == [StreamOutcome.CANCELLED]


async def test_a_server_that_stops_while_a_request_is_judged() -> None:
    gate = Gate()
    async with upstream(HELLO) as server:
        configured = configuration(deployment(server.url, input_policy=gated(gate)))
        async with tidegate(configured) as proxy:
            asked = asyncio.ensure_future(proxy.post().__aenter__())
            question = await gate.question(0)
            await proxy.admission.drain(0.0, 1.0)
            async with await asked as response:
                assert response.status == 503
                assert (await response.json())["error"]["code"] == "server_shutdown"
            assert question.gone.is_set()
            assert server.connections == 0


@MODES
async def test_an_upstream_that_breaks_off_while_a_check_is_open(mode: Mode) -> None:
    gate = Gate()

    async def script(connection: Connection) -> None:
        await connection.head()
        await connection.chunk(event(delta(A)))
        await gate.question(0)
        connection.reset()

    async with upstream(script) as server, tidegate(guarded(server.url, gated(gate, mode=mode))) as proxy:
        async with proxy.post() as response:
            body = await response.read()
        assert said(body) == (A if mode is Mode.CHASE else "")
        assert error_of(body)["code"] == "upstream_error"
        assert gate.questions[0].gone.is_set()
        assert outcomes(proxy) == [StreamOutcome.UPSTREAM_ERROR]


async def test_an_upstream_that_ends_without_done_while_a_check_is_open() -> None:
    gate = Gate()
    script = speaking(delta(A), delta(finish="stop"), done=False)
    async with upstream(script) as server, tidegate(guarded(server.url, gated(gate))) as proxy:
        async with proxy.post() as response:
            client = Listener(response)
            await gate.question(0)
            await client.silence()
            gate.questions[0].good()
            body = await client.rest()
        assert (said(body), finish_reasons(body)) == (A, ["stop"])
        assert body.endswith(DONE)
        assert outcomes(proxy) == [StreamOutcome.COMPLETED]


async def test_what_comes_while_the_guard_waits_is_not_lost() -> None:
    gate, model = Gate(), Model()
    model.says(delta(reasoning_content=A), delta("one "))
    async with upstream(model.script) as server, tidegate(guarded(server.url, gated(gate))) as proxy:
        async with proxy.post() as response:
            client = Listener(response)
            await gate.question(0)
            model.says(delta("two "), delta("three"), delta(finish="stop"))
            model.ends()
            await client.silence()
            gate.questions[0].good()
            (await gate.question(1)).good()
            body = await client.rest()
        assert said(body) == "one two three"
        assert outcomes(proxy) == [StreamOutcome.COMPLETED]


async def test_an_answer_leaves_its_connection_reusable_although_it_was_waited_for() -> None:
    gate = Gate()
    async with upstream(HELLO) as server, tidegate(guarded(server.url, gated(gate))) as proxy:
        for number in range(3):
            async with proxy.post() as response:
                (await gate.question(number)).good()
                assert said(await response.read()) == "Hello"
        assert server.connections == 1


def test_a_policy_that_waits_says_so() -> None:
    assert gated(Gate()).awaiting
    assert not gated(Gate(), Action.OBSERVE).awaiting
    assert not Policy().awaiting
