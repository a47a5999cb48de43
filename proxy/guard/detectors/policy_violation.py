"""``policy_violation``: what an operator's own rules forbid, in words. A judge decides.

The policy is numbered clause by clause, so that a judge has to name clauses rather than to repeat them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from proxy.guard.checks import Backends, Brief, Exchange, Reading
from proxy.guard.detector import DetectorReport, Evidence, RuleReport, Scanner
from proxy.guard.detectors.classifying import MASK, Classifier, windows_option
from proxy.guard.detectors.clauses import Clause, clauses, stage
from proxy.guard.detectors.compliance import mapping
from proxy.guard.detectors.judging import TEXT, Shown
from proxy.guard.detectors.options import flag, known, string
from proxy.guard.windows import SilentScanner, Windows

_WINDOWS: Final = Windows((400,), 1_600, 200)
"""Larger than a classifier's: a judge takes long, and a policy is about what a text says as a whole."""

_TASK: Final = """\
Decide whether the TEXT violates the operator's policy. The TEXT is {what}, whole or a piece of it. Judge what it \
says and does, by the meaning of each clause. Mentioning, refusing or warning of what a clause forbids does not \
violate it, unless the clause says so. The clauses of the policy:
{listed}"""
_WHAT: Final = {False: "what a user sends to an assistant", True: "what an assistant answers to a user"}
_NO_VIOLATION: Final = "No Violation Found"
_WHOLE: Final = "The policy as a whole"
"""What is violated where a judge names no clause."""
_SCORE: Final = "policy_violation"
_CLAUSES: Final = "violated_clauses"
_QUOTE: Final = "most_unsafe_content"
_EXPLANATION: Final = "explanation"


class PolicyViolation:
    """Finds what violates a policy. Immutable; one serves all lanes."""

    name = "policy_violation"
    asks = True

    def __init__(
        self, policy: Sequence[Clause], requests: Classifier | None, answers: Classifier | None, explains: bool
    ) -> None:
        """Take the clauses, and what is asked about requests and about answers; None where no clause is about them."""
        self._policy, self._requests, self._answers, self._explains = tuple(policy), requests, answers, explains

    @classmethod
    def from_config(cls, config: Mapping[str, object], backends: Backends) -> PolicyViolation:
        """Build the detector from its entry in a policy's ``detectors``.

        Options: ``policy_text`` (each line a clause, or each sentence of a single line), ``rules`` (texts, or the API's
        rule objects), ``need_explanation`` (true where left out), ``backend`` (a judge; left out, the only one there
        is), ``windows``.

        Raises:
            ValueError: the entry is not as specified, or there is no such judge; the message names the option.
        """
        known(config, cls.name, ("policy_text", "rules", "need_explanation", "coc_policy_name", "backend", "windows"))
        if string(config, "coc_policy_name"):
            raise ValueError("coc_policy_name: there are no stored policies; put its text into policy_text or rules")
        policy, windows = clauses(config), windows_option(config, _WINDOWS)
        name, explains = string(config, "backend") or None, flag(config, "need_explanation", True)

        def classifier(answering: bool) -> Classifier | None:
            own = stage(policy, answering)
            return (
                Classifier(cls.name, backends.judge(_brief(own, answering, explains), name), windows) if own else None
            )

        return cls(policy, classifier(False), classifier(True), explains)

    def rules(self) -> Sequence[RuleReport]:
        """Return one line: what waits for its window to be filled."""
        return self._answers.rules() if self._answers else ()

    def scanner(self, exchange: Exchange | None) -> Scanner:
        """Return a scanner for one lane."""
        classifier = self._answers if exchange and exchange.answering else self._requests
        if classifier is None or exchange is None:
            return SilentScanner()
        answering = exchange.answering
        return classifier.scanner(exchange, lambda reading, text: self._translate(reading, text, answering), _verdict)

    def placeholder(self, label: str, index: int) -> str:
        """Return ``[POLICY_VIOLATION_n]``, counted from 1."""
        return f"[{label}_{index + 1}]"

    def report(self, evidence: Evidence) -> DetectorReport:
        """Return whether a clause is violated, which, and why, as the judge says of the first place where one is.

        Of an answer its words are shown only where nothing of the judged text was withheld; a request's are its own.
        """
        violations = [reading for reading in evidence.readings if _verdict(reading)]
        named = [clause for reading in violations for clause in self._named(reading)]
        rules = [clause.rule for clause in self._policy if clause in named and clause.rule is not None]
        details: dict[str, object] = {"violating_policy": _NO_VIOLATION}
        explanation, quote = f"{_NO_VIOLATION}.", ""
        if violations:
            clause = next((clause.text for clause in self._named(violations[0])), _WHOLE)
            details["violating_policy"] = clause
            explanation, quote = _words_of(violations[0], Shown(evidence), f"This is violated: {clause}")
        if self._explains:
            details["explanation"] = explanation
        fired = bool(violations)
        details |= {
            _QUOTE: quote,
            "policy_violated": fired,
            "violated_rules": rules,
            "compliance_mapping": mapping(self.name, fired=fired),
        }
        return DetectorReport({"policy_violation": int(fired)}, details)

    def _named(self, reading: Reading) -> list[Clause]:
        names = reading.notes[_CLAUSES]
        assert isinstance(names, list)
        return [clause for clause in self._policy if clause.name in names]

    def _translate(self, reading: Reading, text: str, answering: bool) -> Reading:
        """Return a judge's answer about ``text``, checked. Raises ValueError where it is none."""
        violated, names, quote = (reading.notes.get(key) for key in ("policy_violated", _CLAUSES, _QUOTE))
        explanation = reading.notes.get(_EXPLANATION, "")
        if not isinstance(violated, bool) or not isinstance(names, list):
            raise ValueError("the judge did not say which clauses are violated, if any")
        own = [clause.name for clause in stage(self._policy, answering)]
        named = [name for name in own if name in names]
        notes: dict[str, object] = {
            TEXT: text,
            "answering": answering,
            _CLAUSES: own if len(own) == 1 else named,
            # What is no quotation could say anything.
            _QUOTE: quote if isinstance(quote, str) and quote in text else "",
            _EXPLANATION: explanation if isinstance(explanation, str) else "",
        }
        # An answer that contradicts itself counts as what is worse.
        return Reading({_SCORE: float(violated or bool(named))}, notes=notes)


def _verdict(reading: Reading) -> str:
    return "POLICY_VIOLATION" if reading.scores[_SCORE] else ""


def _words_of(reading: Reading, shown: Shown, instead: str) -> tuple[str, str]:
    """Return the explanation and the quotation of a violation, as far as they may be seen."""
    text, explanation, quote = (str(reading.notes[key]) for key in (TEXT, _EXPLANATION, _QUOTE))
    if not explanation or (reading.notes["answering"] and not shown.whole(text)):
        explanation = instead
    return explanation, quote if shown.whole(quote) else MASK


def _brief(policy: Sequence[Clause], answering: bool, explains: bool) -> Brief:
    listed = "\n".join(f"{clause.name}: {clause.text}" for clause in policy)
    names = [clause.name for clause in policy]
    clause = {"type": "string", "enum": names}
    members: dict[str, object] = {
        "policy_violated": {"type": "boolean"},
        _CLAUSES: {
            "type": "array",
            "maxItems": len(names),
            "items": clause,
            "description": "the names of the violated clauses, none where the policy is not violated",
        },
        _QUOTE: {
            "type": "string",
            "maxLength": 2_000,
            "description": "the worst sentence of the TEXT, quoted exactly; empty where the policy is not violated",
        },
    }
    if explains:
        explanation = {"type": "string", "maxLength": 2_000, "description": "why or why not, in one or two sentences"}
        # First, since a model that has to say why decides better.
        members = {_EXPLANATION: explanation} | members
    return Brief(_TASK.format(what=_WHAT[answering], listed=listed), {"type": "object", "properties": members})
