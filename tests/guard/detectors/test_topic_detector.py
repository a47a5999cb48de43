"""``topic_detector``: what is off every topic is found; too little text is not judged."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.guard.checks import Reading
from proxy.guard.detector import DetectorReport, Evidence
from proxy.guard.detectors.topic_detector import TopicDetector
from tests.support.backends import ANSWER, PROMPT, FakeBackend, FakeBackends, Scanned, scan

_COOKING = "How long should I roast a chicken of two kilos in the oven? "
_CHESS = "What is the best opening in chess against the king's pawn? "


def _similarities(text: str) -> Reading:
    return Reading({"0": 0.4 if "roast" in text else -0.03, "1": 0.05})


_LOCAL = FakeBackends(FakeBackend(_similarities))
_TOPICS = {"topic": ["cooking", "wine"]}


def _scan(text: str, streamed: bool = False, **config: Any) -> Scanned:
    detector = TopicDetector.from_config({**_TOPICS, **config}, _LOCAL)
    return scan(detector.scanner(ANSWER if streamed else PROMPT), [text])


def _report(text: str, **config: Any) -> DetectorReport:
    detector = TopicDetector.from_config({**_TOPICS, **config}, _LOCAL)
    return detector.report(Evidence(readings=_scan(text, **config).readings))


def test_on_topic() -> None:
    assert not _scan(_COOKING).matches
    report = _report(_COOKING)
    assert report.summary == {"on_topic": 1}
    assert report.details == {"cooking": 0.4, "wine": 0.05, "compliance_mapping": {}}


def test_off_topic_is_what_is_found() -> None:
    assert [(m.start, m.end, m.label) for m in _scan(_CHESS).matches] == [(0, len(_CHESS), "OFF_TOPIC")]
    report = _report(_CHESS)
    assert report.summary == {"on_topic": 0}
    assert report.details["cooking"] == 0.0
    assert report.details["wine"] == 0.05
    assert report.details["compliance_mapping"]


@pytest.mark.parametrize("text", ["", "hi", "Thanks a lot!", "Hello, how are you?", "—"])
def test_greetings_and_thanks_are_let_pass(text: str) -> None:
    assert not _scan(text).matches
    assert _report(text).summary == {"on_topic": 1}


def test_how_few_words_are_judged_is_a_setting() -> None:
    assert _scan("Hello, how are you?", min_words=4).matches
    assert not _scan(_CHESS, min_words=12).matches


def test_a_stream_is_not_judged_by_its_first_words() -> None:
    text = "Sure, I will be glad to help you with that today. " + _COOKING * 4
    assert not _scan(text, streamed=True).matches
    assert _scan(text, streamed=True, windows={"first": 48}).matches


def test_the_window_that_is_least_on_topic_is_reported() -> None:
    text = _COOKING * 10 + _CHESS * 10
    scanned = _scan(text)
    assert scanned.matches
    assert scanned.matches[0].start > len(_COOKING)
    assert _report(text).details["cooking"] == 0.0


def test_the_threshold_is_a_setting() -> None:
    assert _scan(_COOKING, threshold=0.5).matches
    assert not _scan(_CHESS, threshold=0.05).matches


def test_references_are_sentences_about_the_topics() -> None:
    backends = FakeBackends(_LOCAL.backend)
    TopicDetector.from_config({"topic": ["wine", "wine", " beer "]}, backends)
    assert backends.references == ("A question about wine.", "A question about beer.")


def _judge(answer: object) -> FakeBackends:
    return FakeBackends(FakeBackend(lambda _: Reading(notes={"scores": answer})))


def test_a_judge_can_be_asked_instead() -> None:
    backends = _judge([0.4, 0.9])
    detector = TopicDetector.from_config({**_TOPICS, "backend": "other"}, backends)
    scanned = scan(detector.scanner(PROMPT), [_CHESS])
    assert not scanned.matches
    assert detector.report(Evidence(readings=scanned.readings)).details["wine"] == 0.9
    (brief,) = backends.briefs
    assert "1. cooking\n2. wine" in brief.task
    assert not scan(
        TopicDetector.from_config({**_TOPICS, "backend": "other"}, _judge([0, 0.5])).scanner(PROMPT), ["hi"]
    )[0]


@pytest.mark.parametrize("answer", [None, [0.5], [0.5, 0.5, 0.5], [0.5, "1"], [0.5, True], [0.5, 2], {"0": 1}])
def test_a_judges_answer_of_another_shape_is_a_failure(answer: object) -> None:
    detector = TopicDetector.from_config({**_TOPICS, "backend": "other"}, _judge(answer))
    with pytest.raises(ValueError, match="judge"):
        scan(detector.scanner(PROMPT), [_CHESS])


@pytest.mark.parametrize("scores", [{}, {"0": 0.5}, {"0": 0.5, "1": float("nan")}, {"0": 0.5, "1": 7.0}])
def test_similarities_that_make_no_sense_are_a_failure(scores: dict[str, float]) -> None:
    detector = TopicDetector.from_config(_TOPICS, FakeBackends(FakeBackend(lambda _: Reading(scores))))
    with pytest.raises(ValueError, match="similarity"):
        scan(detector.scanner(PROMPT), [_CHESS])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "topic: expected 1 to 64"),
        ({"topic": []}, "topic: expected 1 to 64"),
        ({"topic": "science"}, "topic: expected a list"),
        ({"topic": ["science", " "]}, "topic: expected topics"),
        ({"topic": ["compliance_mapping"]}, "topic: expected topics"),
        ({"topic": ["x" * 201]}, "topic: expected topics"),
        ({"topics": ["x"]}, "topics: unknown option"),
        ({**_TOPICS, "min_words": 0}, "min_words: expected"),
        ({**_TOPICS, "threshold": 3}, "threshold: expected"),
        ({**_TOPICS, "backend": "missing"}, "no backend"),
    ],
)
def test_a_bad_configuration_is_refused_by_name(config: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TopicDetector.from_config(config, _LOCAL)
