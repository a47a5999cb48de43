"""The names that ``pii`` looks for with a backend's help: of people and of places.

A backend names entities in a window; here they become findings of the lane: parts of a name are joined, labels become
the API's, and what two windows both see is reported once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from proxy.guard.checks import Backend, Check, Exchange, Reading
from proxy.guard.detector import RuleReport
from proxy.guard.detectors.classifying import Labels, growing
from proxy.guard.findings import Match
from proxy.guard.windows import Window, Windows, WindowScanner

NAME_ENTITIES: Final = ("person", "location", "city")
"""What names may be asked for, as it is written in a configuration."""

GROUP: Final = "pii"

WINDOWS: Final = growing(64, 384, 96, lookahead=32)
"""A name that begins in a segment mostly ends within the look-ahead, in sight of the same window."""

PARTS: Final = ("given_name", "surname", "person", "city", "location", "address", "number")
"""What a backend's labels may mean. ``address`` is a place in an address; a ``number`` counts only within one."""

ALIASES: Final[Mapping[str, str]] = {
    "first_name": "given_name",
    "firstname": "given_name",
    "givenname": "given_name",
    "middle_name": "given_name",
    "middlename": "given_name",
    "last_name": "surname",
    "lastname": "surname",
    "family_name": "surname",
    "per": "person",
    "name": "person",
    "full_name": "person",
    "town": "city",
    "gpe": "location",
    "loc": "location",
    "country": "location",
    "state": "address",
    "county": "address",
    "street": "address",
    "street_name": "address",
    "street_address": "address",
    "secondary_address": "address",
    "building_number": "number",
    "zip_code": "number",
    "zipcode": "number",
    "postal_code": "number",
    "postcode": "number",
}
"""What recognizers of named entities call them."""

OTHERS: Final = (
    # Numbers, contacts and secrets: what has a format is found by rules.
    *("email", "email_address", "phone", "phone_number", "url", "ip", "ip_address", "ssn", "us_ssn", "id", "id_number"),
    *("tax_id", "bank_account", "routing_number", "government_id", "passport", "drivers_license", "account_number"),
    *("driver_license", "credit_card", "credit_card_number", "iban", "iban_code", "username", "password", "crypto"),
    # Other things than persons and places: the labels of CoNLL 2003 and OntoNotes 5, and ages.
    *("misc", "org", "organization", "norp", "nrp", "fac", "product", "event", "work_of_art", "law", "language", "age"),
    *("date", "time", "date_time", "date_of_birth", "percent", "money", "quantity", "ordinal", "cardinal"),
)
"""What recognizers name beside names, and is not asked for here."""

_KNOWN: Final = Labels((*PARTS, *OTHERS), ALIASES)
"""A backend with no label among them is none for names, unless the option ``labels`` knows one."""

_GAP: Final = 3
"""The most characters between two parts of one name or address."""


class _Name(NamedTuple):
    start: int
    end: int
    part: str


@dataclass(frozen=True, slots=True)
class Names:
    """What is asked for names, and which are wanted. Immutable; one serves all lanes."""

    backend: Backend
    wanted: frozenset[str]
    """Of :data:`NAME_ENTITIES`."""
    labels: Labels
    threshold: float
    """The least score of an entity that counts."""
    windows: Windows = WINDOWS

    def rules(self) -> Sequence[RuleReport]:
        """Return one line: what waits for its window to be filled."""
        return (RuleReport(f"windows for {', '.join(sorted(self.wanted))}", self.windows.hold_back),)

    def scanner(self, exchange: Exchange) -> NamesScanner:
        """Return a scanner for one lane."""
        return NamesScanner(self, exchange)

    def found(self, reading: Reading, text: str) -> list[_Name]:
        """Return the names in a window's ``text``, in order and apart, ``part`` being the label of the finding.

        Raises:
            ValueError: the reading names something outside the text, or has labels of which none is known.
        """
        self._check(reading)
        parts: list[_Name] = []
        for entity in sorted(reading.entities):
            if not 0 <= entity.start <= entity.end <= len(text):
                raise ValueError("the backend named something outside the text")
            own = self.labels.own(entity.label)
            if own and entity.score >= self.threshold:
                start, end = _trimmed(text, entity.start, entity.end)
                if start < end:
                    parts.append(_Name(start, end, own))
        return [name for name in self._joined(parts, text) if self._kept(name, text)]

    def _check(self, reading: Reading) -> None:
        theirs = {entity.label for entity in reading.entities} or set(reading.scores)
        if theirs and not any(self.labels.own(label) or _KNOWN.own(label) for label in theirs):
            raise ValueError(f"none of the backend's labels is known: {', '.join(sorted(theirs)[:8])}")

    def _joined(self, parts: Iterable[_Name], text: str) -> Iterator[_Name]:
        """Join parts to names under the API's labels; ``number`` stays where there is nothing to join it with."""
        last: _Name | None = None
        name: _Name | None = None
        for part in parts:
            if name and last and part.start < name.end:
                # A backend that sees two things in one place: the one that begins first counts.
                name = name._replace(end=max(name.end, part.end))
                continue
            if name and last and self._goes_on(last, part, text[name.end : part.start]):
                label = self._label(part)
                name = _Name(name.start, part.end, label if name.part == "number" else name.part)
            else:
                if name:
                    yield name
                name = _Name(part.start, part.end, self._label(part))
            last = part
        if name:
            yield name

    def _goes_on(self, last: _Name, part: _Name, gap: str) -> bool:
        if len(gap) > _GAP or "\n" in gap:
            return False
        if part.part in ("given_name", "surname"):
            return last.part in ("given_name", part.part) and all(ch.isspace() or ch in ".-'’" for ch in gap)
        address = {"address", "number", "location"} | ({"city"} - self.wanted)
        return {part.part, last.part} <= address and all(ch.isspace() or ch in ",.-/" for ch in gap)

    def _label(self, part: _Name) -> str:
        if part.part in ("given_name", "surname", "person"):
            return "PERSON"
        if part.part == "city" and "city" in self.wanted:
            return "CITY"
        return "number" if part.part == "number" else "LOCATION"

    def _kept(self, name: _Name, text: str) -> bool:
        """Tell whether a name is wanted and is one: a single letter, or a number alone, is not."""
        letters = sum(ch.isalpha() for ch in text[name.start : name.end])
        return name.part.lower() in self.wanted and letters > 1


class NamesScanner(WindowScanner):
    """Finds names in one lane.

    Answers are taken in the order of their windows, whatever the order in which they come: what a window finds depends
    on what those before it have.
    """

    def __init__(self, names: Names, exchange: Exchange) -> None:
        super().__init__("pii", names.backend, names.windows, exchange, self._keep)
        self._names = names
        self._answered: dict[int, tuple[Window, Reading]] = {}
        """By the start of their segments, the windows whose turn has not come."""
        self._reached = 0
        """The end of the last finding."""

    def reply(self, check: Check, reading: Reading) -> Sequence[Match]:
        """Take the answer to a question; return the matches of all segments that are thereby settled."""
        super().reply(check, reading)
        matches: list[Match] = []
        for start in sorted(self._answered):
            if start >= self.safe:
                break
            matches += self._matches(*self._answered.pop(start))
        return matches

    def _keep(self, reading: Reading, window: Window) -> Sequence[Match]:
        self._answered[window.segment_start] = (window, reading)
        return ()

    def _matches(self, window: Window, reading: Reading) -> Iterator[Match]:
        for name in self._names.found(reading, window.text):
            start, end = window.start + name.start, window.start + name.end
            begins = max(start, window.segment_start, self._reached)
            if begins >= min(end, window.segment_end):
                continue
            if begins > start:
                # Something of it has been found, or has left: what remains is a name all the same.
                begins, end = (
                    position + window.start
                    for position in _trimmed(window.text, begins - window.start, end - window.start)
                )
                if begins >= min(end, window.segment_end):
                    continue
            self._reached = end
            yield Match(begins, end, name.part, GROUP)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the part of ``start:end`` without space and punctuation around it; empty where there is nothing else."""
    while start < end and not text[start].isalnum():
        start += 1
    while start < end and not text[end - 1].isalnum():
        end -= 1
    return start, end
