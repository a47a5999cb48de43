"""The ``injection_attack`` model: the sentence encoder with tuned upper layers and a head of three labels.

The trunk is that of the ``embedding`` model; what is tuned comes with Tidegate, see ``training/INJECTION.md``. Safe,
injection and jailbreak exclude each other: the probability of an attack is 1 - p(safe).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from proxy.inference.building.embedding import PACKAGES, fill

__all__ = ["LABELS", "MAX_TOKENS", "PACKAGES", "THRESHOLD", "WEIGHTS", "build"]

LABELS: Final = ("safe", "injection", "jailbreak")
THRESHOLD: Final = 0.9
"""Least 1 - p(safe) that counts as an attack; chosen on validation rows, see the data card."""
MAX_TOKENS: Final = 128
"""A window has at most 384 characters; the model was last tuned on windows cut at 128 tokens."""

WEIGHTS: Final = Path(__file__).parent.parent / "weights" / "injection.npz"


def build(packages: Mapping[str, Path], target: Path) -> None:
    """Fill the model directory ``target`` from the unpacked ``packages``, by distribution name.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: the graph is not the one that is expected.
    """
    config = {
        "id2label": {str(index): label for index, label in enumerate(LABELS)},
        "problem_type": "single_label_classification",
        "max_position_embeddings": MAX_TOKENS,
        "tidegate": {"task": "sequence-classification", "threshold": THRESHOLD},
    }
    fill(packages, target, WEIGHTS, config)
