"""Whatever stands in a configuration: it compiles, or its problems are told, without secrets."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.config.loader import parse
from proxy.config.problems import ConfigError
from proxy.guard.detectors import FACTORIES

SECRET = "value-from-the-environment"
GOOD: dict[str, Any] = {
    "models": [
        {
            "model_saved_name": "m",
            "model_config": {
                "endpoint": {"host": "h", "port": 1, "base_path": "/"},
                "auth_data": {"header_name": "x"},
                "apikeys": ["${SECRET}"],
                "custom_headers": [{"key": "a", "value": "b"}],
            },
        }
    ],
    "policies": [{"name": "p", "detectors": {"keyword_detector": {"enabled": True, "banned_keywords": ["w"]}}}],
    "deployments": [
        {
            "name": "d",
            "model_saved_name": "m",
            "input_guardrails_policy": {"policy_name": "p", "enabled": True, "additional_config": {}},
            "output_guardrails_policy": {"policy_name": "p", "enabled": True, "block": ["keyword_detector"]},
            "timeouts": {"idle": 1},
        }
    ],
    "api_keys": [{"name": "a", "key": "${SECRET}"}],
    "server": {"max_body_bytes": 1},
}
WORDS = ["${SECRET}", "${MISSING}", "true", "p", "pii", "keyword_detector", "enabled", "block", "http://h/v1"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=2),
    max_leaves=4,
)


def places(tree: object) -> Iterator[tuple[Any, Any]]:
    """Every container of the tree with each of its keys."""
    if isinstance(tree, (dict, list)):
        for key in tree if isinstance(tree, dict) else range(len(tree)):
            yield tree, key
            yield from places(tree[key])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_spoiled_configuration_is_refused_politely(data: st.DataObject) -> None:
    document = copy.deepcopy(GOOD)
    for _ in range(data.draw(st.integers(0, 3))):
        container, key = data.draw(st.sampled_from(list(places(document))))
        container[key] = data.draw(VALUES)
    problems, shown = ["none"], ""
    try:
        shown = repr(parse(json.dumps(document), {"SECRET": SECRET}, factories=FACTORIES).keys)
    except ConfigError as error:
        problems, shown = error.problems, str(error)
    assert problems
    assert SECRET not in shown


def test_the_unspoiled_one_compiles() -> None:
    assert parse(json.dumps(GOOD), {"SECRET": SECRET}).deployments.keys() == {"d"}
