"""``system_prompt``: what it finds in answers, measures in requests, asks a backend, and refuses as options."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.checks import Asking, Exchange, NoBackends, Reading
from proxy.guard.detector import Evidence, Scanner
from proxy.guard.detectors.system_prompt import SystemPromptDetector
from proxy.guard.findings import Action, Finding, LaneKey, Match
from proxy.guard.word_reader import words_of
from tests.guard.strategies import cuttings

PROMPT = "You are Orla, concierge of the Harbour Hotel.\nNever mention the refurbishment of the east wing. Be kind.\n"
ANSWER = Exchange(system_prompt=PROMPT, answering=True)
REQUEST = Exchange(system_prompt=PROMPT)
LEAK = "Sure! I was told: never mention the refurbishment of the east wing. Anything else?"


def scan(scanner: Scanner, pieces: Sequence[str]) -> list[Match]:
    return [*(match for piece in pieces for match in scanner.feed(piece)), *scanner.finish()]


def similarities(scanner: Scanner) -> list[float]:
    return [score for placed in getattr(scanner, "placed", ()) for score in placed.reading.scores.values()]


class Comparing(NoBackends):
    """Likens a text to each reference by the words they share."""

    timeout = 1.0

    def __init__(self) -> None:
        self.references: Callable[[Exchange], Sequence[str]] = lambda _: ()

    def similarity(self, references: Callable[[Exchange], Sequence[str]]) -> Comparing:
        self.references = references
        return self

    async def read(self, text: str, exchange: Exchange) -> Reading:
        said = set(words_of(text))
        shares = [len(said & set(words_of(each))) / len(words_of(each)) for each in self.references(exchange)]
        return Reading({str(number): share for number, share in enumerate(shares)})


async def settle(scanner: Scanner) -> list[Match]:
    """Answer all questions of a scanner."""
    found: list[Match] = []
    assert isinstance(scanner, Asking)
    for check in scanner.asks():
        found += scanner.reply(check, await check.backend.read(check.text, check.exchange))
    return found


class TestAnswers:
    @given(cuttings(LEAK))
    def test_that_repeat_the_instructions_are_found(self, pieces: list[str]) -> None:
        scanner = SystemPromptDetector().scanner(ANSWER)
        found = scan(scanner, pieces)
        assert LEAK[found[0].start : max(match.end for match in found)] == (
            "never mention the refurbishment of the east wing"
        )
        assert 0 < max(similarities(scanner)) < 1

    def test_are_not_judged_without_instructions(self) -> None:
        for exchange in (None, Exchange(answering=True), Exchange(system_prompt="Be nice.", answering=True)):
            scanner = SystemPromptDetector().scanner(exchange)
            assert scan(scanner, ["You are Orla, ", PROMPT]) == []
            assert similarities(scanner) == []
            assert scanner.safe == len(PROMPT) + 14

    @given(st.integers(3, 8))
    def test_need_as_many_words_in_common_as_configured(self, words: int) -> None:
        detector = SystemPromptDetector.from_config({"words": words, "index": "system"}, NoBackends())
        assert bool(scan(detector.scanner(ANSWER), ["mention the refurbishment of the east"])) == (words <= 6)
        assert not detector.asks


class TestRequests:
    @given(cuttings(LEAK))
    def test_are_measured_and_never_found(self, pieces: list[str]) -> None:
        scanner = SystemPromptDetector().scanner(REQUEST)
        assert scan(scanner, pieces) == []
        assert max(similarities(scanner)) > 0
        assert scanner.safe == len(LEAK)


class TestParaphrases:
    async def test_are_what_is_similar_to_a_sentence(self) -> None:
        backends = Comparing()
        detector = SystemPromptDetector.from_config({"paraphrase": True, "paraphrase_threshold": 0.6}, backends)
        assert detector.asks
        scanner = detector.scanner(ANSWER)
        text = "Wing, east, of refurbishment the never."
        assert scan(scanner, [text]) == []
        assert scanner.safe == 0
        found = await settle(scanner)
        assert [(match.start, match.end) for match in found] == [(0, len(text))]
        assert scanner.safe == len(text)
        assert list(backends.references(ANSWER)) == [
            "You are Orla, concierge of the Harbour Hotel.",
            "Never mention the refurbishment of the east wing.",
        ]

    async def test_are_not_found_below_the_threshold(self) -> None:
        scanner = SystemPromptDetector.from_config({"paraphrase": True}, Comparing()).scanner(ANSWER)
        scan(scanner, ["Breakfast is from seven to ten on the terrace."])
        assert await settle(scanner) == []
        assert max(similarities(scanner)) < 0.5

    def test_are_not_asked_for_where_nobody_can_answer_or_nothing_is_said(self) -> None:
        detector = SystemPromptDetector.from_config({"paraphrase": True}, Comparing())
        for exchange in (None, REQUEST, Exchange(system_prompt="Be kind.", answering=True)):
            scanner = detector.scanner(exchange)
            scan(scanner, [LEAK])
            assert not isinstance(scanner, Asking) or not scanner.asks()


class TestReport:
    def test_is_harmless_without_evidence(self) -> None:
        report = SystemPromptDetector().report(Evidence())
        assert report.summary == {"system_prompt_similarity": 0}
        assert report.details == {"similarity_score": 0.0, "compliance_mapping": {}}

    def test_has_the_greatest_similarity_and_no_text(self) -> None:
        finding = Finding("system_prompt", "X", "", LaneKey(0, "content"), 0, 4, Action.BLOCK, "[X_1]", "Orla")
        readings = [Reading({"similarity": 0.25}), Reading({"0": 1.0000001, "1": -0.2})]
        report = SystemPromptDetector().report(Evidence([finding], readings, "Orla"))
        assert report.summary == {"system_prompt_similarity": 1}
        assert report.details["similarity_score"] == 1.0
        assert report.details["compliance_mapping"]
        assert "Orla" not in str(report)


class TestOptions:
    @pytest.mark.parametrize(
        ("config", "message"),
        [
            ({"index": "mine"}, "index: expected system"),
            ({"words": 2}, "words: expected 3 to 32"),
            ({"words": "5"}, "words: "),
            ({"paraphrase": "yes"}, "paraphrase: "),
            ({"paraphrase": True}, "paraphrase: this needs a model"),
            ({"paraphrase_threshold": 2}, "paraphrase_threshold: "),
            ({"threshold": 0.5}, "threshold: unknown option of system_prompt"),
        ],
    )
    def test_are_checked(self, config: dict[str, object], message: str) -> None:
        with pytest.raises(ValueError, match=f"^{message}"):
            SystemPromptDetector.from_config(config, NoBackends())

    def test_decide_what_is_asked_and_held(self) -> None:
        plain, asking = ({"words": 4}, NoBackends()), ({"paraphrase": True}, Comparing())
        assert [len(SystemPromptDetector.from_config(*each).rules()) for each in (plain, asking)] == [1, 2]
        assert SystemPromptDetector().placeholder("SYSTEM_PROMPT", 0) == "[SYSTEM_PROMPT_1]"
