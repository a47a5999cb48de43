"""A small seeded text grammar: rules with `{slots}`, expanded at random.

Only training uses it. The same seed gives the same rows on every machine.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal
from zlib import crc32

Part = Literal["training", "validation"]
Rules = Mapping[str, Sequence[str]]

# A doubled brace is a brace of the text.
_SLOT: Final = re.compile(r"(?<!\{)\{(\w+)\}")
_ATTEMPTS_PER_ROW: Final = 8
_LONG_RULE: Final = 12
_HELD_OUT: Final = 7
_ESCAPES: Final = (("\\n", "\n"), ("\\u200b", "\u200b"), ("\\e", ""), ("{{", "{"), ("}}", "}"))


def load(name: str, part: Part) -> dict[str, dict[str, list[str]]]:
    """The grammars of a file in this folder: a table per grammar, a string per rule, a line per alternative.

    Of the alternatives of long rules one in seven is kept for validation, so that validation rows are not just other
    combinations of phrases that the model has seen.
    """
    tables = tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))
    return {
        grammar: {rule: _part(text.strip("\n").split("\n"), part) for rule, text in rules.items()}
        for grammar, rules in tables.items()
    }


def _part(lines: list[str], part: Part) -> list[str]:
    if len(lines) < _LONG_RULE:
        return lines
    kept = [line for line in lines if (crc32(line.encode()) % _HELD_OUT == 0) == (part == "validation")]
    return kept or lines


def expand(rules: Rules, symbol: str, rng: random.Random) -> str:
    """One random expansion of `symbol`, escapes not yet undone; a slot that names no rule raises KeyError."""
    return _SLOT.sub(lambda slot: expand(rules, slot[1], rng), rng.choice(rules[symbol]))


def sample(rules: Rules, symbol: str, count: int, rng: random.Random) -> list[str]:
    """At most `count` different expansions of `symbol`, fewer where the grammar is too small for them."""
    found: dict[str, None] = {}
    for _ in range(count * _ATTEMPTS_PER_ROW):
        if len(found) >= count:
            break
        text = expand(rules, symbol, rng)
        for escape, character in _ESCAPES:
            text = text.replace(escape, character)
        found[_vary(text, rng)] = None
    return list(found)


def _vary(text: str, rng: random.Random) -> str:
    """Case and final punctuation as people type them, so that neither tells the classes apart."""
    draw = rng.random()
    if draw < 0.25:
        text = text.lower()
    elif draw < 0.75:
        text = text[:1].upper() + text[1:]
    elif draw > 0.985:
        text = text.upper()
    if rng.random() < 0.25 and text[-1:] in ".?!":
        text = text[:-1]
    return text
