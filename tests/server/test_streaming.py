"""A guarded stream from end to end, over real sockets."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

from proxy.events import (
    FindingMade,
    FirstToken,
    Flowed,
    RequestFinished,
    Scanned,
    StreamClosed,
    StreamOpened,
    StreamOutcome,
)
from proxy.guard.findings import Action
from proxy.guard.policy import Policy
from tests.support.frames import payloads, said
from tests.support.proxies import HEADERS, Proxy, ask, configuration, deployment, policy, raw_request, tidegate
from tests.support.upstreams import Connection, Upstream, delta, event, upstream


async def hello(connection: Connection) -> None:
    await connection.events(delta(role="assistant"), delta("Hello"), delta(" world"), delta(finish="stop"))


def guarding(model: Upstream, guard: Policy) -> AbstractAsyncContextManager[Proxy]:
    return tidegate(configuration(deployment(model.url, output_policy=guard)))


async def test_a_stream_passes_and_is_told_of() -> None:
    async with upstream(hello) as model, tidegate(configuration(deployment(model.url))) as proxy:
        async with proxy.post() as response:
            body = await response.read()
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        assert response.headers["Cache-Control"] == "no-cache"
        assert response.headers["X-Accel-Buffering"] == "no"
        assert response.headers["Server"] == "tidegate"
        assert said(body) == "Hello world"
        assert body.endswith(b"data: [DONE]\n\n")
        closed = await proxy.recorder.first(StreamClosed)
        assert closed.outcome is StreamOutcome.COMPLETED
        assert closed.streamed
        await proxy.recorder.first(RequestFinished)
        # How often it is told of depends on how the upstream's writes fell into reads.
        told = [type(event) for event in proxy.recorder.events if not isinstance(event, Flowed)]
        assert told == [StreamOpened, FirstToken, FirstToken, Scanned, StreamClosed, RequestFinished]
        assert proxy.admission.active == 0


async def test_a_complete_answer_leaves_its_connection_reusable() -> None:
    async with upstream(hello) as model, tidegate(configuration(deployment(model.url))) as proxy:
        for _ in range(3):
            async with proxy.post() as response:
                await response.read()
        assert len(model.asked) == 3
        assert model.connections == 1


async def test_what_is_asked_of_the_upstream() -> None:
    async with upstream(hello) as model, tidegate(configuration(deployment(model.url))) as proxy:
        body = ask(enkrypt_context="mine", unheard_of={"a": [2**70]})
        headers = {"X-Secret": "client", "x-request-id": "req-1", "traceparent": "00-a-b-01"}
        async with proxy.post(body=body, headers=headers | HEADERS) as response:
            await response.read()
            assert response.headers["x-request-id"] == "req-1"
        (asked,) = model.asked
        assert asked.json == ask(unheard_of={"a": [2**70]})
        assert asked.headers["accept-encoding"] == "identity"
        assert asked.headers["x-request-id"] == "req-1"
        assert asked.headers["traceparent"] == "00-a-b-01"
        assert not asked.headers.keys() & {"apikey", "x-secret", "x-enkrypt-deployment"}


async def test_a_block_closes_the_upstream_before_it_is_done() -> None:
    async def script(connection: Connection) -> None:
        await connection.head()
        await connection.chunk(event(delta("This is fine. This is forbidden. And")))
        await connection.gone()

    guarded = policy(keyword_detector=Action.BLOCK)
    async with (
        upstream(script) as model,
        guarding(model, guarded) as proxy,
    ):
        async with proxy.post(body=ask(stream_options={"include_usage": True})) as response:
            body = await response.read()
        assert said(body).startswith("This is fine. This is ")
        assert b"forbidden" not in body
        finishes = [c["finish_reason"] for p in payloads(body) for c in p["choices"]]
        assert finishes[-1] == "content_filter"
        assert payloads(body)[-1]["usage"]
        assert body.endswith(b"data: [DONE]\n\n")
        closed = await proxy.recorder.first(StreamClosed)
        assert closed.outcome is StreamOutcome.BLOCKED
        (found,) = proxy.recorder.all(FindingMade)
        assert (found.stage, found.detector, found.action, found.count) == ("output", "keyword_detector", "block", 1)


async def test_held_text_is_counted_when_it_leaves() -> None:
    async def script(connection: Connection) -> None:
        await connection.events(delta("a secret"), delta(" garden"), delta(finish="stop"))

    guarded = policy(keyword_detector=Action.REDACT)
    async with (
        upstream(script) as model,
        guarding(model, guarded) as proxy,
    ):
        async with proxy.post() as response:
            assert said(await response.read()) == "a secret garden"
        await proxy.recorder.first(StreamClosed)
        holds = [held for flowed in proxy.recorder.all(Flowed) for held in flowed.holds]
        assert {held.detector for held in holds} == {"keyword_detector"}
        assert sum(held.characters for held in holds) == len("secret")


async def test_events_of_one_read_leave_in_one_write() -> None:
    async def script(connection: Connection) -> None:
        await connection.head()
        await connection.chunk(b"".join(event(delta(str(n))) for n in range(20)))
        await asyncio.Event().wait()

    async with upstream(script) as model, tidegate(configuration(deployment(model.url))) as proxy:
        async with proxy.post() as response:
            # An HTTP chunk of the answer is one write of ours.
            first, _ = await response.content.readchunk()
        assert said(first) == "".join(str(n) for n in range(20))


async def test_an_idle_stream_is_kept_alive_by_comments() -> None:
    async def script(connection: Connection) -> None:
        await connection.head()
        await connection.chunk(event(delta("a")))
        await connection.gone()

    async with upstream(script) as model, tidegate(configuration(deployment(model.url, keepalive=0.05))) as proxy:
        async with proxy.post() as response:
            seen = b""
            async with asyncio.timeout(10):
                while seen.count(b": keep-alive\n\n") < 2:
                    seen += await response.content.readany()
        assert said(seen) == "a"


async def test_headers_leave_while_the_first_text_is_held() -> None:
    async def script(connection: Connection) -> None:
        await connection.head()
        await connection.chunk(event(delta("forb")))
        await connection.gone()

    guarded = policy(keyword_detector=Action.REDACT)
    async with (
        upstream(script) as model,
        guarding(model, guarded) as proxy,
        asyncio.timeout(10),
        proxy.post() as response,
    ):
        assert response.status == 200


async def test_a_slow_client_slows_the_reading_of_its_upstream() -> None:
    sent = 0
    stuck = asyncio.Event()

    async def script(connection: Connection) -> None:
        nonlocal sent
        await connection.head()
        piece = event(delta("x" * 60_000))
        try:
            while True:
                async with asyncio.timeout(1):
                    await connection.chunk(piece)
                sent += len(piece)
        except TimeoutError:
            stuck.set()
        await connection.gone()

    async with upstream(script) as model, tidegate(configuration(deployment(model.url))) as proxy:
        # A client that reads the head of the answer and then nothing more.
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port, limit=1024)
        writer.write(raw_request(ask()))
        await reader.readuntil(b"\r\n\r\n")
        async with asyncio.timeout(20):
            await stuck.wait()
        # The socket buffers of the kernel take some megabytes; the proxy itself next to nothing.
        assert sent < 40_000_000
        writer.close()
        closed = await proxy.recorder.first(StreamClosed)
        assert closed.outcome is StreamOutcome.DISCONNECTED
