"""Winnowing: what it promises about common passages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.fingerprints import fingerprint, winnow

_WORDS = st.lists(st.sampled_from("abcd"), max_size=40)
_SIZES = st.integers(2, 5).flatmap(lambda gram: st.tuples(st.just(gram), st.integers(1, gram - 1)))


def grams(words: list[str], gram: int) -> list[int]:
    return [fingerprint(words[at : at + gram]) for at in range(len(words) - gram + 1)]


class TestWinnowing:
    @given(_WORDS, _SIZES)
    def test_keeps_one_of_every_window(self, words: list[str], sizes: tuple[int, int]) -> None:
        gram, window = sizes
        kept, hashes = set(winnow(words, gram, window)), grams(words, gram)
        assert all(
            kept & set(hashes[at : at + window]) for at in range(max(len(hashes) - window + 1, min(len(hashes), 1)))
        )
        assert kept <= set(hashes)

    @given(_WORDS, _WORDS, _WORDS, _SIZES)
    def test_leaves_a_trace_in_every_long_passage(
        self, before: list[str], passage: list[str], after: list[str], sizes: tuple[int, int]
    ) -> None:
        gram, window = sizes
        if len(passage) >= gram + window - 1:
            assert set(winnow([*before, *passage, *after], gram, window)) & set(grams(passage, gram))

    def test_keeps_about_two_of_a_window_and_one(self) -> None:
        words = [str(number) for number in range(10_000)]
        assert 0.38 < len(list(winnow(words, 5, 4))) / len(words) < 0.42

    def test_is_the_same_on_every_machine(self) -> None:
        assert fingerprint(["zebra", "日本"]) == 17805877706376155320
        assert fingerprint(["a", "b"]) != fingerprint(["ab"])
