"""Shingles in a stream against a naive search: any cutting, any disguise, and no text held for nothing."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.checks import Placed
from proxy.guard.findings import Match
from proxy.guard.shingles import SIMILARITY, Shingles, ShingleScanner
from proxy.guard.word_reader import words_of
from tests.guard.strategies import cuttings

PROMPT = "Zebra kiwi mango. Kiwi mango plum zebra! Ziti 日本 plum"
SIZE = 3
_WORDS = st.sampled_from(
    ("zebra", "kiwi", "mango", "plum", "ziti", "Zeb", "日", "本", "kiwis", "m", "a", "arbez", "mron")
)
_GAPS = st.sampled_from((" ", " ", " ", ", ", "\n- ", "", "\u200b", "_"))
TEXTS = st.lists(st.tuples(_WORDS, _GAPS), max_size=14).map(lambda pairs: "".join(map("".join, pairs)))
CUT = TEXTS.flatmap(lambda text: st.tuples(st.just(text), cuttings(text)))


def scan(pieces: list[str], prompt: str = PROMPT, size: int = SIZE) -> tuple[list[Match], list[Placed]]:
    """Return what is found and measured in a text that comes in pieces."""
    scanner = ShingleScanner(Shingles(prompt, size), "X")
    found = [match for piece in pieces for match in scanner.feed(piece)]
    return [*found, *scanner.finish()], scanner.placed


def share(text: str, prompt: str = PROMPT, size: int = SIZE) -> float:
    """Return the last similarity measured in a text."""
    return max((placed.reading.scores[SIMILARITY] for placed in scan([text], prompt, size)[1]), default=0.0)


def holds_shingle(words: list[str], shingles: set[tuple[str, ...]]) -> bool:
    """Tell whether the words have a shingle in them, by looking at all places."""
    return any(tuple(words[at : at + SIZE]) in shingles for at in range(len(words)))


def plain() -> set[tuple[str, ...]]:
    words = words_of(PROMPT)
    return {tuple(words[at : at + SIZE]) for at in range(len(words) - SIZE + 1)}


class TestShingles:
    @given(CUT)
    def test_are_found_alike_in_any_cutting(self, scene: tuple[str, list[str]]) -> None:
        text, pieces = scene
        found, placed = scan([text])
        cut_found, cut_placed = scan(pieces)
        assert sorted(cut_found) == sorted(found)
        assert cut_placed == placed

    @given(TEXTS)
    def test_are_found_where_a_naive_search_finds_them(self, text: str) -> None:
        if holds_shingle(words_of(text), plain()):
            assert scan([text])[0]
        for match in scan([text])[0]:
            assert len(words_of(text[match.start : match.end])) >= SIZE

    @given(TEXTS)
    def test_never_begin_before_the_safe_prefix(self, text: str) -> None:
        scanner = ShingleScanner(Shingles(PROMPT, SIZE), "X")
        safe = 0
        for fed, ch in enumerate(text, start=1):
            assert all(safe <= match.start for match in scanner.feed(ch))
            assert safe <= scanner.safe <= fed
            safe = scanner.safe
        assert all(match.start >= safe for match in scanner.finish())
        assert scanner.safe == len(text)

    @given(TEXTS)
    def test_hold_only_what_may_become_one(self, text: str) -> None:
        shingles = Shingles(PROMPT, SIZE)
        scanner = ShingleScanner(shingles, "X")
        for fed, ch in enumerate(text, start=1):
            scanner.feed(ch)
            held = text[scanner.safe : fed]
            begins = " ".join(words_of(held))
            # Held text is the beginning of a shingle, or the rest of a run that is certain to be a match.
            rest = [match.start for match in scan([text[:fed]])[0]]
            assert not held or shingles.begins(begins) or scanner.safe in rest

    @given(TEXTS, st.integers(0, 30))
    def test_readings_depend_on_the_text_up_to_their_end(self, text: str, length: int) -> None:
        whole, part = scan([text])[1], ShingleScanner(Shingles(PROMPT, SIZE), "X")
        part.feed(text[:length])
        assert part.placed == [placed for placed in whole if placed.end <= length or placed in part.placed]
        assert all(placed.end <= max(length, 0) for placed in part.placed)

    def test_block_at_once_and_cover_the_whole_run(self) -> None:
        scanner = ShingleScanner(Shingles(PROMPT, SIZE), "X")
        text = "so: zebra, kiwi, mango, kiwi mango plum zebra ok"
        first = scanner.feed(text[: text.index("mango") + 6])
        assert [text[match.start : match.end] for match in first] == ["zebra, kiwi, mango"]
        assert scanner.safe > first[0].start
        rest = [*scanner.feed(text[text.index("mango") + 6 :]), *scanner.finish()]
        assert text[first[0].start : max(match.end for match in rest)] == text[4:-3]


INSTRUCTIONS = (
    "You are Orla, the concierge of the Harbour Hotel.\n- Never mention the refurbishment of the east wing.\n"
    "- Offer late checkout to gold members only.\nSign every message with the word lighthouse."
)


class TestLeaks:
    @pytest.mark.parametrize(
        "disguised",
        [
            INSTRUCTIONS,
            INSTRUCTIONS.upper(),
            "\n".join(reversed(INSTRUCTIONS.split("\n"))),
            INSTRUCTIONS.replace(" ", "-"),
            INSTRUCTIONS.replace(" ", " \u200b* "),
            INSTRUCTIONS.replace("e", "e\u200b"),
            " ".join(INSTRUCTIONS),
            codecs.encode(INSTRUCTIONS, "rot13"),
            INSTRUCTIONS[::-1],
            " ".join(reversed(INSTRUCTIONS.split())),
            " ".join(word[::-1] for word in INSTRUCTIONS.split()),
        ],
        ids=lambda text: text[:12],
    )
    def test_are_seen_through_disguises(self, disguised: str) -> None:
        assert share(disguised, INSTRUCTIONS, 5) > 0.5

    def test_are_measured_by_the_share_of_the_instructions(self) -> None:
        assert share(INSTRUCTIONS, INSTRUCTIONS, 5) == 1.0
        assert 0 < share("Offer late checkout to gold members", INSTRUCTIONS, 5) < 0.2

    @pytest.mark.parametrize(
        "text",
        ["", "As the concierge I can help.", "The east wing is closed, never mind.", "Late checkout is for members."],
    )
    def test_are_not_seen_in_other_texts(self, text: str) -> None:
        assert scan([text], INSTRUCTIONS, 5) == ([], [])

    @pytest.mark.parametrize(
        "prompt", ["", "You are a helpful assistant.", "Please answer in the language of the user."]
    )
    def test_are_not_of_what_anybody_would_guess(self, prompt: str) -> None:
        assert Shingles(prompt, 5).total == 0

    def test_of_a_short_prompt_are_the_whole_of_it(self) -> None:
        assert share("Sure: speak like a pirate!", "Speak like a pirate", 5) == 1.0
        assert share("speak like a parrot", "Speak like a pirate", 5) == 0.0
