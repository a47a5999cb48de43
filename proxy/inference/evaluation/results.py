"""Figures of one detector on one set, from what it made of the set's texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from proxy.inference.evaluation.curves import Bin, Point, curve, histogram, thinned, threshold_table
from proxy.inference.evaluation.metrics import (
    Counts,
    Span,
    area_under_roc,
    count_spans,
    percentile,
    weighted_percentile,
)
from proxy.inference.evaluation.rows import Row
from proxy.inference.evaluation.running import Outcome

_HALF, _MOST = 0.5, 0.95
_MILLISECONDS = 1000


@dataclass(frozen=True, slots=True)
class Mistake:
    """A text that was judged wrongly."""

    text: str
    score: float | None
    label: bool
    """What it is; the detector said the opposite."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one detector is worth on one set. Rates are shares from 0 to 1, None where there is nothing to share."""

    detector: str
    set: str
    texts: int
    """How many were judged; those on which the detector failed are not among them."""
    positives: int
    failed: int
    counts: Counts
    entities: Counts | None
    """The same of entities, where the set has them; there are no true negatives."""
    area: float | None
    """Under the ROC curve."""
    scored: bool
    """Whether that is the area of a score; else it is that of the flag alone."""
    milliseconds: tuple[float | None, float | None]
    """For one text: median and 95th percentile."""
    held: tuple[float | None, int] | None
    """Characters that came before text could leave: median over all characters, and the most; answers only."""
    points: tuple[Point, ...] = ()
    thresholds: tuple[Point, ...] = ()
    bins: tuple[Bin, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    """Of each kind the worst, the most certain first."""


def results(
    detector: str, rows: Sequence[Row], outcomes: Sequence[Outcome], *, streamed: bool, mistakes: int = 0
) -> list[Result]:
    """Return a result for each set, in order of appearance, of the rows that say what this detector should do.

    ``mistakes`` is how many texts of each kind of mistake are kept.
    """
    sets: dict[str, list[tuple[Row, Outcome]]] = {}
    for row, outcome in zip(rows, outcomes, strict=True):
        sets.setdefault(row.set, []).append((row, outcome))
    return [_result(detector, name, pairs, streamed, mistakes) for name, pairs in sets.items()]


def _result(detector: str, name: str, pairs: Sequence[tuple[Row, Outcome]], streamed: bool, mistakes: int) -> Result:
    judged = [(row, outcome) for row, outcome in pairs if not outcome.failed]
    labels = [bool(row.truth(detector)) for row, _ in judged]
    kinds = _kinds(detector, judged)
    judged = [(row, _known(row.spans(detector), outcome, kinds)) for row, outcome in judged]
    counts = Counts()
    for (_, outcome), label in zip(judged, labels, strict=True):
        counts.add(outcome.flagged, label)
    scored = any(outcome.score is not None for _, outcome in judged)
    scores = [_score(outcome, scored) for _, outcome in judged]
    return Result(
        detector=detector,
        set=name,
        texts=len(judged),
        positives=sum(labels),
        failed=len(pairs) - len(judged),
        counts=counts,
        entities=_entities(detector, judged, kinds),
        area=area_under_roc(scores, labels),
        scored=scored,
        milliseconds=_latency([outcome for _, outcome in judged]),
        held=_held(judged) if streamed else None,
        points=tuple(thinned(curve(scores, labels))) if scored else (),
        thresholds=tuple(threshold_table(scores, labels)) if scored else (),
        bins=tuple(histogram(scores, labels)) if scored else (),
        mistakes=_worst(judged, scores, labels, mistakes) if mistakes else (),
    )


def _score(outcome: Outcome, scored: bool) -> float:
    """The flag stands for a score where the detector gives none; a text without anything to measure has 0."""
    if not scored:
        return float(outcome.flagged)
    return outcome.score or 0.0


def _kinds(detector: str, judged: Sequence[tuple[Row, Outcome]]) -> frozenset[str]:
    """The kinds of entities that the set has anywhere; the others are not labelled, so nothing is known of them."""
    return frozenset(span.label for row, _ in judged for span in row.spans(detector) or ())


def _known(labelled: tuple[Span, ...] | None, outcome: Outcome, kinds: frozenset[str]) -> Outcome:
    """What a detector says of a text where only entities of some kinds are labelled: what it says of these."""
    if labelled is None or not kinds:
        return outcome
    spans = tuple(span for span in outcome.spans if span.label in kinds)
    return replace(outcome, spans=spans, flagged=bool(spans))


def _entities(detector: str, judged: Sequence[tuple[Row, Outcome]], kinds: frozenset[str]) -> Counts | None:
    if not kinds:
        return None
    counts = Counts()
    for row, outcome in judged:
        if (labelled := row.spans(detector)) is not None:
            count_spans(outcome.spans, labelled, kinds, counts)
    return counts


def _latency(outcomes: Sequence[Outcome]) -> tuple[float | None, float | None]:
    times = [outcome.seconds * _MILLISECONDS for outcome in outcomes]
    return percentile(times, _HALF), percentile(times, _MOST)


def _held(judged: Sequence[tuple[Row, Outcome]]) -> tuple[float | None, int]:
    waits = [wait for _, outcome in judged for wait in outcome.held]
    return weighted_percentile(waits, _HALF), max((waited for waited, _ in waits), default=0)


def _worst(
    judged: Sequence[tuple[Row, Outcome]], scores: Sequence[float], labels: Sequence[bool], most: int
) -> tuple[Mistake, ...]:
    kept: list[Mistake] = []
    for kind in (False, True):
        wrong = [
            (score, row, outcome)
            for (row, outcome), score, label in zip(judged, scores, labels, strict=True)
            if label is kind and outcome.flagged is not kind
        ]
        wrong.sort(key=lambda each: each[0], reverse=not kind)
        kept += [Mistake(row.text, outcome.score, kind) for _, row, outcome in wrong[:most]]
    return tuple(kept)
