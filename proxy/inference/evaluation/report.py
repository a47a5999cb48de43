"""Results as an aligned table for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from proxy.inference.evaluation.metrics import Counts
from proxy.inference.evaluation.results import Result

Json = dict[str, Any]

COLUMNS: Final = (
    "detector",
    "set",
    "n",
    "positive",
    "precision",
    "recall",
    "FPR",
    "F1",
    "AUC",
    "p50 ms",
    "p95 ms",
    "held p50",
    "held max",
)
FLAG_MARK: Final = "*"
_FLAG_NOTE: Final = f"{FLAG_MARK} of the flag: the detector gives no score"
_ENTITIES: Final = " (entities)"
_NUMBERS_FROM: Final = 2
"""The columns before this one are names."""


def cells(result: Result) -> list[str]:
    """Return one line of the table, a text for each of :data:`COLUMNS`."""
    counts = result.counts
    mixed = 0 < result.positives < result.texts
    # Where all texts are of one kind, precision says only which.
    precision, f1 = (counts.precision, counts.f1) if mixed else (None, None)
    area = decimals(result.area) + ("" if result.scored or result.area is None else FLAG_MARK)
    return [
        result.detector,
        result.set,
        str(result.texts),
        str(result.positives),
        decimals(precision),
        decimals(counts.recall),
        decimals(counts.false_positive_rate),
        decimals(f1),
        area,
        *(decimals(value, 1) for value in result.milliseconds),
        *(("-" if value is None else str(value)) for value in result.held or (None, None)),
    ]


def lines(found: Sequence[Result]) -> list[list[str]]:
    """Return the lines of the table; entities have a line of their own behind that of their texts."""
    table: list[list[str]] = []
    for result in found:
        table.append(cells(result))
        if (entities := result.entities) is not None:
            wanted = entities.true_positives + entities.false_negatives
            shares = (entities.precision, entities.recall, None, entities.f1)
            head = [result.detector + _ENTITIES, result.set, "-", str(wanted), *map(decimals, shares)]
            table.append(head + ["-"] * (len(COLUMNS) - len(head)))
    return table


def table(found: Sequence[Result]) -> str:
    """Return results as an aligned table with a note on what its marks mean; rates are shares from 0 to 1."""
    rows = [list(COLUMNS), *lines(found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    text = "".join(_aligned(row, widths) for row in rows)
    notes = [_FLAG_NOTE] if any(not result.scored and result.area is not None for result in found) else []
    notes += [
        f"{result.detector} failed on {result.failed} texts of {result.set}; they are not counted"
        for result in found
        if result.failed
    ]
    return text + "".join(f"{note}\n" for note in notes)


def as_json(found: Sequence[Result]) -> list[Json]:
    """Return results as JSON values; what cannot be said is null."""
    return [_json(result) for result in found]


def decimals(value: float | None, digits: int = 3) -> str:
    """Return a figure with its decimals, ``-`` where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    placed = [
        text.ljust(width) if column < _NUMBERS_FROM else text.rjust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(placed).rstrip() + "\n"


def _json(result: Result) -> Json:
    median, most = result.held or (None, None)
    return {
        "detector": result.detector,
        "set": result.set,
        "texts": result.texts,
        "positives": result.positives,
        "failed": result.failed,
        **_rates(result.counts),
        "false_positive_rate": result.counts.false_positive_rate,
        "auc": result.area,
        "auc_of": "score" if result.scored else "flag",
        "latency_ms": dict(zip(("p50", "p95"), result.milliseconds, strict=True)),
        "held_characters": None if result.held is None else {"p50": median, "max": most},
        "entities": None if result.entities is None else _rates(result.entities),
        "thresholds": [point._asdict() for point in result.thresholds],
        "curve": [point._asdict() for point in result.points],
        "histogram": [each._asdict() for each in result.bins],
        "mistakes": [{"text": each.text, "score": each.score, "label": int(each.label)} for each in result.mistakes],
    }


def _rates(counts: Counts) -> Json:
    return {
        "true_positives": counts.true_positives,
        "false_positives": counts.false_positives,
        "true_negatives": counts.true_negatives,
        "false_negatives": counts.false_negatives,
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
    }
