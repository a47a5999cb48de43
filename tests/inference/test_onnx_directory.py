"""What is said about a model's directory before it is loaded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("onnx")

from proxy.inference import onnx_directory
from proxy.inference.onnx_directory import Task, describe_directory
from tests.inference.small_models import features, names, two_labels


def test_a_classifier_is_described_without_loading_it(tmp_path: Path) -> None:
    folder = two_labels(tmp_path)
    (folder / "model.onnx").write_bytes(b"not looked at")
    found = describe_directory(folder)
    assert (found.task, found.labels, found.independent_labels) == (Task.SEQUENCE, ("good", "bad"), False)
    assert (found.temperature, found.max_tokens) == (1.0, 32)


@pytest.mark.parametrize(("kind", "task"), [(names, Task.TOKEN), (features, Task.FEATURES)])
def test_the_task_is_told_from_what_exports_say(tmp_path: Path, kind: object, task: Task) -> None:
    assert callable(kind)
    assert describe_directory(kind(tmp_path)).task is task


def test_what_exports_have_no_words_for(tmp_path: Path) -> None:
    own = {"task": "token-classification", "temperature": 2.5, "something": "else"}
    folder = two_labels(tmp_path, problem_type="multi_label_classification", tidegate=own)
    found = describe_directory(folder)
    assert (found.task, found.independent_labels, found.temperature) == (Task.TOKEN, True, 2.5)


def test_replaced_files_are_another_model(tmp_path: Path) -> None:
    before = describe_directory(two_labels(tmp_path))
    assert describe_directory(tmp_path) == before
    (tmp_path / "model.onnx").write_bytes(b"new")
    assert describe_directory(tmp_path) != before


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "config.json"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    (two_labels(tmp_path) / name).unlink()
    with pytest.raises(ValueError, match=rf"no model in .*: {name}: No such file"):
        describe_directory(tmp_path)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("{", "does not describe a model"),
        ("[]", "does not describe a model"),
        (json.dumps({"id2label": {"1": "a"}}), "id2label"),
        (json.dumps({"id2label": {"0": "a", "x": "b"}}), "id2label"),
        (json.dumps({"id2label": {"0": 1}}), "id2label"),
        (json.dumps({"tidegate": {"task": "sequence-classification"}}), "id2label"),
        (json.dumps({"id2label": {"0": "a"}, "tidegate": {"task": "chat"}}), "task"),
        (json.dumps({"id2label": {"0": "a"}, "tidegate": {"temperature": 0}}), "temperature"),
        (json.dumps({"id2label": {"0": "a"}, "max_position_embeddings": 0}), "max_position_embeddings"),
        (" " * (1 << 20) + "{}", "larger than"),
    ],
)
def test_a_wrong_description_is_refused(tmp_path: Path, config: str, said: str) -> None:
    (two_labels(tmp_path) / "config.json").write_text(config)
    with pytest.raises(ValueError, match=said):
        describe_directory(tmp_path)


def test_without_the_packages_it_says_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_directory, "RUNTIME", ("numpy", "no_such_package_as_this"))
    with pytest.raises(ValueError, match=r"no_such_package_as_this.*pip install 'tidegate\[models\]'"):
        describe_directory(two_labels(tmp_path))
