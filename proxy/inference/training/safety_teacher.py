"""The bidirectional LSTM of the distribution `tox-block` 0.1.2 (MIT), in numpy: a teacher for six toxicity labels.

Its weights come from the package's HDF5 file, its vocabulary from a pickle that is read without executing anything:
every class the pickle names is replaced by an inert holder.
"""

from __future__ import annotations

import collections
import pickle
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
import numpy.typing as npt

__all__ = ["LABELS", "Teacher"]

LABELS: Final = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_hate")
_LENGTH: Final = 100
_WORDS: Final = 20_000
# Least and greatest output of each unit on the package's own training texts: outputs are stretched to [0, 1] with them.
_RANGES: Final = np.array(
    [
        (0.002116, 0.999858),
        (0.000011, 0.648682),
        (0.000347, 0.997533),
        (0.00004, 0.918887),
        (0.000373, 0.986303),
        (0.000074, 0.901117),
    ]
)
_FILTERED: Final = str.maketrans(dict.fromkeys('!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n', " "))

Floats = npt.NDArray[np.float32]


class _Inert:
    """Stands for every class in the pickle: keeps the state, does nothing."""

    def __init__(self, *_: Any) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.state = state


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        known = {"OrderedDict": collections.OrderedDict, "defaultdict": collections.defaultdict, "int": int}
        return known.get(name, _Inert) if module in ("collections", "builtins") else _Inert


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-values)), dtype=np.float32)


def _hard_sigmoid(values: Floats) -> Floats:
    return np.asarray(np.clip(values * np.float32(0.2) + np.float32(0.5), 0, 1), dtype=np.float32)


class Teacher:
    """Reads the package unpacked at `package` (the folder that holds `tox_block/`)."""

    def __init__(self, package: Path) -> None:
        folder = package / "tox_block"
        with (folder / "trained_models" / "encoder_0.1.2.pkl").open("rb") as file:
            encoder = _Reader(file).load()
        self._index: dict[str, int] = encoder.state["tokenizer"].state["word_index"]
        with h5py.File(folder / "trained_models" / "lstm_model_0.1.2.h5") as file:
            group = file["model_weights"]
            self._embedding: Floats = group["embedding/embedding/embeddings:0"][()]
            self._cells = [
                self._arrays(group[f"bidirectional/bidirectional/{way}_lstm"]) for way in ("forward", "backward")
            ]
            self._dense = [self._arrays(group[f"{name}/{name}"]) for name in ("dense", "dense_1")]

    @staticmethod
    def _arrays(group: Any) -> dict[str, Floats]:
        return {name.split(":")[0]: group[name][()] for name in group}

    def _encode(self, text: str) -> list[int]:
        plain = re.sub(r"https?://\S+|\d+\.\d+\.\d+\.\d+", "", text.lower()).translate(_FILTERED)
        known = (self._index.get(word, _WORDS) for word in plain.split())
        return [index for index in known if index < _WORDS][-_LENGTH:]

    @staticmethod
    def _run(inputs: Floats, cell: dict[str, Floats]) -> Floats:
        """[batch, units]: the greatest value of each unit over the steps."""
        units = cell["recurrent_kernel"].shape[0]
        hidden = np.zeros((len(inputs), units), np.float32)
        carry, greatest = hidden, np.full_like(hidden, -1)
        for step in range(inputs.shape[1]):
            gates = inputs[:, step] @ cell["kernel"] + hidden @ cell["recurrent_kernel"] + cell["bias"]
            enter, forget, value, leave = np.split(gates, 4, axis=1)
            carry = _hard_sigmoid(forget) * carry + _hard_sigmoid(enter) * np.tanh(value)
            hidden = _hard_sigmoid(leave) * np.tanh(carry)
            greatest = np.maximum(greatest, hidden)
        return greatest

    def __call__(self, texts: Sequence[str], batch: int = 512) -> Floats:
        """[texts, 6]: scores from 0 to 1 in the order of `LABELS`."""
        scores = [self._batch(texts[start : start + batch]) for start in range(0, len(texts), batch)]
        return np.concatenate(scores)

    def _batch(self, texts: Sequence[str]) -> Floats:
        indices = np.zeros((len(texts), _LENGTH), np.int64)
        for row, text in enumerate(texts):
            if encoded := self._encode(text):
                indices[row, -len(encoded) :] = encoded
        inputs = self._embedding[indices]
        pooled = np.concatenate([self._run(inputs, self._cells[0]), self._run(inputs[:, ::-1], self._cells[1])], axis=1)
        middle = np.maximum(pooled @ self._dense[0]["kernel"] + self._dense[0]["bias"], 0)
        scores = _sigmoid(middle @ self._dense[1]["kernel"] + self._dense[1]["bias"])
        return np.asarray(np.clip((scores - _RANGES[:, 0]) / (_RANGES[:, 1] - _RANGES[:, 0]), 0, 1), dtype=np.float32)
