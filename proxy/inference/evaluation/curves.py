"""Curves of a score: what would be found, rightly and wrongly, were the threshold somewhere else."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

MOST_POINTS: Final = 160
BINS: Final = 20
_STEPS: Final = 20


class Point(NamedTuple):
    """What happens where scores from ``threshold`` on count as found; the rates are shares from 0 to 1."""

    threshold: float
    true_positive_rate: float
    false_positive_rate: float
    precision: float


class Bin(NamedTuple):
    """How many scores are from ``low`` to less than ``high``; the last bin includes its end."""

    low: float
    high: float
    positives: int
    negatives: int


def curve(scores: Sequence[float], labels: Sequence[bool]) -> list[Point]:
    """Return a point for each different score, thresholds falling; empty unless there are labels of both kinds."""
    positives = sum(labels)
    negatives = len(labels) - positives
    if not positives or not negatives:
        return []
    points: list[Point] = []
    hits = false = 0
    falling = sorted(zip(scores, labels, strict=True), key=itemgetter(0), reverse=True)
    for threshold, group in groupby(falling, key=itemgetter(0)):
        found = [label for _, label in group]
        hits += sum(found)
        false += len(found) - sum(found)
        points.append(Point(threshold, hits / positives, false / negatives, hits / (hits + false)))
    return points


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """Return at most ``most`` (two or more) of ``points``, the ends among them, evenly spread along the curve.

    Distance is what both rates change by, so that no part of the curve is left to a straight line for long.
    """
    if len(points) <= most:
        return list(points)
    way = [point.true_positive_rate + point.false_positive_rate for point in points]
    step = (way[-1] - way[0]) / (most - 1)
    kept, due = [points[0]], way[0] + step
    for point, gone in zip(points[1:-1], way[1:-1], strict=True):
        if gone >= due and len(kept) < most - 1:
            kept.append(point)
            due = gone + step
    return [*kept, points[-1]]


def threshold_table(scores: Sequence[float], labels: Sequence[bool]) -> list[Point]:
    """Return what thresholds of 0.05 to 0.95 would do; empty unless there are labels of both kinds.

    Scores are probabilities. Nothing found counts as a precision of 1.
    """
    positives = sum(labels)
    negatives = len(labels) - positives
    if not positives or not negatives:
        return []
    table: list[Point] = []
    for step in range(1, _STEPS):
        threshold = step / _STEPS
        found = [label for score, label in zip(scores, labels, strict=True) if score >= threshold]
        hits = sum(found)
        precision = hits / len(found) if found else 1.0
        table.append(Point(threshold, hits / positives, (len(found) - hits) / negatives, precision))
    return table


def histogram(scores: Sequence[float], labels: Sequence[bool]) -> list[Bin]:
    """Return :data:`BINS` bins of the same width over 0 to 1, or over all scores where some are outside of that."""
    low, high = min([0.0, *scores]), max([1.0, *scores])
    width = (high - low) / BINS
    counts = [[0, 0] for _ in range(BINS)]
    for score, label in zip(scores, labels, strict=True):
        counts[min(BINS - 1, int((score - low) / width))][not label] += 1
    return [
        Bin(low + number * width, low + (number + 1) * width, positives, negatives)
        for number, (positives, negatives) in enumerate(counts)
    ]
