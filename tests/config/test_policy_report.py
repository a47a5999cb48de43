"""The policy report: every rule with its action and its largest hold-back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from proxy.config.deployment import Configuration
from proxy.config.loader import parse
from proxy.config.report import policy_facts, policy_report
from proxy.guard.detectors.pii_rules import select

Configure = Callable[..., Configuration]
INPUT = ("deployments", 0, "input_guardrails_policy")
OUTPUT = ("deployments", 0, "output_guardrails_policy")


def test_the_table(configure: Configure) -> None:
    assert policy_report(configure()).splitlines() == [
        "deployment chat -> https://llm.example.com/v1/chat/completions (gpt-4o-mini)",
        "  stage   policy  detector          rule                   action   hold-back",
        "  input   strict  pii               pii rule               block            -",
        "  input   strict  keyword_detector  keyword_detector rule  observe          -",
        "  output  strict  pii               pii rule               redact           7",
        "  output  strict  keyword_detector  keyword_detector rule  block            7",
        "  largest hold-back of a rule: 7 characters; findings that overlap wait for each other",
    ]


def test_what_only_observes_holds_nothing(configure: Configure) -> None:
    facts = policy_facts(configure(((*OUTPUT, "block"), []), ((*OUTPUT, "redact"), [])))
    assert json.loads(json.dumps(facts))["deployments"][0]["largest_hold_back"] == 0


def test_the_facts_are_json(configure: Configure) -> None:
    (facts,) = json.loads(json.dumps(policy_facts(configure())))["deployments"]
    assert (facts["name"], facts["model"], facts["largest_hold_back"]) == ("chat", "gpt-4o-mini", 7)
    assert facts["rules"][2] == {
        "stage": "output",
        "policy": "strict",
        "detector": "pii",
        "rule": "pii rule",
        "action": "redact",
        "hold_back": 7,
    }
    assert facts["rules"][0]["hold_back"] is None


def test_an_unguarded_deployment_says_so(configure: Configure, delete: object) -> None:
    report = policy_report(configure((INPUT, delete), (OUTPUT, delete)))
    assert "no detector: requests and answers pass unchecked" in report


def test_restoration_is_mentioned_and_queries_are_not(configure: Configure) -> None:
    report = policy_report(
        configure(
            ((*INPUT, "block"), []),
            ((*INPUT, "additional_config"), {"pii_redaction": True}),
            (("models", 0, "model_config", "paths", "chat"), "/chat?key=${UPSTREAM_KEY}"),
        )
    )
    assert "pii_redaction" in report
    assert "https://llm.example.com/v1/chat (" in report
    assert "sk-upstream-secret" not in report


def test_many_rules_of_a_detector_are_one_line_unless_all_are_wanted() -> None:
    text = (Path(__file__).parent.parent.parent / "proxy" / "demo" / "config.yaml").read_text()
    configuration = parse(text, {"TIDEGATE_DEMO_UPSTREAM": "http://127.0.0.1:1/v1"})
    short, full = policy_report(configuration), policy_report(configuration, every_rule=True)
    rules = len(select([]))
    assert f"{rules} rules" in short
    assert len(full.splitlines()) > rules > 3 * len(short.splitlines())
    largest = [line for line in short.splitlines() if "largest hold-back" in line]
    assert largest == [line for line in full.splitlines() if "largest hold-back" in line]
