"""The built `names` and `embedding` models, where `tidegate models` has been run; see training/NAMES.md for figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from proxy.inference.locations import models_dir

pytest.importorskip("onnxruntime")
pytest.importorskip("tokenizers")

import numpy as np

from proxy.inference.evaluation.names_figures import figures
from proxy.inference.evaluation.names_sets import Counts, Row, Span, chats, count, count_covered
from proxy.inference.local import OnnxModel, Output, recognition
from proxy.inference.onnx_directory import GRAPH, describe_directory


def model(name: str) -> OnnxModel:
    place = models_dir() / name
    if not (place / GRAPH).is_file():
        pytest.skip(f"{place} is not built: run `tidegate models`")
    return OnnxModel(describe_directory(place))


@pytest.mark.parametrize("streamed", [False, True])
def test_names_in_chats_are_found(streamed: bool) -> None:
    recognizer = model("names")
    rows = [row for row in chats() if row.set not in ("famous", "nothing")]
    counts = figures(rows, lambda text: recognizer.read([text], recognition)[0], 0.5, streamed)
    assert counts["person"].f1 >= 0.9
    assert counts["place"].f1 >= 0.85


def test_sentences_of_a_meaning_are_near() -> None:
    encoder = model("embedding")

    def vector(_: object, outputs: Sequence[Output]) -> Any:
        mean = outputs[0].values.mean(axis=0)
        return mean / np.linalg.norm(mean)

    texts = ["How do I reset my password?", "I forgot my password, what now?", "The soup needs more salt."]
    first, second, third = (encoder.read([text], vector)[0] for text in texts)
    assert first @ second > 0.5
    assert abs(first @ third) < 0.3


def test_entities_are_counted_once_and_covered_text_in_any_pieces() -> None:
    row = Row("Ann Lee of Rome", (Span(0, 7, "person"), Span(11, 15, "place")), "")
    whole, exact, covered = Counts(), Counts(), Counts()
    found = [Span(0, 3, "person"), Span(4, 7, "person"), Span(0, 2, "place")]
    count(row, found, "person", whole, 0.4)
    count(row, found, "person", exact, 1.0)
    count_covered(row, found, "person", covered)
    assert (whole.hits, whole.false, whole.missed) == (1, 1, 0)
    assert (exact.hits, exact.false, exact.missed) == (0, 2, 1)
    assert (covered.precision, covered.recall, covered.f1) == (1.0, 1.0, 1.0)


def test_chats_are_marked_where_names_stand() -> None:
    rows = list(chats())
    assert len(rows) >= 60
    assert all("[" not in row.text[span.start : span.end] for row in rows for span in row.spans)
    assert {row.text[s.start : s.end] for row in rows for s in row.spans} >= {
        "sandra",
        "nguyen",
        "48 Rue de la Paix, Paris",
    }
