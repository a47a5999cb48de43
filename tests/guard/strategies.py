"""What the guard's properties are tried on: rules, words, texts rich in near misses, and ways of cutting them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from hypothesis import strategies as st

from proxy.guard.detector import Detector
from proxy.guard.detectors.keyword_detector import KeywordDetector
from proxy.guard.findings import Action
from proxy.guard.policy import Enforcement, Policy
from tests.guard.answers import ARGUMENT_LANES, PLAIN_LANES, Spoken
from tests.guard.fakes import RulesDetector
from tests.guard.oracle import Enforced, Spec, pattern_spans, word_spans


def _even(text: str) -> bool:
    return sum(int(ch) for ch in text if ch.isdigit()) % 2 == 0


def _no_nines(text: str) -> bool:
    return "99" not in text


POOL = (
    Spec("exchange", r"\d{3}-\d{4}|\d{3}", samples=("123-4567", "123")),
    Spec("serial", r"\d{3}-\d{2}-\d{4}", behind=r"![\d-]", ahead=r"![\d-]", samples=("123-45-6789",)),
    Spec(
        "address",
        r"[a-z0-9.]{1,8}@(?:[a-z0-9]{1,4}\.){1,3}[a-z]{2,4}",
        samples=("a.b@cd.ef.gh", "ab@c.de", "a.b.c.d1@e1.fg.hi.jklm"),
    ),
    Spec("whole_address", r"[a-z]{1,6}@[a-z]{1,4}\.[a-z]{2,3}", r"![a-z@]", r"![a-z]", samples=("abcdef@abcd.abc",)),
    Spec("octets", r"(?:\d{1,3}\.){3}\d{1,3}", samples=("127.10.99.123",)),
    Spec(
        "nested",
        r"(?:(?:ab{1,2}){2,3}-?){1,2}c",
        samples=("abbabb-abbabbabb-c", "ababc", "abbabbabbabbabbabbc", "abbabbabb-abbabbabb-c"),
    ),
    Spec("nullable", r"(?:a?b?){2,3}@", samples=("ababab@", "bbb@", "aaa@", "baba@", "@")),
    Spec("key", r"(?i:sk)-[A-Za-z0-9]{4,6}", ahead=r"![A-Za-z0-9]", samples=("sk-Ab12Cd", "SK-Ab12")),
    Spec("secretive", r"(?i:secret|sec)", samples=("secret", "sec", "SECRET")),
    Spec("link", r"https?://[^\s]+", samples=("https://ab", "http://a")),
    Spec("tail", r"ab(?:cd)+", samples=("abcdcd", "abcd")),
    Spec("blob", r"[0-9a-f]{6,}", behind=r"![0-9a-f]", samples=("123abc", "1234567890abcdef")),
    Spec("wide_ahead", r"a{1,3}", ahead=r"!aab", samples=("aaa", "a")),
    Spec("late_ahead", r"[ab]{1,2}", ahead=r"!abc", samples=("ab", "ba")),
    Spec(
        "labelled",
        r"\d{3,5}",
        ahead=r"!\d|[ .-]\d",
        context=r"(?i:id|no)[:= ]{1,2}",
        context_behind=r"![a-z]",
        samples=("123", "12345"),
    ),
    Spec("long_context", r"9", context=r"ab[a-z]{0,6}:", samples=("9",)),
    Spec("unit", r"\d{1,2}", ahead=r"=(?:kg|g )", samples=("12", "1"), following=("kg", "g ")),
    Spec("even", r"\d{2,4}", validate=_even, samples=("1234", "11")),
    Spec("chained", r"\d(?:-?\d){2,5}", ahead=r"!-?\d", validate=_no_nines, samples=("1-2-3", "123456")),
    Spec("context_even", r"[\d-]{2,4}", context=r"[=:] ?", validate=_even, samples=("12-3",)),
    Spec("umlaut", r"[äöü]{1,2}ß|über", samples=("äöß", "über")),
    Spec("emoji", r"[😀-😅]{2}", samples=("😀😁",)),
    Spec("after_at", r"[a-z]{2,4}", behind=r"=[@\n]", samples=("abcd", "ab")),
    Spec("not_word", r"[^a-z0-9 ]{2}[^\n]", samples=("--a", "@@1")),
    Spec("any", r"<.{1,4}>", samples=("<abcd>", "<a>")),
    Spec("line", r"a\nb\t?", samples=("a\nb\t", "a\nb")),
    Spec("either_end", r"(?:ab|a)(?:bc|c)?", samples=("abbc", "abc", "ac", "a")),
)
"""Small rules, each with something that is easy to get wrong."""

_PIECES = (
    "1", "12", "123", "4567", "99", "-", ".", "@", ":", "= ", " ", "\n", "\t", "a", "b", "ab", "abc", "aab", "c", "cd",
    "kg", "g ", "id", "ID: ", "no=", "sk-", "SK-", "x", "sec", "SECRET", "http", "https://", "<", ">", "ü", "über",
    "äß", "😀", "😅", "deadbeef", "a.b", "é",
)  # fmt: skip
_FRAGMENTS = st.sampled_from(_PIECES)


def specs(most: int = 4) -> st.SearchStrategy[list[Spec]]:
    """Return a few rules of the pool."""
    return st.lists(st.sampled_from(POOL), min_size=1, max_size=most, unique_by=lambda spec: spec.name)


@st.composite
def texts(draw: st.DrawFn, chosen: Sequence[Spec], most: int = 10) -> str:
    """Return a text of fragments, samples of the rules, and samples cut short."""
    samples = st.sampled_from([sample for spec in chosen for sample in spec.samples])
    cut_short = st.builds(lambda sample, length: sample[: length % len(sample)], samples, st.integers(0, 20))
    return "".join(draw(st.lists(st.one_of(samples, cut_short, _FRAGMENTS), max_size=most)))


@st.composite
def cuttings(draw: st.DrawFn, text: str, most: int = 8) -> list[str]:
    """Return the text in pieces, none of which is empty."""
    if len(text) < 2:
        return [text] if text else []
    if draw(st.booleans()):
        size = draw(st.integers(1, 3))
        return [text[at : at + size] for at in range(0, len(text), size)]
    marks = sorted(draw(st.sets(st.integers(1, len(text) - 1), max_size=most)))
    return [text[start:end] for start, end in zip([0, *marks], [*marks, len(text)], strict=True)]


BANNED = ("forbidden", "ban", "band aid", "日本", "naïve", "sec")
_WORDS = st.sampled_from(
    ("for", "forbid", "forbidden", "Forbidden", "ba", "ban", "band  aid", "日", "日本", "NAÏVE", "ｂａｎ", "b\u200ban")
)


@st.composite
def policies(draw: st.DrawFn, chosen: Sequence[Spec], actions: Sequence[Action] = tuple(Action)) -> Policy:
    """Return a policy of two rule detectors and a list of words, in any order and under any actions."""
    half = len(chosen) // 2
    detectors: list[Detector] = [
        RulesDetector("rules", tuple(spec.rule for spec in chosen[half:])),
        KeywordDetector(BANNED),
    ]
    if half:
        detectors.append(RulesDetector("more", tuple(spec.rule for spec in chosen[:half])))
    ordered = draw(st.permutations(detectors))
    return Policy(
        "drawn",
        tuple(Enforcement(detector, draw(st.sampled_from(actions))) for detector in ordered),
        expose_full=draw(st.booleans()),
        block_notice=draw(st.booleans()),
    )


def as_oracle(policy: Policy, chosen: Sequence[Spec]) -> list[Enforced]:
    """Return the same policy in the oracle's terms."""
    half = len(chosen) // 2
    parts = {"rules": chosen[half:], "more": chosen[:half]}
    return [
        Enforced(
            e.detector.name,
            e.action.value,
            partial(pattern_spans, parts[e.detector.name]) if e.detector.name in parts else partial(word_spans, BANNED),
            (lambda label, n: f"<{label}_{n}>")
            if e.detector.name in parts
            else (lambda label, n: f"[{label}_{n + 1}]"),
        )
        for e in policy.enforcements
    ]


def mixed_texts(chosen: Sequence[Spec]) -> st.SearchStrategy[str]:
    """Return texts with both words and samples of rules."""
    return st.lists(st.one_of(texts(chosen, 3), _WORDS, st.just(" ")), max_size=7).map("".join)


@st.composite
def documents(draw: st.DrawFn, strings: st.SearchStrategy[str]) -> str:
    """Return the JSON text of an object, some of its characters escaped without need."""
    scalar = st.one_of(
        strings, strings, st.integers(-999, 10**7), st.sampled_from([1.5, -2e30, 0.25]), st.booleans(), st.none()
    )
    values = st.recursive(scalar, lambda inner: st.one_of(st.lists(inner, max_size=3), _objects(inner)), max_leaves=4)
    text = json.dumps(draw(_objects(values)), ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1])))
    for ch in draw(st.sets(st.sampled_from("@-ab1 "), max_size=2)):
        # Within strings only: an escape elsewhere is no JSON.
        text = "".join(_escaped(part, ch) if inside else part for inside, part in _strings(text))
    return text


def _objects(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(("to", "n", "q_r", "z")), values, max_size=3)


def _strings(text: str) -> Iterator[tuple[bool, str]]:
    at = 0
    for found in re.finditer(r'"(?:[^"\\]|\\.)*"', text):
        yield False, text[at : found.start()]
        yield True, found.group()
        at = found.end()
    yield False, text[at:]


def _escaped(part: str, ch: str) -> str:
    return "".join(f"\\u{ord(c):04X}" if c == ch else c for c in re.split(r"(\\u....|\\.|.)", part, flags=re.S) if c)


@st.composite
def answers(draw: st.DrawFn, strings: st.SearchStrategy[str], most_choices: int = 3) -> list[Spoken]:
    """Return what one to three choices say, each in a few lanes in canonical order."""
    answer: list[Spoken] = []
    for _ in range(draw(st.integers(1, most_choices))):
        plain = draw(st.sets(st.sampled_from(PLAIN_LANES), max_size=3))
        calls = draw(st.sets(st.sampled_from(ARGUMENT_LANES[:2]), max_size=2))
        if ARGUMENT_LANES[1] in calls and draw(st.booleans()):
            calls |= {ARGUMENT_LANES[2]}
        spoken = [(lane, draw(strings)) for lane in PLAIN_LANES if lane in plain]
        answer.append(spoken + [(lane, draw(documents(strings))) for lane in ARGUMENT_LANES if lane in calls])
    return answer
