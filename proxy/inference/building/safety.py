"""The `safety` model: the sentence encoder with tuned upper layers, and a head for six kinds of toxicity and for nsfw.

What is tuned comes with Tidegate, see ``training/SAFETY.md``. The seven labels have a probability each.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from proxy.inference.building.embedding import PACKAGES, fill

__all__ = ["LABELS", "MAX_TOKENS", "PACKAGES", "THRESHOLDS", "WEIGHTS", "build"]

LABELS: Final = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_hate", "nsfw")
THRESHOLDS: Final[Mapping[str, float]] = {"toxicity": 0.72, "nsfw": 0.3}
"""Least probability that counts as a finding, chosen on validation data; see ``training/SAFETY.md``."""
MAX_TOKENS: Final = 128
"""A window has at most 384 characters; the model was tuned on texts cut at 96 tokens."""
WEIGHTS: Final = Path(__file__).parent.parent / "weights" / "safety.npz"


def build(packages: Mapping[str, Path], target: Path) -> None:
    """Fill the model directory ``target`` from the unpacked ``packages``, by distribution name.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: the graph is not the one that is expected.
    """
    config = {
        "id2label": {str(index): label for index, label in enumerate(LABELS)},
        "problem_type": "multi_label_classification",
        "max_position_embeddings": MAX_TOKENS,
        "tidegate": {"task": "sequence-classification", "thresholds": dict(THRESHOLDS)},
    }
    fill(packages, target, WEIGHTS, config)
