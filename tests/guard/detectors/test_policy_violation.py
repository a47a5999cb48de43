"""``policy_violation``: its options, what a judge is asked, what becomes of the answer, and what is shown of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.guard.checks import Exchange, Reading
from proxy.guard.detector import Evidence
from proxy.guard.detectors.clauses import MAX_CHARACTERS, MAX_CLAUSES
from proxy.guard.detectors.policy_violation import PolicyViolation
from proxy.guard.findings import Action, Finding, LaneKey, Match
from tests.guard.strategies import cuttings
from tests.support.backends import ANSWER, PROMPT, FakeBackend, FakeBackends, Scanned, scan, scan_in_any_order

RULE = {
    "id": "r-7",
    "display_text": "No recipes",
    "text": "Never give cooking recipes.",
    "applicability": "assistant",
    "severity": "low",
    "mappings": [{"framework": "gdpr", "clause": "1"}],
}
CONFIG: Mapping[str, object] = {"policy_text": "Be kind.\n\nNo weapons.", "rules": ["No spoilers.", RULE]}


def verdict(text: str) -> Reading:
    """A judge for which ``gun`` and ``salt`` are forbidden."""
    clauses = [name for name, word in (("P2", "gun"), ("R2", "salt")) if word in text]
    quote = next((word for word in text.split() if word in ("gun", "salt")), "")
    said = {"explanation": f"It says {quote}.", "policy_violated": bool(clauses), "violated_clauses": clauses}
    return Reading(notes=said | {"most_unsafe_content": quote, "seconds": 0.5})


def built(config: Mapping[str, object] = CONFIG, says: Callable[[str], Reading] = verdict) -> PolicyViolation:
    return PolicyViolation.from_config(config, FakeBackends(FakeBackend(says)))


def finding(match: Match, value: str | None) -> Finding:
    key = LaneKey(0, "content")
    return Finding("policy_violation", match.label, "", key, match.start, match.end, Action.BLOCK, "[X_1]", value)


def evidence(text: str, *, shown: bool, scanned: Scanned) -> Evidence:
    """What the detector is told where its findings are withheld, or observed."""
    findings = [finding(match, text[match.start : match.end] if shown else None) for match in scanned.matches]
    return Evidence(findings, scanned.readings, "[X_1]" if scanned.matches else text)


def details(detector: PolicyViolation, text: str, exchange: Exchange, *, shown: bool = True) -> dict[str, object]:
    scanned = scan(detector.scanner(exchange), [text])
    report = detector.report(evidence(text, shown=shown, scanned=scanned))
    assert report.summary == {"policy_violation": int(bool(scanned.matches))}
    return report.details


def test_a_violation_names_the_clause_and_quotes_the_text() -> None:
    found = details(built(), "buy a gun here", ANSWER)
    assert found["violating_policy"] == "No weapons."
    assert found["explanation"] == "It says gun."
    assert found["most_unsafe_content"] == "gun"
    assert (found["policy_violated"], found["violated_rules"]) == (True, [])
    assert found["compliance_mapping"] != {}


def test_rules_are_reported_as_they_were_configured() -> None:
    found = details(built(), "a gun and salt", ANSWER)
    assert found["violated_rules"] == [RULE]
    lone = built(
        {"rules": ["No spoilers."]}, lambda _: Reading(notes={"policy_violated": True, "violated_clauses": []})
    )
    found = details(lone, "he dies", ANSWER)
    assert found["violated_rules"] == [{"id": "1", "display_text": "No spoilers.", "text": "No spoilers."}]
    assert found["violating_policy"] == "No spoilers."


def test_a_violation_of_no_clause_in_particular() -> None:
    found = details(
        built(says=lambda _: Reading(notes={"policy_violated": True, "violated_clauses": []})), "so", ANSWER
    )
    assert (found["violating_policy"], found["violated_rules"]) == ("The policy as a whole", [])


@pytest.mark.parametrize(
    ("violated", "clauses", "clause"),
    [(False, ["R2"], "Never give cooking recipes."), (True, [], "The policy as a whole"), (False, ["Q9"], None)],
)
def test_a_judge_that_contradicts_itself_is_believed_in_the_worse(
    violated: bool, clauses: list[str], clause: str | None
) -> None:
    says = Reading(notes={"policy_violated": violated, "violated_clauses": clauses})
    found = details(built(says=lambda _: says), "some salt", ANSWER)
    assert (found["policy_violated"], found["violating_policy"]) == (bool(clause), clause or "No Violation Found")
    lone = details(built({"policy_text": "Be kind."}, lambda _: says), "some salt", ANSWER)
    assert lone["policy_violated"] is violated


def test_no_violation() -> None:
    assert details(built(), "good day", ANSWER) == {
        "violating_policy": "No Violation Found",
        "explanation": "No Violation Found.",
        "most_unsafe_content": "",
        "policy_violated": False,
        "violated_rules": [],
        "compliance_mapping": {},
    }
    assert built().report(Evidence()).summary == {"policy_violation": 0}


def test_an_explanation_only_where_it_is_needed() -> None:
    backends = FakeBackends(FakeBackend(verdict))
    detector = PolicyViolation.from_config({**CONFIG, "need_explanation": False}, backends)
    assert "explanation" not in details(detector, "a gun", ANSWER)
    assert all("explanation" not in json.dumps(brief.answer) for brief in backends.briefs)


def test_withheld_text_is_not_told_by_the_judge() -> None:
    found = details(built(), "buy a gun here", ANSWER, shown=False)
    assert found["explanation"] == "This is violated: No weapons."
    assert found["most_unsafe_content"] == "***"
    assert "gun" not in json.dumps(found)


@pytest.mark.parametrize("told", ["It says n-u-g backwards.", "G U N", "A nug.", "A weapon is bought."])
def test_where_something_was_withheld_the_judge_has_no_words(told: str) -> None:
    notes = {**verdict("buy a gun here").notes, "explanation": told}
    detector = built(says=lambda _: Reading(notes=notes))
    assert details(detector, "buy a gun here", ANSWER)["explanation"] == told
    assert details(detector, "buy a gun here", ANSWER, shown=False)["explanation"] == "This is violated: No weapons."


def test_of_a_request_the_explanation_is_the_clients_own_to_read() -> None:
    found = details(built(), "buy a gun here", PROMPT, shown=False)
    assert (found["explanation"], found["most_unsafe_content"]) == ("It says gun.", "***")


def test_what_is_no_quotation_is_not_shown() -> None:
    notes = {"policy_violated": True, "violated_clauses": ["P1"], "most_unsafe_content": "call 555-0100"}
    assert details(built(says=lambda _: Reading(notes=notes)), "be rude", ANSWER)["most_unsafe_content"] == ""


@pytest.mark.parametrize("notes", [{}, {"policy_violated": "no", "violated_clauses": []}, {"policy_violated": True}])
def test_no_verdict_is_a_failure_and_not_a_pass(notes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="judge"):
        scan(built(says=lambda _: Reading(notes=notes)).scanner(ANSWER), ["a text"])


def test_rules_apply_where_they_say() -> None:
    backends = FakeBackends(FakeBackend(verdict))
    user = {"text": "No shouting.", "applicability": "user"}
    detector = PolicyViolation.from_config({"policy_text": "Be kind.", "rules": [RULE, user]}, backends)
    requests, answers = backends.briefs
    assert "R1: Never give" not in requests.task
    assert "R2: No shouting." in requests.task
    assert "R1: Never give" in answers.task
    assert "R2" not in answers.task
    # A clause that is not about this stage cannot be violated in it.
    says = Reading(notes={"policy_violated": True, "violated_clauses": ["R1", "P1"]})
    detector = PolicyViolation.from_config(
        {"policy_text": "Be kind.", "rules": [RULE, user]}, FakeBackends(FakeBackend(lambda _: says))
    )
    assert details(detector, "hm", PROMPT)["violated_rules"] == []
    assert details(detector, "hm", ANSWER)["violated_rules"] == [RULE]


def test_a_stage_without_rules_asks_nothing() -> None:
    detector = built({"rules": [RULE]})
    assert scan(detector.scanner(PROMPT), ["some salt"]).matches == []
    assert scan(detector.scanner(None), ["some salt"]).matches == []
    assert scan(detector.scanner(ANSWER), ["some salt"]).matches == [Match(0, 9, "POLICY_VIOLATION", "", "some salt")]


def test_a_single_line_is_cut_into_sentences() -> None:
    backends = FakeBackends(FakeBackend(verdict))
    PolicyViolation.from_config({"policy_text": " Be kind. No weapons!  "}, backends)
    assert backends.briefs[0].task.endswith("\nP1: Be kind.\nP2: No weapons!")


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({}, "policy_text"),
        ({"policy_text": " \n", "rules": []}, "policy_text"),
        ({"policy_text": 1}, "policy_text"),
        ({"rules": "all"}, "rules"),
        ({"rules": [1]}, r"rules\[0\]"),
        ({"rules": ["a", {"id": "1"}]}, r"rules\[1\].text"),
        ({"rules": [{"text": "a", "applicability": "all"}]}, r"rules\[0\].applicability"),
        ({"rules": ["a"] * (MAX_CLAUSES + 1)}, "policy_text"),
        ({"policy_text": "a" * (MAX_CHARACTERS + 1)}, "policy_text"),
        ({"policy_text": "a", "coc_policy_name": "house rules"}, "coc_policy_name"),
        ({"policy_text": "a", "need_explanation": "yes"}, "need_explanation"),
        ({"policy_text": "a", "windows": {"size": 0}}, "windows"),
        ({"policy_text": "a", "threshold": 0.5}, "threshold"),
        ({"policy_text": "a", "backend": "nobody"}, "nobody"),
    ],
)
def test_bad_options_are_named(config: Mapping[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        built(config)


def test_what_waits_for_a_window_is_reported() -> None:
    (rule,) = built().rules()
    assert rule.hold_back > 1_000
    (rule,) = built({"policy_text": "a", "windows": {"first": 50, "size": 100, "overlap": 20}}).rules()
    assert rule.hold_back < 150


TEXTS = st.lists(st.sampled_from(["gun", "salt", "some", "words", "here."]), max_size=60).map(" ".join)
SMALL = {**CONFIG, "windows": {"first": 24, "size": 64, "overlap": 16}}


@given(TEXTS, st.data())
@settings(max_examples=60)
def test_findings_do_not_depend_on_deltas_or_on_the_order_of_answers(text: str, data: st.DataObject) -> None:
    detector = built(SMALL)
    whole = scan(detector.scanner(ANSWER), [text])
    assert scan_in_any_order(detector.scanner(ANSWER), data.draw(cuttings(text)), data) == whole
    assert bool(whole.matches) == ("gun" in text or "salt" in text)


def test_the_public_client_reads_the_details() -> None:
    client = pytest.importorskip("enkryptai_sdk.dto.guardrails")
    read = client.PolicyViolationDetail.from_dict(details(built(), "a gun and salt", ANSWER))
    assert (read.violating_policy, read.most_unsafe_content) == ("No weapons.", "gun")
    assert [rule.to_dict()["id"] for rule in read.violated_rules] == ["r-7"]
