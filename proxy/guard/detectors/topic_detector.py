"""``topic_detector``: whether a text keeps to the topics that it may be about. What is found is text off all of them.

Without a judge a topic's score is the cosine similarity of sentence embeddings, of the text and of a question about the
topic: questions and answers alike are nearer to that than to the topic's bare name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from proxy.guard.checks import Backend, Backends, Brief, Reading
from proxy.guard.detector import DetectorReport, Evidence
from proxy.guard.detectors.classifying import Classifier, ClassifierDetector, growing, windows_option
from proxy.guard.detectors.compliance import mapping
from proxy.guard.detectors.options import known, positive, probability, string, strings

MAX_TOPICS: Final = 64
MAX_TOPIC_CHARACTERS: Final = 200

_SIMILAR: Final = 0.06
"""The default threshold of a cosine: one in twenty texts about a topic stays below, one in ten others reaches it."""

_JUDGED: Final = 0.5
"""The default threshold of a judge's score."""

_WORDS: Final = 5
"""Greetings and thanks are about nothing: texts with fewer words than this are let pass by default."""

_MAPPING: Final = "compliance_mapping"

_Scores = Callable[[Reading], Sequence[float]]


class TopicDetector(ClassifierDetector):
    """Finds windows of a text that are off every topic. Immutable; one serves all lanes."""

    name = "topic_detector"

    def __init__(
        self, topics: Sequence[str], classifier: Classifier, scores: _Scores, threshold: float, min_words: int
    ) -> None:
        """Take the topics, what is asked, and how its readings are understood.

        ``scores`` returns one number for each topic, in their order; below ``threshold`` a text is off the topic.
        Texts of fewer than ``min_words`` words are not judged.
        """
        self._topics, self._classifier, self._scores = tuple(topics), classifier, scores
        self._threshold, self._min_words = threshold, min_words

    @classmethod
    def from_config(cls, config: Mapping[str, object], backends: Backends) -> TopicDetector:
        """Build the detector from its entry in a policy's ``detectors``.

        Options: ``topic`` (texts), ``threshold``, ``min_words``, ``windows``; ``backend`` names a judge to ask instead
        of comparing embeddings.

        Raises:
            ValueError: the entry is not as specified, or there is no such backend; the message names the option.
        """
        known(config, cls.name, ("topic", "threshold", "min_words", "backend", "windows"))
        topics = _topics(config)
        name = string(config, "backend")
        backend: Backend
        scores: _Scores
        if name:
            backend, scores = backends.judge(_brief(topics), name), _judge_scores(len(topics))
        else:
            references = tuple(f"A question about {topic}." for topic in topics)
            backend, scores = backends.similarity(lambda _: references), _cosines(len(topics))
        # The first window is a large one: few words say little about what the others will be about.
        classifier = Classifier(cls.name, backend, windows_option(config, growing(192, 384, 96)))
        threshold = probability(config, "threshold", _JUDGED if name else _SIMILAR)
        return cls(topics, classifier, scores, threshold, positive(config, "min_words", _WORDS))

    def report(self, evidence: Evidence) -> DetectorReport:
        """Return whether the text is on topic (1) or not (0), and the scores of the window that is so the least.

        A text that was not judged, because there is too little of it, is on topic.
        """
        judged = [reading for reading in evidence.readings if reading.notes["judged"]]
        shown = judged or list(evidence.readings)
        least = min(shown, key=_best, default=Reading(dict.fromkeys(self._topics, 0.0)))
        off = any(self._verdict(reading) for reading in judged)
        scores: dict[str, object] = {topic: round(least.scores[topic], 6) for topic in self._topics}
        return DetectorReport({"on_topic": int(not off)}, {**scores, _MAPPING: mapping(self.name, fired=off)})

    def _translate(self, reading: Reading, text: str) -> Reading:
        scores = [min(max(float(score), 0.0), 1.0) for score in self._scores(reading)]
        words = sum(any(ch.isalnum() for ch in word) for word in text.split())
        return Reading(dict(zip(self._topics, scores, strict=True)), notes={"judged": words >= self._min_words})

    def _verdict(self, reading: Reading) -> str:
        return "OFF_TOPIC" if reading.notes["judged"] and _best(reading) < self._threshold else ""


def _best(reading: Reading) -> float:
    return max(reading.scores.values())


def _topics(config: Mapping[str, object]) -> list[str]:
    topics = list(dict.fromkeys(topic.strip() for topic in strings(config, "topic")))
    if not 0 < len(topics) <= MAX_TOPICS:
        raise ValueError(f"topic: expected 1 to {MAX_TOPICS} topics")
    for topic in topics:
        if not 0 < len(topic) <= MAX_TOPIC_CHARACTERS or topic == _MAPPING:
            raise ValueError(f"topic: expected topics of 1 to {MAX_TOPIC_CHARACTERS} characters, other than {_MAPPING}")
    return topics


def _brief(topics: Sequence[str]) -> Brief:
    listed = "\n".join(f"{number}. {topic}" for number, topic in enumerate(topics, start=1))
    return Brief(
        "Decide how much the text is about each of these topics, with a number from 0 (not at all) to 1 (entirely). "
        "A question that can be answered within a topic is about it. Give the numbers in the order of the list:\n"
        + listed,
        {
            "type": "object",
            "properties": {
                "scores": {
                    "type": "array",
                    "items": {"type": "number", "minimum": 0, "maximum": 1},
                    "minItems": len(topics),
                    "maxItems": len(topics),
                }
            },
            "required": ["scores"],
            "additionalProperties": False,
        },
    )


def _cosines(count: int) -> _Scores:
    def scores(reading: Reading) -> Sequence[float]:
        try:
            found = [float(reading.scores[str(index)]) for index in range(count)]
        except KeyError as missing:
            raise ValueError(f"the backend has no similarity to reference {missing}") from None
        if not all(-1.001 <= score <= 1.001 for score in found):
            raise ValueError("a similarity is not between -1 and 1")
        return found

    return scores


def _judge_scores(count: int) -> _Scores:
    def scores(reading: Reading) -> Sequence[float]:
        given = reading.notes.get("scores")
        if not isinstance(given, list) or len(given) != count:
            raise ValueError(f"the judge was asked for {count} scores and gave something else")
        for score in given:
            if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 <= score <= 1:
                raise ValueError("the judge gave scores that are not between 0 and 1")
        return [float(score) for score in given]

    return scores
