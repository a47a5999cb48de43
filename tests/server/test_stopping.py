"""How a server stops: those in progress first, then those that take too long, with an error frame."""

from __future__ import annotations

import asyncio

from proxy.events import StreamClosed, StreamOutcome
from tests.support.frames import DONE, error_of, said
from tests.support.proxies import configuration, deployment, tidegate
from tests.support.upstreams import Connection, delta, event, upstream


async def begin(connection: Connection) -> None:
    await connection.head()
    await connection.chunk(event(delta("Hello")))


async def test_a_stream_that_finishes_in_time_is_left_alone() -> None:
    stopping = asyncio.Event()

    async def script(connection: Connection) -> None:
        await begin(connection)
        await stopping.wait()
        await connection.chunk(event(delta(" world")) + event(delta(finish="stop")) + DONE)
        await connection.end()

    async with upstream(script) as model, tidegate(configuration(deployment(model.url))) as proxy:
        async with proxy.post() as response:
            drained = asyncio.ensure_future(proxy.admission.drain(10.0))
            async with proxy.post() as refused:
                assert refused.status == 503
                assert (await refused.json())["error"]["code"] == "server_shutdown"
            stopping.set()
            body = await response.read()
        await drained
        assert said(body) == "Hello world"
        assert body.endswith(DONE)
        assert [closed.outcome for closed in proxy.recorder.all(StreamClosed)] == [StreamOutcome.COMPLETED]


async def test_a_stream_that_does_not_finish_is_told_why_it_ends() -> None:
    gone = asyncio.Event()

    async def script(connection: Connection) -> None:
        await begin(connection)
        await connection.gone()
        gone.set()

    async with upstream(script) as model, tidegate(configuration(deployment(model.url))) as proxy:
        async with proxy.post() as response:
            await proxy.admission.drain(0.0)
            body = await response.read()
        await gone.wait()
        assert said(body) == "Hello"
        assert error_of(body)["code"] == "server_shutdown"
        assert DONE not in body
        assert [closed.outcome for closed in proxy.recorder.all(StreamClosed)] == [StreamOutcome.CANCELLED]


async def test_an_answer_that_has_not_begun_becomes_an_error() -> None:
    asked = asyncio.Event()

    async def script(connection: Connection) -> None:
        asked.set()
        await connection.gone()

    async with upstream(script) as model, tidegate(configuration(deployment(model.url))) as proxy:
        waiting = asyncio.ensure_future(proxy.post().__aenter__())
        await asked.wait()
        await proxy.admission.drain(0.0)
        response = await waiting
        assert response.status == 503
        assert (await response.json())["error"]["code"] == "server_shutdown"
        assert proxy.recorder.all(StreamClosed)[0].outcome is StreamOutcome.CANCELLED


async def test_a_server_that_is_torn_down_closes_what_is_left() -> None:
    gone = asyncio.Event()

    async def script(connection: Connection) -> None:
        await begin(connection)
        await connection.gone()
        gone.set()

    async with upstream(script) as model:
        async with tidegate(configuration(deployment(model.url))) as proxy:
            response = await proxy.post().__aenter__()
            recorder = proxy.recorder
        async with asyncio.timeout(10):
            await gone.wait()
        response.close()
        assert len(recorder.all(StreamClosed)) == 1
