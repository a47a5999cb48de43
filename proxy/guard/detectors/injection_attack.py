"""``injection_attack``: prompt injection and jailbreaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from proxy.guard.checks import Backends, Reading
from proxy.guard.detector import DetectorReport, Evidence
from proxy.guard.detectors.classifying import (
    MASK,
    Classifier,
    ClassifierDetector,
    Labels,
    growing,
    threshold_option,
    windows_option,
)
from proxy.guard.detectors.compliance import mapping
from proxy.guard.detectors.options import flag, known, string

KINDS: Final = ("injection", "jailbreak")
LABELS: Final = ("safe", *KINDS)

_ALIASES: Final[Mapping[str, str]] = {
    "label_0": "safe",
    "benign": "safe",
    "legit": "safe",
    "legitimate": "safe",
    "normal": "safe",
    "label_1": "injection",
    "attack": "injection",
    "malicious": "injection",
    "unsafe": "injection",
    "prompt_injection": "injection",
    "indirect_injection": "injection",
    "label_2": "jailbreak",
    "jailbreaking": "jailbreak",
}
"""What other classifiers call the three."""

LOCAL_THRESHOLD: Final = 0.9
"""Of the local model, chosen on validation data."""

_MEANINGS: Final[Mapping[str, str]] = {
    "injection": "an attempt to override or extract instructions",
    "jailbreak": "an attempt to talk the model out of its rules",
}

_NOTHING: Final = Reading({"safe": 1.0, "attack": 0.0, "injection": 0.0, "jailbreak": 0.0})


class InjectionAttack(ClassifierDetector):
    """Finds attacks on the model's instructions. Immutable; one serves all lanes."""

    name = "injection_attack"

    def __init__(self, classifier: Classifier, labels: Labels, threshold: float, explains: bool = False) -> None:
        """Take what is asked, what its labels mean, from which score on an attack counts, and whether to explain it."""
        self._classifier, self._labels, self._threshold, self._explains = classifier, labels, threshold, explains

    @classmethod
    def from_config(cls, config: Mapping[str, object], backends: Backends) -> InjectionAttack:
        """Build the detector from its entry in a policy's ``detectors``.

        Options: ``threshold``, ``need_explanation``, ``backend``, ``labels``, ``windows``.

        Raises:
            ValueError: the entry is not as specified, or there is no such backend; the message names the option.
        """
        known(config, cls.name, ("threshold", "need_explanation", "backend", "labels", "windows"))
        backend = backends.classifier(cls.name, string(config, "backend") or None)
        return cls(
            Classifier(cls.name, backend, windows_option(config, growing(48, 384, 96))),
            Labels.from_config(config, LABELS, _ALIASES),
            threshold_option(config, LOCAL_THRESHOLD),
            flag(config, "need_explanation", False),
        )

    def report(self, evidence: Evidence) -> DetectorReport:
        """Return the flag, the kinds of attack, and what was read in the worst window; scores are strings."""
        worst = max(evidence.readings, key=lambda reading: reading.scores["attack"], default=_NOTHING)
        detected = [kind for kind in KINDS if any(kind in self._kinds(reading) for reading in evidence.readings)]
        attack = round(worst.scores["attack"], 6)
        details: dict[str, object] = {
            "safe": f"{1 - attack:.6f}",
            "attack": f"{attack:.6f}",
            "p_injection": f"{worst.scores['injection']:.6f}",
            "p_jailbreak": f"{worst.scores['jailbreak']:.6f}",
            "detected_attacks": detected,
            "most_unsafe_content": _shown(worst, evidence),
        }
        if self._explains:
            details["explanation"] = self._explanation(worst)
        details["compliance_mapping"] = mapping(self.name, fired=bool(detected))
        return DetectorReport({"injection_attack": int(bool(detected))}, details)

    def _translate(self, reading: Reading, text: str) -> Reading:
        scores = self._labels.probabilities(reading.scores)
        kinds = {kind: scores.get(kind, 0.0) for kind in KINDS}
        attack = max(kinds.values())
        if "safe" in scores:
            # Kinds that share one with `safe`: what both have is an attack, whichever of the two it is.
            attack = min(max(1 - scores["safe"], sum(kinds.values())), 1.0)
        if not scores.keys() & set(KINDS):
            kinds["injection"] = attack
        return Reading({"safe": 1 - attack, "attack": attack, **kinds}, notes={"text": text})

    def _kinds(self, reading: Reading) -> list[str]:
        """Return which attacks a window holds: those that are likely by themselves, or else the likelier one."""
        if reading.scores["attack"] < self._threshold:
            return []
        likely = [kind for kind in KINDS if reading.scores[kind] >= self._threshold]
        return likely or [max(KINDS, key=lambda kind: reading.scores[kind])]

    def _verdict(self, reading: Reading) -> str:
        kinds = self._kinds(reading)
        return max(kinds, key=lambda kind: reading.scores[kind]).upper() if kinds else ""

    def _explanation(self, worst: Reading) -> str:
        score = f"{worst.scores['attack']:.2f} where {self._threshold:.2f} counts"
        kinds = self._kinds(worst)
        if not kinds:
            return f"No attack was found: the highest score is {score}."
        return f"The text reads like {' and '.join(_MEANINGS[kind] for kind in kinds)}: its score is {score}."


def _shown(worst: Reading, evidence: Evidence) -> str:
    """Return the worst window as far as it may be shown: where the text still has it, or a finding shows its value."""
    text = str(worst.notes.get("text", ""))
    if text in evidence.redacted_text:
        return text
    return next((found.value for found in evidence.findings if found.value and found.value in text), MASK)
