"""``hallucination``, ``adherence`` and ``relevancy``: when they judge, what a judge says, and what is shown of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.guard.checks import Backends, Exchange, Reading
from proxy.guard.detector import Detector, Evidence
from proxy.guard.detectors.adherence import Adherence
from proxy.guard.detectors.hallucination import Hallucination
from proxy.guard.detectors.relevancy import Relevancy
from proxy.guard.findings import Match
from tests.guard.strategies import cuttings
from tests.support.backends import FakeBackend, FakeBackends, drawn_score, scan, scan_in_any_order

Factory = Callable[[Mapping[str, object], Backends], Detector]
FACTORIES: Mapping[str, Factory] = {
    "hallucination": Hallucination.from_config,
    "adherence": Adherence.from_config,
    "relevancy": Relevancy.from_config,
}
NEUTRAL: Mapping[str, dict[str, object]] = {
    "hallucination": {"is_hallucination": 0},
    "adherence": {"adherence_score": 1.0},
    "relevancy": {"relevancy_score": 1.0},
}
EXCHANGE = Exchange(question="Where is Ann?", context="Ann lives in Rome.", answering=True)
each = pytest.mark.parametrize("name", list(FACTORIES))
TEXT = "Ann lives in Rome. Her number is 555-0100."


def fact(text: str, score: int, reason: str = "") -> dict[str, object]:
    return {"fact": text, "reason": reason, "score": score}


def built(name: str, config: Mapping[str, object] | None = None, **notes: object) -> Detector:
    backend = FakeBackend(lambda _: Reading(notes=notes))
    return FACTORIES[name](config or {}, FakeBackends(backend))


def report(detector: Detector, text: str, *, shown: str | None = None) -> tuple[dict[str, object], dict[str, Any]]:
    """What is reported of an answer of which ``shown`` has been released, by default all."""
    scanned = scan(detector.scanner(EXCHANGE), [text])
    found = detector.report(Evidence((), scanned.readings, text if shown is None else shown))
    return found.summary, found.details


def test_a_hallucination() -> None:
    summary, details = report(built("hallucination", reason="Oslo", prompt_based=0.9), TEXT)
    assert summary == {"is_hallucination": 1}
    assert details["prompt_based"] == 0.9
    assert details["compliance_mapping"] != {}
    assert report(built("hallucination", reason="", prompt_based=0.49), TEXT)[0] == {"is_hallucination": 0}
    assert report(built("hallucination", {"threshold": 0.4}, reason="", prompt_based=0.4), TEXT)[0] == {
        "is_hallucination": 1
    }


def test_adherence_takes_facts_apart() -> None:
    facts = [fact("Ann lives in Rome.", 2, "the context says so"), fact("Her number is 555-0100", 0)]
    summary, details = report(built("adherence", facts=facts, seconds=1.25), TEXT)
    assert summary == {"adherence_score": 0.5}
    assert details == {
        "atomic_facts": ["Ann lives in Rome.", "Her number is 555-0100"],
        "adherence_list": [2, 0],
        "adherence_response": '{"chain_of_thought": ["the context says so"], "faithfulness": [2, 0]}',
        "adherence_latency": 1.25,
        "compliance_mapping": {},
    }


def test_relevancy_takes_facts_apart() -> None:
    facts = [fact("Ann lives in Rome.", 1), fact("It rains.", 0), fact("It snows.", 0)]
    summary, details = report(built("relevancy", facts=facts), TEXT)
    assert summary == {"relevancy_score": pytest.approx(1 / 3, abs=1e-6)}
    assert (details["relevancy_list"], "relevancy_latency" in details) == ([1, 0, 0], False)
    assert json.loads(details["relevancy_response"]) == {"chain_of_thought": [], "relevancy": [1, 0, 0]}
    assert details["compliance_mapping"] != {}


@pytest.mark.parametrize(("score", "found"), [(0, True), (1, False), (2, False)])
def test_an_answer_below_the_threshold_is_found(score: int, found: bool) -> None:
    detector = built("adherence", facts=[fact("so", score)])
    expected = [Match(0, len(TEXT), "NOT_ADHERENT", "", TEXT)] if found else []
    assert scan(detector.scanner(EXCHANGE), [TEXT]).matches == expected
    assert detector.placeholder("NOT_ADHERENT", 0) == "[NOT_ADHERENT_1]"


@pytest.mark.parametrize("name", ["adherence", "relevancy"])
def test_an_answer_that_states_nothing_is_not_held_against_anybody(name: str) -> None:
    detector = built(name, facts=[])
    assert report(detector, "Hello!")[0] == NEUTRAL[name]
    assert scan(detector.scanner(EXCHANGE), ["Hello!"]).matches == []


@pytest.mark.parametrize("name", ["adherence", "relevancy"])
def test_facts_tell_nothing_that_was_withheld(name: str) -> None:
    facts = [
        fact("Ann lives in Rome", 1, "as Rome says"),
        fact("Her number is 555-0100", 0, "5-5-5-0-1-0-0 is new"),
        fact("It is five, five, five and 0010 turned around", 0),
    ]
    detector = built(name, facts=facts)
    for shown in ("Ann lives in Rome. Her number is <PHONE_NUMBER_0>.", ""):
        _, details = report(detector, TEXT, shown=shown)
        assert details["atomic_facts"] == ["***", "***", "***"]
        assert json.loads(details[f"{name}_response"])["chain_of_thought"] == ["***", "***"]
        assert details[f"{name}_list"] == [1, 0, 0]
    _, details = report(detector, TEXT)
    assert details["atomic_facts"] == [one["fact"] for one in facts]


@each
def test_nothing_is_judged_where_something_is_missing(name: str) -> None:
    lacking = {"question": "", "context": "A context."} if name == "relevancy" else {"question": "Why?", "context": " "}
    for exchange, reason in (
        (Exchange(answering=True, **lacking), "the request has no"),
        (Exchange("Why?", "Because.", answering=False), "only answers are judged"),
    ):
        detector = built(name)
        scanned = scan(detector.scanner(exchange), ["", "some ", "text"])
        assert scanned.matches == []
        found = detector.report(Evidence((), scanned.readings, "some text"))
        assert found.summary == NEUTRAL[name]
        assert str(found.details["skipped"]).startswith(reason)
        assert found.details["compliance_mapping"] == {}


@each
def test_without_an_exchange_or_a_text_nothing_is_said(name: str) -> None:
    detector = built(name)
    assert scan(detector.scanner(None), ["text"]).placed == []
    assert scan(detector.scanner(EXCHANGE), ["", " \n"]).placed == []
    found = detector.report(Evidence())
    assert found.summary == NEUTRAL[name]
    assert "skipped" not in found.details


@each
def test_one_judged_choice_is_enough_to_say_nothing_of_skipped_ones(name: str) -> None:
    detector = built(name, facts=[fact("so", 1)], prompt_based=0.1, reason="")
    readings = scan(detector.scanner(Exchange(answering=True)), ["text"]).readings
    readings += scan(detector.scanner(EXCHANGE), ["text"]).readings
    assert "skipped" not in detector.report(Evidence((), readings, "text")).details


@each
@pytest.mark.parametrize(
    "notes",
    [
        {},
        {"facts": "none", "prompt_based": "low"},
        {"facts": [1], "prompt_based": True},
        {"facts": [{"fact": "a", "score": 3}], "prompt_based": 1.5},
        {"facts": [{"fact": "a", "score": True}], "prompt_based": -1},
        {"facts": [{"fact": 1, "score": 1}], "prompt_based": None},
    ],
)
def test_an_answer_that_is_none_is_a_failure(name: str, notes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="judge"):
        scan(built(name, **notes).scanner(EXCHANGE), ["a text"])


@each
@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"threshold": 2}, "threshold"),
        ({"windows": {"size": "all"}}, r"windows\.size"),
        ({"backend": 1}, "backend"),
        ({"backend": "nobody"}, "nobody"),
        ({"context": "x"}, "context"),
    ],
)
def test_bad_options_are_named(name: str, config: Mapping[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        built(name, config)


@each
def test_briefs_show_what_is_needed(name: str) -> None:
    backends = FakeBackends(FakeBackend(lambda _: Reading()))
    FACTORIES[name]({"backend": "other"}, backends)
    (brief,) = backends.briefs
    assert (brief.question, brief.context) == (True, name != "relevancy")


@each
def test_an_answer_is_judged_as_a_whole(name: str) -> None:
    asked: list[str] = []

    def says(text: str) -> Reading:
        asked.append(text)
        return Reading(notes={"facts": [], "prompt_based": 0})

    detector = FACTORIES[name]({}, FakeBackends(FakeBackend(says)))
    text = "A sentence of this answer. " * 200
    scan(detector.scanner(EXCHANGE), list(text))
    assert asked == [text]
    assert detector.rules()[0].hold_back >= 8_000


def drawn(text: str) -> Reading:
    facts = [fact(word, int(drawn_score(text + word) < 0.5)) for word in text.split()[:3]]
    return Reading(notes={"facts": facts, "prompt_based": drawn_score(text), "reason": ""})


@each
@given(st.lists(st.sampled_from(["ab", "cde", "f.", "ghijk\n"]), max_size=80).map(" ".join), st.data())
@settings(max_examples=30)
def test_reports_do_not_depend_on_deltas_or_on_the_order_of_answers(name: str, text: str, data: st.DataObject) -> None:
    config = {"windows": {"size": 60, "overlap": 20}}
    detector = FACTORIES[name](config, FakeBackends(FakeBackend(drawn)))
    whole = scan(detector.scanner(EXCHANGE), [text])
    found = scan_in_any_order(detector.scanner(EXCHANGE), data.draw(cuttings(text)), data)
    assert found == whole
    assert detector.report(Evidence((), found.readings, text)) == detector.report(Evidence((), whole.readings, text))
