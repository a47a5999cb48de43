"""Real HTTP servers on loopback that stand for classifiers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

Answer = Callable[["Service", web.Request], Awaitable[web.StreamResponse]]


class Service:
    """A server that keeps what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[object] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.arrived = asyncio.Event()
        self.go_on = asyncio.Event()
        self.most = 0
        """Requests that were under way at once."""


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Service]:
    """Serve every request by ``answer`` until the block is left."""
    state = Service()
    active = 0

    async def handle(request: web.Request) -> web.StreamResponse:
        nonlocal active
        active += 1
        state.most = max(state.most, active)
        state.asked.append(await request.json())
        state.headers.append({name.lower(): value for name, value in request.headers.items()})
        state.paths.append(request.path_qs)
        state.arrived.set()
        try:
            return await answer(state, request)
        finally:
            active -= 1

    app = web.Application()
    app.router.add_post("/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    state.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield state
    finally:
        state.go_on.set()
        await runner.cleanup()


def always(value: object, status: int = 200) -> Answer:
    """The same JSON for every request."""

    async def answer(service: Service, request: web.Request) -> web.StreamResponse:
        return web.json_response(value, status=status)

    return answer
