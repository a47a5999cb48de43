"""A model in a directory: ``model.onnx``, ``tokenizer.json`` and ``config.json``, as Hugging Face's exports have them.

``config.json`` says what the numbers mean: ``id2label``, ``problem_type`` and ``max_position_embeddings`` in the words
of the ``transformers`` library, and under ``tidegate`` what it has no words for.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct, field

GRAPH, TOKENIZER, CONFIG = "model.onnx", "tokenizer.json", "config.json"
RUNTIME = ("numpy", "onnxruntime", "tokenizers")
"""Packages of the ``models`` extra that running a model needs."""
INSTALL = "pip install 'tidegate[models]'"
BUILD = "tidegate models"

_MAX_CONFIG = 1 << 20
"""Bytes of a ``config.json``; real ones have a few thousand."""
_DEFAULT_TOKENS = 512
_HARMLESS = frozenset({"safe", "benign", "neutral", "legit", "legitimate", "normal", "sfw", "label_0"})
"""What classifiers call the label of texts without fault; so is what begins with one of the next."""
_NEGATIONS = ("not_", "non_")


class Task(StrEnum):
    """What a model's output is, in the words of the ``transformers`` library."""

    SEQUENCE = "sequence-classification"
    TOKEN = "token-classification"  # noqa: S105 a kind of model
    FEATURES = "feature-extraction"


class _Own(Struct, frozen=True):
    task: Task | None = None
    temperature: Annotated[float, Meta(gt=0)] = 1.0


class _Config(Struct, frozen=True):
    id2label: dict[str, str] = {}
    problem_type: str | None = None
    architectures: list[str] | None = None
    max_position_embeddings: Annotated[int, Meta(ge=8)] = _DEFAULT_TOKENS
    own: _Own = field(name="tidegate", default_factory=_Own)


@dataclass(frozen=True, slots=True)
class ModelDirectory:
    """A described model, not loaded yet."""

    path: Path
    task: Task
    labels: tuple[str, ...]
    independent_labels: bool
    """Whether several labels can hold at once: each has a probability of its own then, else they share one."""
    temperature: float
    """What logits are divided by before they become probabilities."""
    max_tokens: int
    """Tokens of a piece of text that the model takes at once, special ones included."""
    stamp: tuple[tuple[int, int, int], ...]
    """Which files these were: time, size and identity of each."""

    @property
    def harmless(self) -> int:
        """The number of the label that says that nothing is wrong with a text: told by its name, or else the first."""
        names = [label.casefold().replace("-", "_").replace(" ", "_") for label in self.labels]
        return next((at for at, name in enumerate(names) if name in _HARMLESS or name.startswith(_NEGATIONS)), 0)


def describe_directory(path: Path) -> ModelDirectory:
    """Describe the model in ``path`` without loading it.

    Raises ValueError, in words, where the packages to run it are missing, or the directory is not one.
    """
    missing = [name for name in RUNTIME if importlib.util.find_spec(name) is None]
    if missing:
        raise ValueError(f"local models need packages that are not installed ({', '.join(missing)}): {INSTALL}")
    stamp = tuple(_stamp(path, name) for name in (GRAPH, TOKENIZER, CONFIG))
    config = _config(path / CONFIG)
    task = config.own.task or _task(config.architectures or (), bool(config.id2label))
    labels = _labels(config.id2label, path) if task is not Task.FEATURES else ()
    return ModelDirectory(
        path=path,
        task=task,
        labels=labels,
        # A share of one label among one is always 1.
        independent_labels=config.problem_type == "multi_label_classification" or len(labels) == 1,
        temperature=config.own.temperature,
        max_tokens=config.max_position_embeddings,
        stamp=stamp,
    )


def _stamp(path: Path, name: str) -> tuple[int, int, int]:
    try:
        found = (path / name).stat()
    except OSError as error:
        raise ValueError(f"no model in {path}: {name}: {error.strerror}") from None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _config(path: Path) -> _Config:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_CONFIG + 1)
        if len(data) > _MAX_CONFIG:
            raise ValueError(f"{path} is larger than {_MAX_CONFIG} bytes")
        return msgspec.json.decode(data, type=_Config)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise ValueError(f"{path} does not describe a model: {error}") from None


def _task(architectures: list[str] | tuple[str, ...], labelled: bool) -> Task:
    if any(name.endswith("ForTokenClassification") for name in architectures):
        return Task.TOKEN
    return Task.SEQUENCE if labelled else Task.FEATURES


def _labels(id2label: Mapping[str, str], path: Path) -> tuple[str, ...]:
    numbers = [str(number) for number in range(len(id2label))]
    if not numbers or set(numbers) != set(id2label):
        raise ValueError(f"{path / CONFIG}: id2label: expected a label for each output, numbered from 0")
    return tuple(id2label[number] for number in numbers)
