"""Tidegate as it is installed: a configuration file, the local models where there are any, and a real server."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from proxy.inference.locations import models_dir
from proxy.inference.onnx_directory import describe_directory
from proxy.inference.workshop import EMBEDDING_MODEL, LOCAL_MODELS, Workshop
from proxy.metrics import Metrics
from proxy.server.app import create_app
from proxy.store import FileStore
from proxy.upstream.client import UpstreamClient
from tests.support.proxies import Proxy, Recorder, serving

MODELS = (*dict.fromkeys(LOCAL_MODELS.values()), EMBEDDING_MODEL)
"""The directories of all local models."""


def require_models(*names: str) -> Path:
    """Return the folder of the local models; skip the test where one is not built, or fail it under ``CI=true``."""
    for name in names:
        try:
            describe_directory(models_dir() / name)
        except ValueError as error:
            if os.environ.get("CI") == "true":
                pytest.fail(f"the local model `{name}` is missing: {error}")
            pytest.skip(f"the local model `{name}` is missing: build it with `tidegate models`")
    return models_dir()


@contextlib.asynccontextmanager
async def installed(path: Path, environ: Mapping[str, str]) -> AsyncIterator[Proxy]:
    """Serve the configuration file at ``path``, with everything that its detectors ask, until the block is left."""
    upstream = UpstreamClient()
    workshop = Workshop(upstream)
    recorder = Recorder()
    store = FileStore(path, environ, ttl=0.0, open_backends=workshop.open)
    app = create_app(store, [recorder], metrics=Metrics(), upstream=upstream, workshop=workshop)
    async with serving(app, recorder) as proxy:
        yield proxy
