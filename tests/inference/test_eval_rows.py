"""Labelled rows: what is read, what is refused and how, and what is drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.inference.evaluation.metrics import Span
from proxy.inference.evaluation.rows import Row, RowError, read_rows, sample


def _written(folder: Path, *lines: Any) -> Path:
    path = folder / "mine.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), "utf-8")
    return path


def test_labels_of_one_detector_go_before_the_label_for_all(tmp_path: Path) -> None:
    path = _written(
        tmp_path,
        {"text": "a", "label": 1},
        "",
        {"text": "b", "label": True, "labels": {"nsfw": 0}, "set": "other", "id": 17},
        {"text": "Ann met Bo", "labels": {"pii": [[0, 3, "person"]], "toxicity": False}},
    )
    first, second, third = read_rows([path])
    assert (first.truth("nsfw"), first.set) == (True, "mine")
    assert (second.truth("nsfw"), second.truth("toxicity"), second.set) == (False, True, "other")
    assert (third.truth("pii"), third.truth("toxicity"), third.truth("nsfw")) == (True, False, None)
    assert (third.spans("pii"), third.spans("toxicity")) == ((Span(0, 3, "PERSON"),), None)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "truncated"),
        ("{text}", "malformed"),
        ("[]", "object"),
        ({"label": 1}, "`text`"),
        ({"text": 1, "label": 1}, "`$.text`"),
        ({"text": "a"}, "neither"),
        ({"text": "a", "labels": {}}, "neither"),
        ({"text": "a", "label": 2}, "`$.label`"),
        ({"text": "a", "label": "yes"}, "`$.label`"),
        ({"text": "a", "labels": {"pii": [[0, 1]]}}, "labels"),
        ({"text": "a", "labels": {"pii": [[0, 2, "X"]]}}, "labels.pii"),
        ({"text": "a", "labels": {"pii": [[1, 1, "X"]]}}, "labels.pii"),
        ({"text": "a", "labels": {"pii": [[-1, 1, "X"]]}}, "labels.pii"),
    ],
)
def test_what_is_wrong_is_said_with_file_line_and_what_was_expected(tmp_path: Path, line: Any, said: str) -> None:
    path = _written(tmp_path, {"text": "fine", "label": 0}, line)
    with pytest.raises(RowError) as caught:
        read_rows([path])
    message = str(caught.value)
    assert message.startswith(f"{path}:2: ")
    assert said in message
    assert 'expected a line such as {"text"' in message


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(RowError, match="nowhere"):
        read_rows([tmp_path / "nowhere"])


@given(st.lists(st.sampled_from("abc"), max_size=30), st.integers(1, 10), st.integers())
def test_a_drawing_is_even_by_set_ordered_and_repeatable(sets: list[str], limit: int, seed: int) -> None:
    rows = [Row(str(number), True, set=name) for number, name in enumerate(sets)]
    drawn = sample(rows, limit, seed)
    assert drawn == sample(rows, limit, seed)
    assert [row for row in rows if row in drawn] == drawn
    assert all(sum(row.set == name for row in drawn) == min(limit, sets.count(name)) for name in set(sets))
    assert sample(rows, None, seed) == rows
