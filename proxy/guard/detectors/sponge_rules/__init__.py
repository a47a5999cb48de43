"""What ``sponge_attack`` looks for: ``endless`` demands, absurd ``amounts``, ``recursion``; ``loops`` and "
"``floods``."""

from __future__ import annotations

from typing import Final

from proxy.guard.detectors.sponge_rules import amounts, endless, recursion
from proxy.guard.rule import Rule

RULES: Final[tuple[Rule, ...]] = (*endless.RULES, *amounts.RULES, *recursion.RULES)
"""The rules for requests, in order of preference."""
