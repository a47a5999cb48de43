"""The composition root: which parts there are, and which handler answers which route."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable

from aiohttp import http_parser, web

from proxy.events import Observer, Observers
from proxy.inference.workshop import Workshop
from proxy.metrics import Metrics
from proxy.server import catalog, chat
from proxy.server.admission import Admission
from proxy.server.middleware import identify, surround
from proxy.server.services import SERVICES, Clock, Services
from proxy.store import Store
from proxy.upstream.client import UpstreamClient


def create_app(
    store: Store,
    observers: Iterable[Observer] = (),
    *,
    metrics: Metrics | None = None,
    clock: Clock = time.monotonic,
    upstream: UpstreamClient | None = None,
    workshop: Workshop | None = None,
) -> web.Application:
    """The application that serves what ``store`` configures and tells ``observers`` and ``metrics`` about it.

    ``upstream`` is entered and left with the application, and a ``workshop``, where detectors' backends come from, is
    closed with it.

    Run it with ``handler_cancellation=True``, so that a client that leaves ends its upstream request. Raises
    RuntimeError where aiohttp came without its C parser: the pure Python one is slow, and looser.
    """
    if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
        raise RuntimeError("aiohttp was installed without its C extensions; install a binary wheel of it")
    metrics = metrics or Metrics()
    app = web.Application(middlewares=[surround])
    app[SERVICES] = Services(
        store=store,
        observer=_together(metrics, *observers),
        metrics=metrics,
        upstream=upstream or UpstreamClient(),
        admission=Admission(),
        clock=clock,
    )
    app.cleanup_ctx.append(_upstream)
    if workshop is not None:
        app.on_cleanup.append(lambda _: workshop.aclose())
    app.on_response_prepare.append(identify)
    _add_routes(app.router)
    return app


def _together(*observers: Observer) -> Observer:
    # A lone observer is told directly: some events come with every write.
    return observers[0] if len(observers) == 1 else Observers(observers)


def _add_routes(router: web.UrlDispatcher) -> None:
    router.add_post("/ai-proxy/chat/completions", chat.proxy_chat, name="ai_proxy_chat_completions")
    router.add_post("/v1/chat/completions", chat.openai_chat, name="chat_completions")
    router.add_get("/v1/models", catalog.list_models, name="models")
    router.add_get("/v1/models/{id}", catalog.get_model, name="model")
    router.add_get("/healthz", catalog.healthz, name="healthz")
    router.add_get("/readyz", catalog.readyz, name="readyz")
    router.add_get("/metrics", catalog.metrics, name="metrics")
    router.add_get("/openapi.json", catalog.describe, name="openapi")


async def _upstream(app: web.Application) -> AsyncIterator[None]:
    async with app[SERVICES].upstream:
        yield
