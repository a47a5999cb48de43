"""``copyright_ip``: runs of protected text, whatever the cutting, and what is released of them."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.checks import NoBackends, Placed, Reading
from proxy.guard.detector import Evidence
from proxy.guard.detectors.copyright_ip import CopyrightDetector
from proxy.guard.findings import Action, Finding, LaneKey, Match
from proxy.guard.fingerprints import winnow
from proxy.guard.word_reader import words_of
from tests.guard.strategies import cuttings

GRAM, WINDOW, MIN_WORDS = 3, 2, 6
PROTECTED = " ".join(f"w{number}" for number in range(40))


class Protected:
    """An index of one text in memory."""

    gram, window = GRAM, WINDOW

    def __init__(self, text: str = PROTECTED, gram: int = GRAM, window: int = WINDOW) -> None:
        self.gram, self.window = gram, window
        self._kept = set(winnow(words_of(text), gram, window))

    def __contains__(self, fingerprint: object) -> bool:
        return fingerprint in self._kept


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Return a text of passages of the protected text, and other words."""
    parts: list[str] = []
    for _ in range(draw(st.integers(0, 4))):
        start, length = draw(st.integers(0, 35)), draw(st.integers(0, 14))
        parts += [f"w{number}" for number in range(start, min(start + length, 40))]
        parts += draw(st.lists(st.sampled_from(("so", "W7", "x")), max_size=3))
    gaps = [draw(st.sampled_from((" ", " ", ", ", "\n\n", " \u200b"))) for _ in parts]
    return "".join(part + gap for part, gap in zip(parts, gaps, strict=True))


CUT = texts().flatmap(lambda text: st.tuples(st.just(text), cuttings(text)))


def scan(pieces: Sequence[str], detector: CopyrightDetector) -> tuple[list[Match], list[Placed]]:
    scanner = detector.scanner(None)
    found = [match for piece in pieces for match in scanner.feed(piece)]
    return [*found, *scanner.finish()], getattr(scanner, "placed", [])


def longest(words: list[str]) -> int:
    """Return the words of the longest passage that is in the protected text as it stands."""
    protected = f" {PROTECTED} "
    spans = ((a, b) for a in range(len(words)) for b in range(a + 1, len(words) + 1))
    return max((b - a for a, b in spans if f" {' '.join(words[a:b])} " in protected), default=0)


DETECTOR = CopyrightDetector(Protected(), MIN_WORDS)


class TestRunsOfProtectedText:
    @given(CUT)
    def test_are_found_alike_in_any_cutting(self, scene: tuple[str, list[str]]) -> None:
        text, pieces = scene
        assert scan(pieces, DETECTOR) == scan([text], DETECTOR)

    @given(texts())
    def test_are_found_where_long_passages_are(self, text: str) -> None:
        found, placed = scan([text], DETECTOR)
        if longest(words_of(text)) >= MIN_WORDS + 2 * (WINDOW - 1):
            assert found
            assert max(each.reading.scores["similarity"] for each in placed) >= 0.5
        if longest(words_of(text)) < GRAM:
            assert (found, placed) == ([], [])

    @given(texts())
    def test_never_begin_before_the_safe_prefix(self, text: str) -> None:
        scanner, safe = DETECTOR.scanner(None), 0
        for fed, ch in enumerate(text, start=1):
            assert all(safe <= match.start for match in scanner.feed(ch))
            assert safe <= scanner.safe <= fed
            safe = scanner.safe
        assert all(match.start >= safe for match in scanner.finish())
        assert scanner.safe == len(text)

    @given(texts())
    def test_are_held_only_when_they_are_nearly_long_enough(self, text: str) -> None:
        scanner = DETECTOR.scanner(None)
        for fed, ch in enumerate(text, start=1):
            scanner.feed(ch)
            held = words_of(text[scanner.safe : fed])
            nearly = any(
                placed.reading.scores["similarity"] * MIN_WORDS >= GRAM for placed in getattr(scanner, "placed", [])
            )
            assert not held or nearly
            if not scan([text], DETECTOR)[0]:
                assert len(held) <= GRAM

    @given(texts(), st.integers(0, 60))
    def test_readings_depend_on_the_text_up_to_their_end(self, text: str, length: int) -> None:
        whole, scanner = scan([text], DETECTOR)[1], DETECTOR.scanner(None)
        scanner.feed(text[:length])
        assert getattr(scanner, "placed", []) == [placed for placed in whole if placed.end <= length]

    def test_leave_a_quotation_and_end_at_the_gram_that_makes_them_long(self) -> None:
        scanner = DETECTOR.scanner(None)
        text = f"He wrote: {PROTECTED}."
        found: list[Match] = []
        fed = 0
        while not found:
            found += scanner.feed(text[fed])
            fed += 1
        quotation = words_of(text[: found[0].start])
        assert 2 < len(quotation) <= 2 + MIN_WORDS + 2 * (WINDOW - 1) - GRAM
        assert fed - found[0].end <= 1
        assert scanner.safe > found[0].start

    def test_are_covered_to_their_end_however_long(self) -> None:
        found, _ = scan([f"{PROTECTED}. So it ends."], DETECTOR)
        assert len(found) == 2
        assert found[1].start < found[0].end
        assert len(PROTECTED) - found[1].end <= len(" w39") * (WINDOW - 1)

    @pytest.mark.parametrize("every", [7, 9])
    def test_survive_single_changed_words(self, every: int) -> None:
        words = ["no" if at % every == 0 else word for at, word in enumerate(PROTECTED.split())]
        assert scan([" ".join(words)], DETECTOR)[0]

    @pytest.mark.parametrize(
        "rewritten", [PROTECTED.upper(), PROTECTED.replace(" ", "\n> "), PROTECTED.replace("w", "w\u200b")]
    )
    def test_are_seen_through_changed_layout(self, rewritten: str) -> None:
        assert scan([rewritten], DETECTOR)[0]

    def test_hold_nothing_of_other_texts(self) -> None:
        source = random.Random(5)
        text = " ".join(f"w{source.randrange(40)}" for _ in range(300))
        scanner = DETECTOR.scanner(None)
        for fed, ch in enumerate(text, start=1):
            scanner.feed(ch)
            assert fed - scanner.safe <= GRAM * 4


class TestReport:
    def test_is_harmless_without_evidence(self) -> None:
        report = DETECTOR.report(Evidence())
        assert report.summary == {"copyright_ip_similarity": 0}
        assert report.details == {"similarity_score": 0.0, "compliance_mapping": {}}

    def test_has_the_greatest_similarity(self) -> None:
        finding = Finding("copyright_ip", "X", "", LaneKey(0, "content"), 0, 1, Action.BLOCK, "[X_1]", "w1")
        readings = [Reading({"similarity": 0.25}), Reading({"similarity": 1.0}), Reading({"similarity": 0.5})]
        report = DETECTOR.report(Evidence([finding], readings, "w1"))
        assert report.summary == {"copyright_ip_similarity": 1}
        assert report.details["similarity_score"] == 1.0
        assert report.details["compliance_mapping"]
        assert "w1" not in str(report)


class Shelf(NoBackends):
    """Has one index."""

    def fingerprints(self, path: str) -> Protected:
        if path != "ours.idx":
            raise ValueError(f"{path}: not an index")
        return Protected()


class TestOptions:
    def test_name_the_index(self) -> None:
        detector = CopyrightDetector.from_config({"index": "ours.idx", "min_words": 6}, Shelf())
        assert scan([PROTECTED], detector)[0]
        assert [rule.name for rule in detector.rules()] == ["6 words of protected texts"]

    def test_may_protect_nothing(self) -> None:
        detector = CopyrightDetector.from_config({}, NoBackends())
        assert scan([PROTECTED], detector) == ([], [])
        assert list(detector.rules()) == []

    @pytest.mark.parametrize(
        ("config", "option"),
        [
            ({"index": "other.idx"}, "index: other.idx: not an index"),
            ({"index": 1}, "index: "),
            ({"index": "ours.idx", "min_words": 3}, "min_words: expected more than 3"),
            ({"min_words": 0}, "min_words: "),
            ({"threshold": 0.5}, "threshold: unknown option of copyright_ip"),
        ],
    )
    def test_are_checked(self, config: dict[str, object], option: str) -> None:
        with pytest.raises(ValueError, match=f"^{option}"):
            CopyrightDetector.from_config(config, Shelf())
