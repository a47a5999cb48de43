"""Fingerprints of texts by winnowing (Schleimer, Wilkerson, Aiken: Winnowing, SIGMOD 2003), on words.

A *gram* is a run of k consecutive words. Of every w consecutive grams of a protected text at least the one with the
least hash is kept, so that a text that has w + k - 1 consecutive words in common with it has a kept gram in common too,
and of a longer common passage no w consecutive grams are without one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Final, Protocol

HASH_BYTES: Final = 8
"""The size of a hash."""


class Fingerprints(Protocol):
    """The kept grams of protected texts."""

    @property
    def gram(self) -> int:
        """k, in words."""

    @property
    def window(self) -> int:
        """w, in grams; less than k, so that the kept grams of a common passage overlap."""

    def __contains__(self, fingerprint: object) -> bool:
        """Tell whether a gram with this hash was kept."""


def fingerprint(words: Sequence[str]) -> int:
    """Return the 64-bit hash of a gram: BLAKE2b of its words with a space between them, little-endian."""
    return int.from_bytes(blake2b(" ".join(words).encode(), digest_size=HASH_BYTES).digest(), "little")


def winnow(words: Sequence[str], gram: int, window: int) -> Iterator[int]:
    """Yield the hashes that are kept of a text; of equal least ones the last.

    A text with fewer grams than a window keeps one; a text that is shorter than a gram keeps none.
    """
    hashes = [fingerprint(words[at : at + gram]) for at in range(len(words) - gram + 1)]
    kept = -1
    for end in range(min(window, len(hashes)), len(hashes) + 1):
        last_first = hashes[max(end - window, 0) : end][::-1]
        if not last_first:
            return
        least = min(last_first)
        at = end - 1 - last_first.index(least)
        if at != kept:
            kept = at
            yield least
