"""Tidegate as a real process, what stands behind it, and a tap in front of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.conformance.gateway import FORBIDDEN, SAID, Gateway, configuration
from tests.conformance.processes import listening, require_packages
from tests.conformance.scripted_model import MODEL_NAME, ScriptedModel, scripted_model
from tests.conformance.wire import Wire, tap


@pytest.fixture(scope="session")
def served_model() -> Iterator[ScriptedModel]:
    """The scripted model, listening."""
    with scripted_model() as model:
        yield model


@pytest.fixture(scope="session")
def tidegate_port(served_model: ScriptedModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Tidegate in front of the scripted model."""
    with _tidegate(served_model.base_url, MODEL_NAME, tmp_path_factory) as port:
        yield port


@pytest.fixture
def gateway(tidegate_port: int, served_model: ScriptedModel) -> Iterator[Gateway]:
    """Tidegate behind a tap of the test's own, which in the end nothing forbidden may have crossed."""
    served_model.says(SAID)
    with tap(tidegate_port) as wire:
        yield Gateway(wire, served_model)
        assert wire.leaks(FORBIDDEN) == []


@pytest.fixture(scope="session")
def llama_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Tidegate in front of llama.cpp's server."""
    require_packages("xllamacpp", "gguf")
    with (
        listening(["-m", "tests.conformance.llama_server"]) as port,
        _tidegate(f"http://127.0.0.1:{port}/v1", "random", tmp_path_factory) as tidegate,
    ):
        yield tidegate


@pytest.fixture
def llama_wire(llama_port: int) -> Iterator[Wire]:
    """The same behind a tap, as in ``gateway``."""
    with tap(llama_port) as wire:
        yield wire
        assert wire.leaks(FORBIDDEN) == []


def _tidegate(upstream: str, model_name: str, folders: pytest.TempPathFactory) -> AbstractContextManager[int]:
    path: Path = folders.mktemp("tidegate") / "tidegate.yaml"
    path.write_text(json.dumps(configuration(upstream, model_name)), encoding="utf-8")
    return listening(["-m", "proxy", "serve", "--config", str(path), "--port", "0"])
