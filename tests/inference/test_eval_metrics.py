"""Figures of merit against their definitions, spelled out by brute force."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.inference.evaluation.metrics import (
    AGREEMENT,
    Counts,
    Span,
    area_under_roc,
    count_spans,
    overlap,
    percentile,
    weighted_percentile,
)

# Few values, so that there are ties.
CASES = st.lists(st.tuples(st.sampled_from([-1.0, 0.0, 0.25, 0.5, 0.75, 1.0]), st.booleans()), max_size=40)
SPANS = st.lists(
    st.builds(
        lambda at, size, label: Span(at, at + size, label), st.integers(0, 20), st.integers(1, 8), st.sampled_from("AB")
    ),
    max_size=5,
)


@given(CASES)
def test_the_area_is_the_chance_that_a_positive_is_ahead_of_a_negative(cases: list[tuple[float, bool]]) -> None:
    positives = [score for score, label in cases if label]
    negatives = [score for score, label in cases if not label]
    area = area_under_roc([score for score, _ in cases], [label for _, label in cases])
    if not positives or not negatives:
        assert area is None
        return
    wins = sum((p > n) + 0.5 * (p == n) for p in positives for n in negatives)
    assert area == pytest.approx(wins / len(positives) / len(negatives))


@given(CASES, st.floats(0.1, 10), st.floats(-5, 5))
def test_the_area_depends_on_the_order_alone(cases: list[tuple[float, bool]], factor: float, shift: float) -> None:
    labels = [label for _, label in cases]
    plain = area_under_roc([score for score, _ in cases], labels)
    assert area_under_roc([score * factor + shift for score, _ in cases], labels) == plain
    turned = area_under_roc([-score for score, _ in cases], labels)
    assert (turned is None) == (plain is None)
    if plain is not None:
        assert turned == pytest.approx(1 - plain)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=50))
def test_counts_and_rates_are_as_defined(cases: list[tuple[bool, bool]]) -> None:
    counts = Counts()
    for found, there in cases:
        counts.add(found, there)

    def share(part: list[bool]) -> float | None:
        return sum(part) / len(part) if part else None

    assert counts.precision == share([there for found, there in cases if found])
    assert counts.recall == share([found for found, there in cases if there])
    assert counts.false_positive_rate == share([found for found, there in cases if not there])
    precision, recall = counts.precision, counts.recall
    if precision and recall:
        assert counts.f1 == pytest.approx(2 / (1 / precision + 1 / recall))
    else:
        assert not counts.f1


@given(st.lists(st.tuples(st.integers(0, 5).map(float), st.integers(0, 4)), max_size=12), st.floats(0, 1))
def test_a_percentile_is_reached_by_its_share_and_by_no_less(values: list[tuple[float, int]], share: float) -> None:
    every = sorted(value for value, weight in values for _ in range(weight))
    found = weighted_percentile(values, share)
    assert found == percentile(every, share)
    assert found == (every[max(0, math.ceil(share * len(every)) - 1)] if every else None)


@given(SPANS, SPANS)
def test_each_entity_is_matched_once_at_most(found: list[Span], there: list[Span]) -> None:
    counts = Counts()
    count_spans(found, there, {"A"}, counts)
    given_a, wanted_a = [s for s in found if s.label == "A"], [s for s in there if s.label == "A"]
    assert counts.true_positives + counts.false_positives == len(given_a)
    assert counts.true_positives + counts.false_negatives == len(wanted_a)
    alike = [(a, b) for a in given_a for b in wanted_a if overlap(a, b) >= AGREEMENT]
    assert bool(counts.true_positives) == bool(alike)
    assert counts.true_positives <= min(len({a for a, _ in alike}) and len(given_a), len(wanted_a))


@given(SPANS)
def test_what_is_found_exactly_is_found_completely(spans: list[Span]) -> None:
    counts = Counts()
    count_spans(spans, spans, {"A", "B"}, counts)
    assert (counts.true_positives, counts.false_positives, counts.false_negatives) == (len(spans), 0, 0)


@given(SPANS, SPANS)
def test_overlap_is_what_sets_of_positions_share(ones: list[Span], others: list[Span]) -> None:
    for one, other in zip(ones, others, strict=False):
        a, b = set(range(one.start, one.end)), set(range(other.start, other.end))
        assert overlap(one, other) == pytest.approx(len(a & b) / len(a | b))
