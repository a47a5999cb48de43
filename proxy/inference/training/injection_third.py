"""Rows that the third stage of `injection_attack` adds, and the sets that validate and test what it is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from proxy.inference.training.injection_data import Row
from proxy.inference.training.injection_long import LENGTH, Group, Sources, embedded, long_texts, long_windows
from proxy.inference.training.injection_templates import further_extraction, further_harmless

_LONG_WEIGHT: Final = 1.2
_HARD_WEIGHT: Final = 2.0
_EMBEDDED: Final = 2200
_EXTRACTION: Final = 700
_HARMLESS: Final = 1500
_SHOWN: Final = frozenset({"neuralchemy", "yanismiraoui", "generated"})
"""Sources whose attacks can be told from the text without its surroundings."""


def further_rows(rows: Sequence[Row], sources: Sources, seed: int) -> list[Row]:
    """Windows for training beside `rows`, those of the earlier stages."""
    texts = [text for kind in _long("training", rows, sources, seed + 20).values() for text in kind]
    found = long_windows(texts, _LONG_WEIGHT, seed + 21)
    found += embedded(texts, _attacks(rows), _EMBEDDED, seed + 22)
    found += [Row(text, 1, 1.0, "further") for text in further_extraction(seed + 23, _EXTRACTION, "training")]
    return found + [
        Row(text, 0, _HARD_WEIGHT, "further") for text in further_harmless(seed + 24, _HARMLESS, "training")
    ]


def judged_rows(group: Group, rows: Sequence[Row], sources: Sources, seed: int) -> list[Row]:
    """Validation or test rows beside `rows`; the source of whole texts is "long-" and their kind."""
    kinds = _long(group, rows, sources, seed + 30)
    texts = [text for kind in kinds.values() for text in kind]
    found = [Row(text, 0, 1.0, f"long-{name}") for name, kind in kinds.items() for text in kind]
    found += [Row(row.text, 0, 1.0, "window") for row in long_windows(texts, 1.0, seed + 31)]
    attacks = _attacks(rows)
    found += embedded(texts, attacks, 300, seed + 32)
    found += [
        Row(row.text, row.label, 1.0, "embedded-long") for row in embedded(texts, attacks, 150, seed + 33, LENGTH)
    ]
    if group == "validation":
        found += [Row(text, 1, 1.0, "further") for text in further_extraction(seed + 34, 150, group)]
        found += [Row(text, 0, 1.0, "further") for text in further_harmless(seed + 35, 400, group)]
    return found


def _long(group: Group, rows: Sequence[Row], sources: Sources, seed: int) -> dict[str, list[str]]:
    short = [row.text for row in rows if row.label == 0 and row.source != "generated" and len(row.text) <= LENGTH]
    return long_texts(group, sources, short, seed)


def _attacks(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.label and row.source in _SHOWN]
