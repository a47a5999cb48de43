"""`tidegate index`: builds the index of protected texts that ``copyright_ip`` looks things up in, and shows it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from proxy.inference.index.building import GRAM, SUFFIXES, WINDOW, build_index
from proxy.inference.index.file import IndexFile

if TYPE_CHECKING:
    from argparse import _SubParsersAction

OK: Final = 0
INVALID: Final = 2


def add_parser(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``index`` to the commands; its handler is :func:`run`."""
    parser = commands.add_parser("index", help="build or show an index of protected texts for copyright_ip")
    parser.set_defaults(handler=run)
    actions = parser.add_subparsers(required=True, metavar="ACTION", dest="action")
    build = actions.add_parser("build", help="index text and Markdown files")
    build.add_argument("--out", type=Path, required=True, metavar="FILE", help="the index to write")
    build.add_argument("--gram", type=int, default=GRAM, help="words of a fingerprint (default: %(default)s)")
    build.add_argument(
        "--window", type=int, default=WINDOW, help="keep one fingerprint of as many (default: %(default)s)"
    )
    build.add_argument(
        "paths", type=Path, nargs="+", metavar="PATH", help=f"a file, or a folder with {', '.join(SUFFIXES)} files"
    )
    show = actions.add_parser("show", help="check an index and list what it protects")
    show.add_argument("file", type=Path, metavar="FILE", help="the index")


def run(arguments: argparse.Namespace) -> int:
    """Build or show an index; the exit status, 2 where a file or an option cannot be used.

    Raises:
        OSError: a text cannot be read, or the index cannot be written.
    """
    try:
        if arguments.action == "build":
            _build(arguments.out, arguments.paths, arguments.gram, arguments.window)
        else:
            print(_description(arguments.file), end="")
    except ValueError as error:
        print(f"tidegate: {error}", file=sys.stderr)
        return INVALID
    return OK


def _build(out: Path, paths: list[Path], gram: int, window: int) -> None:
    built = build_index(out, paths, gram, window)
    for title in built.short:
        print(f"tidegate: {title} is too short and not protected: it has fewer than {gram} words", file=sys.stderr)
    words = sum(entry.words for entry in built.catalogue)
    print(f"{out}: {len(built.catalogue)} texts, {words} words, {len(IndexFile(out))} fingerprints")


def _description(path: Path) -> str:
    index = IndexFile(path)
    lines = [f"{entry.title}: {entry.words} words, {entry.fingerprints} fingerprints" for entry in index.catalogue()]
    common = index.gram + index.window - 1
    head = f"{len(lines)} texts, {len(index)} fingerprints of {index.gram} words, one of {index.window} kept; "
    return f"{head}every {common} words in common with one of these leave a trace\n" + "".join(f"{x}\n" for x in lines)
