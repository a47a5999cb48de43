"""From text files to an index."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from proxy.guard.fingerprints import winnow
from proxy.guard.word_reader import words_of
from proxy.inference.index.file import Entry, check_sizes, write_index

GRAM: Final = 5
WINDOW: Final = 4
SUFFIXES: Final = (".txt", ".md", ".markdown")
"""What is taken from a folder; a file that is named is taken whatever its suffix."""

_UNSEEN: Final = re.compile(r"(?<=\])\([^()\s]*(?:\s+\"[^\"]*\")?\)|<!--.*?-->|</?[A-Za-z][^<>]*>", re.DOTALL)
"""What of a Markdown text a reader does not see: targets of links, comments, tags."""


class SourceError(ValueError):
    """A text cannot be indexed; the message names its file and says why."""


class _Source(NamedTuple):
    title: str
    path: Path


@dataclass(frozen=True, slots=True)
class Built:
    """What an index was made of."""

    catalogue: list[Entry]
    short: list[str]
    """Titles of texts with fewer words than a gram, of which nothing was kept."""


def build_index(out: Path, paths: Iterable[Path], gram: int = GRAM, window: int = WINDOW) -> Built:
    """Write an index of text files, and of those in folders and theirs, to ``out``.

    A text's title is its path as seen from the path that was given, with the latter's name. Texts are UTF-8.

    Raises:
        SourceError: a file is no text, or there is none.
        ValueError: ``gram`` or ``window`` is out of range.
        OSError: a file cannot be read, or the index cannot be written.
    """
    check_sizes(gram, window)
    catalogue: list[Entry] = []
    hashes: set[int] = set()
    for source in _sources(paths):
        words = words_of(_visible(source.path))
        kept = set(winnow(words, gram, window))
        hashes |= kept
        catalogue.append(Entry(source.title, len(words), len(kept)))
    if not catalogue:
        raise SourceError(f"no texts found; folders are searched for {', '.join(SUFFIXES)}")
    write_index(out, gram, window, hashes, catalogue)
    return Built(catalogue, [entry.title for entry in catalogue if not entry.fingerprints])


def _sources(paths: Iterable[Path]) -> Iterator[_Source]:
    for path in paths:
        if not path.is_dir():
            yield _Source(path.name, path)
            continue
        for found in sorted(path.rglob("*")):
            inside = found.relative_to(path)
            hidden = any(part.startswith(".") for part in inside.parts)
            if found.suffix.lower() in SUFFIXES and found.is_file() and not hidden:
                yield _Source((path.name / inside).as_posix(), found)


def _visible(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: not UTF-8 text") from error
    return _UNSEEN.sub(" ", text) if path.suffix.lower() in (".md", ".markdown") else text
