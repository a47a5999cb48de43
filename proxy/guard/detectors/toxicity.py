"""``toxicity``: six kinds of toxic language, each with a score of its own.

The kinds are those of the Toxic Comment Classification Challenge (Jigsaw, 2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from proxy.guard.checks import Backends, Reading
from proxy.guard.detector import DetectorReport, Evidence
from proxy.guard.detectors.classifying import (
    Classifier,
    ClassifierDetector,
    Labels,
    greatest,
    growing,
    object_option,
    threshold_option,
    windows_option,
)
from proxy.guard.detectors.compliance import mapping
from proxy.guard.detectors.options import known, probability, string

LABELS: Final = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_hate")

_ALIASES: Final[Mapping[str, str]] = {
    "toxic": "toxicity",
    "label_1": "toxicity",
    "has_hap": "toxicity",
    "hap": "toxicity",
    "harassment": "toxicity",
    "severe_toxic": "severe_toxicity",
    "obscenity": "obscene",
    "profanity": "obscene",
    "harassment/threatening": "threat",
    "hate/threatening": "threat",
    "identity_attack": "identity_hate",
    "hate": "identity_hate",
    "hate_speech": "identity_hate",
    # Said of texts without fault; they carry nothing, but a backend that says nothing else is understood.
    "label_0": "",
    "non_toxic": "",
    "neutral": "",
}
"""What other classifiers and moderation services call the kinds."""

LOCAL_THRESHOLD: Final = 0.72
"""Of the local model, chosen on validation data."""


class Toxicity(ClassifierDetector):
    """Finds toxic language. Immutable; one serves all lanes."""

    name = "toxicity"

    def __init__(self, classifier: Classifier, labels: Labels, thresholds: Mapping[str, float]) -> None:
        """Take what is asked, what its labels mean, and from which score on each of :data:`LABELS` counts."""
        self._classifier, self._labels, self._thresholds = classifier, labels, thresholds

    @classmethod
    def from_config(cls, config: Mapping[str, object], backends: Backends) -> Toxicity:
        """Build the detector from its entry in a policy's ``detectors``.

        Options: ``threshold`` for all kinds, ``thresholds`` by kind, ``backend``, ``labels``, ``windows``.

        Raises:
            ValueError: the entry is not as specified, or there is no such backend; the message names the option.
        """
        known(config, cls.name, ("threshold", "thresholds", "backend", "labels", "windows"))
        backend = backends.classifier(cls.name, string(config, "backend") or None)
        windows = windows_option(config, growing(48, 384, 96))
        labels = Labels.from_config(config, LABELS, _ALIASES)
        return cls(Classifier(cls.name, backend, windows), labels, _thresholds(config))

    def report(self, evidence: Evidence) -> DetectorReport:
        """Return the names of the kinds over their thresholds, and of each kind the greatest score."""
        scores = greatest(evidence.readings, LABELS)
        names = [label for label in LABELS if any(self._over(reading, label) for reading in evidence.readings)]
        return DetectorReport(
            {"toxicity": names}, {**scores, "compliance_mapping": mapping(self.name, fired=bool(names))}
        )

    def _translate(self, reading: Reading, text: str) -> Reading:
        scores = self._labels.probabilities(reading.scores)
        found = {label: scores.get(label, 0.0) for label in LABELS}
        # Who knows only kinds of toxic language, or one of them, has said how toxic it is.
        found["toxicity"] = scores.get("toxicity", max(found.values()))
        return Reading(found)

    def _over(self, reading: Reading, label: str) -> bool:
        return reading.scores[label] >= self._thresholds[label]

    def _verdict(self, reading: Reading) -> str:
        over = [label for label in LABELS if self._over(reading, label)]
        return max(over, key=lambda label: reading.scores[label]).upper() if over else ""


def _thresholds(config: Mapping[str, object]) -> Mapping[str, float]:
    every = threshold_option(config, LOCAL_THRESHOLD)
    single = object_option(config, "thresholds", "an object from kinds of toxicity to numbers")
    if single is None:
        return dict.fromkeys(LABELS, every)
    try:
        known(single, "thresholds", LABELS)
        return {label: probability(single, label, every) for label in LABELS}
    except ValueError as error:
        raise ValueError(f"thresholds.{error}") from None
