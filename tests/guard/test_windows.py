"""Windows: segments tile the text, windows show it in context, and answers may come in any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.checks import Check, Exchange, Reading
from proxy.guard.findings import Match
from proxy.guard.windows import JoinedScanner, SilentScanner, Window, Windows, WindowScanner
from tests.support.backends import ANSWER, PROMPT, Drive, drawn_score, scan, scan_in_any_order, scoring

NUDGE = 16
TEXTS = st.lists(st.sampled_from(["a", "bc", "word ", "longer ", " ", "\n", "é", "😀", "x" * 23, "1. "])).map("".join)
BACKEND = scoring(lambda text: {"bad": drawn_score(text)})


@st.composite
def windows(draw: st.DrawFn) -> Windows:
    """Any windows that fit together, smaller than real ones."""
    lookahead = draw(st.sampled_from([0, 0, 5]))
    first = draw(st.integers(lookahead + NUDGE + 1, 40))
    steps = draw(st.lists(st.integers(1, 30), min_size=1, max_size=3))
    ends = [first]
    for step in steps:
        ends.append(ends[-1] + step)
    growth, size = tuple(ends[:-1]), ends[-1]
    return Windows(growth, size, draw(st.integers(lookahead, size - 1)), lookahead)


class Recording(WindowScanner):
    """Remembers the windows that it has made a finding of."""

    def __init__(self, cut: Windows, exchange: Exchange) -> None:
        self.seen: list[Window] = []
        super().__init__("w", BACKEND, cut, exchange, self._note)

    def _note(self, reading: Reading, window: Window) -> Sequence[Match]:
        self.seen.append(window)
        return window.flagged("BAD") if reading.scores["bad"] < 0.3 else ()


@st.composite
def cuttings(draw: st.DrawFn, text: str) -> list[str]:
    """A text in pieces."""
    ends = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    return [text[a:b] for a, b in pairwise([0, *ends, len(text)])]


EXCHANGES = st.sampled_from([ANSWER, PROMPT])


@given(windows(), TEXTS, EXCHANGES)
def test_segments_tile_the_text_and_windows_show_it(cut: Windows, text: str, exchange: Exchange) -> None:
    scanner = Recording(cut, exchange)
    scan(scanner, [text])
    at = 0
    for window in scanner.seen:
        # What lies between the segments that were asked about says nothing.
        assert not any(ch.isalnum() for ch in text[at : window.segment_start])
        assert at <= window.segment_start < window.segment_end
        end = window.start + len(window.text)
        assert window.text == text[window.start : end]
        assert window.start <= window.segment_start
        assert window.segment_end <= end
        assert end - window.segment_end <= cut.lookahead + NUDGE
        at = window.segment_end
    assert not any(ch.isalnum() for ch in text[at:])


@given(windows(), TEXTS, EXCHANGES)
def test_windows_are_no_larger_than_they_may_be(cut: Windows, text: str, exchange: Exchange) -> None:
    scanner = Recording(cut, exchange)
    scan(scanner, [text])
    for window in scanner.seen:
        assert len(window.text) <= cut.size + NUDGE


@given(windows(), TEXTS, EXCHANGES)
def test_a_segment_has_context_before_it(cut: Windows, text: str, exchange: Exchange) -> None:
    scanner = Recording(cut, exchange)
    scan(scanner, [text])
    for window in scanner.seen:
        before = window.segment_start - window.start
        wanted = min(window.segment_start, cut.overlap - cut.lookahead - 2 * NUDGE)
        assert before >= wanted


@given(windows(), TEXTS, EXCHANGES, st.data())
def test_what_is_found_is_a_function_of_the_text(
    cut: Windows, text: str, exchange: Exchange, data: st.DataObject
) -> None:
    whole, pieces = Recording(cut, exchange), Recording(cut, exchange)
    expected = scan(whole, [text])
    assert scan_in_any_order(pieces, data.draw(cuttings(text)), data) == expected
    assert sorted(pieces.seen) == whole.seen


@given(windows(), TEXTS, st.data())
def test_text_is_safe_up_to_the_first_open_question(cut: Windows, text: str, data: st.DataObject) -> None:
    drive = Drive(scanner := Recording(cut, ANSWER))
    for piece in data.draw(cuttings(text)):
        drive.feed(piece)
        # Nothing waits for longer than the policy report says.
        drive.answer_all()
        assert drive.received - scanner.safe <= cut.hold_back
    drive.finish()
    drive.answer_all()
    drive.result()


@given(windows(), TEXTS, st.data())
def test_without_an_answer_nothing_more_is_safe(cut: Windows, text: str, data: st.DataObject) -> None:
    drive = Drive(scanner := Recording(cut, ANSWER))
    drive.feed(text)
    drive.finish()
    starts: dict[int, int] = {}
    for number, check in enumerate(list(drive.pending)):
        starts[number] = scanner._waiting[check].segment_start
    while drive.pending:
        index = data.draw(st.integers(0, len(drive.pending) - 1))
        assert scanner.safe <= min(scanner._waiting[check].segment_start for check in drive.pending)
        drive.answer(index)
    assert scanner.safe == len(text)


@pytest.mark.parametrize("text", ["", "...", " \n ", "!?" * 100])
def test_what_says_nothing_is_not_asked_about(text: str) -> None:
    drive = Drive(Recording(Windows(), ANSWER))
    drive.feed(text)
    drive.finish()
    assert drive.pending == []
    assert drive.result().placed == []


def test_words_are_not_cut() -> None:
    scanner, text = (
        Recording(Windows((20,), 40, 20), ANSWER),
        "one two three fourteen fifteen sixteen seventeen eighteen",
    )
    scan(scanner, [text])
    assert [window.segment_end for window in scanner.seen] == [14, 39, len(text)]
    assert [window.text.split()[0] for window in scanner.seen] == ["one", "one", "fifteen"]


def test_requests_have_no_small_first_windows() -> None:
    answer, prompt = Recording(Windows(), ANSWER), Recording(Windows(), PROMPT)
    text = "word " * 60
    scan(answer, [text])
    scan(prompt, [text])
    assert [len(window.text) for window in prompt.seen] == [300]
    assert len(answer.seen) == 4


def test_the_default_windows_overlap() -> None:
    ends = list(islice(Windows().ends(), 6))
    assert ends == [48, 96, 192, 384, 672, 960]


@pytest.mark.parametrize(
    ("growth", "size", "overlap", "lookahead"),
    [((48, 48), 96, 10, 0), ((100,), 96, 10, 0), ((), 96, 96, 0), ((), 96, 5, 10), ((16,), 96, 10, 0), ((), 16, 0, 0)],
)
def test_windows_that_do_not_fit_are_refused(growth: tuple[int, ...], size: int, overlap: int, lookahead: int) -> None:
    with pytest.raises(ValueError, match="window"):
        Windows(growth, size, overlap, lookahead)


def other(text: str) -> Reading:
    return Reading({"bad": drawn_score(text, "other")})


@given(windows(), windows(), TEXTS, st.data())
def test_joined_scanners_are_their_parts(one: Windows, two: Windows, text: str, data: st.DataObject) -> None:
    parts = [scan(Recording(cut, ANSWER), [text]) for cut in (one, two)]
    joined = scan_in_any_order(
        JoinedScanner([Recording(one, ANSWER), SilentScanner(), Recording(two, ANSWER)]),
        data.draw(cuttings(text)),
        data,
    )
    assert joined.matches == sorted(match for part in parts for match in part.matches)
    assert sorted((p.start, p.end) for p in joined.placed) == sorted(
        (p.start, p.end) for part in parts for p in part.placed
    )


def test_a_joined_scanner_gives_each_answer_to_who_asked() -> None:
    first, second = Recording(Windows(), ANSWER), Recording(Windows(), replace(ANSWER, question="?"))
    joined = JoinedScanner([first, second])
    joined.feed("Hello")
    joined.finish()
    checks: list[Check] = list(joined.asks())
    assert [check.exchange.question for check in checks] == ["", "?"]
    joined.reply(checks[1], Reading({"bad": 1.0}))
    assert (len(first.placed), len(second.placed), joined.safe) == (0, 1, 0)
    joined.reply(checks[0], Reading({"bad": 1.0}))
    assert joined.safe == 5
