"""Entities from token classifiers: properties over random outputs, and the cases that cutting words up makes hard."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

np = pytest.importorskip("numpy")

from proxy.inference.entities import bare, entities  # noqa: E402

LABELS = ("O", "B-GIVEN_NAME", "I-GIVEN_NAME", "B-SURNAME", "I-SURNAME", "B-CITY", "I-CITY", "B-EMAIL")
Offsets = list[tuple[int, int]]


def logits(*rows: dict[str, float]) -> Any:
    """Logits whose softmax is each row's probabilities; what a row leaves over is "O"'s."""
    shares = np.full((len(rows), len(LABELS)), 1e-9)
    for number, row in enumerate(rows):
        for label, share in row.items():
            shares[number, LABELS.index(label)] = share
        shares[number, 0] = max(1e-9, 1 - sum(row.values()))
    return np.log(shares)


def found(text: str, tokens: Sequence[tuple[str, dict[str, float]]], threshold: float = 0.5) -> list[tuple[str, str]]:
    """What is found where ``tokens`` follow one another in ``text``."""
    offsets, at = [], 0
    for token, _ in tokens:
        start = text.index(token, at)
        at = start + len(token)
        offsets.append((start, at))
    result = entities(logits(*(row for _, row in tokens)), offsets, LABELS, threshold)
    return [(text[start:end], label) for start, end, label, _ in result]


@st.composite
def outputs(draw: st.DrawFn) -> tuple[Any, Offsets]:
    """Random logits, and offsets in order: some tokens adjacent, some apart, some standing for nothing."""
    offsets, at = [], 0
    for gap, length in draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6)), max_size=12)):
        offsets.append((at + gap, at + gap + length) if length else (0, 0))
        at += gap + length
    numbers = st.lists(st.floats(-8, 8), min_size=len(LABELS), max_size=len(LABELS))
    rows = draw(st.lists(numbers, min_size=len(offsets), max_size=len(offsets)))
    return np.array(rows).reshape(len(offsets), len(LABELS)), offsets


@given(outputs(), st.floats(0, 1))
def test_entities_are_in_order_apart_scored_and_cut_at_tokens(output: tuple[Any, Offsets], threshold: float) -> None:
    values, offsets = output
    result = entities(values, offsets, LABELS, threshold)
    starts, ends = {start for start, _ in offsets}, {end for _, end in offsets}
    for start, end, label, score in result:
        assert start in starts
        assert end in ends
        assert start < end
        assert label in {"GIVEN_NAME", "SURNAME", "CITY", "EMAIL"}
        assert threshold <= score <= 1
    assert all(one[1] <= other[0] for one, other in pairwise(result))


@given(outputs(), st.floats(0.5, 1))
def test_a_threshold_of_one_half_applied_later_finds_the_same_characters(
    output: tuple[Any, Offsets], threshold: float
) -> None:
    values, offsets = output
    early = entities(values, offsets, LABELS, 0.5)
    late = [entity for entity in entities(values, offsets, LABELS, 0.1) if entity[3] >= 0.5]
    assert early == late
    higher = entities(values, offsets, LABELS, threshold)
    covered = {at for start, end, _, _ in early for at in range(start, end)}
    assert {at for start, end, _, _ in higher for at in range(start, end)} <= covered


@given(outputs(), st.floats(0, 1), st.integers(-50, 50))
def test_only_differences_of_logits_count(output: tuple[Any, Offsets], threshold: float, shift: int) -> None:
    values, offsets = np.round(output[0]), output[1]
    assert entities(values + shift, offsets, LABELS, threshold) == entities(values, offsets, LABELS, threshold)


def test_pieces_of_a_word_are_one_entity() -> None:
    pieces = [("wo", {"B-SURNAME": 0.9}), ("jcie", {"I-SURNAME": 0.8}), ("chowski", {"I-SURNAME": 0.9})]
    assert found("Herr wojciechowski", pieces) == [("wojciechowski", "SURNAME")]


def test_a_word_is_what_its_pieces_say_on_average() -> None:
    pieces = [("data", {"B-SURNAME": 0.9}), ("base", {})]
    assert found("the database", pieces) == []


def test_words_of_a_label_are_joined_and_lists_are_not() -> None:
    city = {"B-CITY": 0.5, "I-CITY": 0.4}
    assert found("San Francisco", [("San", city), ("Francisco", city)]) == [("San Francisco", "CITY")]
    listed = [("Rome", city), (",", {}), ("Oslo", city)]
    assert found("Rome, Oslo", listed) == [("Rome", "CITY"), ("Oslo", "CITY")]


def test_a_hyphen_or_an_apostrophe_joins() -> None:
    for text, mark in (("Jean-Luc", "-"), ("O'Brien", "'")):
        first, second = text.split(mark)
        tokens = [(first, {"B-SURNAME": 0.9}), (mark, {}), (second, {"I-SURNAME": 0.9})]
        assert found(text, tokens) == [(text, "SURNAME")]


def test_doubt_between_given_name_and_surname_is_no_doubt_about_a_name() -> None:
    assert found("Ross", [("Ross", {"B-GIVEN_NAME": 0.45, "B-SURNAME": 0.4})]) == [("Ross", "GIVEN_NAME")]
    assert found("Ross", [("Ross", {"B-GIVEN_NAME": 0.45, "B-CITY": 0.4})]) == []


def test_given_name_and_surname_stay_apart() -> None:
    tokens = [("Ada", {"B-GIVEN_NAME": 0.9}), ("Lovelace", {"B-SURNAME": 0.9})]
    assert found("Ada Lovelace", tokens) == [("Ada", "GIVEN_NAME"), ("Lovelace", "SURNAME")]


def test_the_prefixes_of_tagging_schemes_do_not_count() -> None:
    assert [bare(label) for label in ("B-PER", "I-PER", "S-PER", "PER", "O", "X-RAY")] == [
        "PER", "PER", "PER", "PER", "O", "X-RAY",
    ]  # fmt: skip


def test_nothing_is_found_in_nothing() -> None:
    assert entities(np.zeros((0, len(LABELS))), [], LABELS, 0.5) == []
