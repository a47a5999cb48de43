"""The file of an index: sorted fingerprints, read through a memory map and never copied into the process.

All numbers are little-endian. A file is

====== ===== =====================================================================
offset bytes
====== ===== =====================================================================
0      8     ``TIDEIDX`` and a line feed
8      2     the version of the format, 1
10     2     k, words of a gram
12     2     w, grams of a window
14     2     0
16     8     n, the number of fingerprints
24     8     m, the size of the catalogue
32     32    SHA-256 of the 32 bytes before and of everything that follows
64     8 n   the fingerprints: 64-bit numbers, ascending, each once
64+8n  m     the catalogue: JSON, a list of ``{"title", "words", "fingerprints"}``
====== ===== =====================================================================

The protected words are not in it, but whoever has it can find out whether a given text is protected.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from proxy.guard.fingerprints import HASH_BYTES

MAGIC: Final = b"TIDEIDX\n"
VERSION: Final = 1
MAX_GRAM: Final = 32

_FIELDS: Final = struct.Struct("<8sHHHHQQ")
_HEADER: Final = _FIELDS.size + sha256().digest_size
_BLOCK: Final = 1 << 20


class Entry(NamedTuple):
    """One protected text in the catalogue."""

    title: str
    words: int
    fingerprints: int
    """How many were kept of it; other texts may have some of them too."""


class IndexFileError(ValueError):
    """A file cannot be used as an index; the message names the file and says why."""


class IndexFile:
    """An open index. Implements :class:`proxy.guard.fingerprints.Fingerprints`."""

    def __init__(self, path: Path) -> None:
        """Open and check the file at ``path``.

        Raises:
            IndexFileError: it cannot be read, or is no intact index.
        """
        if sys.byteorder != "little":
            raise IndexFileError(f"{path}: an index can be read on little-endian machines only")
        try:
            with path.open("rb") as file:
                self.gram, self.window, count = _checked(file, path)
                data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except OSError as error:
            raise IndexFileError(f"{path}: {error.strerror or error}") from error
        end = _HEADER + HASH_BYTES * count
        self._hashes: Sequence[int] = data[_HEADER:end].cast("Q")
        self._catalogue = data[end:]

    def __contains__(self, fingerprint: object) -> bool:
        """Tell whether a gram with this hash was kept, by binary search."""
        hashes = self._hashes
        if not isinstance(fingerprint, int):
            return False
        at = bisect_left(hashes, fingerprint)
        return at < len(hashes) and hashes[at] == fingerprint

    def __len__(self) -> int:
        """Return the number of fingerprints."""
        return len(self._hashes)

    def catalogue(self) -> list[Entry]:
        """Return what is protected."""
        return [Entry(**entry) for entry in json.loads(bytes(self._catalogue))]


def check_sizes(gram: int, window: int) -> None:
    """Check k and w.

    Raises:
        ValueError: they are not in 2 <= k <= 32, 1 <= w < k.
    """
    if not 2 <= gram <= MAX_GRAM:
        raise ValueError(f"expected grams of 2 to {MAX_GRAM} words, got {gram}")
    if not 1 <= window < gram:
        raise ValueError(
            f"expected windows of 1 to {gram - 1} grams, fewer than the {gram} words of a gram; got {window}"
        )


def write_index(path: Path, gram: int, window: int, hashes: Iterable[int], catalogue: Sequence[Entry]) -> None:
    """Write an index to ``path``, at once: a reader sees the file that was there before, or all of the new one.

    Raises:
        ValueError: k or w is out of range.
        OSError: the file cannot be written.
    """
    check_sizes(gram, window)
    ordered = array("Q", sorted(set(hashes)))
    if sys.byteorder != "little":
        ordered.byteswap()
    listed = json.dumps([entry._asdict() for entry in catalogue]).encode()
    fields = _FIELDS.pack(MAGIC, VERSION, gram, window, 0, len(ordered), len(listed))
    body = ordered.tobytes() + listed
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(fields + sha256(fields + body).digest() + body)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _checked(file: BinaryIO, path: Path) -> tuple[int, int, int]:
    """Return k, w and the number of fingerprints of an intact index."""
    header = file.read(_HEADER)
    if header[: len(MAGIC)] != MAGIC:
        raise IndexFileError(f"{path}: not an index; make one with: tidegate index build")
    if len(header) < _HEADER:
        raise IndexFileError(f"{path}: damaged, its header is cut off")
    _, version, gram, window, _, count, listed = _FIELDS.unpack_from(header)
    if version != VERSION:
        raise IndexFileError(f"{path}: has format {version}, and this program reads format {VERSION}; build it again")
    digest = sha256(header[: _FIELDS.size])
    while block := file.read(_BLOCK):
        digest.update(block)
    if digest.digest() != header[_FIELDS.size :] or file.tell() != _HEADER + HASH_BYTES * count + listed:
        raise IndexFileError(f"{path}: damaged, its contents do not have the digest in its header")
    return gram, window, count
