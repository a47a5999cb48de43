"""Writes the texts whose activations set the scales of the int8 graphs: a few of each kind that the models judge.

python -m proxy.inference.training.safety_calibration --tokenizer FILE.json --target safety.calibration.npz
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import Final

import numpy as np
from tokenizers import Tokenizer

from proxy.inference.training.safety_templates import generate

SEED: Final = 7
TEXTS: Final = 64
MAX_TOKENS: Final = 96
_TERMS: Final = ("female", "asian", "young")


def calibration(seed: int) -> list[str]:
    """Texts of one to twelve generated sentences, of every grammar."""
    rng = random.Random(seed)  # noqa: S311 - training rows, not secrets
    pool = [text for text, _ in generate(_TERMS, seed, "training", 0.2)]
    return [" ".join(rng.sample(pool, 1 + index % 12)) for index in range(TEXTS)]


def main() -> None:
    """Command line: writes token ids, padded with 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("tokenizer", "target"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(options.tokenizer))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    table = np.zeros((TEXTS, MAX_TOKENS), np.uint16)
    for row, text in zip(table, calibration(SEED), strict=True):
        ids = tokenizer.encode(text).ids
        row[: len(ids)] = ids
    np.savez_compressed(options.target, allow_pickle=False, input_ids=table)


if __name__ == "__main__":
    main()
