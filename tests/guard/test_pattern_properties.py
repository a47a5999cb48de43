"""Rules against brute force: the same matches however the text is cut, and no more held back than has to be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.guard.findings import Match
from proxy.guard.pattern import PatternError
from proxy.guard.rule import Rule
from proxy.guard.runner import PatternScanner, compile_rules, hold_back
from tests.guard.oracle import Spec, longest_from, pattern_spans
from tests.guard.strategies import POOL, cuttings, specs, texts

BY_NAME = {spec.name: spec for spec in POOL}
Found = list[tuple[int, int, str]]


def scanner_of(chosen: Sequence[Spec]) -> PatternScanner:
    return PatternScanner(compile_rules(tuple(spec.rule for spec in chosen)))


def scan(chosen: Sequence[Spec], pieces: Iterable[str]) -> Found:
    scanner = scanner_of(chosen)
    matches = [match for piece in pieces for match in scanner.feed(piece)]
    return in_order([*matches, *scanner.finish()])


def in_order(matches: Iterable[Match]) -> Found:
    return sorted(((m.start, m.end, m.label) for m in matches), key=lambda m: (m[0], -m[1], m[2]))


def expected(chosen: Sequence[Spec], text: str) -> Found:
    return sorted(((s.start, s.end, s.label) for s in pattern_spans(chosen, text)), key=lambda m: (m[0], -m[1], m[2]))


def named(*names: str) -> list[Spec]:
    return [BY_NAME[name] for name in names]


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[Spec], str, list[str]]:
    chosen = draw(specs())
    text = draw(texts(chosen))
    return chosen, text, draw(cuttings(text))


class TestMatches:
    @given(scenes())
    @example((named("wide_ahead"), "aaac", ["aaac"]))
    @example((named("late_ahead"), "aabX", ["aabX"]))
    @example((named("exchange"), "123-4", ["123-", "4"]))
    def test_are_those_of_brute_force_in_any_cutting(self, scene: tuple[list[Spec], str, list[str]]) -> None:
        chosen, text, pieces = scene
        assert scan(chosen, [text]) == expected(chosen, text)
        assert scan(chosen, pieces) == expected(chosen, text)
        assert scan(chosen, text) == expected(chosen, text)

    @pytest.mark.parametrize("spec", POOL, ids=lambda spec: spec.name)
    def test_samples_are_matched_under_every_two_way_cut(self, spec: Spec) -> None:
        for sample in spec.samples:
            lead = {"labelled": "id: ", "long_context": "abx:", "context_even": "= ", "after_at": "@"}.get(
                spec.name, ""
            )
            text = f"{lead}{sample}{spec.following[0]}"
            whole = scan([spec], [text])
            assert whole == expected([spec], text)
            assert any(start == len(lead) for start, _, _ in whole), text
            for cut in range(1, len(text)):
                assert scan([spec], [text[:cut], text[cut:]]) == whole

    @given(st.data())
    def test_come_in_order_of_their_start(self, data: st.DataObject) -> None:
        chosen, _, pieces = data.draw(scenes())
        scanner = scanner_of(chosen)
        starts = [match.start for piece in pieces for match in scanner.feed(piece)]
        starts += [match.start for match in scanner.finish()]
        assert starts == sorted(starts)


class TestSafePrefix:
    @given(scenes())
    @example(([Spec("plain", "ab"), BY_NAME["long_context"]], "abxxx:9 ", list("abxxx:9 ")))
    def test_grows_and_never_passes_a_match_that_is_still_to_come(
        self, scene: tuple[list[Spec], str, list[str]]
    ) -> None:
        chosen, text, pieces = scene
        scanner = scanner_of(chosen)
        safe = fed = 0
        for piece in pieces:
            reported = scanner.feed(piece)
            fed += len(piece)
            assert safe <= scanner.safe <= fed
            assert all(safe <= match.start < scanner.safe for match in reported)
            safe = scanner.safe
        assert all(match.start >= safe for match in scanner.finish())
        assert scanner.safe == len(text)

    @given(scenes())
    def test_is_the_same_however_the_text_came(self, scene: tuple[list[Spec], str, list[str]]) -> None:
        chosen, text, pieces = scene
        whole, parts, single = scanner_of(chosen), scanner_of(chosen), scanner_of(chosen)
        whole.feed(text)
        for piece in pieces:
            parts.feed(piece)
        for ch in text:
            single.feed(ch)
        assert whole.safe == parts.safe == single.safe


def continuations(chosen: Sequence[Spec]) -> list[str]:
    """Return texts that carry any beginning of a match of the rules on to its end."""
    whole = [sample + after for spec in chosen for sample in spec.samples for after in spec.following]
    return ["", *sorted({text[at:] for text in whole for at in range(len(text))}, key=len)]


class TestHoldBack:
    @given(scenes())
    def test_what_is_held_could_still_become_a_match(self, scene: tuple[list[Spec], str, list[str]]) -> None:
        chosen = [spec for spec in scene[0] if spec.validate is None]
        text = scene[1]
        tails = continuations(chosen)
        scanner = scanner_of(chosen)
        for fed, ch in enumerate(text, start=1):
            scanner.feed(ch)
            if scanner.safe < fed:
                assert any(
                    longest_from(spec, text[:fed] + tail, scanner.safe) is not None for tail in tails for spec in chosen
                ), (text[:fed], scanner.safe)

    @given(scenes())
    def test_is_within_what_is_reported_but_for_matches(self, scene: tuple[list[Spec], str, list[str]]) -> None:
        chosen, text, _ = scene
        bound = max(hold_back(spec.rule) for spec in chosen)
        inside = {at for start, end, _ in expected(chosen, text) for at in range(start, end)}
        scanner = scanner_of(chosen)
        for fed, ch in enumerate(text, start=1):
            scanner.feed(ch)
            assert sum(at not in inside for at in range(scanner.safe, fed)) <= bound

    @pytest.mark.parametrize(
        ("pattern", "characters"),
        [
            ("abc", 2),
            (r"\d{3}-\d{4}|\d{3}", 7),
            ("ab(?!cd)", 3),
            ("ab(?=cde)", 4),
            ("ab(?:cd)+", 3),
            ("x*yz", None),
            ("ab+(?!c)", None),
            ("(?:a+b){2}", None),
        ],
    )
    def test_is_reported_or_the_rule_refused(self, pattern: str, characters: int | None) -> None:
        rule = Rule("r", "R", "g", pattern)
        if characters is None:
            with pytest.raises(PatternError, match="rule r"):
                hold_back(rule)
        else:
            assert hold_back(rule) == characters

    @given(scenes())
    def test_nothing_is_held_of_a_context(self, scene: tuple[list[Spec], str, list[str]]) -> None:
        scanner = scanner_of(named("labelled"))
        text = "".join(ch for ch in scene[1] if not ch.isdigit())
        scanner.feed(text)
        assert scanner.safe == len(text)
