"""Banned words against a naive search in an independently folded text, with the tricks that people play on filters."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from proxy.guard.detectors.keyword_detector import KeywordDetector
from proxy.guard.folding import Folder, fold
from tests.guard.oracle import fold_whole, longest_word_from, word_spans
from tests.guard.strategies import cuttings

WORDS = (
    "ban", "banned", "band aid", "bad", "bad word", "c++", "@home", "naïve", "straße", "office", "日本", "日本語",
    "ばか", "x_y", "Äpfel", "don't", "42", "привет", "คน", "한국",
)  # fmt: skip
_TRICKS = (
    "\u200b", "\u00ad", "\u2060", "\ufe0f", "\u0301", "\u0336", "\u20dd", "\u034f", "\u3164", "\U000e0101", "\u202e",
)  # fmt: skip
_SPACES = (" ", "  ", "\n", "\t ", "\u00a0", "\u3000", " \u200b ")
_FILLER = (
    "a",
    "n",
    "b",
    "B",
    "_",
    "-",
    "'",
    "1",
    "é",
    "ß",
    "ﬁ",
    "Ａ",
    "日",
    "語",
    "が",
    "\u0e19",
    "ก่",
    "ⓑ",
    "😀",
    ".",
    "İ",
    "ß",
    "한",
    "ㄱ",
)


def _wide(word: str) -> str:
    return "".join(chr(ord(ch) + 0xFEE0) if "!" <= ch <= "~" else ch for ch in word)


@st.composite
def disguised(draw: st.DrawFn, word: str) -> str:
    """Return a word as somebody might write it who does not want it found."""
    word = draw(st.sampled_from([word, word.lower(), word.upper(), word.title(), _wide(word)]))
    word = unicodedata.normalize(draw(st.sampled_from(["NFC", "NFD", "NFKC"])), word)
    parts = []
    for ch in word:
        parts.append(draw(st.sampled_from(_SPACES)) if ch == " " else ch)
        if draw(st.integers(0, 4)) == 0:
            parts.append(draw(st.sampled_from(_TRICKS)))
    return "".join(parts)


@st.composite
def texts(draw: st.DrawFn) -> str:
    word = st.sampled_from(WORDS)
    cut_short = st.builds(lambda w, n: w[: n % len(w)], word, st.integers(0, 9))
    piece = st.one_of(
        word,
        word.flatmap(disguised),
        cut_short,
        st.sampled_from(_FILLER),
        st.sampled_from(_SPACES),
        st.sampled_from(_TRICKS),
    )
    return "".join(draw(st.lists(piece, max_size=12)))


def find(words: Sequence[str], pieces: Iterable[str]) -> list[tuple[int, int, str]]:
    scanner = KeywordDetector(words).scanner(None)
    matches = [match for piece in pieces for match in scanner.feed(piece)]
    return [(m.start, m.end, m.key) for m in [*matches, *scanner.finish()]]


def expected(words: Sequence[str], text: str) -> list[tuple[int, int, str]]:
    return [(s.start, s.end, s.key) for s in word_spans(words, text)]


class TestFolding:
    @given(st.text(max_size=20))
    def test_of_pieces_is_that_of_the_whole(self, text: str) -> None:
        whole, _ = Folder().feed(text)
        folder, parts, origins = Folder(), [], []
        for at, ch in enumerate(text):
            folded, where = folder.feed(ch)
            parts.append(folded)
            origins += [at] * len(folded) if where is None else where
        assert "".join(parts) == whole
        assert [(ch, at) for ch, at in zip(whole, origins, strict=True)] == fold_whole(text)

    @given(texts())
    def test_is_done_once_and_for_all(self, text: str) -> None:
        assert fold(fold(text)) == fold(text)

    @given(st.sampled_from(WORDS).flatmap(lambda w: st.tuples(st.just(w), disguised(w))))
    def test_sees_through_disguises(self, pair: tuple[str, str]) -> None:
        word, disguise = pair
        assert fold(word) == fold(disguise)


class TestWords:
    @given(texts().flatmap(lambda t: st.tuples(st.just(t), cuttings(t))), st.sets(st.sampled_from(WORDS), min_size=1))
    @example(("ba\u200bnned\u200b\u200b x", ["ba\u200b", "nned\u200b", "\u200b x"]), {"banned"})
    @example(("oﬀice", ["o", "ﬀ", "ice"]), {"office", "of"})
    def test_are_those_of_a_naive_search_in_any_cutting(self, scene: tuple[str, list[str]], words: set[str]) -> None:
        text, pieces = scene
        ordered = sorted(words)
        assert find(ordered, [text]) == expected(ordered, text)
        assert find(ordered, pieces) == expected(ordered, text)
        assert find(ordered, text) == expected(ordered, text)

    @given(st.sampled_from(WORDS).flatmap(lambda w: st.tuples(st.just(w), disguised(w))), st.sampled_from(_SPACES))
    def test_are_found_in_any_disguise(self, pair: tuple[str, str], space: str) -> None:
        word, disguise = pair
        found = find([word], f"so{space}{disguise}{space}it is")
        assert [key for _, _, key in found] == [word]

    @given(texts(), st.sets(st.sampled_from(WORDS), min_size=1))
    def test_never_begin_before_the_safe_prefix(self, text: str, words: set[str]) -> None:
        scanner = KeywordDetector(sorted(words)).scanner(None)
        safe = 0
        for fed, ch in enumerate(text, start=1):
            reported = scanner.feed(ch)
            assert all(safe <= match.start < scanner.safe for match in reported)
            assert safe <= scanner.safe <= fed
            safe = scanner.safe
        assert all(match.start >= safe for match in scanner.finish())
        assert scanner.safe == len(text)

    @given(texts(), st.sets(st.sampled_from(WORDS), min_size=1))
    def test_are_held_no_longer_than_they_could_still_be_found(self, text: str, words: set[str]) -> None:
        scanner = KeywordDetector(sorted(words)).scanner(None)
        tails = sorted({word[at:] for word in words for at in range(len(word) + 1)}, key=len)
        tails += [fold(word)[at:] for word in words for at in range(len(fold(word)))]
        for fed, ch in enumerate(text, start=1):
            scanner.feed(ch)
            if scanner.safe < fed:
                assert any(longest_word_from(sorted(words), text[:fed] + tail, scanner.safe) for tail in tails)

    @pytest.mark.parametrize("text", ["banner", "xban", "ban_", "urban", "ban2", "b an", "baan", "подпривет", "한국어"])
    def test_are_whole(self, text: str) -> None:
        assert find(WORDS, text) == []

    @pytest.mark.parametrize("text", ["ban-x", "(ban)", "ban.", "ban's", "「日本」", "新日本語", "日本ban", "ban日本"])
    def test_have_boundaries(self, text: str) -> None:
        assert find(WORDS, text) == expected(WORDS, text) != []

    @settings(max_examples=10)
    @given(st.integers(0, 2**32).map(random.Random))
    def test_may_be_a_thousand(self, source: random.Random) -> None:
        alphabet = "abcdeé 日"
        words = sorted({"".join(source.choices(alphabet, k=source.randint(1, 6))).strip() for _ in range(1000)} - {""})
        text = "".join(source.choices([*words, " ", ".", "\u200b", "a", "日"], k=25))
        found = find(words, text)
        assert found == expected(words, text)
        size = source.randint(1, 5)
        assert find(words, [text[at : at + size] for at in range(0, len(text), size)]) == found

    @given(st.lists(st.sampled_from(["ab", "Ab", "a b", "a  b", "ＡＢ", "áb"]), min_size=1, unique=True))
    def test_that_fold_alike_are_reported_as_first_written(self, words: list[str]) -> None:
        first = next((word for word in words if fold(word) == "ab"), None)
        assume(first is not None)
        assert find(words, "so ab is") == [(3, 5, first)]
