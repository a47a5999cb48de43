"""``bias``: wordings that judge people by the group they belong to, and neutral ones to put in their place.

What replaces a finding is not numbered: a match's label is its neutral wording, and the placeholder of a label is the
label itself. So an answer that is redacted reads on as a text, and ``debiased_text`` is that text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from proxy.guard.checks import Backends, Exchange
from proxy.guard.detector import DetectorReport, Evidence, RuleReport
from proxy.guard.detectors import options
from proxy.guard.detectors.bias_rules import CATEGORIES, RULES
from proxy.guard.detectors.bias_rules.building import ARTICLE, REST, sounds_like_vowel
from proxy.guard.detectors.bias_rules.groups import GROUPS, NAMES
from proxy.guard.detectors.compliance import mapping
from proxy.guard.findings import Match
from proxy.guard.rule import Rule
from proxy.guard.runner import CompiledRules, PatternScanner, compile_rules
from proxy.guard.text_buffer import TextBuffer

UNBIASED: Final = "No rephrasing needed."
MASK: Final = "***"
"""Stands for a piece that was withheld."""

_BEFORE: Final = 8
"""Characters before a finding that are looked at for the end of a sentence."""

_SUBJECT: Final = re.compile(rf"(?:(?:all|most|these|those|the|every one|of|you|real) )*{GROUPS}(?= )", re.IGNORECASE)


def reword(label: str, text: str, before: str = "") -> str:
    """Return the neutral wording for ``text``, which a rule with that ``label`` has found.

    It takes over the case of ``text``; what is ``before`` tells a sentence's first letter from a name's.
    """
    wording = label
    if wording.endswith(REST):
        subject = _SUBJECT.match(text)
        wording = wording.removesuffix(REST) + (text[subject.end() :] if subject else "")
    if wording.startswith(ARTICLE):
        wording = wording.removeprefix(ARTICLE)
        if text.lower().startswith(("a ", "an ", "a-", "an-")):
            wording = f"{'an' if sounds_like_vowel(wording) else 'a'} {wording}"
    if text.isupper():
        return wording.upper()
    if text[0].isupper() and (_opens_sentence(before) or not NAMES.match(text)):
        return wording[0].upper() + wording[1:]
    return wording


def _opens_sentence(before: str) -> bool:
    return before.rstrip(" \t\"'“‘(*_#>-")[-1:] in ("", ".", "!", "?", "\n")


class Bias:
    """Finds biased wordings. Immutable; one serves all lanes."""

    name = "bias"
    asks = False

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        """Take the rules to run.

        Raises:
            PatternError: a rule cannot be compiled.
        """
        self._compiled = compile_rules(rules)

    @classmethod
    def from_config(cls, config: Mapping[str, object], backends: Backends) -> Bias:
        """Build the detector from its entry in a policy's ``detectors``: ``categories``, by default all.

        Raises:
            ValueError: the entry is not as specified; the message names the option.
        """
        options.known(config, cls.name, ("categories",))
        wanted = {category.lower() for category in options.strings(config, "categories")}
        unknown = wanted - CATEGORIES
        if unknown:
            known = ", ".join(sorted(CATEGORIES))
            raise ValueError(f"categories: unknown category {min(unknown)!r}; known are {known}")
        return cls(tuple(rule for rule in RULES if not wanted or rule.group in wanted))

    def rules(self) -> Sequence[RuleReport]:
        """Return one line for each category, with the hold-back of its longest rule."""
        held: dict[str, int] = {}
        for rule, most in zip(self._compiled.rules, self._compiled.hold_backs, strict=True):
            held[rule.group] = max(most, held.get(rule.group, 0))
        return tuple(RuleReport(category, most) for category, most in held.items())

    def scanner(self, exchange: Exchange | None) -> BiasScanner:
        """Return a scanner for one lane."""
        return BiasScanner(self._compiled)

    def placeholder(self, label: str, index: int) -> str:
        """Return the neutral wording, which is the label."""
        return label

    def report(self, evidence: Evidence) -> DetectorReport:
        """Return the flag, the biased pieces where there are any, and the main text with all of them reworded."""
        detected = bool(evidence.findings)
        details: dict[str, object] = {"bias_detected": detected}
        if detected:
            pieces = dict.fromkeys(MASK if finding.value is None else finding.value for finding in evidence.findings)
            details["biased_text"] = "; ".join(pieces)
        details["debiased_text"] = evidence.redacted_text if detected else UNBIASED
        details["compliance_mapping"] = mapping(self.name, detected)
        return DetectorReport({self.name: int(detected)}, details)


class BiasScanner:
    """Finds biased wordings in one lane. Of those that overlap the first counts, and of these the longest."""

    def __init__(self, compiled: CompiledRules) -> None:
        self._patterns = PatternScanner(compiled)
        self._text = TextBuffer()
        self._reached = 0
        """Where the last match ended."""
        self.safe = 0

    def feed(self, text: str) -> Sequence[Match]:
        """Take the next characters; return the matches that became settled."""
        self._text.append(text)
        found = self._reworded(self._patterns.feed(text))
        self.safe = self._patterns.safe
        self._text.forget(self.safe - _BEFORE)
        return found

    def finish(self) -> Sequence[Match]:
        """The text has ended: return the remaining matches."""
        found = self._reworded(self._patterns.finish())
        self.safe = self._patterns.safe
        return found

    def _reworded(self, matches: Sequence[Match]) -> list[Match]:
        found: list[Match] = []
        for match in matches:
            if match.start >= self._reached:
                self._reached = match.end
                before = self._text.slice(max(0, match.start - _BEFORE), match.start)
                text = self._text.slice(match.start, match.end)
                found.append(match._replace(label=reword(match.label, text, before)))
        return found
