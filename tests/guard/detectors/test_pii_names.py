"""Names of people and places in ``pii``: joined, clipped to their segments, reported once, under the API's labels."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.checks import Entity, Reading
from proxy.guard.detector import Evidence
from proxy.guard.detectors.pii import Pii
from proxy.guard.findings import Action, Finding, LaneKey
from tests.guard.strategies import cuttings
from tests.support.backends import ANSWER, PROMPT, FakeBackend, FakeBackends, scan, scan_in_any_order

_KINDS = {
    "GIVEN_NAME": r"\b(?:Anna|Maria|Peter)\b",
    "SURNAME": r"\b(?:Smith|Lee|Garcia)\b",
    "PER": r"Grace Hopper|Ada",
    "CITY": r"\b(?:Berlin|New York)\b",
    "BUILDING_NUMBER": r"\b12\b",
    "STREET_NAME": r"Main Street",
    "STATE": r"\bNY\b",
    "ZIP_CODE": r"\b10001\b",
    "EMAIL": r"\S+@\S+",
}


def _says(text: str) -> Reading:
    found = (
        Entity(m.start(), m.end(), kind, 0.9) for kind, sought in _KINDS.items() for m in re.finditer(sought, text)
    )
    return Reading(entities=tuple(found))


def _backends(says: Callable[[str], Reading] = _says) -> FakeBackends:
    return FakeBackends(FakeBackend(says))


def _found(text: str, *entities: str, **config: object) -> list[tuple[str, str]]:
    detector = Pii.from_config({"entities": list(entities), **config}, _backends())
    return [(text[m.start : m.end], m.label) for m in scan(detector.scanner(PROMPT), [text]).matches]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ask Anna Smith.", ["Anna Smith"]),
        ("Anna Maria Garcia-Lee called", ["Anna Maria Garcia-Lee"]),
        ("Anna, Peter and Maria", ["Anna", "Peter", "Maria"]),
        ("Anna Smith Peter Lee", ["Anna Smith", "Peter Lee"]),
        ("Anna\nSmith", ["Anna", "Smith"]),
        ("Ada Grace Hopper", ["Ada", "Grace Hopper"]),
        ("Berlin, 12 Main Street", []),
        ("nobody", []),
    ],
)
def test_parts_of_one_name_are_one_person(text: str, names: list[str]) -> None:
    assert _found(text, "person") == [(name, "PERSON") for name in names]


@pytest.mark.parametrize(
    ("entities", "found"),
    [
        (("city",), [("New York", "CITY")]),
        (("location",), [("12 Main Street, New York, NY 10001", "LOCATION")]),
        (("location", "city"), [("12 Main Street", "LOCATION"), ("New York", "CITY"), ("NY 10001", "LOCATION")]),
    ],
)
def test_places_are_found_under_what_is_asked_for(entities: tuple[str, ...], found: list[tuple[str, str]]) -> None:
    assert _found("Live at 12 Main Street, New York, NY 10001, since", *entities) == found


def test_a_number_alone_is_no_place() -> None:
    assert _found("The 12 of us met 10001 times in Berlin", "location") == [("Berlin", "LOCATION")]


def test_names_and_formats_are_found_together() -> None:
    text = "Mail Anna Smith (ann@example.com)"
    assert _found(text, "person", "email_address") == [("Anna Smith", "PERSON"), ("ann@example.com", "EMAIL_ADDRESS")]
    assert _found(text, "PERSON") == [("Anna Smith", "PERSON")]
    assert _found(text, "email_address") == [("ann@example.com", "EMAIL_ADDRESS")]


def test_unlikely_names_do_not_count() -> None:
    assert _found("Anna Smith", "person", threshold=0.95) == []


def test_a_backends_own_labels_can_be_said() -> None:
    labels = {"SURNAME": "person"}
    assert _found("Anna Smith", "person", labels=labels) == [("Smith", "PERSON")]


def test_a_backend_that_names_what_is_not_there_fails() -> None:
    beyond = _backends(lambda text: Reading(entities=(Entity(0, len(text) + 1, "PER", 1.0),)))
    with pytest.raises(ValueError, match="outside the text"):
        scan(Pii.from_config({"entities": ["person"]}, beyond).scanner(PROMPT), ["Anna"])


def _naming(*labels: str, scores: dict[str, float] | None = None) -> FakeBackends:
    return _backends(lambda _: Reading(scores or {}, tuple(Entity(0, 4, label, 0.9) for label in labels)))


@pytest.mark.parametrize(
    "backends", [_naming("XPER"), _naming("LABEL_1", "LABEL_2"), _naming(scores={"harassment": 0.1}), _naming("")]
)
def test_a_backend_none_of_whose_labels_is_known_fails(backends: FakeBackends) -> None:
    with pytest.raises(ValueError, match="none of the backend's labels is known"):
        scan(Pii.from_config({"entities": ["person"]}, backends).scanner(PROMPT), ["Anna"])


@pytest.mark.parametrize(
    "backends",
    [_naming("ORG"), _naming("Date-Time"), _naming("CITY"), _naming("XPER", "email"), _naming(scores={"PERSON": 0.0})],
)
def test_what_nobody_asks_for_is_no_failure(backends: FakeBackends) -> None:
    for config in ({}, {"labels": {"PER": "person"}}):
        detector = Pii.from_config({"entities": ["person"], **config}, backends)
        assert scan(detector.scanner(PROMPT), ["Anna"]).matches == []


def test_a_label_of_the_operators_is_known() -> None:
    detector = Pii.from_config({"entities": ["person"], "labels": {"XPER": "person"}}, _naming("XPER"))
    assert [match.label for match in scan(detector.scanner(PROMPT), ["Anna"]).matches] == ["PERSON"]


@given(st.integers(0, 500), st.data())
def test_a_name_at_any_place_is_found_once_and_whole(offset: int, data: st.DataObject) -> None:
    text = ("so " * 200)[:offset] + " Anna Smith " + "then " * 20
    detector = Pii.from_config({"entities": ["person"]}, _backends())
    scanned = scan_in_any_order(detector.scanner(ANSWER), data.draw(cuttings(text)), data)
    assert [text[match.start : match.end] for match in scanned.matches] == ["Anna Smith"]


_SMALL = {"first": 50, "size": 96, "overlap": 40}
_PARTS = st.sampled_from(("Anna", "Smith", "Peter", "Berlin", " ", " ", ", ", "went on ", "and then for a long while "))


@given(st.lists(_PARTS, max_size=40).map("".join), st.data())
def test_names_never_overlap_and_always_lie_within_what_was_named(text: str, data: st.DataObject) -> None:
    detector = Pii.from_config({"entities": ["person", "city"], "windows": _SMALL}, _backends())
    matches = scan_in_any_order(detector.scanner(ANSWER), data.draw(cuttings(text)), data).matches
    assert all(one.end <= other.start for one, other in pairwise(matches))
    named = {
        at
        for kind in ("GIVEN_NAME", "SURNAME", "CITY")
        for m in re.finditer(_KINDS[kind], text)
        for at in range(*m.span())
    }
    covered = {at for match in matches for at in range(match.start, match.end)}
    assert named <= covered
    assert all(text[at] in " -.'" for at in covered - named)


def test_what_the_window_before_could_not_see_is_clipped() -> None:
    # Only with the words behind it is this a name, and then its beginning has left.
    says = lambda text: Reading(  # noqa: E731
        entities=tuple(Entity(m.start(), m.end(), "PER", 1.0) for m in re.finditer(r"Jean \w+ Leroy(?= .*end)", text))
    )
    text = "x " * 12 + "Jean Baptistebaptiste Leroy " + "y " * 30 + "end " * 20
    detector = Pii.from_config({"entities": ["person"], "windows": {"first": 64, "size": 384}}, _backends(says))
    (match,) = scan(detector.scanner(ANSWER), [text]).matches
    assert text[match.start : match.end] == "Baptistebaptiste Leroy"


def _finding(label: str, value: str | None) -> Finding:
    return Finding("pii", label, "pii", LaneKey(0, "content"), 0, 1, Action.REDACT, f"<{label}_0>", value)


def test_people_have_a_group_of_their_own_beside_the_four() -> None:
    detector = Pii.from_config({"entities": ["person", "city"]}, _backends())
    assert set(detector.report(Evidence()).details) == {
        "pii", "secrets", "ip_address", "url", "person", "compliance_mapping",
    }  # fmt: skip
    details = detector.report(Evidence((_finding("PERSON", "Anna"), _finding("CITY", None)))).details
    assert details["person"] == {"<PERSON_0>": "Anna"}
    assert details["pii"] == {"<PERSON_0>": "Anna", "<CITY_0>": "***"}


def test_names_are_only_asked_for_where_they_are_named() -> None:
    backends = _backends()
    assert not Pii.from_config({}, backends).asks
    assert not Pii.from_config({"entities": ["pii", "url"]}, backends).asks
    assert backends.classifiers == []
    assert Pii.from_config({"entities": ["person"], "backend": "other"}, backends).asks
    assert backends.classifiers == [("pii", "other")]


def test_the_windows_are_reported_beside_the_rules() -> None:
    detector = Pii.from_config({"entities": ["city", "person", "us_itin"]}, _backends())
    assert [rule.name for rule in detector.rules()][-1] == "windows for city, person"
    assert len(detector.rules()) > 1


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"threshold": 0.5}, "threshold: only names have it"),
        ({"entities": ["url"], "backend": "other"}, "backend: only names have it"),
        ({"entities": ["person"], "backend": "missing"}, "no backend"),
        ({"entities": ["person"], "labels": {"PER": "people"}}, r"labels\.PER: expected one of given_name"),
        ({"entities": ["person"], "windows": {"first": 40}}, "windows: "),
        ({"entities": ["person", "shoe_size"]}, "unknown entity 'shoe_size'"),
    ],
)
def test_a_bad_configuration_is_refused_by_name(config: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Pii.from_config(config, _backends())
