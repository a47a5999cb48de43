"""Requests under detectors that are awaited: what is asked, in whatever order it is answered, and what follows."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.checks import Exchange, Reading
from proxy.guard.detector import DetectorReport, Evidence, RuleReport, Scanner
from proxy.guard.detectors.keyword_detector import KeywordDetector
from proxy.guard.findings import Action, Match
from proxy.guard.lane import Asked
from proxy.guard.policy import Enforcement, Judged, OnError, Policy
from proxy.guard.screening import RequestGuard, Screening
from proxy.guard.windows import SilentScanner, Window, Windows, WindowScanner
from tests.guard.awaiting import Naming
from tests.guard.screens import screen
from tests.support.backends import FakeBackend

Json = dict[str, Any]


@dataclass(frozen=True)
class Worded:
    """Calls a window bad in which a word stands."""

    word: str = "attack"
    name: str = "injection_attack"
    asks = True

    def rules(self) -> Sequence[RuleReport]:
        return (RuleReport("windows", Windows().hold_back),)

    def scanner(self, exchange: Exchange | None) -> Scanner:
        if exchange is None:
            return SilentScanner()
        backend = FakeBackend(lambda text: Reading({"bad": float(self.word in text)}))
        return WindowScanner(self.name, backend, Windows(), exchange, _find)

    def placeholder(self, label: str, index: int) -> str:
        return f"[{label}_{index + 1}]"

    def report(self, evidence: Evidence) -> DetectorReport:
        worst = max((reading.scores["bad"] for reading in evidence.readings), default=0.0)
        return DetectorReport({self.name: int(worst)}, {"bad": worst, "failed": evidence.failed})


def _find(reading: Reading, window: Window) -> Sequence[Match]:
    return window.flagged("BAD") if reading.scores["bad"] else ()


def blocking(**settings: Any) -> Policy:
    return Policy("p", (Enforcement(Worded(), Action.BLOCK, "No."),), **settings)


def conversation(*said: tuple[str, object]) -> Json:
    return {"messages": [{"role": role, "content": content} for role, content in said]}


def parts(*texts: str) -> list[Json]:
    return [{"type": "text", "text": text} for text in texts]


class Questions:
    """Answers a request's questions, in an order that may be drawn."""

    def __init__(self, guard: RequestGuard, data: st.DataObject | None = None) -> None:
        self._guard, self._data = guard, data
        self.asked: list[Asked] = []

    def screened(self, failing: Mapping[str, bool] | None = None) -> Screening:
        self._answer_all(failing or {})
        self._guard.settle()
        self._answer_all(failing or {})
        return self._guard.finish()

    def _answer_all(self, failing: Mapping[str, bool]) -> None:
        while asked := self._guard.take_asked():
            self.asked += asked
            for question in self._data.draw(st.permutations(asked)) if self._data else asked:
                check = question.check
                assert isinstance(check.backend, FakeBackend)
                failed = failing.get(check.detector, False)
                self._guard.answer(question, None if failed else check.backend.says(check.text))


def screened(body: Json, policy: Policy, *, failing: bool = False, hiding: bool = False) -> Screening:
    guard = RequestGuard(body, policy, pii_redaction=hiding)
    names = {enforcement.detector.name: failing for enforcement in policy.enforcements}
    return Questions(guard).screened(names)


def asked_texts(body: Json, policy: Policy) -> list[str]:
    questions = Questions(RequestGuard(body, policy))
    questions.screened()
    return [question.check.text for question in questions.asked]


def test_a_bad_message_is_blocked_and_reported() -> None:
    screening = screened(conversation(("user", "an attack")), blocking())
    assert (screening.blocked, screening.unjudged, screening.message) == (True, False, "No.")
    assert screening.section == {
        "summary": {"injection_attack": 1},
        "details": {"injection_attack": {"bad": 1.0, "failed": False}},
        "result_message": "No.",
    }


def test_a_good_message_goes_on_with_its_scores() -> None:
    body = conversation(("user", "hello"))
    screening = screened(body, blocking())
    assert (screening.blocked, screening.body) == (False, body)
    assert screening.section["details"] == {"injection_attack": {"bad": 0.0, "failed": False}}


def test_an_observer_reports_what_it_would_have_blocked() -> None:
    policy = Policy("p", (Enforcement(Worded(), Action.OBSERVE, "No."),))
    screening = screened(conversation(("user", "an attack")), policy)
    assert not screening.blocked
    assert screening.section["summary"] == {"injection_attack": 1}
    assert screening.section["result_message"] == "No."


TALK = conversation(
    ("system", "system text"), ("user", "first text"), ("assistant", "answer text"), ("tool", "tool text"),
    ("user", "last text"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("judged", "texts"),
    [
        (Judged.LAST_USER, ["last text"]),
        (Judged.TOOL_RESULTS, ["tool text", "last text"]),
        (Judged.ALL, ["system text", "first text", "answer text", "tool text", "last text"]),
    ],
)
def test_only_what_is_judged_is_asked_about(judged: Judged, texts: list[str]) -> None:
    assert asked_texts(TALK, blocking(judged=judged)) == texts


@pytest.mark.parametrize("role", ["tool", "function"])
def test_an_attack_in_the_result_of_a_tool(role: str) -> None:
    body = conversation(("user", "hi"), (role, "an attack"))
    assert screened(body, blocking(judged=Judged.TOOL_RESULTS)).blocked
    assert screened(body, blocking(judged=Judged.ALL)).blocked
    assert not screened(body, blocking()).blocked


def test_an_attack_in_a_part_of_a_tool_result_among_many() -> None:
    body = conversation(("tool", parts("fine", "an attack")), ("user", "hi"), ("tool", "fine"))
    screening = screened(body, blocking(judged=Judged.TOOL_RESULTS))
    assert screening.blocked
    assert screening.section["summary"] == {"injection_attack": 1}


@given(st.integers(1, 8), st.data())
def test_what_is_cut_into_parts_is_judged_as_one_text(at: int, data: st.DataObject) -> None:
    text = "an attack"
    body = conversation(("user", parts(text[:at], text[at:])))
    screening = Questions(RequestGuard(body, blocking()), data).screened()
    assert screening.blocked
    # The report says why, although no part was bad by itself.
    assert screening.section["summary"] == {"injection_attack": 1}
    assert screening.section["details"] == {"injection_attack": {"bad": 1.0, "failed": False}}


NAMES = Policy("p", (Enforcement(Naming(), Action.REDACT), Enforcement(Worded(), Action.BLOCK)))
HISTORY = conversation(
    ("system", "Ask for Ann."),
    ("user", parts("I am Bo.", "Is Cem there?")),
    ("assistant", "Bo, Ann is not."),
    ("user", "Tell Ann."),
)


@given(st.data())
def test_names_are_redacted_in_all_messages(data: st.DataObject) -> None:
    before = copy.deepcopy(HISTORY)
    screening = Questions(RequestGuard(HISTORY, NAMES), data).screened()
    assert before == HISTORY
    sent = str(screening.body)
    assert not any(name in sent for name in ("Ann", "Bo", "Cem"))
    contents = [message["content"] for message in screening.body["messages"]]
    assert contents[-1].endswith("<NAME_0>.") or "<NAME_" in contents[-1]
    assert [part["type"] for part in contents[1]] == ["text", "text"]
    assert not screening.blocked


@given(st.data())
def test_the_outcome_does_not_depend_on_the_order_of_answers(data: st.DataObject) -> None:
    expected = Questions(RequestGuard(HISTORY, NAMES)).screened()
    assert Questions(RequestGuard(HISTORY, NAMES), data).screened() == expected


def test_hidden_names_can_be_restored() -> None:
    body = conversation(("user", "I am Bo."))
    screening = screened(body, Policy("p", (Enforcement(Naming(), Action.OBSERVE),)), hiding=True)
    assert "Bo" not in str(screening.body)
    assert screening.vault is not None
    [message] = screening.body["messages"]
    runs = screening.vault.restorer().feed(message["content"])
    assert [run.original for run in runs if run.original] == ["Bo"]


@pytest.mark.parametrize("content", ["hello", parts("hel", "lo")])
def test_a_failure_blocks_unless_it_may_not(content: object) -> None:
    body = conversation(("user", content))
    refused = screened(body, blocking(), failing=True)
    assert (refused.blocked, refused.unjudged) == (True, True)
    assert refused.failures
    assert refused.section["details"] == {"injection_attack": {"bad": 0.0, "failed": True}}
    allowed = screened(body, blocking(on_error=OnError.ALLOW), failing=True)
    assert (allowed.blocked, allowed.unjudged, allowed.body) == (False, False, body)
    assert set(allowed.failures) == {"injection_attack"}
    assert allowed.section["details"] == {"injection_attack": {"bad": 0.0, "failed": True}}


def test_a_failure_only_of_the_parts_together_is_told() -> None:
    body = conversation(("user", parts("hel", "lo")))
    guard = RequestGuard(body, blocking(on_error=OnError.ALLOW))
    for question in guard.take_asked():
        together = question.check.text == "hello"
        guard.answer(question, None if together else Reading({"bad": 0.0}))
    guard.settle()
    screening = guard.finish()
    assert not screening.blocked
    assert screening.failures == ["injection_attack"]


def test_a_verdict_counts_before_a_failure_elsewhere_only_if_it_stands_first() -> None:
    both = (Enforcement(KeywordDetector(["ban"]), Action.BLOCK), Enforcement(Worded(), Action.BLOCK))
    screening = screened(conversation(("user", "hello")), Policy("p", both), failing=True)
    assert (screening.blocked, screening.unjudged) == (True, True)
    screening = Questions(RequestGuard(conversation(("user", "ban")), Policy("p", both))).screened()
    assert (screening.blocked, screening.unjudged) == (True, False)


def test_a_failing_observer_blocks_nothing() -> None:
    policy = Policy("p", (Enforcement(Worded(), Action.OBSERVE),))
    screening = screened(conversation(("user", "hello")), policy, failing=True)
    assert (screening.blocked, screening.failures) == (False, ["injection_attack"])


def test_a_policy_that_need_not_ask_needs_no_answers() -> None:
    policy = Policy("p", (Enforcement(KeywordDetector(["ban"]), Action.BLOCK),))
    guard = RequestGuard(conversation(("user", "ban")), policy)
    assert guard.take_asked() == []
    assert screen(conversation(("user", "ban")), policy).blocked


def test_detectors_are_told_what_a_text_belongs_to() -> None:
    body = conversation(("user", "last text"), ("tool", "tool text"))
    exchange = Exchange(question="last text", context="c", system_prompt="s")
    guard = RequestGuard(body, blocking(judged=Judged.TOOL_RESULTS), exchange=exchange)
    told = {question.check.text: question.check.exchange for question in guard.take_asked()}
    lanes = {text: exchange.lane for text, exchange in told.items()}
    assert {replace(one, lane="") for one in told.values()} == {replace(exchange, lane="")}
    assert "content" in lanes.values()
    assert len(set(lanes.values())) == 2
