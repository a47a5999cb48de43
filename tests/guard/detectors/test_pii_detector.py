"""The ``pii`` detector as policies see it: its configuration, placeholders and report."""

from __future__ import annotations

import pytest

from proxy.guard.checks import Reading
from proxy.guard.detector import Evidence
from proxy.guard.detectors.pii import Pii
from proxy.guard.findings import Action, Finding, LaneKey
from tests.support.backends import FakeBackend, FakeBackends, scan

_NOBODY = FakeBackends(FakeBackend(lambda _: Reading()))

_TEXT = "mail ann@example.com or https://example.com from 10.0.0.1, key " + "AKIA" + "Q7RT2KX9LM4ZP8WN"


def _labels(config: dict[str, object]) -> set[str]:
    return {match.label for match in scan(Pii.from_config(config, _NOBODY).scanner(None), [_TEXT]).matches}


def _finding(label: str, group: str, value: str | None, lane: LaneKey | None = None) -> Finding:
    where = lane or LaneKey(0, "content")
    return Finding("pii", label, group, where, 0, 1, Action.REDACT, f"<{label}_0>", value)


@pytest.mark.parametrize("config", [{}, {"entities": []}, {"entities": None}])
def test_without_entities_everything_is_looked_for(config: dict[str, object]) -> None:
    assert _labels(config) == {"EMAIL_ADDRESS", "URL", "IP_ADDRESS", "AWS_ACCESS_KEY"}


@pytest.mark.parametrize(
    ("entities", "labels"),
    [
        (["pii"], {"EMAIL_ADDRESS"}),
        (["secrets"], {"AWS_ACCESS_KEY"}),
        (["ip_address"], {"IP_ADDRESS"}),
        (["url"], {"URL"}),
        (["Email_Address", "URL"], {"EMAIL_ADDRESS", "URL"}),
        (["us_ssn"], set()),
    ],
)
def test_entities_select_groups_and_labels(entities: list[str], labels: set[str]) -> None:
    assert _labels({"entities": entities}) == labels


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"entities": ["shoe_size"]}, r"entities: unknown entity 'shoe_size'.*email_address"),
        ({"entities": ["NRP"]}, r"entities: 'nrp' cannot be found"),
        ({"entities": "pii"}, r"entities: expected a list"),
        ({"entities": [1]}, r"entities: expected a list"),
        ({"entity": []}, r"entity: unknown option"),
    ],
)
def test_a_bad_configuration_is_refused_by_name(config: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Pii.from_config(config, _NOBODY)


def test_rules_are_reported_with_their_hold_back() -> None:
    reports = Pii.from_config({"entities": ["us_ssn"]}, _NOBODY).rules()
    assert [(report.name, report.hold_back) for report in reports] == [("us_ssn", 12), ("us_ssn_after_label", 10)]


def test_placeholders_are_numbered_from_zero() -> None:
    assert Pii.from_config({}, _NOBODY).placeholder("EMAIL_ADDRESS", 0) == "<EMAIL_ADDRESS_0>"


def test_a_report_without_findings_has_every_group_and_no_mapping() -> None:
    report = Pii.from_config({}, _NOBODY).report(Evidence())
    assert report.summary == {"pii": 0}
    assert report.details == {"pii": {}, "secrets": {}, "ip_address": {}, "url": {}, "compliance_mapping": {}}


def test_a_report_masks_what_was_withheld_and_keeps_lanes_apart() -> None:
    findings = (
        _finding("EMAIL_ADDRESS", "pii", "a@b.co"),
        _finding("EMAIL_ADDRESS", "pii", None, LaneKey(1, "content")),
        _finding("AWS_ACCESS_KEY", "secrets", None),
        _finding("URL", "url", None, LaneKey(0, "tool_calls[0].function.arguments")),
    )
    report = Pii.from_config({}, _NOBODY).report(Evidence(findings))
    assert report.summary == {"pii": 1}
    mapping = report.details.pop("compliance_mapping")
    assert report.details == {
        "pii": {"<EMAIL_ADDRESS_0>": "a@b.co", "choices[1].content:<EMAIL_ADDRESS_0>": "***"},
        "secrets": {"<AWS_ACCESS_KEY_0>": "***"},
        "ip_address": {},
        "url": {"choices[0].tool_calls[0].function.arguments:<URL_0>": "***"},
    }
    assert mapping == {
        "owasp_llm_2025": ["LLM02:2025 Sensitive Information Disclosure"],
        "mitre_atlas": [],
        "nist_ai_rmf": ["MAP 1.6, GOVERN 1.6 (Privacy protection & data governance)"],
        "eu_ai_act": ["Article 10(5) (Data governance & personal data protection)"],
        "iso_iec_standards": ["ISO/IEC 27701: 5.2.1, 6.1.1", "ISO/IEC 42001: 6.1.3"],
    }
