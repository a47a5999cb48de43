"""The options that classifiers share: windows, and whose labels mean what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.detectors.classifying import Labels, growing, windows_option

_DEFAULT = growing(48, 384, 96)


def test_windows_double_until_they_have_their_size() -> None:
    assert growing(48, 384, 96).growth == (48, 96, 192)
    assert growing(100, 384, 96).growth == (100, 200)
    assert growing(384, 384, 96).growth == ()


@pytest.mark.parametrize("config", [{}, {"windows": None}])
def test_windows_are_the_detectors_own_by_default(config: dict[str, object]) -> None:
    assert windows_option(config, _DEFAULT) == _DEFAULT


def test_windows_are_set_one_by_one() -> None:
    assert windows_option({"windows": {"first": 64}}, _DEFAULT) == growing(64, 384, 96)
    assert windows_option({"windows": {"size": 40, "overlap": 8}}, _DEFAULT) == growing(40, 40, 8)
    assert windows_option({"windows": {"size": 512, "overlap": 64}}, growing(64, 384, 96, 32)) == growing(
        64, 512, 64, 32
    )


@pytest.mark.parametrize(
    ("windows", "message"),
    [
        ([], "windows: expected an object"),
        ({}, "windows: expected an object"),
        ({1: 48}, "windows: expected an object"),
        ({"last": 3}, "windows.last: unknown option"),
        ({"first": 0}, "windows.first: expected a whole number"),
        ({"size": "384"}, "windows.size: expected a whole number"),
        ({"size": 10**6}, "windows.size: expected at most"),
        ({"first": 400}, "windows: the first window"),
        ({"first": 10}, "windows: windows have to grow"),
        ({"overlap": 384}, "windows: the overlap"),
    ],
)
def test_bad_windows_are_refused_by_name(windows: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        windows_option({"windows": windows}, _DEFAULT)


@given(st.integers(1, 600), st.integers(1, 600), st.integers(1, 600))
def test_any_sizes_make_windows_or_are_refused(first: int, size: int, overlap: int) -> None:
    config = {"windows": {"first": first, "size": size, "overlap": overlap}}
    if 16 < first <= size and overlap < size:
        windows = windows_option(config, _DEFAULT)
        assert (*windows.growth, windows.size)[0] == first
        assert (windows.size, windows.overlap) == (size, overlap)
    else:
        with pytest.raises(ValueError, match=r"^windows"):
            windows_option(config, _DEFAULT)


_LABELS = Labels(("good", "bad"), {"label_0": "good", "very bad": "bad"})


def test_labels_are_known_by_any_spelling() -> None:
    assert [_LABELS.own(label) for label in ("GOOD", "LABEL_0", "Very-Bad", "ugly")] == ["good", "good", "bad", None]


def test_of_scores_for_the_same_label_the_greatest_counts() -> None:
    assert _LABELS.probabilities({"bad": 0.2, "very_bad": 0.7, "ugly": 0.9}) == {"bad": 0.7}
    assert _LABELS.probabilities({"bad": 1.0000002, "good": -1e-9}) == {"bad": 1.0, "good": 0.0}


def test_a_backend_that_detects_nothing_has_said_so() -> None:
    assert _LABELS.probabilities({}) == {}


@pytest.mark.parametrize("scores", [{"ugly": 0.5}, {"bad": 1.5}, {"bad": -4.0}, {"good": float("nan")}])
def test_scores_that_cannot_be_understood_are_a_failure(scores: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"label|probability"):
        _LABELS.probabilities(scores)


def test_configured_labels_replace_all_aliases() -> None:
    labels = Labels.from_config({"labels": {"LABEL_0": "bad"}}, ("good", "bad"), {"label_1": "bad"})
    assert [labels.own(label) for label in ("label_0", "label_1", "good")] == ["bad", None, None]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "labels: expected"),
        ({}, "labels: expected"),
        ({0: "bad"}, "labels: expected"),
        ({"x": "worse"}, r"labels\.x: expected one of good, bad"),
    ],
)
def test_bad_labels_are_refused(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Labels.from_config({"labels": value}, ("good", "bad"), {})
