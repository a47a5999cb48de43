"""``pii``: personal data, secrets, IP addresses and URLs.

What has a format is found by the catalogue of rules in ``pii_rules``. Names of people and places have none: a backend
is asked for them, where the entities name them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from proxy.guard.checks import Backends, Exchange
from proxy.guard.detector import DetectorReport, Evidence, RuleReport, Scanner
from proxy.guard.detectors.classifying import MASK, Labels, windows_option
from proxy.guard.detectors.compliance import mapping
from proxy.guard.detectors.options import known, probability, string, strings
from proxy.guard.detectors.pii_names import ALIASES, NAME_ENTITIES, PARTS, WINDOWS, Names
from proxy.guard.detectors.pii_rules import GROUPS, select
from proxy.guard.findings import Finding, LaneKey
from proxy.guard.rule import Rule
from proxy.guard.runner import PatternScanner, compile_rules
from proxy.guard.windows import JoinedScanner, SilentScanner

_MAIN_LANE: Final = LaneKey(0, "content")

_NAME_OPTIONS: Final = ("backend", "labels", "threshold", "windows")

_THRESHOLD: Final = 0.5


class Pii:
    """Finds entities that have a format, and names. Immutable; one serves all lanes."""

    name = "pii"

    def __init__(self, rules: tuple[Rule, ...], names: Names | None = None) -> None:
        """Take the rules to run, and what is to be asked for names.

        Raises:
            PatternError: a rule cannot be compiled.
        """
        self._compiled = compile_rules(rules) if rules else None
        self._names = names

    @classmethod
    def from_config(cls, config: Mapping[str, object], backends: Backends) -> Pii:
        """Build the detector from its entry in a policy's ``detectors``.

        Options: ``entities``, by default all that rules find by their format alone. Where they name ``person``,
        ``location`` or ``city``: ``backend``, ``labels``, ``threshold``, ``windows``.

        Raises:
            ValueError: the entry is not as specified, or there is no such backend; the message names the option.
        """
        known(config, cls.name, ("entities", *_NAME_OPTIONS))
        entities = [entity.lower() for entity in strings(config, "entities")]
        wanted = frozenset(entities) & set(NAME_ENTITIES)
        formats = [entity for entity in entities if entity not in wanted]
        rules = select(formats) if formats or not wanted else ()
        if wanted:
            return cls(rules, _names(config, wanted, backends))
        needless = next((option for option in _NAME_OPTIONS if config.get(option) is not None), None)
        if needless:
            raise ValueError(f"{needless}: only names have it: add {', '.join(NAME_ENTITIES)} to entities")
        return cls(rules)

    @property
    def asks(self) -> bool:
        """Whether names are looked for."""
        return self._names is not None

    def rules(self) -> Sequence[RuleReport]:
        """Return one line for each rule, and one for the windows in which names are looked for."""
        reports: list[RuleReport] = []
        if self._compiled:
            held = zip(self._compiled.rules, self._compiled.hold_backs, strict=True)
            reports += (RuleReport(rule.name, hold_back) for rule, hold_back in held)
        return (*reports, *(self._names.rules() if self._names else ()))

    def scanner(self, exchange: Exchange | None) -> Scanner:
        """Return a scanner for one lane; without an exchange it finds no names."""
        scanners: list[Scanner] = [PatternScanner(self._compiled)] if self._compiled else []
        if self._names and exchange is not None:
            scanners.append(self._names.scanner(exchange))
        if len(scanners) == 2:
            return JoinedScanner(scanners)
        return scanners[0] if scanners else SilentScanner()

    def placeholder(self, label: str, index: int) -> str:
        """Return ``<LABEL_n>``, counted from 0."""
        return f"<{label}_{index}>"

    def report(self, evidence: Evidence) -> DetectorReport:
        """Return the flag, and by group the value behind each placeholder; withheld values are masked.

        The four groups are always there. Where people are looked for they also have a group of their own, as in the
        API. Placeholders are numbered per lane, so those outside the main text are reported with their lane.
        """
        findings = evidence.findings
        details: dict[str, object] = {
            group: {_key(finding): _value(finding) for finding in findings if finding.group == group}
            for group in GROUPS
        }
        if self._names and "person" in self._names.wanted:
            details["person"] = {_key(found): _value(found) for found in findings if found.label == "PERSON"}
        details["compliance_mapping"] = mapping(self.name, fired=bool(findings))
        return DetectorReport({"pii": int(bool(findings))}, details)


def _names(config: Mapping[str, object], wanted: frozenset[str], backends: Backends) -> Names:
    return Names(
        backends.classifier(Pii.name, string(config, "backend") or None),
        wanted,
        Labels.from_config(config, PARTS, ALIASES),
        probability(config, "threshold", _THRESHOLD),
        windows_option(config, WINDOWS),
    )


def _value(finding: Finding) -> str:
    return MASK if finding.value is None else finding.value


def _key(finding: Finding) -> str:
    if finding.lane == _MAIN_LANE:
        return finding.placeholder
    return f"choices[{finding.lane.choice}].{finding.lane.lane}:{finding.placeholder}"
