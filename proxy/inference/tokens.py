"""Text to tokens: pieces that a model takes at once, and batches of them."""

from __future__ import annotations

import hashlib
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import tokenizers
    from numpy.typing import NDArray

SHARED_TOKENS = 32
"""Tokens that consecutive pieces of a text have in common."""
_PADDING_TOKENS = ("[PAD]", "<pad>", "<|endoftext|>")


class Piece(NamedTuple):
    """As much of a text as a model takes at once."""

    ids: Sequence[int]
    types: Sequence[int]
    """The segment that each token belongs to; 0 throughout, for a single text."""
    offsets: Sequence[tuple[int, int]]
    """Where each token stands in the text, in characters, end exclusive."""
    own: Sequence[bool]
    """False for tokens that mark beginning and end, and for those that the piece before has as well."""


class Tokens:
    """A tokenizer. Its methods may be called from several threads."""

    def __init__(self, tokenizer: tokenizers.Tokenizer, max_tokens: int) -> None:
        """Cut texts to pieces of ``max_tokens`` tokens; ``tokenizer`` is changed for that."""
        tokenizer.no_padding()
        self._shared = min(SHARED_TOKENS, max_tokens // 4)
        tokenizer.enable_truncation(max_tokens, stride=self._shared)
        self._tokenizer = tokenizer
        known = (tokenizer.token_to_id(name) for name in _PADDING_TOKENS)
        self.padding = next((number for number in known if number is not None), 0)

    def pieces(self, text: str) -> list[Piece]:
        """Cut a text; one piece for most texts, and at least one."""
        encoding = self._tokenizer.encode(text)
        pieces = []
        for number, part in enumerate((encoding, *encoding.overflowing)):
            repeated = self._shared if number else 0
            own = []
            for special in part.special_tokens_mask:
                own.append(not special and repeated == 0)
                repeated -= not special and repeated > 0
            pieces.append(Piece(part.ids, part.type_ids, part.offsets, own))
        return pieces

    def batch(self, pieces: Sequence[Piece]) -> dict[str, NDArray[np.int64]]:
        """The model's inputs, ``[piece, token]``, padded to the longest of ``pieces``."""
        import numpy as np

        width = max(len(piece.ids) for piece in pieces)
        ids = np.full((len(pieces), width), self.padding, np.int64)
        mask = np.zeros_like(ids)
        types = np.zeros_like(ids)
        for row, piece in enumerate(pieces):
            length = len(piece.ids)
            ids[row, :length] = piece.ids
            types[row, :length] = piece.types
            mask[row, :length] = 1
        return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}


_shared: weakref.WeakValueDictionary[tuple[bytes, int], Tokens] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def load_tokens(path: Path, max_tokens: int) -> Tokens:
    """Load ``tokenizer.json``. Models with the same one share it, since a vocabulary takes megabytes.

    Raises ValueError where the file is no tokenizer.
    """
    import tokenizers

    data = path.read_bytes()
    key = (hashlib.sha256(data).digest(), max_tokens)
    with _lock:
        tokens = _shared.get(key)
        if tokens is None:
            try:
                tokenizer = tokenizers.Tokenizer.from_buffer(data)
            except Exception as error:  # the package raises nothing more special
                raise ValueError(f"{path} is no tokenizer: {error}") from None
            tokens = _shared[key] = Tokens(tokenizer, max_tokens)
        return tokens
