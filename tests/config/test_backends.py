"""The ``backends`` section: what becomes of each kind, and what is said about mistakes."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from proxy.config.backends import (
    BackendSettings,
    DetectorServiceSettings,
    JudgeBackendSettings,
    ModerationSettings,
    OnnxSettings,
)
from proxy.config.loader import load, parse
from proxy.config.problems import ConfigError
from proxy.config.report import policy_facts, policy_report
from proxy.guard.checks import Backends, NoBackends
from tests.config.conftest import ENVIRON, FACTORIES, GOOD

SECRETS = {**ENVIRON, "MOD_KEY": "mod-key-1234567", "SECONDS": "2.5", "SHORT": "team"}
JUDGE = {"name": "judge", "kind": "judge", "model_saved_name": "gpt"}
MODERATION = {"name": "mod", "kind": "moderation", "url": "https://mod.example/v1/moderations?k=${MOD_KEY}"}
HTTP = {"name": "hap", "kind": "http", "url": "http://127.0.0.1:8000/", "detector_id": "en-hap"}
ONNX = {"name": "big", "kind": "onnx", "path": "/models/big"}


def document(backends: Sequence[object]) -> str:
    return json.dumps({**copy.deepcopy(GOOD), "backends": list(backends)})


def compiled(*backends: object) -> tuple[BackendSettings, ...]:
    return parse(document(backends), SECRETS, factories=FACTORIES).backends


def problems(*backends: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        compiled(*backends)
    return caught.value.problems


def test_a_model_directory(tmp_path: Path) -> None:
    file = tmp_path / "tidegate.yaml"
    file.write_text(document([{**ONNX, "path": "models/big", "timeout": "${SECONDS}"}]))
    assert load(file, SECRETS).backends == (OnnxSettings(name="big", path=tmp_path / "models/big", timeout=2.5),)


def test_a_moderation_endpoint() -> None:
    headers = [{"key": "x-team", "value": "${SHORT}"}]
    [settings] = compiled({**MODERATION, "api_key": "${MOD_KEY}", "headers": headers, "model": "omni"})
    assert settings == ModerationSettings(
        name="mod",
        url="https://mod.example/v1/moderations?k=mod-key-1234567",
        headers=(("authorization", "Bearer mod-key-1234567"), ("x-team", "team")),
        model="omni",
    )
    assert "mod-key" not in repr(settings)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://127.0.0.1:8000/", "http://127.0.0.1:8000/api/v1/text/contents"]
)
def test_a_detector_service(url: str) -> None:
    params = {"threshold": 0.4}
    assert compiled({**HTTP, "url": url, "detector_params": params, "max_concurrency": 3}) == (
        DetectorServiceSettings(
            name="hap",
            url="http://127.0.0.1:8000/api/v1/text/contents",
            headers=(("detector-id", "en-hap"),),
            max_concurrency=3,
            detector_params=params,
        ),
    )


def test_a_judge_is_one_of_the_models() -> None:
    [settings] = compiled({**JUDGE, "model_version": "v1", "timeout": 30, "structured": "json_object"})
    assert isinstance(settings, JudgeBackendSettings)
    assert settings.model.url == "https://llm.example.com/v1/chat/completions"
    assert dict(settings.options) == {"timeout": 30.0, "structured": "json_object"}


@pytest.mark.parametrize(
    ("entry", "path", "said"),
    [
        ("mod", "backends[0]", "expected mapping, got string"),
        ({"name": "x"}, "backends[0].kind", "is required"),
        ({"name": "x", "kind": "onxx"}, "backends[0].kind", "did you mean `onnx`?"),
        ({"name": "x", "kind": 3}, "backends[0].kind", "expected one of `onnx`, `judge`, `moderation`, `http`"),
        ({"kind": "onnx", "path": "/m"}, "backends[0].name", "is required"),
        ({**ONNX, "name": ""}, "backends[0].name", "printable ASCII"),
        ({**ONNX, "url": "https://h"}, "backends[0].url", "unknown field"),
        ({**ONNX, "timeout": 0}, "backends[0].timeout", "> 0"),
        ({**ONNX, "path": "models/big"}, "backends[0].path", "configuration file"),
        ({**MODERATION, "url": "mod.example"}, "backends[0].url", "expected a URL"),
        ({**MODERATION, "url": "https://u:p@h/"}, "backends[0].url", "expected a URL"),
        ({**MODERATION, "url": "https://h/#x"}, "backends[0].url", "expected a URL"),
        ({**MODERATION, "url": "https://h:99999/"}, "backends[0].url", "expected a URL"),
        ({**MODERATION, "url": "https://h/a b"}, "backends[0].url", "expected a URL"),
        ({**MODERATION, "api_key": ""}, "backends[0].api_key", "empty"),
        ({**MODERATION, "api_key": "${NO_KEY}"}, "backends[0].api_key", "NO_KEY is not set"),
        ({**MODERATION, "headers": [{"key": "Host", "value": "h"}]}, "backends[0].headers[0]",
         "belongs to the connection"),
        ({**MODERATION, "detector_id": "x"}, "backends[0].detector_id", "unknown field"),
        ({**HTTP, "detector_id": ""}, "backends[0].detector_id", "empty"),
        ({**HTTP, "headers": [{"key": "Detector-Id", "value": "b"}]}, "backends[0].headers[0]", "already set"),
        ({**HTTP, "max_concurrency": 0}, "backends[0].max_concurrency", ">= 1"),
        ({**JUDGE, "model_saved_name": "gpd"}, "backends[0].model_saved_name",
         "no model `gpd (v1)`; did you mean `gpt (v1)`?"),
        ({**JUDGE, "structured": "xml"}, "backends[0].structured", "expected one of"),
    ],
)  # fmt: skip
def test_mistakes_are_reported_under_their_path(entry: object, path: str, said: str) -> None:
    [problem] = problems(entry)
    assert problem.startswith(f"{path}: ")
    assert said in problem


def test_names_are_unique() -> None:
    assert problems(ONNX, {**HTTP, "name": "big"}) == ["backends[1].name: `big` is already the name of a backend"]


def test_no_message_shows_a_value_from_the_environment() -> None:
    said = problems({**MODERATION, "url": "not a url ${MOD_KEY}", "api_key": "${MOD_KEY}\n", "name": "${MOD_KEY}\n"})
    assert said
    assert "mod-key-1234567" not in "\n".join(said)


def test_names_from_the_environment_are_not_shown_as_suggestions() -> None:
    models = [{**GOOD["models"][0], "model_saved_name": "${MOD_KEY}"}]
    with pytest.raises(ConfigError) as caught:
        parse(json.dumps({**GOOD, "models": models, "backends": [JUDGE]}), SECRETS, factories=FACTORIES)
    assert "backends[0].model_saved_name: no model `gpt (v1)`; known: ${MOD_KEY} (v1)" in caught.value.problems


def test_detectors_are_given_what_was_opened() -> None:
    seen: list[Mapping[str, BackendSettings | None]] = []
    backends = NoBackends()
    built: list[object] = []

    def open_backends(settings: Mapping[str, BackendSettings | None]) -> Backends:
        seen.append(settings)
        return backends

    def factory(options: Mapping[str, object], given: Backends) -> Any:
        built.append(given)
        return FACTORIES["keyword_detector"](options, given)

    factories = {**FACTORIES, "keyword_detector": factory}
    parse(document([ONNX, HTTP]), SECRETS, factories=factories, open_backends=open_backends)
    assert list(seen[0]) == ["big", "hap"]
    assert set(built) == {backends}


def test_a_backend_that_was_refused_is_known_as_such() -> None:
    seen: list[Mapping[str, BackendSettings | None]] = []

    def open_backends(settings: Mapping[str, BackendSettings | None]) -> Backends:
        seen.append(settings)
        return NoBackends()

    with pytest.raises(ConfigError):
        parse(document([{**ONNX, "timeout": -1}]), SECRETS, factories=FACTORIES, open_backends=open_backends)
    assert seen == [{"big": None}]


def test_the_report_names_the_backends_and_no_key() -> None:
    configuration = parse(document([ONNX, MODERATION, HTTP, JUDGE]), SECRETS, factories=FACTORIES)
    assert policy_facts(configuration)["backends"] == [
        {"name": "big", "kind": "onnx", "address": "/models/big"},
        {"name": "mod", "kind": "moderation", "address": "https://mod.example/v1/moderations"},
        {"name": "hap", "kind": "http", "address": "http://127.0.0.1:8000/api/v1/text/contents"},
        {"name": "judge", "kind": "judge", "address": "https://llm.example.com/v1/chat/completions"},
    ]
    report = policy_report(configuration)
    assert "backend mod: moderation https://mod.example/v1/moderations\n" in report
    assert "mod-key" not in report
    assert "mod-key" not in repr(configuration)
