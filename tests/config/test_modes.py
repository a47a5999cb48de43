"""Modes, switched detectors and backends in policies: what is compiled, and which combinations are refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from proxy.config.backends import BackendSettings
from proxy.config.deployment import Configuration
from proxy.config.loader import load, parse
from proxy.config.problems import ConfigError
from proxy.config.sources import SourceFiles
from proxy.guard.checks import Backends
from proxy.guard.detectors import FACTORIES as REAL
from proxy.guard.findings import Action
from proxy.guard.policy import Enforcement, Judged, Mode, Policy
from tests.config.conftest import ENVIRON, NamedDetector, changed
from tests.support.backends import FakeBackends, scoring

OUTPUT = ("deployments", 0, "output_guardrails_policy")
INPUT = ("deployments", 0, "input_guardrails_policy")
ASKING = ("toxicity", "nsfw", "injection_attack", "hallucination", "adherence", "relevancy")


class Waited(NamedDetector):
    """One that has to be awaited."""

    asks = True


def named(name: str, waited: bool) -> Callable[[Mapping[str, object], Backends], NamedDetector]:
    return lambda options, backends: Waited(name, options) if waited else NamedDetector(name, options)


FACTORIES = {name: named(name, name in ASKING) for name in REAL}
DETECTORS = {
    "toxicity": {"enabled": True},
    "nsfw": {"enabled": True},
    "pii": {"enabled": True},
    "keyword_detector": {"enabled": True, "banned_keywords": ["x"]},
    "bias": {"enabled": True},
}
ALL = ("policies", 0, "detectors"), DETECTORS
EMPTY = (INPUT, {"enabled": False}), (OUTPUT, {"enabled": True, "policy_name": "strict"})


def document(*changes: tuple[tuple[str | int, ...], object]) -> str:
    return json.dumps(changed(*copy.deepcopy((ALL, *EMPTY, *changes))))


def compiled(*changes: tuple[tuple[str | int, ...], object]) -> Configuration:
    return parse(document(*changes), ENVIRON, factories=FACTORIES)


def output(*changes: tuple[tuple[str | int, ...], object]) -> Policy:
    return compiled(*changes).deployments["chat"].output_policy


def problems(*changes: tuple[tuple[str | int, ...], object]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        compiled(*changes)
    return [problem.removeprefix("deployments[0].output_guardrails_policy.") for problem in caught.value.problems]


def of(policy: Policy, name: str) -> Enforcement:
    [found] = [each for each in policy.enforcements if each.detector.name == name]
    return found


@pytest.mark.parametrize(
    ("modes", "action", "mode"),
    [
        ({}, Action.BLOCK, Mode.HOLD),
        ({"toxicity": "hold"}, Action.BLOCK, Mode.HOLD),
        ({"toxicity": "chase"}, Action.BLOCK, Mode.CHASE),
        ({"toxicity": "observe"}, Action.OBSERVE, Mode.HOLD),
    ],
)
def test_the_mode_says_when_a_block_takes_effect(modes: object, action: Action, mode: Mode) -> None:
    enforcement = of(output(((*OUTPUT, "block"), ["toxicity"]), ((*OUTPUT, "modes"), modes)), "toxicity")
    assert (enforcement.action, enforcement.mode) == (action, mode)


def test_a_redaction_may_be_tried_out() -> None:
    policy = output(((*OUTPUT, "redact"), ["pii"]), ((*OUTPUT, "modes"), {"pii": "observe"}))
    assert of(policy, "pii").action is Action.OBSERVE


def test_observing_a_request_does_not_show_the_model_what_is_hidden() -> None:
    section = {
        "enabled": True,
        "policy_name": "strict",
        "redact": ["pii"],
        "modes": {"pii": "observe"},
        "additional_config": {"pii_redaction": True},
    }
    assert of(compiled((INPUT, section)).deployments["chat"].input_policy, "pii").action is Action.REDACT


@pytest.mark.parametrize(
    ("section", "path", "said"),
    [
        ({"modes": {"toxicity": "chase"}}, "modes.toxicity", "neither in `block` nor in `redact`"),
        ({"modes": {"toxicity": "observe"}}, "modes.toxicity", "neither in `block` nor in `redact`"),
        ({"redact": ["pii"], "modes": {"pii": "chase"}}, "modes.pii", "`chase` needs `block`"),
        ({"block": ["keyword_detector"], "modes": {"keyword_detector": "chase"}}, "modes.keyword_detector",
         "needs no waiting for"),
        ({"block": ["toxicity"], "modes": {"toxicity": "later"}}, "modes.toxicity", "hold, chase or observe"),
        ({"block": ["pii"], "modes": {"pii": "chase"}}, "modes.pii", "finds exactly"),
        ({"additional_config": {"hallucination": True}, "redact": ["hallucination"]}, "redact[0]", "whole passages"),
        ({"modes": {"toxicty": "hold"}}, "modes.toxicty", "no effect"),
        ({"redact": ["toxicity"]}, "redact[0]", "judges whole passages"),
        ({"redact": ["nsfw"]}, "redact[0]", "judges whole passages"),
        ({"block": ["hallucination"]}, "block[0]", "is not switched on in this section's `additional_config`"),
        ({"block": ["injection_attack"]}, "block[0]", "is not enabled in policy"),
        ({"block": ["toxicty"]}, "block[0]", "did you mean `toxicity`?"),
        ({"additional_config": {"relevancy": "yes"}}, "additional_config.relevancy", "expected"),
        ({"additional_config": {"messages": "all"}}, "additional_config.messages", "unknown field"),
    ],
)  # fmt: skip
def test_what_could_mean_nothing_is_refused(section: Mapping[str, Any], path: str, said: str) -> None:
    [problem] = problems(*(((*OUTPUT, key), value) for key, value in section.items()))
    assert problem.startswith(path)
    assert said in problem


def test_requests_cannot_be_chased() -> None:
    section = {"enabled": True, "policy_name": "strict", "block": ["toxicity"], "modes": {"toxicity": "chase"}}
    [problem] = problems((INPUT, section))
    assert "input_guardrails_policy.modes" in problem
    assert "chase" in problem


@pytest.mark.parametrize("name", ["redact_bias", "redact_keyword_detector", "redact_pii"])
def test_what_has_a_revision_can_be_redacted(name: str) -> None:
    detector = name.removeprefix("redact_")
    assert of(output(((*OUTPUT, "redact"), [detector])), detector).action is Action.REDACT


def test_answers_have_detectors_of_their_own() -> None:
    switches = {"hallucination": True, "adherence": {"threshold": 0.25}, "relevancy": False}
    policy = output(
        ((*OUTPUT, "additional_config"), switches),
        ((*OUTPUT, "block"), ["hallucination", "adherence"]),
        ((*OUTPUT, "modes"), {"adherence": "chase"}),
    )
    names = [each.detector.name for each in policy.enforcements]
    assert names == [*DETECTORS, "hallucination", "adherence"]
    adherence = of(policy, "adherence")
    assert vars(adherence.detector)["options"] == {"threshold": 0.25}
    assert (adherence.action, adherence.mode) == (Action.BLOCK, Mode.CHASE)


@pytest.mark.parametrize("name", ["hallucination", "adherence", "relevancy"])
def test_they_are_no_part_of_a_policy(name: str) -> None:
    [problem, *_] = problems((("policies", 0, "detectors", name), {"enabled": True}))
    assert problem.startswith(f"policies[0].detectors.{name}: is no part of a policy")
    assert f"output_guardrails_policy.additional_config.{name}" in problem


def test_a_section_that_is_off_has_no_switched_detectors() -> None:
    policy = output(((*OUTPUT, "enabled"), False), ((*OUTPUT, "additional_config"), {"relevancy": True}))
    assert policy.enforcements == ()


def test_options_of_switched_detectors_are_checked() -> None:
    bad = document(((*OUTPUT, "additional_config"), {"relevancy": {"thresold": 1}}))
    backends = FakeBackends(scoring(lambda text: {}))
    with pytest.raises(ConfigError) as caught:
        parse(bad, ENVIRON, factories=REAL, open_backends=lambda settings: backends)
    [problem] = [problem for problem in caught.value.problems if "relevancy" in problem]
    assert problem.startswith("deployments[0].output_guardrails_policy.additional_config.relevancy: ")
    assert "thresold" in problem


@pytest.mark.parametrize(("messages", "judged"), [(each.value, each) for each in Judged])
def test_which_messages_are_judged(messages: str, judged: Judged) -> None:
    section = {"enabled": True, "policy_name": "strict", "additional_config": {"messages": messages}}
    assert compiled((INPUT, section)).deployments["chat"].input_policy.judged is judged


def test_an_index_lies_beside_the_file(tmp_path: Path) -> None:
    seen: list[Mapping[str, object]] = []

    def remembering(options: Mapping[str, object], backends: Backends) -> NamedDetector:
        seen.append(dict(options))
        return NamedDetector("copyright_ip", options)

    detectors = {"copyright_ip": {"enabled": True, "index": "indexes/protected.idx"}}
    text = document((("policies", 0, "detectors"), detectors))
    (tmp_path / "tidegate.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "tidegate.yaml", ENVIRON)
    assert any("indexes/protected.idx" in problem for problem in caught.value.problems)

    parse(
        text,
        ENVIRON,
        sources=SourceFiles(tmp_path / "tidegate.yaml"),
        factories={**FACTORIES, "copyright_ip": remembering},
    )
    assert seen == [{"index": str(tmp_path / "indexes/protected.idx")}]


def test_detectors_get_the_backend_that_they_name() -> None:
    backends = FakeBackends(scoring(lambda text: {}))
    seen: list[Mapping[str, BackendSettings | None]] = []

    def opened(settings: Mapping[str, BackendSettings | None]) -> Backends:
        seen.append(settings)
        return backends

    detectors = {"toxicity": {"enabled": True, "backend": "other"}, "nsfw": {"enabled": True}}
    text = document((("policies", 0, "detectors"), detectors))
    parse(text, ENVIRON, factories=REAL, open_backends=opened)
    assert sorted(backends.classifiers, key=str) == [("nsfw", None), ("toxicity", "other")]
    wrong = text.replace('"other"', '"missing"')
    with pytest.raises(ConfigError) as caught:
        parse(wrong, ENVIRON, factories=REAL, open_backends=opened)
    assert caught.value.problems[0].startswith("policies[0].detectors.toxicity: ")
    assert "missing" in caught.value.problems[0]
