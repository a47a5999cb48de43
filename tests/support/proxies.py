"""Tidegate itself, listening on loopback, with everything it tells its observers written down."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TypeVar

import aiohttp
from aiohttp import web

from proxy.config.deployment import ClientKey, Configuration, Deployment, ServerSettings, Timeouts, UpstreamModel
from proxy.config.keys import digest
from proxy.events import Event
from proxy.guard.checks import NoBackends
from proxy.guard.detectors import FACTORIES
from proxy.guard.findings import Action
from proxy.guard.policy import Enforcement, Policy
from proxy.metrics import Metrics
from proxy.server.admission import Admission
from proxy.server.app import create_app
from proxy.server.services import SERVICES
from proxy.store.base import StaticStore, Store

KEY = "a-client-key-for-tests"
DEPLOYMENT = "test-deployment"
CHAT = "/ai-proxy/chat/completions"
HEADERS = {"apikey": KEY, "X-Enkrypt-Deployment": DEPLOYMENT}

E = TypeVar("E")


class Recorder:
    """An observer that remembers, and can be waited on."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._news = asyncio.Event()

    def notify(self, event: Event) -> None:
        self.events.append(event)
        self._news.set()

    def all(self, kind: type[E]) -> list[E]:
        """The events of one kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    async def first(self, kind: type[E]) -> E:
        """The first event of a kind, waiting for it."""
        async with asyncio.timeout(10):
            while not self.all(kind):
                self._news.clear()
                await self._news.wait()
        return self.all(kind)[0]


class Proxy:
    """A running Tidegate and a session that speaks to it."""

    def __init__(self, app: web.Application, port: int, session: aiohttp.ClientSession, recorder: Recorder) -> None:
        self.app = app
        self.port = port
        self.session = session
        self.recorder = recorder

    @property
    def admission(self) -> Admission:
        """The slots."""
        return self.app[SERVICES].admission

    def post(
        self, path: str = CHAT, body: object = None, headers: dict[str, str] | None = None, **more: object
    ) -> contextlib.AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """A chat completion request; without a body, a streamed one."""
        wanted = ask() if body is None else body
        return self.session.post(path, json=wanted, headers=HEADERS if headers is None else headers, **more)  # type: ignore[arg-type]


def ask(**fields: object) -> dict[str, object]:
    """A request body that asks for a stream unless ``stream`` says otherwise."""
    return {"messages": [{"role": "user", "content": "hi"}], "model": "any", "stream": True} | fields


def raw_request(body: object, path: str = CHAT) -> bytes:
    """The bytes of an authenticated request, for a client that is only a socket."""
    content = json.dumps(body).encode()
    headers = HEADERS | {"Host": "localhost", "Content-Type": "application/json", "Content-Length": str(len(content))}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + content


def deployment(url: str, **fields: object) -> Deployment:
    """A deployment without policies in front of ``url``."""
    known = Deployment(name=DEPLOYMENT, upstream=UpstreamModel(url=url, model_name=""))
    return replace(known, **fields)  # type: ignore[arg-type]


def patient(**seconds: float) -> Timeouts:
    """Time-outs that never run out in a test, but for those given."""
    return replace(Timeouts(60.0, 60.0, 60.0, 60.0), **seconds)


def configuration(*deployments: Deployment, **server: object) -> Configuration:
    """A configuration with one client key."""
    return Configuration(
        deployments={each.name: each for each in deployments},
        keys=(ClientKey("tests", digest(KEY)),),
        server=ServerSettings(**server),  # type: ignore[arg-type]
    )


def policy(**actions: Action) -> Policy:
    """A policy of built-in detectors: ``keyword_detector`` bans "forbidden" and "secret plan"."""
    options: dict[str, dict[str, object]] = {
        "keyword_detector": {"banned_keywords": ["forbidden", "secret plan"]},
        "pii": {"entities": ["pii", "secrets", "ip_address", "url"]},
    }
    return Policy(
        name="test-policy",
        enforcements=tuple(
            Enforcement(FACTORIES[name](options[name], NoBackends()), action) for name, action in actions.items()
        ),
    )


@contextlib.asynccontextmanager
async def tidegate(configured: Configuration | Store) -> AsyncIterator[Proxy]:
    """Serve a configuration until the block is left."""
    store = StaticStore(configured) if isinstance(configured, Configuration) else configured
    recorder = Recorder()
    async with serving(create_app(store, [recorder], metrics=Metrics()), recorder) as proxy:
        yield proxy


@contextlib.asynccontextmanager
async def serving(app: web.Application, recorder: Recorder) -> AsyncIterator[Proxy]:
    """Serve an application that ``recorder`` observes until the block is left."""
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        try:
            yield Proxy(app, port, session, recorder)
        finally:
            await runner.cleanup()
