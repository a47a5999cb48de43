"""The demo's stage: the model on a free loopback port, Tidegate in front of it, both in this process."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from importlib import resources

import yaml
from aiohttp import web

from proxy.config.backends import no_backends
from proxy.config.deployment import Configuration
from proxy.config.loader import parse
from proxy.demo.model import DemoModel
from proxy.events import Observer
from proxy.inference.workshop import LOCAL_MODELS, Workshop
from proxy.server.app import create_app
from proxy.store import StaticStore
from proxy.upstream.client import UpstreamClient

API_KEY = "tidegate-demo-key-0001"
"""The client key in the demo's configuration. It guards nothing but the demo model."""
LOOPBACK = "127.0.0.1"
_LAST_WORDS = 1.0
"""Seconds that answers in flight get when the demo stops."""


def demo_configuration(upstream: str, workshop: Workshop | None = None) -> Configuration:
    """The demo's configuration; ``upstream`` is the base URL of the demo model, ending in ``/v1``.

    Where ``workshop`` has the local models there is a deployment more, which uses them.
    """
    document = _document("config.yaml")
    if workshop is not None and has_models(workshop):
        more = _document("models.yaml")
        document |= {section: document[section] + more[section] for section in more}
    open_backends = no_backends if workshop is None else workshop.open
    return parse(json.dumps(document), {"TIDEGATE_DEMO_UPSTREAM": upstream}, open_backends=open_backends)


def has_models(workshop: Workshop) -> bool:
    """Tell whether the local models are installed."""
    backends = workshop.open({})
    try:
        for detector in LOCAL_MODELS:
            backends.classifier(detector, None)
    except ValueError:
        return False
    return True


def _document(name: str) -> dict[str, list[object]]:
    document: dict[str, list[object]] = yaml.safe_load(resources.files("proxy.demo").joinpath(name).read_text("utf-8"))
    return document


@asynccontextmanager
async def open_stage(host: str, port: int, model: DemoModel, observers: Iterable[Observer] = ()) -> AsyncIterator[int]:
    """Serve both until the block is left; gives the port Tidegate listens on (``port`` 0: a free one).

    Raises OSError where the address cannot be listened on.
    """
    async with _listening(model.application(), LOOPBACK, 0) as model_port:
        upstream = UpstreamClient()
        workshop = Workshop(upstream)
        configuration = demo_configuration(f"http://{LOOPBACK}:{model_port}/v1", workshop)
        app = create_app(StaticStore(configuration), observers=observers, upstream=upstream, workshop=workshop)
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
