"""What ``bias`` looks for: tables of terms by what they are about, and ``stereotypes``.

A rule's label is the neutral wording that takes the place of what it finds, and its group the category.
"""

from __future__ import annotations

from typing import Final

from proxy.guard.detectors.bias_rules import age, disability, gender, origin, sexuality, stereotypes
from proxy.guard.rule import Rule

RULES: Final[tuple[Rule, ...]] = (
    *stereotypes.RULES,
    *gender.RULES,
    *age.RULES,
    *disability.RULES,
    *origin.RULES,
    *sexuality.RULES,
)
"""All rules, in order of preference."""

CATEGORIES: Final = frozenset(rule.group for rule in RULES)
"""What a rule can be about."""
