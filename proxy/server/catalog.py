"""The routes that answer from what the server itself knows: models, health, metrics, its own description."""

from __future__ import annotations

import json
from collections.abc import Mapping

import orjson
from aiohttp import web

from proxy import __version__
from proxy.config.problems import ConfigError
from proxy.protocol import openapi
from proxy.protocol.errors import ErrorCode, api_error
from proxy.server.intake import admit
from proxy.server.services import SERVICES

_OWNER = "tidegate"


async def list_models(request: web.Request) -> web.Response:
    """``GET /v1/models``: the deployments, in the shape of OpenAI's list of models."""
    configuration = await admit(request)
    return _json({"object": "list", "data": [_model(name) for name in configuration.deployments]})


async def get_model(request: web.Request) -> web.Response:
    """``GET /v1/models/{id}``: one deployment. Raises ApiError (404)."""
    configuration = await admit(request)
    name = request.match_info["id"]
    if name not in configuration.deployments:
        raise api_error(ErrorCode.MODEL_NOT_FOUND, param="model")
    return _json(_model(name))


async def healthz(request: web.Request) -> web.Response:
    """``GET /healthz``: the process is alive."""
    return _json({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """``GET /readyz``: requests may be sent here; 503 while the server is stopping or has no configuration."""
    services = request.app[SERVICES]
    if services.admission.draining:
        return _json({"status": "stopping"}, status=503)
    try:
        await services.store.configuration()
    except ConfigError:
        return _json({"status": "not configured"}, status=503)
    return _json({"status": "ok"})


async def metrics(request: web.Request) -> web.Response:
    """``GET /metrics``: for Prometheus."""
    content_type, body = request.app[SERVICES].metrics.exposition(request.headers.get("Accept", ""))
    return web.Response(body=body, headers={"Content-Type": content_type})


async def describe(request: web.Request) -> web.Response:
    """``GET /openapi.json``: this server's API."""
    # The documented bounds of `seed` lie beyond 64 bits, where orjson ends.
    body = json.dumps(openapi.document(__version__)).encode()
    return web.Response(body=body, content_type="application/json")


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": _OWNER}


def _json(value: Mapping[str, object], status: int = 200) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(value), content_type="application/json")
