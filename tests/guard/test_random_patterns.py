"""Patterns nobody thought of: small random ones against brute force, with every continuation tried."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.runner import PatternScanner, compile_rules, hold_back
from tests.guard.oracle import Spec, longest_from, may_go_on, pattern_spans

ALPHABET = "abc"
_ATOMS = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", "c", r"\w", "[b-c]", "(?i:B)"])
_BOUNDS = st.sampled_from(["?", "{2}", "{1,2}", "{0,2}", "{1,3}"])
_ENDS = st.sampled_from(["", "", "", "!a", "!ab", "![ab]c", "=b", "=ca|a", "!b|ca"])


def _join(parts: list[str]) -> str:
    return "".join(parts)


def _either(branches: list[str]) -> str:
    return f"(?:{'|'.join(branches)})"


def bodies() -> st.SearchStrategy[str]:
    """Return bodies of at most a dozen characters' width."""
    repeated = st.builds("{}{}".format, _ATOMS, _BOUNDS)
    simple = st.lists(st.one_of(_ATOMS, repeated), min_size=1, max_size=2).map(_join)
    either = st.lists(simple, min_size=2, max_size=3).map(_either)
    grouped = st.builds("{}{}".format, either, st.sampled_from(["", "?", "{1,2}"]))
    return st.lists(st.one_of(simple, grouped), min_size=1, max_size=2).map(_join)


@st.composite
def patterns(draw: st.DrawFn, name: str = "r") -> Spec:
    behind = draw(st.sampled_from(["", "", "![a]", "=[bc]"]))
    context = draw(st.sampled_from(["", "", "", "ab?", "(?:a|ca){1,2}"])) if not behind else ""
    body = draw(bodies())
    if draw(st.integers(0, 5)) == 0:
        return Spec(
            name,
            draw(st.sampled_from(["a", "ab", "b[ab]"])) + draw(st.sampled_from(["a+", "(?:bc)*", "[ab]{2,}"])),
            behind,
            "",
            context,
        )
    # A body that may be empty is no pattern: one character makes sure of it.
    return Spec(name, f"(?:{body}){draw(st.sampled_from(['a', 'b', 'c']))}", behind, draw(_ENDS), context)


TEXTS = st.text(ALPHABET, max_size=14)


def _scanner(*chosen: Spec) -> PatternScanner:
    return PatternScanner(compile_rules(tuple(spec.rule for spec in chosen)))


@given(patterns("r"), patterns("s"), TEXTS, st.integers(1, 3))
def test_matches_are_those_of_brute_force(first: Spec, second: Spec, text: str, size: int) -> None:
    expected = sorted((s.start, s.end, s.label) for s in pattern_spans([first, second], text))
    for step in (size, max(len(text), 1)):
        scanner = _scanner(first, second)
        found = []
        for at in range(0, len(text), step):
            known = scanner.safe
            settled = scanner.feed(text[at : at + step])
            assert all(known <= match.start < scanner.safe for match in settled)
            found += settled
        found += scanner.finish()
        assert sorted((m.start, m.end, m.label) for m in found) == expected


@given(patterns(), TEXTS)
def test_what_is_held_could_still_become_a_match(spec: Spec, text: str) -> None:
    bound = hold_back(spec.rule)
    scanner = _scanner(spec)
    inside = {at for s in pattern_spans([spec], text) for at in range(s.start, s.end)}
    for fed, ch in enumerate(text, start=1):
        scanner.feed(ch)
        assert sum(at not in inside for at in range(scanner.safe, fed)) <= bound
        if scanner.safe < fed:
            assert _can_match(spec, text[:fed], scanner.safe, bound), (text[:fed], scanner.safe)


def _can_match(spec: Spec, text: str, start: int, more: int) -> bool:
    """Try every continuation of up to ``more`` characters, each only as far as a match can still come of it."""
    if longest_from(spec, text, start) is not None:
        return True
    if not more or not may_go_on(spec, text, start):
        return False
    return any(_can_match(spec, text + ch, start, more - 1) for ch in ALPHABET)
