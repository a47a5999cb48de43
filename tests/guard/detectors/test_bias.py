"""``bias``: every rule against its examples, the rewrite, and what must never be called biased."""

from __future__ import annotations

import csv
import gzip
import os
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.detector import Evidence
from proxy.guard.detectors.bias import UNBIASED, Bias, reword
from proxy.guard.detectors.bias_rules import CATEGORIES, RULES
from proxy.guard.detectors.bias_rules.building import ARTICLE, REST
from proxy.guard.findings import Action, Finding, LaneKey, Match
from proxy.guard.rule import Rule
from proxy.guard.runner import hold_back
from tests.guard.detectors.bias_sentences import BIASED, NEUTRAL
from tests.guard.detectors.pii_oracle import alone, marked, scan
from tests.guard.strategies import cuttings

_DETECTOR = Bias.from_config({}, None)  # type: ignore[arg-type]
_DATA = os.environ.get("TIDEGATE_EVALUATION_DATA", "")
_TEMPLATES = Path(_DATA, "unintended-bias-en-templates.csv.gz")


def _read(pieces: list[str], detector: Bias = _DETECTOR) -> list[Match]:
    scanner = detector.scanner(None)
    found: list[Match] = []
    for piece in pieces:
        safe = scanner.safe
        matches = scanner.feed(piece)
        assert scanner.safe >= safe
        assert all(match.start >= safe for match in matches)
        found += matches
    safe = scanner.safe
    matches = scanner.finish()
    assert scanner.safe == sum(map(len, pieces))
    assert all(match.start >= safe for match in matches)
    return [*found, *matches]


def _debiased(text: str) -> str:
    for match in reversed(_read([text])):
        text = text[: match.start] + match.label + text[match.end :]
    return text


_by_name = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


@_by_name
def test_examples_are_found_exactly_and_reworded(rule: Rule) -> None:
    assert rule.examples
    for example in rule.examples:
        text, (start, end) = marked(example)
        for pieces in ([text], list(text)):
            assert scan(alone(rule), pieces) == [(start, end, rule.label)], example
        wording = reword(rule.label, text[start:end])
        assert wording
        assert not {ARTICLE, REST} & set(wording)
        assert wording.lower() != text[start:end].lower()


@_by_name
def test_counter_examples_yield_nothing_and_holds_are_bounded(rule: Rule) -> None:
    assert rule.counter_examples
    for text in rule.counter_examples:
        assert scan(alone(rule), [text]) == [], text
    assert hold_back(rule) < 200


def test_the_catalogue_is_broad_and_its_names_are_unique() -> None:
    assert max(Counter(rule.name for rule in RULES).values()) == 1
    assert len(RULES) > 250
    assert CATEGORIES.issuperset(
        ("gender", "age", "disability", "ethnicity", "nationality", "religion", "sexuality", "stereotype")
    )


@pytest.mark.parametrize(
    ("text", "debiased"),
    [
        ("Chairman", "Chairperson"),
        ("two Firemen and a CHAIRMAN", "two Firefighters and a CHAIRPERSON"),
        ("A fireman met an actress.", "A firefighter met an actor."),
        ("a waitress, an authoress", "a server, an author"),
        ("He is an old hag, she a midget.", "He is an older woman, she a person with dwarfism."),
        ("a Chinese fire drill", "a chaotic scramble"),
        (
            "They say Muslims are thieves. Muslims are liars.",
            "They say some people are thieves. Some people are liars.",
        ),
        ("WOMEN CAN'T DRIVE", "SOME PEOPLE CAN'T DRIVE"),
        ("You are smart for a girl!", "You are smart by any measure!"),
        ("old wives’ tales", "superstitions"),
        ("He suffers from autism and she suffers from cold.", "He has autism and she suffers from cold."),
    ],
)
def test_the_rewrite_keeps_case_number_and_article(text: str, debiased: str) -> None:
    assert _debiased(text) == debiased


@pytest.mark.parametrize("text", BIASED)
def test_biased_sentences_are_found(text: str) -> None:
    assert _read([text])
    assert _debiased(text) != text


@pytest.mark.parametrize("text", NEUTRAL)
def test_neutral_sentences_about_the_same_groups_are_left_alone(text: str) -> None:
    assert _read([text]) == []


_IDENTITIES = (
    "gay", "lesbian", "bisexual", "transgender", "trans", "queer", "straight", "Muslim", "Jewish", "Christian",
    "Hindu", "Sikh", "Buddhist", "atheist", "Catholic", "black", "white", "Asian", "Latino", "Hispanic", "Arab",
    "African", "Mexican", "Chinese", "Indian", "Japanese", "German", "deaf", "blind", "paralyzed", "old", "young",
    "elderly", "middle-aged", "teenage", "male", "female", "women", "men", "girls", "boys", "Jews", "Muslims",
    "immigrants", "refugees", "seniors", "autistic", "disabled",
)  # fmt: skip
_PEOPLE = ("man", "woman", "person", "people", "neighbour", "doctor", "teacher", "couple", "family", "")
_FRAMES = ("I am a {}.", "My {} friend", "{}", "Being {} is fine", "two {} met", "She met the {} today", "{}, {}")


@pytest.mark.parametrize("frame", _FRAMES)
def test_identities_alone_never_fire(frame: str) -> None:
    texts = [frame.replace("{}", f"{identity} {noun}".strip()) for identity in _IDENTITIES for noun in _PEOPLE]
    assert [text for text in texts if _read([text])] == []


_FRAGMENTS = st.sampled_from(
    [marked(rule.examples[index % len(rule.examples)])[0] for index, rule in enumerate(RULES)]
    + [
        "all ",
        "women ",
        "are ",
        "the ",
        "a ",
        "an ",
        "for a ",
        "can't ",
        "old ",
        "man",
        "-",
        ". ",
        "\n",
        "People ",
        "too ",
    ]
)


@given(st.lists(_FRAGMENTS, min_size=1, max_size=5), st.sampled_from(("", " ")), st.data())
def test_findings_do_not_depend_on_the_cutting_and_do_not_overlap(
    fragments: list[str], glue: str, data: st.DataObject
) -> None:
    text = glue.join(fragments)
    whole = _read([text])
    assert _read(data.draw(cuttings(text))) == whole
    assert all(later.start >= earlier.end for earlier, later in pairwise(whole))


def test_categories_select_rules() -> None:
    only = Bias.from_config({"categories": ["Age"]}, None)  # type: ignore[arg-type]
    assert [match.group for match in _read(["the chairman is an old fogey"], only)] == ["age"]
    assert [report.name for report in only.rules()] == ["age"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"categories": ["shoes"]}, r"^categories: unknown category 'shoes'; known are age, "),
        ({"categories": "age"}, r"^categories: expected a list of strings"),
        ({"terms": []}, r"^terms: unknown option of bias"),
    ],
)
def test_a_bad_configuration_is_refused_by_name(config: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Bias.from_config(config, None)  # type: ignore[arg-type]


def _finding(value: str | None, wording: str) -> Finding:
    return Finding("bias", wording, "gender", LaneKey(0, "content"), 0, 1, Action.REDACT, wording, value)


def test_the_report_has_the_specified_shape() -> None:
    quiet = _DETECTOR.report(Evidence(redacted_text="hello"))
    assert quiet.summary == {"bias": 0}
    assert quiet.details == {"bias_detected": False, "debiased_text": UNBIASED, "compliance_mapping": {}}
    findings = (_finding("chairman", "chairperson"), _finding("fireman", "firefighter"), _finding("chairman", "x"))
    fired = _DETECTOR.report(Evidence(findings, redacted_text="chairperson and firefighter"))
    assert fired.summary == {"bias": 1}
    assert fired.details["biased_text"] == "chairman; fireman"
    assert fired.details["debiased_text"] == "chairperson and firefighter"
    assert fired.details["compliance_mapping"]
    assert _DETECTOR.report(Evidence((_finding(None, "x"),))).details["biased_text"] == "***"
    assert _DETECTOR.placeholder("chairperson", 3) == "chairperson"


@pytest.mark.skipif(not _DATA or not _TEMPLATES.exists(), reason="TIDEGATE_EVALUATION_DATA has no identity templates")
def test_neutral_identity_templates_are_left_alone() -> None:
    with gzip.open(_TEMPLATES, "rt", encoding="utf-8", newline="") as lines:
        phrases = [row["phrase"] for row in csv.DictReader(lines) if row["toxicity"] == "nontoxic"]
    flagged = [phrase for phrase in phrases if _read([phrase])]
    assert len(phrases) > 10_000
    assert len(flagged) <= len(phrases) // 1000
