"""Vectors of texts and their similarity, by a model whose vectors count words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from proxy.guard.checks import Exchange, Reading
from proxy.inference.embedding import MAX_CHARACTERS, MAX_REFERENCES, embedding
from proxy.inference.local import OnnxModel
from proxy.inference.onnx_directory import describe_directory
from proxy.inference.workshop import Workshop
from proxy.upstream.client import UpstreamClient
from tests.inference.small_models import WORDS, features


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> OnnxModel:
    return OnnxModel(describe_directory(features(tmp_path_factory.mktemp("features"))))


@pytest.fixture
async def workshop(tmp_path: Path) -> AsyncIterator[Workshop]:
    features(tmp_path / "embedding")
    made = Workshop(UpstreamClient(), models=tmp_path, threads=2)
    yield made
    await made.aclose()


@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join), min_size=1, max_size=8))
def test_vectors_have_length_one_and_do_not_depend_on_company(model: OnnxModel, texts: list[str]) -> None:
    vectors = model.read(texts, embedding)
    assert [float(vector @ vector) for vector in vectors] == pytest.approx([1.0] * len(texts), abs=1e-5)
    for text, vector in zip(texts, vectors, strict=True):
        assert model.read([text], embedding)[0] == pytest.approx(vector, abs=1e-5)


def test_all_pieces_of_a_long_text_count(tmp_path: Path) -> None:
    folder = features(tmp_path)
    (folder / "config.json").write_text('{"max_position_embeddings": 16}')
    model = OnnxModel(describe_directory(folder))
    end, same = model.read(["is " * 100 + "rome " * 100, "is " * 100], embedding)
    assert 0.5 < float(end @ same) < 0.9


async def test_scores_are_cosines_in_the_order_of_the_references(workshop: Workshop) -> None:
    backend = workshop.open({}).similarity(lambda exchange: [exchange.question, "bo met ann", "rome"])
    reading = await backend.read("ann met bo", Exchange(question="good good good good good good"))
    assert list(reading.scores) == ["0", "1", "2"]
    assert reading.scores["1"] == pytest.approx(1.0, abs=1e-5)
    assert reading.scores["0"] < reading.scores["2"] < reading.scores["1"]
    assert all(isinstance(score, float) for score in reading.scores.values())


async def test_without_references_there_are_no_scores(workshop: Workshop) -> None:
    assert await workshop.open({}).similarity(lambda exchange: []).read("ann", Exchange()) == Reading()


async def test_equal_references_have_equal_scores(workshop: Workshop) -> None:
    backend = workshop.open({}).similarity(lambda exchange: ["ann"] * 5)
    first, second = await asyncio.gather(backend.read("ann bo", Exchange()), backend.read("ann bo", Exchange()))
    assert first == second
    assert len(set(first.scores.values())) == 1


async def test_only_the_beginning_of_a_reference_is_compared(workshop: Workshop) -> None:
    backend = workshop.open({}).similarity(lambda exchange: (exchange.question,))
    beginning = "ann bo " * (MAX_CHARACTERS // 7 + 1)
    longer = await backend.read("ann", Exchange(question=beginning[:MAX_CHARACTERS] + "rome " * 10_000))
    assert longer == await backend.read("ann", Exchange(question=beginning[:MAX_CHARACTERS]))


async def test_too_many_references_are_a_failure(workshop: Workshop) -> None:
    backend = workshop.open({}).similarity(lambda exchange: ["ann"] * int(exchange.question))
    assert len((await backend.read("ann", Exchange(question=str(MAX_REFERENCES)))).scores) == MAX_REFERENCES
    with pytest.raises(ValueError, match="257 references"):
        await backend.read("ann", Exchange(question=str(MAX_REFERENCES + 1)))


def test_a_vector_of_nothing_is_finite(model: OnnxModel) -> None:
    [vector] = model.read([""], embedding)
    assert np.isfinite(vector).all()
