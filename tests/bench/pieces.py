"""The other parties of the relay benchmark: a scripted upstream, and a pass-through that does nothing but pass."""

from __future__ import annotations

import asyncio
import sys

import orjson
import uvloop
from aiohttp import ClientSession, TCPConnector, web
from bench_guard import chunk, deltas

HEADERS = {"Content-Type": "text/event-stream"}


def events(characters: int) -> list[bytes]:
    """The frames of a streamed answer."""
    opening = b"data: " + chunk("").replace(b'"content":""', b'"role":"assistant","content":""') + b"\n\n"
    frames = [b"data: " + chunk(piece) + b"\n\n" for piece in deltas(characters)]
    closing = orjson.loads(chunk(""))
    closing["choices"][0] |= {"delta": {}, "finish_reason": "stop"}
    return [opening, *frames, b"data: " + orjson.dumps(closing) + b"\n\n", b"data: [DONE]\n\n"]


async def answer(request: web.Request) -> web.StreamResponse:
    """Stream ``X-Characters`` characters, a write per chunk, ``X-Gap`` seconds apart (0: as fast as they are taken)."""
    body = orjson.loads(await request.read())
    gap = float(body.get("bench_gap", 0))
    response = web.StreamResponse(headers=HEADERS)
    await response.prepare(request)
    for frame in events(int(body.get("bench_characters", 2_000))):
        await response.write(frame)
        # Even without a gap each chunk is a turn of its own, so that it arrives as a read of its own.
        await asyncio.sleep(gap)
    return response


UPSTREAM = web.AppKey("upstream", str)
SESSION = web.AppKey("session", ClientSession)


async def pass_through(request: web.Request) -> web.StreamResponse:
    """Forward the request, and every read of the answer in one write."""
    body = await request.read()
    async with request.app[SESSION].post(
        request.app[UPSTREAM], data=body, headers={"Content-Type": "application/json"}
    ) as upstream:
        response = web.StreamResponse(headers=HEADERS)
        await response.prepare(request)
        async for data in upstream.content.iter_any():
            await response.write(data)
        return response


def main(role: str, port: str, upstream: str = "") -> None:
    """Serve as ``upstream`` or ``pass-through`` on a loopback port."""
    app = web.Application(client_max_size=2**24)
    if role == "upstream":
        app.router.add_post("/v1/chat/completions", answer)
    else:
        app[UPSTREAM] = upstream
        app.router.add_post("/v1/chat/completions", pass_through)

        async def session(app: web.Application) -> None:
            app[SESSION] = ClientSession(connector=TCPConnector(limit=0))

        app.on_startup.append(session)
    uvloop.install()
    web.run_app(app, host="127.0.0.1", port=int(port), print=None, access_log=None)


if __name__ == "__main__":
    main(*sys.argv[1:])
