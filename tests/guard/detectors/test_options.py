"""Options of detectors: what is taken, what is left out, and how a bad one is named."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.detectors import options

_JSON = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text() | st.integers()))

_CHECKS: dict[str, tuple[Callable[[dict[str, object]], object], Callable[[object], bool]]] = {
    "strings": (
        lambda config: options.strings(config, "option"),
        lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    ),
    "string": (lambda config: options.string(config, "option"), lambda value: isinstance(value, str)),
    "probability": (
        lambda config: options.probability(config, "option", 0.5),
        lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1,
    ),
    "positive": (
        lambda config: options.positive(config, "option", 7),
        lambda value: (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            and math.isfinite(value)
            and value >= 1
            and value == int(value)
        ),
    ),
    "flag": (lambda config: options.flag(config, "option", True), lambda value: isinstance(value, bool)),
}


@pytest.mark.parametrize("check", _CHECKS)
@given(value=_JSON)
def test_a_value_is_taken_as_it_is_or_refused_by_the_options_name(check: str, value: object) -> None:
    read, fits = _CHECKS[check]
    if value is None or fits(value):
        taken = read({"option": value})
        assert value is None or taken == value
    else:
        with pytest.raises(ValueError, match=r"^option: expected "):
            read({"option": value})


@pytest.mark.parametrize("config", [{}, {"option": None}])
def test_what_is_left_out_has_its_default(config: dict[str, object]) -> None:
    assert [read(config) for read, _ in _CHECKS.values()] == [[], "", 0.5, 7, True]
    assert options.string(config, "option", "x") == "x"


def test_lists_are_copies() -> None:
    given_list = ["a"]
    options.strings({"option": given_list}, "option").append("b")
    assert given_list == ["a"]


def test_an_option_nobody_knows_is_named() -> None:
    options.known({"a": 1}, "bias", ("a", "b"))
    with pytest.raises(ValueError, match=r"^c: unknown option of bias$"):
        options.known({"a": 1, "d": 2, "c": 3}, "bias", ("a", "b"))
