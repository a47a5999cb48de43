"""A pattern rule: what to look for, what must hold for it to count, and texts that show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One entity format. The pattern's syntax is described in :mod:`proxy.guard.pattern`."""

    name: str
    """Unique among the rules of a detector, in snake case."""
    label: str
    """The entity's name in placeholders, such as ``EMAIL_ADDRESS``."""
    group: str
    """The heading under which findings are reported."""
    pattern: str
    validate: Callable[[str], bool] | None = None
    """Judges a matched text, longest first; it is pure and does not raise."""
    context: str | None = None
    """A pattern that must end exactly where the match begins; it is neither withheld nor redacted."""
    examples: tuple[str, ...] = ()
    """Texts in each of which exactly the part between « and » is found."""
    counter_examples: tuple[str, ...] = ()
    """Texts in which this rule finds nothing."""
