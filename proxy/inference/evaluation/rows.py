"""Labelled rows in JSON lines: what ``tidegate eval`` reads.

A line is ``{"text": str, "label": 0 | 1}``, or has ``labels`` instead, or as well: by detector 0 or 1, or, for ``pii``,
the entities as ``[start, end, label]`` in characters. ``question``, ``context`` and ``system_prompt`` are what the text
belongs to, ``set`` is the name under which figures are given; other members are left alone.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import msgspec

from proxy.inference.evaluation.metrics import Span

_FORM: Final = 'expected a line such as {"text": "...", "label": 1} or {"text": "...", "labels": {"toxicity": 0}}'
_SPANS: Final = "expected [start, end, label] with 0 <= start < end <= the text's length, in characters"

_Flag = bool | Literal[0, 1]


class RowError(ValueError):
    """A file that cannot be used; the message names it, the line, and what was expected."""


@dataclass(frozen=True, slots=True)
class Row:
    """A text and what should be said of it."""

    text: str
    label: bool | None = None
    """Whether any detector should find something; None where that depends on the detector."""
    labels: Mapping[str, bool | tuple[Span, ...]] = field(default_factory=dict)
    """By detector: whether it should find something, or what."""
    set: str = ""
    question: str = ""
    context: str = ""
    system_prompt: str = ""

    def truth(self, detector: str) -> bool | None:
        """Return whether a detector should find something; None where nobody has said so."""
        own = self.labels.get(detector, self.label)
        return bool(own) if isinstance(own, tuple) else own

    def spans(self, detector: str) -> tuple[Span, ...] | None:
        """Return what a detector should find; None where nobody has said so."""
        own = self.labels.get(detector)
        return own if isinstance(own, tuple) else None


class _Line(msgspec.Struct):
    text: str
    label: _Flag | None = None
    labels: dict[str, _Flag | list[tuple[int, int, str]]] | None = None
    set: str = ""
    question: str = ""
    context: str = ""
    system_prompt: str = ""


_decoder: Final = msgspec.json.Decoder(_Line)


def read_rows(paths: Iterable[Path]) -> list[Row]:
    """Return the rows of files of JSON lines (UTF-8, empty lines skipped); a row's set is by default its file's stem.

    Raises:
        RowError: a file cannot be read, or a line is not as it should be.
    """
    return [row for path in paths for row in _file(path)]


def sample(rows: Sequence[Row], limit: int | None, seed: int) -> list[Row]:
    """Return at most ``limit`` rows of each set, drawn with ``seed``, in their order; all where there is no limit."""
    if limit is None:
        return list(rows)
    by_set: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        by_set.setdefault(row.set, []).append(index)
    chosen: set[int] = set()
    for name, indexes in by_set.items():
        chance = random.Random(f"{seed} {name}")  # noqa: S311 - a sample, no secret
        chosen.update(chance.sample(indexes, min(limit, len(indexes))))
    return [rows[index] for index in sorted(chosen)]


def _file(path: Path) -> Iterator[Row]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RowError(f"{path}: cannot be read: {error.strerror}") from None
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.strip():
            try:
                yield _row(_decoder.decode(line), path.stem)
            except ValueError as error:
                raise RowError(f"{path}:{number}: {error}; {_FORM}") from None


def _row(line: _Line, default_set: str) -> Row:
    if line.label is None and not line.labels:
        raise ValueError("neither `label` nor `labels` says what should be found")
    labels = {name: _label(name, value, line.text) for name, value in (line.labels or {}).items()}
    label = None if line.label is None else bool(line.label)
    return Row(line.text, label, labels, line.set or default_set, line.question, line.context, line.system_prompt)


def _label(name: str, value: _Flag | list[tuple[int, int, str]], text: str) -> bool | tuple[Span, ...]:
    if not isinstance(value, list):
        return bool(value)
    spans = tuple(Span(start, end, label.upper()) for start, end, label in value)
    if not all(0 <= span.start < span.end <= len(text) for span in spans):
        raise ValueError(f"labels.{name}: {_SPANS}")
    return spans
