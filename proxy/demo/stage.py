"""The demo's stage: the model on a free loopback port, Tidegate in front of it, both in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from importlib import resources

from aiohttp import web

from proxy.config.deployment import Configuration
from proxy.config.loader import parse
from proxy.demo.model import DemoModel
from proxy.events import Observer
from proxy.server.app import create_app
from proxy.store import StaticStore

API_KEY = "tidegate-demo-key-0001"
"""The client key in the demo's configuration. It guards nothing but the demo model."""
LOOPBACK = "127.0.0.1"
_LAST_WORDS = 1.0
"""Seconds that answers in flight get when the demo stops."""


def demo_configuration(upstream: str) -> Configuration:
    """The demo's configuration; ``upstream`` is the base URL of the demo model, ending in ``/v1``."""
    text = resources.files("proxy.demo").joinpath("config.yaml").read_text(encoding="utf-8")
    return parse(text, {"TIDEGATE_DEMO_UPSTREAM": upstream})


@asynccontextmanager
async def open_stage(host: str, port: int, model: DemoModel, observers: Iterable[Observer] = ()) -> AsyncIterator[int]:
    """Serve both until the block is left; gives the port Tidegate listens on (``port`` 0: a free one).

    Raises OSError where the address cannot be listened on.
    """
    async with _listening(model.application(), LOOPBACK, 0) as model_port:
        configuration = demo_configuration(f"http://{LOOPBACK}:{model_port}/v1")
        app = create_app(StaticStore(configuration), observers=observers)
        async with _listening(app, host, port) as actual_port:
            yield actual_port


@asynccontextmanager
async def _listening(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    # Without handler_cancellation a client that leaves would not stop its answer.
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=_LAST_WORDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
