"""Deployments: which detector may do what, and the settings of the stream."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proxy.config.deployment import Configuration, Deployment, ServerSettings, Timeouts
from proxy.config.loader import load
from proxy.config.problems import ConfigError
from proxy.guard.findings import Action
from proxy.guard.policy import NO_POLICY, Judged, OnError, Policy, Unseen

DEPLOYMENT = ("deployments", 0)
INPUT = (*DEPLOYMENT, "input_guardrails_policy")
OUTPUT = (*DEPLOYMENT, "output_guardrails_policy")

Configure = Callable[..., Configuration]


def compiled(configure: Configure, *changes: tuple[tuple[str | int, ...], object]) -> Deployment:
    return configure(*changes).deployments["chat"]


def actions(policy: Policy) -> dict[str, Action]:
    return {each.detector.name: each.action for each in policy.enforcements}


def test_lists_decide_the_action_and_the_rest_observes(configure: Configure) -> None:
    deployment = compiled(configure)
    assert actions(deployment.input_policy) == {"pii": Action.BLOCK, "keyword_detector": Action.OBSERVE}
    assert actions(deployment.output_policy) == {"pii": Action.REDACT, "keyword_detector": Action.BLOCK}
    assert deployment.output_policy.name == "strict"


def test_detectors_see_their_own_options_only(configure: Configure) -> None:
    pii, keywords = compiled(configure).output_policy.enforcements
    assert vars(pii.detector)["options"] == {"entities": ["pii"]}
    assert vars(keywords.detector)["options"] == {"banned_keywords": ["moonshine"]}
    assert (pii.block_message, keywords.block_message) == (None, "No.")


def test_stages_share_the_detectors_of_a_policy(configure: Configure) -> None:
    deployment = compiled(configure)
    assert [e.detector for e in deployment.input_policy.enforcements] == [
        e.detector for e in deployment.output_policy.enforcements
    ]


def test_without_sections_nothing_is_guarded(configure: Configure, delete: object) -> None:
    deployment = compiled(configure, (INPUT, delete), (OUTPUT, delete))
    assert deployment.input_policy == NO_POLICY
    assert deployment.output_policy == NO_POLICY


def test_a_section_that_is_off_guards_nothing_but_is_checked(configure: Configure) -> None:
    assert compiled(configure, ((*OUTPUT, "enabled"), False)).output_policy == NO_POLICY
    with pytest.raises(ConfigError, match="no policy `other`"):
        compiled(configure, ((*OUTPUT, "enabled"), False), ((*OUTPUT, "policy_name"), "other"))


def test_pii_redaction_redacts_with_the_policy_s_detector(configure: Configure) -> None:
    deployment = compiled(configure, ((*INPUT, "block"), []), ((*INPUT, "additional_config"), {"pii_redaction": True}))
    assert deployment.pii_redaction
    assert actions(deployment.input_policy) == {"pii": Action.REDACT, "keyword_detector": Action.OBSERVE}
    assert deployment.input_policy.enforcements[0].detector is deployment.output_policy.enforcements[0].detector


def test_pii_redaction_brings_a_detector_where_the_policy_has_none(configure: Configure) -> None:
    section = {"policy_name": "words", "enabled": True, "additional_config": {"pii_redaction": True}}
    policy = compiled(configure, (INPUT, section)).input_policy
    assert actions(policy) == {"keyword_detector": Action.OBSERVE, "pii": Action.REDACT}
    assert vars(policy.enforcements[1].detector)["options"] == {}


def test_defaults(configure: Configure) -> None:
    configuration = configure()
    deployment = configuration.deployments["chat"]
    plain = Deployment(name="", upstream=deployment.upstream)
    assert deployment.timeouts == Timeouts()
    for name in ("strict_schema", "keepalive", "max_event_bytes", "max_answer_bytes", "pii_redaction"):
        assert getattr(deployment, name) == getattr(plain, name)
    for policy in (deployment.input_policy, deployment.output_policy):
        assert not policy.expose_full
        assert policy.block_notice
        assert (policy.on_error, policy.unseen) == (OnError.BLOCK, Unseen.REFUSE)
        assert policy.judged is Judged.LAST_USER
    assert configuration.server == ServerSettings()


def test_settings(configure: Configure) -> None:
    settings = {
        "expose_findings": "full",
        "block_notice": "none",
        "on_error": "allow",
        "unseen_content": "allow",
        "strict_schema": True,
        "keepalive": 1,
        "max_event_bytes": 2,
        "max_answer_bytes": 3,
        "timeouts": {"connect": 4, "first_byte": 5, "idle": 6, "lifetime": 7.5},
    }
    changes = [((*DEPLOYMENT, name), value) for name, value in settings.items()]
    deployment = compiled(configure, *changes, ((*INPUT, "additional_config"), {"messages": "all"}))
    assert deployment.timeouts == Timeouts(4, 5, 6, 7.5)
    assert deployment.strict_schema
    assert (deployment.keepalive, deployment.max_event_bytes, deployment.max_answer_bytes) == (1, 2, 3)
    for policy in (deployment.input_policy, deployment.output_policy):
        assert policy.expose_full
        assert not policy.block_notice
        assert (policy.on_error, policy.unseen) == (OnError.ALLOW, Unseen.ALLOW)
    assert deployment.input_policy.judged is Judged.ALL


def test_server_settings(configure: Configure) -> None:
    server: dict[str, Any] = {
        "max_body_bytes": 1,
        "max_active_streams": 2,
        "shutdown_grace": 0,
        "allow_anonymous": True,
    }
    configuration = configure((("server",), server), (("api_keys",), []))
    assert configuration.server == ServerSettings(**server)
    assert configuration.keys == ()


WORDS_CONFIG = """
models: [{model_saved_name: m, model_config: {endpoint_url: "http://h/v1"}}]
policies:
  - name: p
    detectors: {keyword_detector: {enabled: true, banned_keywords: [listed], banned_keywords_file: words.txt}}
deployments:
  - {name: d, model_saved_name: m, output_guardrails_policy: {policy_name: p, enabled: true, block: [keyword_detector]}}
server: {allow_anonymous: true}
"""


def test_banned_keywords_can_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "tidegate.yaml").write_text(WORDS_CONFIG)
    (tmp_path / "words.txt").write_bytes(b"\xef\xbb\xbfmoonshine\r\n\n  Project Bluebird \n")
    (enforcement,) = load(tmp_path / "tidegate.yaml", {}).deployments["d"].output_policy.enforcements
    scanner = enforcement.detector.scanner(None)
    text = "listed, moonshine, project bluebird, bluebird"
    found = [*scanner.feed(text), *scanner.finish()]
    assert [text[match.start : match.end] for match in found] == ["listed", "moonshine", "project bluebird"]


@pytest.mark.parametrize(("content", "reason"), [(None, "No such file"), (b"\xff", "not UTF-8")])
def test_an_unreadable_word_file_is_a_problem(tmp_path: Path, content: bytes | None, reason: str) -> None:
    (tmp_path / "tidegate.yaml").write_text(WORDS_CONFIG)
    if content is not None:
        (tmp_path / "words.txt").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "tidegate.yaml", {})
    (problem,) = caught.value.problems
    assert problem.startswith("policies[0].detectors.keyword_detector.banned_keywords_file: cannot be read: ")
    assert reason in problem


@pytest.mark.parametrize(("content", "reason"), [(None, "No such file"), (b"\xff", "not UTF-8")])
def test_an_unreadable_configuration_is_a_problem(tmp_path: Path, content: bytes | None, reason: str) -> None:
    if content is not None:
        (tmp_path / "tidegate.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=f"tidegate.yaml cannot be read: .*{reason}"):
        load(tmp_path / "tidegate.yaml", {})
