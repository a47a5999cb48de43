"""Detectors for tests: any rules under a policy name, and one that fails when it is told to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proxy.guard.checks import Exchange
from proxy.guard.detector import DetectorReport, Evidence, RuleReport
from proxy.guard.findings import Match
from proxy.guard.rule import Rule
from proxy.guard.runner import PatternScanner, compile_rules, hold_back


@dataclass(frozen=True)
class RulesDetector:
    """Runs rules over a lane, and reports everything a report may be made of."""

    name: str
    ruleset: tuple[Rule, ...]
    asks = False

    def rules(self) -> Sequence[RuleReport]:
        return tuple(RuleReport(rule.name, hold_back(rule)) for rule in self.ruleset)

    def scanner(self, exchange: Exchange | None) -> PatternScanner:
        return PatternScanner(compile_rules(self.ruleset))

    def placeholder(self, label: str, index: int) -> str:
        return f"<{label}_{index}>"

    def report(self, evidence: Evidence) -> DetectorReport:
        shown = [
            [f.lane.choice, f.lane.lane, f.label, f.action.value, f.placeholder, f.value, f.start, f.end]
            for f in evidence.findings
        ]
        return DetectorReport({self.name: len(shown)}, {"shown": shown, "text": evidence.redacted_text})


class Failure(Exception):
    """What the failing detector raises."""


class FailingScanner:
    """Finds nothing and holds nothing, until it meets a character that it cannot stand."""

    def __init__(self, trigger: str) -> None:
        self._trigger = trigger
        self.safe = 0

    def feed(self, text: str) -> Sequence[Match]:
        if self._trigger in text:
            raise Failure(self._trigger)
        self.safe += len(text)
        return ()

    def finish(self) -> Sequence[Match]:
        if self._trigger == "":
            raise Failure("at the end")
        return ()


@dataclass(frozen=True)
class FailingDetector:
    """A detector that raises at ``trigger``."""

    trigger: str
    name: str = "failing"
    asks = False

    def rules(self) -> Sequence[RuleReport]:
        return (RuleReport("failing", 0),)

    def scanner(self, exchange: Exchange | None) -> FailingScanner:
        return FailingScanner(self.trigger)

    def placeholder(self, label: str, index: int) -> str:
        return f"<{label}_{index}>"

    def report(self, evidence: Evidence) -> DetectorReport:
        return DetectorReport({self.name: len(evidence.findings)}, {"text": evidence.redacted_text})
