"""Seeded template rows of the safety classifier: sexual and decent texts, hostile and polite ones.

Written for Tidegate: the sexual ones at the level of an adult-content classifier, adults only; the decent and polite
ones are hard negatives (medicine, sex education, biology, romance, art, breastfeeding, identity, idioms, refusals).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from proxy.inference.training.injection_grammar import Part, load, sample

__all__ = ["COUNTS", "generate"]

# Rows per grammar; the names are those of the tables in safety_templates.toml.
COUNTS: Final = {"explicit": 3500, "decent": 1600, "hostile": 2500, "polite": 3000}


def generate(terms: Sequence[str], seed: int, part: Part, share: float = 1.0) -> list[tuple[str, str]]:
    """Different texts with their grammar's name; `terms` are the identity terms that may occur in them.

    `part` says which alternatives of the long rules are used, `share` multiplies the counts.
    """
    rng = random.Random(seed)  # noqa: S311 - training rows, not secrets
    grammars = load("safety_templates.toml", part)
    return [
        (text, name)
        for name, count in COUNTS.items()
        for text in sample({**grammars[name], "term": list(terms)}, "root", round(count * share), rng)
    ]
