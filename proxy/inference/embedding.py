"""Embeddings: vectors of texts, and how similar two texts are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from proxy.guard.checks import Exchange, Reading
from proxy.inference.batcher import Batcher
from proxy.inference.local import Output
from proxy.inference.onnx_directory import ModelDirectory

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

References = Callable[[Exchange], Sequence[str]]

MAX_REFERENCES = 256
"""References that one text is compared to; what would be compared to more is a failure."""
MAX_CHARACTERS = 4_096
"""Of a reference; what is behind them is not compared. A client's question has no end of its own."""


def embedding(directory: ModelDirectory, outputs: Sequence[Output]) -> NDArray[np.float32]:
    """The unit vector of a text: the mean over its tokens, as the sentence-transformers models are made for."""
    import numpy as np

    tokens = np.concatenate([output.values for output in outputs])
    mean = tokens.mean(axis=0, dtype=np.float64)
    vector: NDArray[np.float32] = (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)
    return vector


class Similarity:
    """The backend whose score ``"i"`` is the cosine similarity of a text to the ``i``-th reference, -1 to 1."""

    def __init__(self, vectors: Batcher[NDArray[np.float32]], references: References, timeout: float) -> None:
        """``vectors`` answers with unit vectors; ``references`` says what the text of an exchange is compared to: the
        first ``MAX_CHARACTERS`` characters of at most ``MAX_REFERENCES`` texts."""
        self._vectors, self._references, self.timeout = vectors, references, timeout

    async def read(self, text: str, exchange: Exchange) -> Reading:
        """Compare a text. Without references there are no scores. Raises ValueError where there are too many, and what
        :meth:`Batcher.ask` does."""
        references = [reference[:MAX_CHARACTERS] for reference in self._references(exchange)]
        if not references:
            return Reading()
        if len(references) > MAX_REFERENCES:
            raise ValueError(f"there are {len(references)} references, and at most {MAX_REFERENCES} are compared")
        vector, *others = await asyncio.gather(*(self._vectors.ask(each, self.timeout) for each in (text, *references)))
        return Reading(scores={str(number): float(vector @ other) for number, other in enumerate(others)})
