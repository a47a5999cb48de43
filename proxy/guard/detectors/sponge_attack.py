"""``sponge_attack``: texts made to exhaust a model, and answers that have run away.

A request is searched for demands of output without end or of absurd size. Requests and answers alike are searched for
loops and floods; an answer is cut where its loop is established, and what was said before stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from proxy.guard.checks import Backends, Exchange
from proxy.guard.detector import DetectorReport, Evidence, RuleReport, Scanner
from proxy.guard.detectors import options
from proxy.guard.detectors.compliance import mapping
from proxy.guard.detectors.sponge_rules import RULES
from proxy.guard.detectors.sponge_rules.floods import FloodScanner
from proxy.guard.detectors.sponge_rules.loops import Limits, LoopScanner
from proxy.guard.runner import PatternScanner, compile_rules
from proxy.guard.windows import JoinedScanner

LEAST_REPEATS: Final = 4
LEAST_CHARACTERS: Final = 160
"""Below these a loop cannot be told from emphasis, nor found exactly where it exceeds them."""


class SpongeAttack:
    """Finds demands of endless output, loops and floods. Immutable; one serves all lanes."""

    name = "sponge_attack"
    asks = False

    def __init__(self, limits: Limits) -> None:
        """Take how much repetition is allowed."""
        self._limits = limits
        self._compiled = compile_rules(RULES)

    @classmethod
    def from_config(cls, config: Mapping[str, object], backends: Backends) -> SpongeAttack:
        """Build the detector from its entry in a policy's ``detectors``.

        ``max_repeats`` is how often a unit may stand in a row, ``max_characters`` how long a repetition may be; a loop
        exceeds both.

        Raises:
            ValueError: the entry is not as specified; the message names the option.
        """
        options.known(config, cls.name, ("max_repeats", "max_characters"))
        defaults = Limits()
        repeats = options.positive(config, "max_repeats", defaults.repeats)
        characters = options.positive(config, "max_characters", defaults.characters)
        if repeats < LEAST_REPEATS:
            raise ValueError(f"max_repeats: expected a whole number from {LEAST_REPEATS} on")
        if characters < LEAST_CHARACTERS:
            raise ValueError(f"max_characters: expected a whole number from {LEAST_CHARACTERS} on")
        return cls(Limits(repeats, characters))

    def rules(self) -> Sequence[RuleReport]:
        """Return one line for each rule of requests, and one for what holds nothing back."""
        compiled = self._compiled
        requests = [RuleReport(rule.name, held) for rule, held in zip(compiled.rules, compiled.hold_backs, strict=True)]
        return (*requests, RuleReport("loops_and_floods", 0))

    def scanner(self, exchange: Exchange | None) -> Scanner:
        """Return a scanner for one lane; only that of a request looks for demands."""
        repetitions = (LoopScanner(self._limits), FloodScanner())
        if exchange is None or exchange.answering:
            return JoinedScanner(repetitions)
        return JoinedScanner((PatternScanner(self._compiled), *repetitions))

    def placeholder(self, label: str, index: int) -> str:
        """Return ``<LABEL_n>``, counted from 0."""
        return f"<{label}_{index}>"

    def report(self, evidence: Evidence) -> DetectorReport:
        """Return the flag, in both parts of the report."""
        detected = bool(evidence.findings)
        return DetectorReport(
            {self.name: int(detected)},
            {"sponge_attack_detected": detected, "compliance_mapping": mapping(self.name, detected)},
        )
