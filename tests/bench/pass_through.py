"""The least an aiohttp proxy can do: forward the request, and every read of the answer in one write."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import uvloop
from aiohttp import ClientSession, TCPConnector, web

UPSTREAM = web.AppKey("upstream", str)
SESSION = web.AppKey("session", ClientSession)


async def relay(request: web.Request) -> web.StreamResponse:
    """Relay one request."""
    headers = {"Content-Type": "application/json"}
    body = await request.read()
    async with request.app[SESSION].post(request.app[UPSTREAM], data=body, headers=headers) as upstream:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        async for data in upstream.content.iter_any():
            await response.write(data)
        return response


async def session(app: web.Application) -> AsyncIterator[None]:
    """One client session for the life of the application."""
    async with ClientSession(connector=TCPConnector(limit=0)) as opened:
        app[SESSION] = opened
        yield


def main(port: str, upstream: str) -> None:
    """Serve on a loopback port in front of ``upstream``."""
    app = web.Application(client_max_size=2**24)
    app[UPSTREAM] = upstream
    app.cleanup_ctx.append(session)
    app.router.add_post("/v1/chat/completions", relay)
    uvloop.install()
    web.run_app(app, host="127.0.0.1", port=int(port), print=None, access_log=None)


if __name__ == "__main__":
    main(*sys.argv[1:])
