"""Measures the names model as the guard uses it: through its windows, over whole texts and over streamed ones.

``python -m proxy.inference.evaluation.names_figures [--model DIR] [--templates FOLDER] [--sweep]``
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from proxy.guard.checks import Exchange, Reading
from proxy.guard.detectors.classifying import Labels
from proxy.guard.detectors.pii_names import ALIASES, NAME_ENTITIES, PARTS, Names
from proxy.inference.evaluation.names_sets import (
    LOCALES,
    PERSON,
    PLACE,
    Counts,
    Row,
    Span,
    chats,
    count,
    count_covered,
    joined,
    template_folder,
    templates,
)
from proxy.inference.local import OnnxModel, recognition
from proxy.inference.locations import models_dir
from proxy.inference.onnx_directory import describe_directory

THRESHOLD: Final = 0.5
SWEEP: Final = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
VALIDATION_SEED, TEST_SEED = 20, 21
FILLS: Final = 5
HALF: Final = 0.5

Ask = Callable[[str], Reading]


class _Unasked:
    """Stands for the backend, which is asked directly here."""

    timeout = 0.0

    async def read(self, text: str, exchange: Exchange) -> Reading:
        """Never called."""
        raise AssertionError("the questions are answered without the backend")


def find(text: str, ask: Ask, threshold: float, streamed: bool) -> list[Span]:
    """Return what the guard finds in ``text``; streamed text comes a few characters at a time."""
    names = Names(_Unasked(), frozenset(NAME_ENTITIES), Labels(PARTS, ALIASES), threshold)
    scanner = names.scanner(Exchange(answering=streamed))
    found = []
    for piece in (*_cut(text, streamed), None):
        if piece is None:
            scanner.finish()
        else:
            scanner.feed(piece)
        for check in scanner.asks():
            for match in scanner.reply(check, ask(check.text)):
                kind = PERSON if match.label == "PERSON" else PLACE
                found.append(Span(match.start, match.end, kind))
    return joined(text, found)


def figures(rows: Iterable[Row], ask: Ask, threshold: float, streamed: bool) -> dict[str, Counts]:
    """Return the counts for people and places in ``rows``.

    People agree where they overlap by half, and, as "exact", have the same limits. Places agree, as "whole", where a
    finding overlaps the whole address by half, and else by what is covered, in however many pieces.
    """
    kinds = {"person": (PERSON, HALF), "person, exact": (PERSON, 1.0), "place, whole": (PLACE, HALF)}
    counts = {name: Counts() for name in (*kinds, "place")}
    for row in rows:
        found = find(row.text, ask, threshold, streamed)
        for name, (kind, overlap) in kinds.items():
            count(row, found, kind, counts[name], overlap)
        count_covered(row, found, PLACE, counts["place"])
    return counts


def main() -> None:
    """Print the figures as tables of Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", type=Path, default=models_dir() / "names", help="model directory")
    parser.add_argument("--templates", type=Path, help="folder with templates.txt (default: presidio-evaluator's)")
    parser.add_argument("--sweep", action="store_true", help="try thresholds on the validation templates")
    arguments = parser.parse_args()
    folder = arguments.templates or template_folder()
    model = OnnxModel(describe_directory(arguments.model))
    ask = cache(lambda text: model.read([text], recognition)[0])
    print("| set | threshold | reading | entities | precision | recall | F1 | hits | false | missed |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    if arguments.sweep:
        tried = [row for locales in (("en_US",), LOCALES) for row in templates(folder, VALIDATION_SEED, 2, 0, locales)]
        for threshold in SWEEP:
            _show("validation templates", figures(tried, ask, threshold, streamed=False), threshold, "whole")
        return
    for name, rows in _sets(folder):
        for streamed in (False, True):
            _show(name, figures(rows, ask, THRESHOLD, streamed), THRESHOLD, "streamed" if streamed else "whole")


def _sets(folder: Path) -> Iterator[tuple[str, Sequence[Row]]]:
    yield "templates, en_US", list(templates(folder, TEST_SEED, FILLS, 1))
    yield f"templates, {len(LOCALES)} locales", list(templates(folder, TEST_SEED, FILLS, 1, LOCALES))
    own = list(chats())
    for name in dict.fromkeys(row.set for row in own):
        yield f"chats, {name}", [row for row in own if row.set == name]


def _show(name: str, counts: dict[str, Counts], threshold: float, reading: str) -> None:
    for entities, c in counts.items():
        shares = f"{c.precision:.3f} | {c.recall:.3f} | {c.f1:.3f}"
        print(f"| {name} | {threshold} | {reading} | {entities} | {shares} | {c.hits} | {c.false} | {c.missed} |")


def _cut(text: str, streamed: bool) -> Iterator[str]:
    if not streamed:
        yield text
        return
    chance = random.Random(text)  # noqa: S311 - any cutting will do
    at = 0
    while at < len(text):
        size = chance.randint(1, 9)
        yield text[at : at + size]
        at += size


if __name__ == "__main__":
    main()
