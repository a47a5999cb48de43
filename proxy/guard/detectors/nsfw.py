"""``nsfw``: sexually explicit text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from proxy.guard.checks import Backends, Reading
from proxy.guard.detector import DetectorReport, Evidence
from proxy.guard.detectors.classifying import (
    Classifier,
    ClassifierDetector,
    Labels,
    growing,
    threshold_option,
    windows_option,
)
from proxy.guard.detectors.compliance import mapping
from proxy.guard.detectors.options import known, string

LABELS: Final = ("sfw", "nsfw")

_ALIASES: Final[Mapping[str, str]] = {
    "label_0": "sfw",
    "safe": "sfw",
    "normal": "sfw",
    "label_1": "nsfw",
    "unsafe": "nsfw",
    "sexual": "nsfw",
    "sexual/minors": "nsfw",
    "sexually_explicit": "nsfw",
    "sexual_explicit": "nsfw",
    "explicit": "nsfw",
    "adult": "nsfw",
    "porn": "nsfw",
}
"""What other classifiers and moderation services call the two."""

LOCAL_THRESHOLD: Final = 0.3
"""Of the local model, chosen on validation data."""


class Nsfw(ClassifierDetector):
    """Finds sexually explicit text. Immutable; one serves all lanes."""

    name = "nsfw"

    def __init__(self, classifier: Classifier, labels: Labels, threshold: float) -> None:
        """Take what is asked, what its labels mean, and from which score on ``nsfw`` counts."""
        self._classifier, self._labels, self._threshold = classifier, labels, threshold

    @classmethod
    def from_config(cls, config: Mapping[str, object], backends: Backends) -> Nsfw:
        """Build the detector from its entry in a policy's ``detectors``.

        Options: ``threshold``, ``backend``, ``labels``, ``windows``.

        Raises:
            ValueError: the entry is not as specified, or there is no such backend; the message names the option.
        """
        known(config, cls.name, ("threshold", "backend", "labels", "windows"))
        backend = backends.classifier(cls.name, string(config, "backend") or None)
        classifier = Classifier(cls.name, backend, windows_option(config, growing(48, 384, 96)))
        threshold = threshold_option(config, LOCAL_THRESHOLD)
        return cls(classifier, Labels.from_config(config, LABELS, _ALIASES), threshold)

    def report(self, evidence: Evidence) -> DetectorReport:
        """Return the flag, and both scores of the worst window; without any, the text is safe for work."""
        worst = max(
            evidence.readings, key=lambda reading: reading.scores["nsfw"], default=Reading({"sfw": 1.0, "nsfw": 0.0})
        )
        fired = any(self._verdict(reading) for reading in evidence.readings)
        scores: dict[str, object] = {label: round(worst.scores[label], 6) for label in LABELS}
        return DetectorReport({"nsfw": int(fired)}, {**scores, "compliance_mapping": mapping(self.name, fired)})

    def _translate(self, reading: Reading, text: str) -> Reading:
        scores = self._labels.probabilities(reading.scores)
        nsfw = scores.get("nsfw", 1 - scores["sfw"] if "sfw" in scores else 0.0)
        return Reading({"sfw": scores.get("sfw", 1 - nsfw), "nsfw": nsfw})

    def _verdict(self, reading: Reading) -> str:
        return "NSFW" if reading.scores["nsfw"] >= self._threshold else ""
