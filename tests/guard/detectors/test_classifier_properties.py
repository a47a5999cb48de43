"""Every detector that asks a classifier, over random texts, however they are cut and whenever answers come."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.checks import Backends, Entity, Reading
from proxy.guard.detector import Detector, Evidence
from proxy.guard.detectors.injection_attack import InjectionAttack
from proxy.guard.detectors.nsfw import Nsfw
from proxy.guard.detectors.pii import Pii
from proxy.guard.detectors.topic_detector import TopicDetector
from proxy.guard.detectors.toxicity import LABELS, Toxicity
from tests.guard.strategies import cuttings
from tests.support.backends import (
    ANSWER,
    PROMPT,
    Drive,
    FakeBackend,
    FakeBackends,
    drawn_score,
    scan,
    scan_in_any_order,
)

_NAMES = re.compile(r"Anna|Maria|Smith|Lee|Berlin|Paris|Main Street|12(?= Main)")
_KINDS = {"Smith": "SURNAME", "Lee": "SURNAME", "Berlin": "CITY", "Paris": "CITY", "12": "BUILDING_NUMBER"}


def _says(text: str) -> Reading:
    """Return scores under every label in use, and names, some of which are only seen in some contexts."""
    labels = (*LABELS, "sfw", "nsfw", "injection", "jailbreak", "person", "0", "1")
    scores = {label: drawn_score(text, label) for label in labels}
    entities = tuple(
        Entity(found.start(), found.end(), _KINDS.get(found.group(), "GIVEN_NAME"), 0.9)
        for found in _NAMES.finditer(text)
        if drawn_score(text[max(0, found.start() - 40) : found.end() + 5]) < 0.8
    )
    return Reading(scores | {"safe": 1 - max(scores["injection"], scores["jailbreak"])}, entities)


_BACKENDS = FakeBackends(FakeBackend(_says))
_SMALL = {"windows": {"first": 50, "size": 120, "overlap": 34}}


def _detector(factory: Callable[[dict[str, object], Backends], Detector], **config: object) -> Detector:
    return factory(config, _BACKENDS)


DETECTORS = (
    _detector(InjectionAttack.from_config, threshold=0.8),
    _detector(InjectionAttack.from_config, threshold=0.8, **_SMALL),
    _detector(Toxicity.from_config, threshold=0.9),
    _detector(Toxicity.from_config, thresholds={"threat": 0.7}, **_SMALL),
    _detector(Nsfw.from_config, threshold=0.7, **_SMALL),
    _detector(TopicDetector.from_config, topic=["a", "b"], threshold=0.3, **_SMALL),
    _detector(Pii.from_config, entities=["person", "city"]),
    _detector(Pii.from_config, entities=["person", "location"], **_SMALL),
    _detector(Pii.from_config, entities=["person", "city", "location", "pii"], **_SMALL),
)
_each = pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)

_WORDS = st.sampled_from(
    (
        "Anna", "Maria", "Smith", "Lee", "Berlin", "Paris", "12 Main Street", " ", " ", " ", " ", ", ", "-", "\n",
        "word", "a", "ann@example.com", "unbroken" * 3, "é字", "😀", "and so it went on and on for a while ",
        " " * 40, "-" * 60,
    )
)  # fmt: skip
TEXTS = st.lists(_WORDS, max_size=60).map("".join)


@_each
@given(st.data())
def test_findings_and_readings_are_those_of_the_whole(detector: Detector, data: st.DataObject) -> None:
    text = data.draw(TEXTS)
    whole = scan(detector.scanner(ANSWER), [text] if text else [])
    assert scan_in_any_order(detector.scanner(ANSWER), data.draw(cuttings(text)), data) == whole


@_each
@given(st.data())
def test_no_more_is_held_than_the_rules_say_once_answers_are_there(detector: Detector, data: st.DataObject) -> None:
    drive = Drive(detector.scanner(ANSWER))
    for delta in data.draw(cuttings(data.draw(TEXTS))):
        drive.feed(delta)
        drive.answer_all()
        assert drive.received - drive.scanner.safe <= max(rule.hold_back for rule in detector.rules())


@_each
@given(TEXTS, st.sampled_from((ANSWER, PROMPT)))
def test_what_is_found_is_reported(detector: Detector, text: str, exchange: object) -> None:
    scanned = scan(detector.scanner(ANSWER if exchange is ANSWER else PROMPT), [text])
    report = detector.report(Evidence(readings=scanned.readings, redacted_text=text))
    flag = next(iter(report.summary.values()))
    if detector.name == "pii":
        return
    assert (flag == 0 if detector.name == "topic_detector" else bool(flag)) is bool(scanned.matches)
    assert bool(report.details["compliance_mapping"]) is bool(scanned.matches)


@_each
def test_without_an_exchange_nothing_is_asked_and_nothing_held(detector: Detector) -> None:
    drive = Drive(detector.scanner(None))
    drive.feed("Anna Smith lives in Berlin. ")
    drive.finish()
    assert not drive.result().matches
    assert detector.asks
