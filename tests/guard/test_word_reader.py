"""Words as they stream: the same whatever the cutting, and whatever stands between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.word_reader import LONGEST_WORD, Runs, Word, WordReader, words_of
from tests.guard.strategies import cuttings

_PIECES = (
    "ab",
    "Ab",
    "a",
    "é",
    "e\u0301",
    "日",
    "本",
    "が",
    "か\u3099",
    "ﬃ",
    "½",
    "\u200b",
    "_",
    "'",
    "\u2019",
    " ",
    "\n",
    "-",
)
_TEXTS = st.lists(st.sampled_from(_PIECES), max_size=14).map("".join)


def read(pieces: list[str]) -> list[Word]:
    """Return the words of a text that comes in pieces."""
    reader = WordReader()
    return [word for piece in pieces for word in reader.feed(piece)] + reader.finish()


class TestWords:
    @given(_TEXTS.flatmap(lambda text: st.tuples(st.just(text), cuttings(text))))
    def test_do_not_depend_on_the_cutting(self, scene: tuple[str, list[str]]) -> None:
        text, pieces = scene
        assert read(pieces) == read([text])

    @given(_TEXTS)
    def test_stand_in_their_order_in_the_text(self, text: str) -> None:
        words = read([text])
        assert all(0 <= word.start < word.end <= word.known <= len(text) for word in words)
        assert [word.start for word in words] == sorted(word.start for word in words)

    @given(_TEXTS)
    def test_are_known_as_soon_as_they_say(self, text: str) -> None:
        for word in read([text]):
            if word.known < len(text):
                reader = WordReader()
                assert word not in reader.feed(text[: word.known - 1])
                assert word in reader.feed(text[word.known - 1 : word.known])

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("You are -- a HELPFUL\n* assistant.", ["you", "are", "a", "helpful", "assistant"]),
            ("don't don\u2019t", ["dont", "dont"]),
            ("snake_case", ["snake", "case"]),
            ("日本ban", ["日", "本", "ban"]),
            ("z\u200be\u00adro", ["zero"]),
            ("\uff38\u00e9", ["xe"]),
            ("x" * (LONGEST_WORD + 3), ["x" * LONGEST_WORD, "xxx"]),
            (" \u200b...", []),
        ],
    )
    def test_are_folded(self, text: str, words: list[str]) -> None:
        assert words_of(text) == words


class TestRuns:
    @given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 6)), max_size=12))
    def test_are_a_first_piece_and_all_the_others(self, steps: list[tuple[int, int]]) -> None:
        runs, found, expected, start, end = Runs("X"), [], [], 0, 0
        for step, size in steps:
            start += step
            if start >= end:
                expected.append([])
            end = max(end, start + size)
            expected[-1].append((start, end))
            found += runs.add(start, end)
            assert runs.safe(start + 1) <= start + 1
        found += runs.before(10**6)
        assert runs.safe(10**6) == 10**6
        wanted = [
            span for run in expected for span in (run[0], (run[1][0], run[-1][1]) if len(run) > 1 else None) if span
        ]
        assert [(match.start, match.end) for match in found] == wanted
