"""Labelled texts for names of people and places, and how findings in them are counted.

``templates`` fills the 200 sentence templates of ``presidio-evaluator`` (MIT; only its data files are read, it is not
imported) with what Faker makes up. ``chats`` are texts of our own. Run as a program, it prints the figures of a model
as the guard would use it: ``python -m proxy.inference.evaluation.names_sets [MODEL_DIR] [--templates FOLDER]``.
"""

from __future__ import annotations

import csv
import importlib.util
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from proxy.inference.evaluation.names_chats import CHATS

PERSON: Final = "person"
PLACE: Final = "place"
COUNTRY: Final = "country"
"""Marked so that it counts neither as found nor as missed: the model has no label for it."""

LOCALES: Final = ("en_US", "en_GB", "en_IN", "de_DE", "fr_FR", "es_MX", "pt_PT", "pl_PL", "nl_NL", "tr_TR")

_FOLDER: Final = "data_generator/raw_data"
_HOLE: Final = re.compile(r"\{\{?(\w+)\}\}?")
_MARK: Final = re.compile(r"\[(\w+):([^\]]*)\]")
_PEOPLE: Final = re.compile(r"(?:person|name|first_name|last_name)(?:_(?:male|female|nonbinary))?$")
_PLACES: Final = frozenset(
    {"address", "city", "street_name", "building_number", "secondary_address", "state_abbr", "zipcode", "postcode"}
)
_TITLES: Final = re.compile(r"(?:mr|mrs|ms|miss|dr|prof)\.?\s+", re.IGNORECASE)
_BETWEEN: Final = re.compile(r"[\s,.>?/-]{0,8}$")
"""What may lie between two parts of one address."""


class Span(NamedTuple):
    """``kind`` stands at ``start:end`` of a text, in characters."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Row:
    """A text, what is in it, and the set that it belongs to."""

    text: str
    spans: tuple[Span, ...]
    set: str


@dataclass(slots=True)
class Counts:
    """Of entities: ``hits`` were found rightly, ``false`` wrongly; ``reached`` were there and found, ``missed`` not."""

    hits: int = 0
    false: int = 0
    reached: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """Share of the found that is there; 1 where nothing is found."""
        return self.hits / (self.hits + self.false) if self.hits + self.false else 1.0

    @property
    def recall(self) -> float:
        """Share of what is there that is found; 1 where there is nothing."""
        return self.reached / (self.reached + self.missed) if self.reached + self.missed else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def template_folder() -> Path:
    """Return the data folder of the installed ``presidio-evaluator``.

    Raises:
        FileNotFoundError: it is not installed.
    """
    spec = importlib.util.find_spec("presidio_evaluator")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("presidio-evaluator is not installed: it has the sentence templates")
    return Path(spec.submodule_search_locations[0], _FOLDER)


def templates(folder: Path, seed: int, fills: int, parity: int, locales: Sequence[str] = ("en_US",)) -> Iterator[Row]:
    """Yield each template whose number is ``parity`` modulo 2, ``fills`` times with different values.

    Names and places are Faker's, of a locale drawn for each row from ``locales``; organizations are drawn from the
    list that comes with the templates, since Faker makes them of surnames. Everything follows from ``seed``.
    """
    from faker import Faker

    lines = (folder / "templates.txt").read_text("utf-8", errors="replace").splitlines()
    with (folder / "companies_and_organizations.csv").open(encoding="utf-8", newline="") as file:
        companies = [row[0] for row in csv.reader(file)][1:]
    chance = random.Random(seed)  # noqa: S311 - made-up people, no secrets
    fakers = {locale: Faker(locale) for locale in locales}
    for number, locale in enumerate(locales):
        fakers[locale].seed_instance(seed + number)
    for number, line in enumerate(lines):
        if number % 2 == parity:
            for _ in range(fills):
                yield _filled(line, fakers[chance.choice(locales)], lambda: chance.choice(companies))


def chats() -> Iterator[Row]:
    """Yield the chat texts of our own, the set being the kind of text. Titles are no part of a name."""
    for name, texts in CHATS.items():
        for marked in texts:
            text, spans, at = "", [], 0
            for mark in _MARK.finditer(marked):
                text += marked[at : mark.start()]
                title = _TITLES.match(mark[2])
                start = len(text) + (title.end() if title else 0)
                text += mark[2]
                spans.append(Span(start, len(text), PERSON if mark[1] == PERSON else PLACE))
                at = mark.end()
            text += marked[at:]
            yield Row(text, tuple(joined(text, spans)), name)


def joined(text: str, spans: Iterable[Span]) -> list[Span]:
    """Join the places that follow one another as parts of one address; order the spans."""
    result: list[Span] = []
    for span in sorted(spans):
        last = result[-1] if result else None
        if last and last.kind == span.kind == PLACE and _BETWEEN.match(text[last.end : span.start]):
            result[-1] = Span(last.start, max(last.end, span.end), PLACE)
        else:
            result.append(span)
    return result


def count(row: Row, found: Iterable[Span], kind: str, counts: Counts, overlap: float) -> None:
    """Add to ``counts`` how ``found`` agrees with ``row`` in entities of ``kind``.

    Two agree where what they share is at least ``overlap`` of what they cover together; 1 asks for the same limits.
    Each counts once.
    """
    wanted = [span for span in row.spans if span.kind == kind]
    for span in found:
        if span.kind != kind or _in_country(row, span):
            continue
        match = max(wanted, key=lambda other: _share(span, other), default=None)
        if match is not None and _share(span, match) >= overlap:
            wanted.remove(match)
            counts.hits += 1
            counts.reached += 1
        else:
            counts.false += 1
    counts.missed += len(wanted)


def count_covered(row: Row, found: Iterable[Span], kind: str, counts: Counts) -> None:
    """Add to ``counts`` how much of ``row`` the spans ``found`` cover, whatever the pieces they come in.

    What is there counts as found where at least half of its letters and digits are covered; what is found is right
    where at least half of its own are in something that is there.
    """
    wanted = [span for span in row.spans if span.kind == kind]
    given = [span for span in found if span.kind == kind and not _in_country(row, span)]
    for span in wanted:
        reached = _covered(row.text, span, given)
        counts.reached += reached
        counts.missed += not reached
    for span in given:
        right = _covered(row.text, span, wanted)
        counts.hits += right
        counts.false += not right


def _in_country(row: Row, span: Span) -> bool:
    return any(other.kind == COUNTRY and _share(other, span) > 0 for other in row.spans)


def _covered(text: str, span: Span, others: Sequence[Span]) -> bool:
    at = [position for position in range(span.start, span.end) if text[position].isalnum()]
    return 2 * sum(any(s.start <= position < s.end for s in others) for position in at) >= len(at)


def _share(one: Span, other: Span) -> float:
    common = min(one.end, other.end) - max(one.start, other.start)
    return max(0, common) / (max(one.end, other.end) - min(one.start, other.start))


def _filled(template: str, fake: Any, company: Callable[[], str]) -> Row:
    line = template.replace("\\n", "\n").replace("\\,", ",")
    text, spans, at = "", [], 0
    for hole in _HOLE.finditer(line):
        text += line[at : hole.start()]
        value = _value(hole[1], fake, company)
        kind = PERSON if _PEOPLE.match(hole[1]) else PLACE if hole[1] in _PLACES else ""
        kind = COUNTRY if hole[1] == COUNTRY else kind
        if kind:
            spans.append(Span(len(text), len(text) + len(value), kind))
        text += value
        at = hole.end()
    text += line[at:]
    # A number of its own is no place.
    spans = [span for span in joined(text, spans) if any(ch.isalpha() for ch in text[span.start : span.end])]
    return Row(text, tuple(spans), "templates")


def _value(hole: str, fake: Any, company: Callable[[], str]) -> str:
    special: Mapping[str, Callable[[], str]] = {
        "organization": company,
        "nationality": lambda: "Canadian",
        "nation_woman": lambda: "Frenchwoman",
        "nation_plural": lambda: "Canadians",
        "age": lambda: str(fake.random_int(18, 90)),
        "date_of_birth": lambda: f"{fake.random_int(1930, 2005)}-0{fake.random_int(1, 9)}-1{fake.random_int(0, 9)}",
        "date_time": lambda: f"{fake.random_int(1, 28)} March {fake.random_int(1990, 2025)}",
        "us_driver_license": lambda: fake.bothify("?#######").upper(),
        "secondary_address": lambda: f"Apt. {fake.random_int(1, 99)}",
        "state_abbr": lambda: fake.random_element(("CA", "NY", "TX", "OH", "WA")),
        "zipcode": fake.postcode,
        "prefix": lambda: "Dr.",
        "prefix_male": lambda: "Mr.",
        "prefix_female": lambda: "Ms.",
        "first_name_nonbinary": fake.first_name,
        "last_name_male": fake.last_name,
        "last_name_female": fake.last_name,
        "email": fake.safe_email,
        "ip_address": fake.ipv4,
    }
    if hole in ("person", "name", "name_male", "name_female"):
        # Faker's own full names come with titles and degrees at times.
        return f"{fake.first_name()} {fake.last_name()}"
    make = special.get(hole) or getattr(fake, hole)
    return str(make())
