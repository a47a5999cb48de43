"""The upstream client on its own: what its reads give, and which of its clocks run when."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from proxy.upstream.client import UpstreamAnswer, UpstreamClient
from proxy.upstream.errors import (
    TimeoutKind,
    UpstreamBroken,
    UpstreamMalformed,
    UpstreamStatus,
    UpstreamTimeout,
)
from tests.support.proxies import patient
from tests.support.upstreams import Connection, Script, upstream


@asynccontextmanager
async def opened(script: Script, **seconds: float) -> AsyncIterator[UpstreamAnswer]:
    async with upstream(script) as model, UpstreamClient() as client:
        answer = await client.open(model.url, b"{}", {}, patient(**seconds))
        try:
            yield answer
        finally:
            answer.close()


async def read_all(answer: UpstreamAnswer) -> bytes:
    return b"".join([data async for data in reads(answer)])


async def reads(answer: UpstreamAnswer) -> AsyncIterator[bytes]:
    while data := await answer.read():
        yield data


async def test_reads_give_what_has_arrived_and_then_nothing() -> None:
    async def script(connection: Connection) -> None:
        await connection.head()
        await connection.chunk(b"one")
        await connection.chunk(b"two")
        await connection.end()

    async with opened(script) as answer:
        assert answer.content_type == "text/event-stream"
        assert await read_all(answer) == b"onetwo"
        assert await answer.read() == b""
        answer.close()


async def test_what_arrived_before_the_connection_was_lost_can_still_be_read() -> None:
    lost = asyncio.Event()

    async def script(connection: Connection) -> None:
        await connection.head()
        await connection.chunk(b"before")
        connection.close()
        lost.set()

    async with opened(script) as answer:
        await lost.wait()
        assert await answer.read() == b"before"
        for _ in range(2):
            with pytest.raises(UpstreamBroken):
                await answer.read()


async def test_a_pause_between_reads_is_not_the_upstreams_silence() -> None:
    async def script(connection: Connection) -> None:
        await connection.head()
        await connection.chunk(b"a")
        await go_on.wait()
        await connection.chunk(b"b")
        await connection.end()

    go_on = asyncio.Event()
    async with opened(script, idle=0.1) as answer:
        assert await answer.read() == b"a"
        # Whoever reads is busy for three times as long as the upstream may be silent.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.3)
        go_on.set()
        assert await read_all(answer) == b"b"


async def test_silence_is() -> None:
    async def script(connection: Connection) -> None:
        await connection.head()
        await connection.chunk(b"a")
        await connection.gone()

    async with opened(script, idle=0.1) as answer:
        assert await answer.read() == b"a"
        with pytest.raises(UpstreamTimeout) as caught:
            await answer.read()
        assert caught.value.kind is TimeoutKind.IDLE


async def test_a_body_over_the_limit() -> None:
    async def script(connection: Connection) -> None:
        await connection.whole(b"x" * 101)

    async with opened(script) as answer:
        with pytest.raises(UpstreamMalformed):
            await answer.body(100)


async def test_a_compressed_body_is_limited_by_what_it_becomes() -> None:
    async def script(connection: Connection) -> None:
        await connection.whole(gzip.compress(b"x" * 1_000_000), content_encoding="gzip")

    async with opened(script) as answer:
        with pytest.raises(UpstreamMalformed):
            await answer.body(10_000)


async def test_a_large_request_arrives_whole() -> None:
    async def script(connection: Connection) -> None:
        await connection.whole(b"%d" % len(connection.body))

    async with upstream(script) as model, UpstreamClient() as client:
        answer = await client.open(model.url, b"x" * 3_000_000, {}, patient())
        assert await answer.body(100) == b"3000000"


async def test_an_error_status_carries_its_body_and_retry_after() -> None:
    async def script(connection: Connection) -> None:
        await connection.whole(b'{"error": "no"}', 429, retry_after="3")

    with pytest.raises(UpstreamStatus) as caught:
        async with opened(script):
            pass
    assert (caught.value.status, caught.value.body, caught.value.retry_after) == (429, b'{"error": "no"}', "3")


async def test_close_ends_the_connection_at_once_and_may_be_repeated() -> None:
    gone = asyncio.Event()

    async def script(connection: Connection) -> None:
        await connection.head()
        await connection.chunk(b"a")
        await connection.gone()
        gone.set()

    async with opened(script) as answer:
        answer.close()
        answer.close()
        async with asyncio.timeout(10):
            await gone.wait()


async def test_a_released_answer_that_does_not_end_is_closed() -> None:
    gone = asyncio.Event()

    async def script(connection: Connection) -> None:
        await connection.head()
        await connection.chunk(b"a")
        await connection.gone()
        gone.set()

    async with upstream(script) as model, UpstreamClient() as client:
        answer = await client.open(model.url, b"{}", {}, patient())
        await answer.read()
        answer.release()
        async with asyncio.timeout(10):
            await gone.wait()
