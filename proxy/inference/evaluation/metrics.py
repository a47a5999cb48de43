"""Figures of merit, computed as they are defined. A rate without anything to divide by is None."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

AGREEMENT: Final = 0.5
"""Two spans agree from this share on: what they have in common, of what they cover together."""


@dataclass(slots=True)
class Counts:
    """How often something was found and there, found and not there, not found and not there, or only missed."""

    true_positives: int = 0
    false_positives: int = 0
    true_negatives: int = 0
    false_negatives: int = 0

    def add(self, found: bool, there: bool) -> None:
        """Count one case."""
        if there:
            self.true_positives += found
            self.false_negatives += not found
        else:
            self.false_positives += found
            self.true_negatives += not found

    @property
    def precision(self) -> float | None:
        """Share of what was found that is there."""
        return _share(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float | None:
        """Share of what is there that was found; also called true-positive rate."""
        return _share(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def false_positive_rate(self) -> float | None:
        """Share of what is harmless that was found all the same."""
        return _share(self.false_positives, self.false_positives + self.true_negatives)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall."""
        twice = 2 * self.true_positives
        return _share(twice, twice + self.false_positives + self.false_negatives)


class Span(NamedTuple):
    """``text[start:end]`` is a ``label``; in characters, end exclusive."""

    start: int
    end: int
    label: str


def area_under_roc(scores: Sequence[float], labels: Sequence[bool]) -> float | None:
    """Return the probability that a positive has a higher score than a negative; a tie counts half.

    Computed from ranks, ties sharing their mean (Mann and Whitney 1947; Hanley and McNeil 1982).
    """
    positives = sum(labels)
    negatives = len(labels) - positives
    if not positives or not negatives:
        return None
    order = sorted(range(len(scores)), key=scores.__getitem__)
    rank_sum, at = 0.0, 0
    while at < len(order):
        after = at
        while after < len(order) and scores[order[after]] == scores[order[at]]:
            after += 1
        # Ranks count from 1.
        rank_sum += (at + 1 + after) / 2 * sum(labels[index] for index in order[at:after])
        at = after
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def percentile(values: Iterable[float], share: float) -> float | None:
    """Return the least value that at least ``share`` (0 to 1) of ``values`` do not exceed; None without values."""
    return weighted_percentile(((value, 1) for value in values), share)


def weighted_percentile(values: Iterable[tuple[float, int]], share: float) -> float | None:
    """As :func:`percentile`, of values that each occur as often as is said beside them."""
    ordered = sorted(pair for pair in values if pair[1] > 0)
    total = sum(weight for _, weight in ordered)
    needed = max(1, math.ceil(share * total))
    for value, weight in ordered:
        needed -= weight
        if needed <= 0:
            return value
    return None


def count_spans(found: Iterable[Span], there: Iterable[Span], labels: Collection[str], counts: Counts) -> None:
    """Add to ``counts`` how the spans ``found`` in one text agree with those ``there``; other labels are left out.

    Two agree that have the same label and overlap by :data:`AGREEMENT`; each counts once, the best first.
    """
    wanted = [span for span in there if span.label in labels]
    given = [span for span in found if span.label in labels]
    pairs = [(-overlap(one, other), i, k) for i, one in enumerate(given) for k, other in enumerate(wanted)]
    left, missed = set(range(len(given))), set(range(len(wanted)))
    for share, i, k in sorted(pairs):
        if -share >= AGREEMENT and given[i].label == wanted[k].label and i in left and k in missed:
            left.remove(i)
            missed.remove(k)
    counts.true_positives += len(given) - len(left)
    counts.false_positives += len(left)
    counts.false_negatives += len(missed)


def overlap(one: Span, other: Span) -> float:
    """Return what two spans have in common, as a share of what they cover together (the Jaccard index)."""
    common = max(0, min(one.end, other.end) - max(one.start, other.start))
    return common / (one.end - one.start + other.end - other.start - common)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
