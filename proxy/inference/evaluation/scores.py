"""One number for what a detector measured in a text: the higher, the more there is of what it looks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from proxy.guard.checks import Reading

Score = Callable[[Reading], float | None]


def _named(label: str) -> Score:
    return lambda reading: reading.scores.get(label)


def _lack_of(label: str) -> Score:
    def lack(reading: Reading) -> float | None:
        score = reading.scores.get(label)
        return None if score is None else 1 - score

    return lack


def _greatest(reading: Reading) -> float | None:
    return max(reading.scores.values(), default=None)


def _off_topic(reading: Reading) -> float | None:
    # What is too short to be judged says nothing of its topic.
    if not reading.scores or not reading.notes.get("judged", True):
        return None
    return 1 - max(reading.scores.values())


_SCORES: Final[Mapping[str, Score]] = {
    "injection_attack": _named("attack"),
    "nsfw": _named("nsfw"),
    "adherence": _lack_of("adherence"),
    "relevancy": _lack_of("relevancy"),
    "topic_detector": _off_topic,
}
"""Of detectors whose greatest score says something else."""


def score_of(detector: str, readings: Iterable[Reading]) -> float | None:
    """Return the score of the worst of ``readings``; None where the detector gives none."""
    score = _SCORES.get(detector, _greatest)
    return max((value for value in map(score, readings) if value is not None), default=None)
