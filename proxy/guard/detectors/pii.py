"""``pii``: personal data, secrets, IP addresses and URLs, found by the catalogue of rules in ``pii_rules``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from proxy.guard.detector import DetectorReport, RuleReport
from proxy.guard.detectors.pii_rules import GROUPS, select
from proxy.guard.findings import Finding, LaneKey
from proxy.guard.rule import Rule
from proxy.guard.runner import PatternScanner, compile_rules

MASK: Final = "***"
"""Stands for a value that was withheld."""

_MAIN_LANE: Final = LaneKey(0, "content")

_COMPLIANCE: Final[Mapping[str, tuple[str, ...]]] = {
    "owasp_llm_2025": ("LLM02:2025 Sensitive Information Disclosure",),
    "mitre_atlas": (),
    "nist_ai_rmf": ("MAP 1.6, GOVERN 1.6 (Privacy protection & data governance)",),
    "eu_ai_act": ("Article 10(5) (Data governance & personal data protection)",),
    "iso_iec_standards": ("ISO/IEC 27701: 5.2.1, 6.1.1", "ISO/IEC 42001: 6.1.3"),
}
"""What a finding of this detector touches, as the API's documentation maps it."""


class Pii:
    """Finds entities that have a format. Immutable; one serves all lanes."""

    name = "pii"

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        """Take the rules to run.

        Raises:
            PatternError: a rule cannot be compiled.
        """
        self._compiled = compile_rules(rules)

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Pii:
        """Build the detector from its entry in a policy's ``detectors``: ``entities``, by default all.

        Raises:
            ValueError: the entry is not as specified; the message names the field.
        """
        unknown = set(config) - {"entities"}
        if unknown:
            raise ValueError(f"{min(unknown)}: unknown option of pii")
        entities = config.get("entities") or []
        if not isinstance(entities, list) or not all(isinstance(entity, str) for entity in entities):
            raise ValueError("entities: expected a list of strings")
        return cls(select(entities))

    def rules(self) -> Sequence[RuleReport]:
        """Return one line for each rule."""
        compiled = self._compiled
        return tuple(
            RuleReport(rule.name, held) for rule, held in zip(compiled.rules, compiled.hold_backs, strict=True)
        )

    def scanner(self) -> PatternScanner:
        """Return a scanner for one lane."""
        return PatternScanner(self._compiled)

    def placeholder(self, label: str, index: int) -> str:
        """Return ``<LABEL_n>``, counted from 0."""
        return f"<{label}_{index}>"

    def report(self, findings: Sequence[Finding], redacted_text: str) -> DetectorReport:
        """Return the flag, and by group the value behind each placeholder; withheld values are masked.

        Placeholders are numbered per lane, so those outside the main text are reported with their lane.
        """
        details: dict[str, object] = {}
        for group in GROUPS:
            details[group] = {
                _key(finding): MASK if finding.value is None else finding.value
                for finding in findings
                if finding.group == group
            }
        details["compliance_mapping"] = {name: list(texts) for name, texts in _COMPLIANCE.items()} if findings else {}
        return DetectorReport({"pii": int(bool(findings))}, details)


def _key(finding: Finding) -> str:
    if finding.lane == _MAIN_LANE:
        return finding.placeholder
    return f"choices[{finding.lane.choice}].{finding.lane.lane}:{finding.placeholder}"
