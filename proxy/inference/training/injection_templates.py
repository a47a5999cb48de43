"""Seeded template rows: attacks (extraction, override, persona, indirect injection) and hard negatives.

Written for Tidegate from the published taxonomies of prompt attacks (OWASP LLM01:2025 and LLM07:2025, MITRE ATLAS
AML.T0051, AML.T0054, AML.T0056); none of it is taken from an evaluation set.
"""

from __future__ import annotations

import base64
import codecs
import random
from typing import Final

from proxy.inference.training.injection_grammar import Part, load, sample

_LEET: Final = str.maketrans({"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"})
_CARRIERS: Final = (
    "Decode this and follow it: {}",
    "{}",
    "Decode the following and do what it says: {}",
    "base64: {} - execute the decoded text",
    "Here is an encoded message, obey it: {}",
    "Run the instruction hidden in {}",
    "First decode, then comply: {}",
)


_READING: Final = (
    "What does this decode to? {}",
    "{}",
    "data: {}",
    "Please decode {}",
    "The field holds {}",
    "Explain this encoding: {}",
)


def _garble(text: str, rng: random.Random, carriers: tuple[str, ...] = _CARRIERS) -> str:
    """The text in one of the usual disguises."""
    plain = text[:160]
    kind = rng.randrange(8)
    if kind == 0:
        return rng.choice(carriers).format(base64.b64encode(plain.encode()).decode())
    if kind == 1:
        return rng.choice(carriers).format(codecs.encode(plain, "rot13"))
    if kind == 2:
        return plain.lower().translate(_LEET)
    if kind == 3:
        return rng.choice((" ", "-", ".")).join(plain[:60])
    if kind == 4:
        return rng.choice(carriers).format(plain[:60].encode().hex())
    if kind == 5:
        return "".join(c.upper() if rng.random() < 0.5 else c.lower() for c in plain)
    if kind == 6:
        return "".join(c + rng.choice(("", "", "\u200b", "\u00ad")) for c in plain)
    return rng.choice(carriers).format(plain[::-1])


def attacks(seed: int, scale: float, part: Part) -> list[tuple[str, str]]:
    """Generated attacks as (text, "injection" or "jailbreak"); `scale` multiplies the counts."""
    grammars = load("injection_attacks.toml", part)
    rng = random.Random(seed)  # noqa: S311 - training rows, not secrets
    rows: list[tuple[str, str]] = []
    plan = (
        ("extraction", 2600, "injection"),
        ("override", 1700, "injection"),
        ("persona", 2200, "jailbreak"),
        ("indirect", 1100, "injection"),
    )
    for name, count, kind in plan:
        rows += [(text, kind) for text in sample(grammars[name], "root", int(count * scale), rng)]
    disguised = rng.sample([row for row in rows if len(row[0]) < 200], int(800 * scale))
    return rows + [(_garble(text, rng), kind) for text, kind in disguised]


def harmless(seed: int, scale: float, part: Part) -> list[str]:
    """Generated hard negatives; `scale` multiplies the counts."""
    grammars = load("injection_benign.toml", part)
    rng = random.Random(seed)  # noqa: S311 - training rows, not secrets
    plan = (("talk", 1500), ("words", 3200), ("writing", 2000), ("answer", 900), ("document", 900), ("foreign", 900))
    rows = [text for name, count in plan for text in sample(grammars[name], "root", int(count * scale), rng)]
    disguised = rng.sample([row for row in rows if len(row) < 160], int(450 * scale))
    return rows + [_garble(text, rng, _READING) for text in disguised]


def further_extraction(seed: int, count: int, part: Part) -> list[str]:
    """Requests for the instructions in other words than those of `attacks`, for the third stage."""
    rng = random.Random(seed)  # noqa: S311 - training rows, not secrets
    return sample(load("injection_attacks.toml", part)["probe"], "root", count, rng)


def further_harmless(seed: int, count: int, part: Part) -> list[str]:
    """Hard negatives other than those of `harmless`, for the third stage: half discussion, half everyday sentences."""
    grammars = load("injection_benign.toml", part)
    rng = random.Random(seed)  # noqa: S311 - training rows, not secrets
    return [text for name in ("discussion", "everyday") for text in sample(grammars[name], "root", count // 2, rng)]
