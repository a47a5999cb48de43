"""Clients that leave, or stop reading: the upstream is closed, the slot returned, the end told once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from proxy.events import RequestFinished, StreamClosed, StreamOutcome
from tests.support.proxies import Proxy, configuration, deployment, patient, tidegate
from tests.support.upstreams import Connection, delta, event, upstream


async def begin(connection: Connection) -> None:
    await connection.head()
    await connection.chunk(event(delta("Hello")))


async def leave(proxy: Proxy, until: Callable[[], Awaitable[object]]) -> None:
    """A client that goes away while its answer is in progress."""
    response = await proxy.post().__aenter__()
    await response.content.readany()
    response.close()
    await until()


async def test_a_client_that_leaves_closes_the_upstream_and_returns_its_slot() -> None:
    gone = asyncio.Event()

    async def script(connection: Connection) -> None:
        await begin(connection)
        await connection.gone()
        gone.set()

    async with upstream(script) as model, tidegate(configuration(deployment(model.url))) as proxy:
        async with asyncio.timeout(10):
            await leave(proxy, gone.wait)
        closed = await proxy.recorder.first(StreamClosed)
        assert closed.outcome is StreamOutcome.DISCONNECTED
        assert (await proxy.recorder.first(RequestFinished)).status == 499
        assert len(proxy.recorder.all(StreamClosed)) == 1
        assert proxy.admission.active == 0


async def test_a_client_that_leaves_before_the_answer_began() -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def script(connection: Connection) -> None:
        asked.set()
        await connection.gone()
        gone.set()

    async with upstream(script) as model, tidegate(configuration(deployment(model.url))) as proxy:
        waiting = asyncio.ensure_future(proxy.post().__aenter__())
        async with asyncio.timeout(10):
            await asked.wait()
            waiting.cancel()
            await gone.wait()
        assert (await proxy.recorder.first(StreamClosed)).outcome is StreamOutcome.DISCONNECTED


async def test_a_client_that_stops_reading_is_dropped_when_its_lifetime_is_over() -> None:
    async def script(connection: Connection) -> None:
        await connection.head()
        while True:
            await connection.chunk(event(delta("x" * 60_000)))

    hurried = patient(lifetime=1.0)
    async with upstream(script) as model, tidegate(configuration(deployment(model.url, timeouts=hurried))) as proxy:
        response = await proxy.post().__aenter__()
        closed = await proxy.recorder.first(StreamClosed)
        assert closed.outcome is StreamOutcome.TIMEOUT
        assert proxy.admission.active == 0
        response.close()
