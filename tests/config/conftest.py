"""A good configuration to start from, and detectors that need no rules."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from proxy.config.deployment import Configuration
from proxy.config.loader import parse
from proxy.guard.checks import Backends, Exchange
from proxy.guard.detector import DetectorReport, Evidence, RuleReport, Scanner

ENVIRON = {"UPSTREAM_KEY": "sk-upstream-secret", "CLIENT_KEY": "client-key-of-20-chars", "PORT": "8443"}

GOOD: dict[str, Any] = {
    "models": [
        {
            "model_saved_name": "gpt",
            "model_name": "gpt-4o-mini",
            "model_config": {
                "model_provider": "openai",
                "endpoint": {"scheme": "https", "host": "llm.example.com", "port": 443, "base_path": "/v1"},
                "paths": {"chat": "/chat/completions"},
                "apikeys": ["${UPSTREAM_KEY}"],
            },
        }
    ],
    "policies": [
        {
            "name": "strict",
            "detectors": {
                "pii": {"enabled": True, "entities": ["pii"]},
                "keyword_detector": {"enabled": True, "banned_keywords": ["moonshine"], "block_message": "No."},
                "nsfw": {"enabled": False},
            },
        },
        {"name": "words", "detectors": {"keyword_detector": {"enabled": True, "banned_keywords": ["x"]}}},
    ],
    "deployments": [
        {
            "name": "chat",
            "model_saved_name": "gpt",
            "input_guardrails_policy": {"policy_name": "strict", "enabled": True, "block": ["pii"]},
            "output_guardrails_policy": {
                "policy_name": "strict",
                "enabled": True,
                "block": ["keyword_detector"],
                "redact": ["pii"],
            },
        }
    ],
    "api_keys": [{"name": "frontend", "key": "${CLIENT_KEY}"}],
}


class NamedDetector:
    """A detector that only has a name and the options it was built from."""

    asks = False

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        self.name = name
        self.options = dict(options)

    def rules(self) -> Sequence[RuleReport]:
        return [RuleReport(f"{self.name} rule", 7)]

    def scanner(self, exchange: Exchange | None) -> Scanner:
        raise AssertionError("a policy report scans nothing")

    def placeholder(self, label: str, index: int) -> str:
        return f"<{label}_{index}>"

    def report(self, evidence: Evidence) -> DetectorReport:
        return DetectorReport({}, {})


def _pii(options: Mapping[str, object], backends: Backends) -> NamedDetector:
    if options.get("entities") == ["sk-upstream-secret"]:
        raise ValueError("entities: unknown entity sk-upstream-secret")
    return NamedDetector("pii", options)


FACTORIES = {"pii": _pii, "keyword_detector": lambda options, backends: NamedDetector("keyword_detector", options)}

Where = tuple[str | int, ...]
DELETE = object()


def changed(*changes: tuple[Where, object]) -> dict[str, Any]:
    """The good configuration with values put at some places, or deleted there."""
    document = copy.deepcopy(GOOD)
    for where, value in changes:
        place: Any = document
        for step in where[:-1]:
            place = place.setdefault(step, {}) if isinstance(step, str) else place[step]
        if value is DELETE:
            del place[where[-1]]
        else:
            place[where[-1]] = value
    return document


Configure = Callable[..., Configuration]


@pytest.fixture
def configure() -> Configure:
    """Compiles the good configuration with the given changes."""

    def compile_changed(*changes: tuple[Where, object]) -> Configuration:
        return parse(json.dumps(changed(*changes)), ENVIRON, factories=FACTORIES)

    return compile_changed


@pytest.fixture
def delete() -> object:
    """As a change's value: take the member away."""
    return DELETE
