"""What the detectors that a judge model decides have in common: facts, what of its words may be shown, and answers.

A judge is shown text before anything is withheld from it, and speaks in its own words. It could spell what was withheld
out, or turn it around, so what it says is shown only where nothing of the judged text was withheld.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from proxy.guard.checks import Exchange, Placed, Reading
from proxy.guard.detector import DetectorReport, Evidence, RuleReport, Scanner
from proxy.guard.detectors.classifying import MASK, Classifier
from proxy.guard.detectors.compliance import mapping
from proxy.guard.findings import Match
from proxy.guard.windows import SilentScanner, Windows

TEXT: Final = "text"
"""The note in which a reading keeps the text that was judged."""
SECONDS: Final = "seconds"
"""The note in which a backend says how long it took."""
MAX_FACTS: Final = 30
WHOLE_ANSWER: Final = Windows((), 8_000, 400)
"""Most answers are one window, judged when they have ended."""

_WORD: Final = re.compile(r"\w+")
_SKIPPED: Final = "skipped"


class Shown:
    """What may be seen of the texts that some evidence is about."""

    def __init__(self, evidence: Evidence) -> None:
        """Take the main text as it was released, and the findings that show their value."""
        self._words = set(_words(evidence.redacted_text))
        for finding in evidence.findings:
            self._words.update(_words(finding.value or ""))

    def whole(self, text: str) -> bool:
        """Say whether every word of ``text`` is seen."""
        return self._words.issuperset(_words(text))


def _words(text: str) -> Iterator[str]:
    return (match[0] for match in _WORD.finditer(text.casefold()))


class SkippedScanner(SilentScanner):
    """Reads a lane that cannot be judged, and says why, in one reading of its first character."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self._reason = reason
        self.placed: list[Placed] = []

    def feed(self, text: str) -> Sequence[Match]:
        """Take the next characters."""
        if text and not self.placed:
            self.placed.append(Placed(0, 1, Reading(notes={_SKIPPED: self._reason})))
        return super().feed(text)


class AnswerCheck(ABC):
    """What is asked about a whole answer, and only where the request says what is needed for it."""

    asks: Final = True

    def __init__(self, name: str, classifier: Classifier, needs: Callable[[Exchange], str], lacking: str) -> None:
        """Take what is asked; ``needs`` returns what it needs, and ``lacking`` is the reason where that is empty."""
        self.name, self._classifier, self._needs, self._lacking = name, classifier, needs, lacking

    def rules(self) -> Sequence[RuleReport]:
        """Return one line: what waits for its window to be filled."""
        return self._classifier.rules()

    def scanner(self, exchange: Exchange | None) -> Scanner:
        """Return a scanner for one lane; one that says why where the lane is not judged."""
        if exchange is None or exchange.lane != "content":
            # Only what an answer says can fit a question or a context; its reasoning and its tool calls need not.
            return SilentScanner()
        if not exchange.answering:
            return SkippedScanner("only answers are judged")
        if not self._needs(exchange).strip():
            return SkippedScanner(self._lacking)
        return self._classifier.scanner(exchange, self.translate, self.verdict)

    def placeholder(self, label: str, index: int) -> str:
        """Return the label in square brackets, counted from 1."""
        return f"[{label}_{index + 1}]"

    @abstractmethod
    def translate(self, reading: Reading, text: str) -> Reading:
        """Return what a backend says about ``text`` in this detector's words; ValueError where it is no answer."""

    @abstractmethod
    def verdict(self, reading: Reading) -> str:
        """Return the label of what is wrong with a text, or nothing."""


def judged(evidence: Evidence) -> list[Reading]:
    """Return the readings of texts that were judged."""
    return [reading for reading in evidence.readings if _SKIPPED not in reading.notes]


def skipped(evidence: Evidence) -> dict[str, object]:
    """Return a details member that says why nothing was judged, if so."""
    if judged(evidence):
        return {}
    reason = next((reading.notes[_SKIPPED] for reading in evidence.readings), None)
    return {} if reason is None else {_SKIPPED: reason}


class Fact(NamedTuple):
    """One thing that a text says, as a judge puts it."""

    text: str
    reason: str
    score: int


class FactCheck(AnswerCheck):
    """An answer taken apart into facts, each of which gets a score; their mean says how good the answer is."""

    def __init__(
        self,
        classifier: Classifier,
        needs: Callable[[Exchange], str],
        lacking: str,
        *,
        label: str,
        best: int,
        threshold: float,
        keys: tuple[str, str],
    ) -> None:
        """Find answers whose mean score, as a part of the ``best``, is below ``threshold``, under ``label``.

        ``keys`` are the names under which the scores are given: in the details, and in the judge's answer in there.
        """
        super().__init__(classifier.detector, classifier, needs, lacking)
        self._label, self._best, self._threshold, self._keys = label, best, threshold, keys

    def translate(self, reading: Reading, text: str) -> Reading:
        """Take the member ``facts`` of a judge's answer."""
        facts = tuple(_fact(item, self._best) for item in _list(reading.notes.get("facts")))
        notes: dict[str, object] = {TEXT: text, "facts": facts}
        if SECONDS in reading.notes:
            notes[SECONDS] = reading.notes[SECONDS]
        return Reading({self.name: self._share(facts)}, notes=notes)

    def verdict(self, reading: Reading) -> str:
        """Return the label where too little of a text is right."""
        return self._label if reading.scores[self.name] < self._threshold else ""

    def report(self, evidence: Evidence) -> DetectorReport:
        """Return the score over all facts, from 0 (bad) to 1 (good), and the facts; 1 where there are none."""
        readings, shown = judged(evidence), Shown(evidence)
        pairs = [(fact, str(reading.notes[TEXT])) for reading in readings for fact in _facts(reading)]
        scores = [fact.score for fact, _ in pairs]
        said = [fact.text if shown.whole(text) else MASK for fact, text in pairs]
        reasons = [fact.reason if shown.whole(text) else MASK for fact, text in pairs if fact.reason]
        listed, answer = self._keys
        details: dict[str, object] = {
            "atomic_facts": said,
            listed: scores,
            f"{self.name}_response": json.dumps({"chain_of_thought": reasons, answer: scores}, ensure_ascii=False),
        }
        seconds = [reading.notes[SECONDS] for reading in readings if SECONDS in reading.notes]
        if seconds:
            details[f"{self.name}_latency"] = round(sum(float(str(value)) for value in seconds), 3)
        fired = any(self.verdict(reading) for reading in readings)
        details |= skipped(evidence) | {"compliance_mapping": mapping(self.name, fired=fired)}
        return DetectorReport({f"{self.name}_score": self._share([fact for fact, _ in pairs])}, details)

    def _share(self, facts: Sequence[Fact]) -> float:
        return round(sum(fact.score for fact in facts) / (self._best * len(facts)), 6) if facts else 1.0


def facts_schema(best: int, meaning: str) -> dict[str, object]:
    """Return the shape of an answer that :class:`FactCheck` understands; ``meaning`` says what the scores mean."""
    fact = {
        "fact": {"type": "string", "maxLength": 500, "description": "what the text says, in one short sentence"},
        "reason": {"type": "string", "maxLength": 500, "description": "why it gets its score, in a few words"},
        "score": {"type": "integer", "enum": list(range(best, -1, -1)), "description": meaning},
    }
    items = {"type": "object", "properties": fact}
    return {"type": "object", "properties": {"facts": {"type": "array", "maxItems": MAX_FACTS, "items": items}}}


def _facts(reading: Reading) -> tuple[Fact, ...]:
    facts = reading.notes["facts"]
    assert isinstance(facts, tuple)
    return facts


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("the judge gave no list of facts")
    return value


def _fact(value: object, best: int) -> Fact:
    item = value if isinstance(value, Mapping) else {}
    text, reason, score = item.get("fact"), item.get("reason", ""), item.get("score")
    if not isinstance(text, str) or not isinstance(reason, str):
        raise ValueError("the judge gave a fact that is no text")
    if isinstance(score, bool) or not isinstance(score, int) or not 0 <= score <= best:
        raise ValueError(f"the judge gave a score that is not between 0 and {best}")
    return Fact(text, reason, score)
