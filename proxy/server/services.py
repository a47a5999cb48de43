"""What the handlers share: made once by :func:`proxy.server.app.create_app`, and found under typed keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from proxy.events import Observer
from proxy.metrics import Metrics
from proxy.server.admission import Admission
from proxy.store import Store
from proxy.upstream.client import UpstreamClient

Clock = Callable[[], float]
"""Seconds of a monotonic clock."""


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one running server."""

    store: Store
    observer: Observer
    metrics: Metrics
    upstream: UpstreamClient
    admission: Admission
    clock: Clock


SERVICES = web.AppKey("services", Services)
REQUEST_ID = web.RequestKey("request_id", str)
DEPLOYMENT = web.RequestKey("deployment", str)
"""The name of the deployment that a request was resolved to."""
