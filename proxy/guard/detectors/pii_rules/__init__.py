"""The catalogue of the ``pii`` detector: which entities there are, and the rules that find them.

Modules are families: ``contact``, ``payment``, the ``national_*`` numbers, ``network``, and the ``secrets_*``. The
order of :data:`RULES` is the order of preference between rules that match the same text: the more specific come first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from proxy.guard.detectors.pii_rules import (
    contact,
    dates,
    national_europe,
    national_us,
    national_world,
    network,
    payment,
    secrets_ai,
    secrets_cloud,
    secrets_code,
    secrets_generic,
    secrets_services,
)
from proxy.guard.rule import Rule

GROUPS: Final = ("pii", "secrets", "ip_address", "url")
"""The headings of a report, each also selectable as a whole."""

RULES: Final[tuple[Rule, ...]] = (
    *payment.RULES,
    *contact.RULES,
    *national_us.RULES,
    *national_europe.RULES,
    *national_world.RULES,
    *secrets_ai.RULES,
    *secrets_cloud.RULES,
    *secrets_code.RULES,
    *secrets_services.RULES,
    *secrets_generic.RULES,
    *network.RULES,
)

NAMED_ONLY: Final = dates.RULES
"""Rules that run only where their entity is named: what they find is harmless more often than not."""

_UNFOUND: Final = {"nrp": "nationality, religion and political group are said in words that mean much else as well"}
"""Entities of the API that nothing here finds, and why."""

ENTITIES: Final = frozenset(rule.label.lower() for rule in (*RULES, *NAMED_ONLY))
"""The entities that rules find, as they are written in a configuration."""


def select(names: Sequence[str]) -> tuple[Rule, ...]:
    """Return the rules of the groups and entities named, in any case; of no names, all of :data:`RULES`.

    Raises:
        ValueError: a name is neither a group nor an entity that rules can find.
    """
    wanted = {name.lower() for name in names}
    for name in sorted(wanted & set(_UNFOUND)):
        raise ValueError(f"entities: {name!r} cannot be found: {_UNFOUND[name]}")
    unknown = wanted - ENTITIES - set(GROUPS)
    if unknown:
        known = ", ".join((*GROUPS, *sorted(ENTITIES - set(GROUPS))))
        raise ValueError(f"entities: unknown entity {min(unknown)!r}; known are {known}")
    chosen = [rule for rule in RULES if not wanted or rule.group in wanted or rule.label.lower() in wanted]
    return (*chosen, *(rule for rule in NAMED_ONLY if rule.label.lower() in wanted))
