"""Which texts the safety model may be trained on: rules that training and evaluation share. No torch."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from zlib import crc32

__all__ = [
    "DAVIDSON",
    "IDENTITY",
    "IdentityRow",
    "Split",
    "davidson",
    "held_out",
    "identity",
    "identity_terms",
    "normalized",
    "split_of",
]

Split = Literal["train", "validation", "test"]
DAVIDSON: Final = "davidson-2017-labeled.csv.gz"
IDENTITY: Final = "unintended-bias-en-templates.csv.gz"
_TRAINING_TEMPLATES: Final = ("name_adj", "you_are_adj")
_TEST_TEMPLATES: Final = ("being_adj", "verb_adj", "am_hate_adj")
_NEUTRAL: Final = "I am "


def normalized(text: str) -> str:
    """The text without mentions, links, markup and case: what counts as a duplicate."""
    return re.sub(r"\W+", " ", re.sub(r"&\w+;|@\w+|https?://\S+|\brt\b", " ", text.lower())).strip()


def split_of(text: str) -> Split:
    """Eight tenths train, one tenth each validation and test, by the digest of the normalized text."""
    bucket = crc32(normalized(text).encode()) % 10
    return "test" if bucket == 0 else "validation" if bucket == 1 else "train"


def held_out(term: str) -> bool:
    """Whether an identity term is kept out of training: about a third of them."""
    return crc32(term.encode()) % 3 == 0


def _records(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def davidson(folder: Path) -> dict[str, bool]:
    """The tweets in ``folder``, no duplicates, and whether each is hate speech or offensive."""
    found: dict[str, tuple[str, bool]] = {}
    for record in _records(folder / DAVIDSON):
        found.setdefault(normalized(record["tweet"]), (record["tweet"], record["class"] != "2"))
    return dict(found.values())


@dataclass(frozen=True)
class IdentityRow:
    """A phrase of an identity template; ``split`` is None where its template is a test one and its term is not."""

    text: str
    template: str
    toxic: bool
    split: Split | None


def identity_terms(folder: Path) -> list[str]:
    """The identity terms of the templates in ``folder``, in order."""
    records = _records(folder / IDENTITY)
    neutral = (
        item["phrase"] for item in records if item["template"] == "am_hate_adj" and item["toxicity"] == "nontoxic"
    )
    return sorted({phrase.removeprefix(_NEUTRAL) for phrase in neutral})


def identity(folder: Path) -> list[IdentityRow]:
    """The phrases of the identity templates in ``folder``.

    Train: two templates with training terms. Test: three other templates with held-out terms. Validation: the templates
    of training with held-out terms, and the template of occupations.
    """
    longest_first = sorted(identity_terms(folder), key=len, reverse=True)
    found: dict[str, IdentityRow] = {}
    for record in _records(folder / IDENTITY):
        phrase, template = record["phrase"], record["template"]
        term = next((term for term in longest_first if f" {term} " in f" {phrase} "), "")
        row = IdentityRow(phrase, template, record["toxicity"] == "toxic", _identity_split(template, held_out(term)))
        found.setdefault(phrase, row)
    return list(found.values())


def _identity_split(template: str, unseen: bool) -> Split | None:
    if template in _TRAINING_TEMPLATES:
        return "validation" if unseen else "train"
    if template in _TEST_TEMPLATES:
        return "test" if unseen else None
    return "validation"
