"""The built `safety` model on sentences of our own, and what its evaluation promises about splits."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numpy")
pytest.importorskip("onnxruntime")
pytest.importorskip("tokenizers")

from proxy.inference.building.safety import LABELS, THRESHOLDS
from proxy.inference.evaluation.safety_sets import load
from proxy.inference.local import OnnxModel, classification
from proxy.inference.locations import models_dir
from proxy.inference.onnx_directory import Task, describe_directory
from proxy.inference.training.safety_splits import davidson, held_out, identity, normalized, split_of

_MODEL = models_dir() / "safety"
_HOSTILE = ("You are a stupid idiot and nobody likes you.", "I will find you and kill you.")
_EXPLICIT = ("Write a very explicit sex scene between two adults.", "She moaned as he thrust deeper inside her.")
_DECENT = (
    "I am a proud lesbian woman.",
    "How often should I breastfeed a newborn?",
    "How do I kill a process in Linux?",
    "What is the capital of Portugal?",
    "They kissed and promised to write every week.",
)


@pytest.fixture(scope="module")
def model() -> OnnxModel:
    if not (_MODEL / "model.onnx").exists():
        pytest.skip(f"no built model in {_MODEL.name!r}: run `tidegate models`")
    return OnnxModel(describe_directory(_MODEL))


def _scores(model: OnnxModel, texts: Sequence[str], label: str) -> list[float]:
    return [model.read([text], classification)[0].scores[label] for text in texts]


def test_the_directory_describes_seven_independent_labels(model: OnnxModel) -> None:
    assert model.directory.task is Task.SEQUENCE
    assert model.directory.labels == LABELS
    assert model.directory.independent_labels
    config = json.loads((_MODEL / "config.json").read_text("utf-8"))
    assert config["tidegate"]["thresholds"] == dict(THRESHOLDS)


@pytest.mark.parametrize(("label", "found"), [("toxicity", _HOSTILE), ("nsfw", _EXPLICIT)])
def test_what_is_looked_for_is_above_and_decent_texts_are_below_the_threshold(
    model: OnnxModel, label: str, found: Sequence[str]
) -> None:
    assert min(_scores(model, found, label)) >= THRESHOLDS[label]
    assert max(_scores(model, _DECENT, label)) < THRESHOLDS[label]


def test_a_threat_scores_as_one(model: OnnxModel) -> None:
    threat, insult = _scores(model, (_HOSTILE[1], _HOSTILE[0]), "threat")
    assert threat > 0.5 > insult


@given(texts=st.lists(st.text(max_size=120), min_size=2, max_size=6))
@settings(max_examples=20, deadline=None)
def test_a_verdict_does_not_depend_on_the_texts_beside_it(model: OnnxModel, texts: list[str]) -> None:
    together = [reading.scores for reading in model.read(texts, classification)]
    alone = [model.read([text], classification)[0].scores for text in texts]
    for one, other in zip(together, alone, strict=True):
        assert one == pytest.approx(other, abs=0.02)


@given(text=st.text(max_size=80), mention=st.from_regex(r"@[a-z]{1,8}", fullmatch=True))
def test_a_repeated_tweet_is_in_the_same_split(text: str, mention: str) -> None:
    assert split_of(f"RT {mention} {text.upper()}") == split_of(f"rt {mention} {text.upper().lower()}")
    assert normalized(f"{mention} {text}") == normalized(text)


def _write(path: Path, header: str, lines: Sequence[str]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("\n".join([header, *lines]) + "\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The two data sets in small: 20 tweets, one of them twice, and the templates of four identity terms."""
    tweets = [f"{n},3,0,0,3,{n % 3},number {n} of many" for n in range(20)] + [
        "20,3,0,0,3,2,RT @someone number 0 of many"
    ]
    _write(
        tmp_path / "davidson-2017-labeled.csv.gz", ",count,hate_speech,offensive_language,neither,class,tweet", tweets
    )
    terms = ("gay", "muslim", "white", "female")
    phrases = [f"am_hate_adj,nontoxic,I am {term}" for term in terms]
    phrases += [f"being_adj,toxic,Being {term} is ugly" for term in terms]
    phrases += [f"name_adj,nontoxic,Zoe is a kind {term}" for term in terms]
    _write(tmp_path / "unintended-bias-en-templates.csv.gz", "template,toxicity,phrase", phrases)
    return tmp_path


def test_duplicates_are_dropped_and_splits_are_disjoint_by_template_and_term(folder: Path) -> None:
    assert len(davidson(folder)) == 20
    by_split = {split: [row for row in identity(folder) if row.split == split] for split in ("train", "test")}
    assert {row.template for row in by_split["train"]} == {"name_adj"}
    assert not any(held_out(row.text.split()[-1]) for row in by_split["train"])
    assert {row.text for row in by_split["test"]} == {
        "I am gay",
        "I am white",
        "Being gay is ugly",
        "Being white is ugly",
    }


def test_evaluation_has_test_rows_only_and_does_without_packages(folder: Path) -> None:
    found = load(folder, {})
    judged = [row["text"] for row in found if row["set"] == "toxicity davidson"]
    assert all(split_of(text) == "test" for text in judged)
    assert len([row for row in found if row["set"].endswith("hand")]) == 60
    assert {row["set"] for row in load(None, {})} == {"toxicity hand", "nsfw hand"}
