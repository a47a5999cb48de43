"""Curves say what every threshold would do, and thinning them loses no end and no stretch."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.inference.evaluation.curves import BINS, curve, histogram, thinned, threshold_table
from proxy.inference.evaluation.metrics import Counts, area_under_roc

CASES = st.lists(st.tuples(st.integers(0, 40).map(lambda n: n / 40), st.booleans()), max_size=60)


def _split(cases: list[tuple[float, bool]]) -> tuple[list[float], list[bool]]:
    return [score for score, _ in cases], [label for _, label in cases]


@given(CASES)
def test_every_point_is_what_its_threshold_does(cases: list[tuple[float, bool]]) -> None:
    scores, labels = _split(cases)
    points = [*curve(scores, labels), *threshold_table(scores, labels)]
    assert bool(points) == (len(set(labels)) == 2)
    for point in points:
        counts = Counts()
        for score, label in cases:
            counts.add(score >= point.threshold, label)
        assert point.true_positive_rate == counts.recall
        assert point.false_positive_rate == counts.false_positive_rate
        assert point.precision == (1.0 if counts.precision is None else counts.precision)


@given(CASES)
def test_the_area_under_the_points_is_the_area(cases: list[tuple[float, bool]]) -> None:
    scores, labels = _split(cases)
    if not (points := curve(scores, labels)):
        return
    corners = [(0.0, 0.0), *((point.false_positive_rate, point.true_positive_rate) for point in points)]
    steps = pairwise(corners)
    area = sum((right - left) * (low + high) / 2 for (left, low), (right, high) in steps)
    assert area == pytest.approx(area_under_roc(scores, labels))


@given(CASES, st.integers(2, 20))
def test_thinning_keeps_order_and_ends(cases: list[tuple[float, bool]], most: int) -> None:
    points = curve(*_split(cases))
    kept = thinned(points, most)
    assert len(kept) <= most
    assert [point for point in points if point in kept] == kept
    assert (kept[:1], kept[-1:]) == (points[:1], points[-1:])


@given(st.lists(st.tuples(st.floats(-3, 3), st.booleans()), max_size=60))
def test_a_histogram_has_every_score_once(cases: list[tuple[float, bool]]) -> None:
    scores, labels = _split(cases)
    bins = histogram(scores, labels)
    assert len(bins) == BINS
    assert sum(each.positives for each in bins) == sum(labels)
    assert sum(each.negatives for each in bins) == len(labels) - sum(labels)
    assert bins[0].low <= min([0.0, *scores])
    assert bins[-1].high >= max([1.0, *scores]) - 1e-9
