"""Checks of a detector's options, as they come from a policy. An option that is null counts as left out.

Every check raises ValueError, with a message that begins with the option's name.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping


def known(config: Mapping[str, object], detector: str, names: Iterable[str]) -> None:
    """Refuse options of ``detector`` that are not among ``names``.

    Raises:
        ValueError: there is one.
    """
    unknown = set(config) - set(names)
    if unknown:
        raise ValueError(f"{min(unknown)}: unknown option of {detector}")


def strings(config: Mapping[str, object], key: str) -> list[str]:
    """Return a list of texts, empty where it is left out.

    Raises:
        ValueError: it is something else.
    """
    value = config.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{key}: expected a list of strings")
    return list(value)


def string(config: Mapping[str, object], key: str, default: str = "") -> str:
    """Return a text.

    Raises:
        ValueError: it is something else.
    """
    value = config.get(key)
    if value is None:
        return default
    if not isinstance(value, str):
        raise ValueError(f"{key}: expected a string")
    return value


def probability(config: Mapping[str, object], key: str, default: float) -> float:
    """Return a number from 0 to 1, both included.

    Raises:
        ValueError: it is something else.
    """
    value = config.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError(f"{key}: expected a number from 0 to 1")
    return float(value)


def positive(config: Mapping[str, object], key: str, default: int) -> int:
    """Return a whole number from 1 on.

    Raises:
        ValueError: it is something else.
    """
    value = config.get(key)
    if value is None:
        return default
    whole = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value) and value.is_integer())
    if isinstance(value, bool) or not whole or not isinstance(value, (int, float)) or value < 1:
        raise ValueError(f"{key}: expected a whole number from 1 on")
    return int(value)


def flag(config: Mapping[str, object], key: str, default: bool) -> bool:
    """Return true or false.

    Raises:
        ValueError: it is something else.
    """
    value = config.get(key)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise ValueError(f"{key}: expected true or false")
    return value
