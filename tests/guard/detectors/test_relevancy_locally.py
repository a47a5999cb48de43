"""``relevancy`` without a judge: sentences, and how like the question they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.checks import Backend, Brief, Exchange, Reading
from proxy.guard.detectors.relevancy import Relevancy, SentenceSimilarity, sentences
from tests.support.backends import FakeBackend, FakeBackends

EXCHANGE = Exchange(question="How long does an egg boil?", answering=True)
FISH = FakeBackend(lambda text: Reading({"0": 0.3 if "egg" in text else -0.1}), timeout=2.5)


class WithoutJudge(FakeBackends):
    """There are local models, and no judge."""

    asked: Callable[[Exchange], Sequence[str]]

    def judge(self, brief: Brief, name: str | None) -> Backend:
        raise ValueError(f"there is no judge called {name}")

    def similarity(self, references: Callable[[Exchange], Sequence[str]]) -> Backend:
        self.asked = references
        return self.backend


class WithoutAnything(WithoutJudge):
    def similarity(self, references: Callable[[Exchange], Sequence[str]]) -> Backend:
        raise ValueError("the embedding model is not installed")


async def test_sentences_like_the_question_are_facts_in_its_favour() -> None:
    backend = SentenceSimilarity(FISH, 0.25)
    text = "An egg takes about six minutes to cook. Penguins are birds that do not fly at all. "
    assert (await backend.read(text, EXCHANGE)).notes == {
        "facts": [
            {"fact": "An egg takes about six minutes to cook.", "score": 1},
            {"fact": "Penguins are birds that do not fly at all.", "score": 0},
        ]
    }
    assert backend.timeout == 2.5
    assert (await SentenceSimilarity(FISH, 0.31).read("egg", EXCHANGE)).notes == {
        "facts": [{"fact": "egg", "score": 0}]
    }


def test_the_question_is_the_reference() -> None:
    backends = WithoutJudge(FISH)
    Relevancy.from_config({}, backends)
    assert list(backends.asked(EXCHANGE)) == [EXCHANGE.question]


def test_a_judge_that_was_named_is_not_replaced() -> None:
    with pytest.raises(ValueError, match="no judge called mine"):
        Relevancy.from_config({"backend": "mine"}, WithoutJudge(FISH))
    with pytest.raises(ValueError, match="not installed"):
        Relevancy.from_config({}, WithoutAnything(FISH))
    with pytest.raises(ValueError, match="similarity"):
        Relevancy.from_config({"similarity": 2}, WithoutJudge(FISH))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" ... --- \n\n!", []),
        ("12.", ["12."]),
        (
            "Sure! Here it is. The answer to all of that is forty-two.",
            ["Sure! Here it is. The answer to all of that is forty-two."],
        ),
        (
            "A first sentence of some length.\nAnd a second one of the same kind!",
            ["A first sentence of some length.", "And a second one of the same kind!"],
        ),
        (
            "これは最初の文です。" * 4,
            [" ".join(["これは最初の文です。"] * 4)],
        ),
    ],
)
def test_how_sentences_are_cut(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text(st.sampled_from("ab. !\n。x"), max_size=200) | st.text(max_size=80) | st.just("word " * 500))
def test_sentences_have_all_the_letters_and_are_not_too_long(text: str) -> None:
    found = sentences(text)
    letters = [ch for ch in text if ch.isalnum()]
    assert [ch for sentence in found for ch in sentence if ch.isalnum()] == letters
    assert all(0 < len(sentence) <= 600 for sentence in found)
