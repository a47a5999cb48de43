"""What `tidegate demo --once` prints: nothing is lost in wrapping, and what was withheld stands out."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from proxy.demo.present import Exchange, Style, differences, render, wrap
from proxy.events import Held

ANSI = re.compile(r"\x1b\[[\d;]*m")
PROSE = st.lists(
    st.sampled_from(["a", "tide", "comes", "in", "\n", "a@b.example", "<EMAIL_ADDRESS_0>", "[KEYWORD_1]", "  ", "é"]),
    max_size=40,
).map(" ".join)


def exchange(said: str = "write to a@b.example now", received: str = "write to <EMAIL_ADDRESS_0> now") -> Exchange:
    return Exchange(
        prompt="How?",
        said=said,
        received=received,
        finish_reason="stop",
        holds=(Held("pii", 12, 0.1), Held("pii", 3, 0.02), Held("words", 5, 0.5)),
        first_token={"upstream": 0.31, "client": 0.3125},
        detections={"summary": {"pii": 1}, "details": {}, "result_message": None},
    )


@given(text=st.text(alphabet="ab \n-é", max_size=120), width=st.integers(1, 20))
def test_wrapping_loses_nothing_but_the_spaces_it_cuts_at(text: str, width: int) -> None:
    spans = list(wrap(text, width))
    at = 0
    for start, end in spans:
        assert text[at:start].strip(" \n") == ""
        assert at <= start <= end
        assert end - start <= width
        at = end
    assert text[at:].strip(" \n") == ""


@given(said=PROSE, received=PROSE)
def test_apart_from_the_differences_the_texts_are_the_same(said: str, received: str) -> None:
    def rest(text: str, spans: list[tuple[int, int]]) -> str:
        for start, end in reversed(spans):
            text = text[:start] + text[end:]
        return text

    withheld, put_in = differences(said, received)
    assert rest(said, withheld) == rest(received, put_in)


def test_a_difference_is_exactly_the_redacted_value() -> None:
    said, received = "mail a.b@c.example, card 4111 1111.", "mail <EMAIL_ADDRESS_0>, card <CREDIT_CARD_0>."
    withheld, put_in = differences(said, received)
    assert [said[a:b] for a, b in withheld] == ["a.b@c.example", "4111 1111"]
    assert [received[a:b] for a, b in put_in] == ["<EMAIL_ADDRESS_0>", "<CREDIT_CARD_0>"]


@given(said=PROSE, received=PROSE, width=st.integers(1, 160))
def test_colour_adds_nothing_but_colour(said: str, received: str, width: int) -> None:
    page = render(exchange(said, received), Style(width, colour=True))
    assert "\x1b[" in page
    assert "\x1b" not in ANSI.sub("", page)
    for line in page.splitlines():
        assert len(re.findall(r"\x1b\[0m", line)) * 2 == len(ANSI.findall(line)), "a colour ends on its line"


@given(said=PROSE, received=PROSE, width=st.integers(45, 160))
def test_columns_stay_within_the_width(said: str, received: str, width: int) -> None:
    columns = render(exchange(said, received), Style(width)).split("\n\nHeld back")[0]
    page = columns.partition("\n\n")[2]
    assert all(len(line) <= width for line in page.splitlines())


def test_what_was_withheld_is_marked() -> None:
    plain = render(exchange(), Style(100))
    assert "write to «a@b.example» now" in plain
    assert "write to <EMAIL_ADDRESS_0> now" in plain
    coloured = render(exchange(), Style(100, colour=True))
    assert "\x1b[31ma@b.example\x1b[0m" in coloured
    assert "\x1b[1;32m<EMAIL_ADDRESS_0>\x1b[0m" in coloured


def test_holds_are_added_up_by_detector() -> None:
    rows = [line.split() for line in render(exchange(), Style()).splitlines()]
    assert ["pii", "2", "15", "84.0", "100.0"] in rows
    assert ["words", "1", "5", "500.0", "500.0"] in rows


def test_first_tokens_and_summary_are_shown() -> None:
    page = render(exchange(), Style())
    assert "from the model 310.0 ms, at the client 312.5 ms" in page
    assert "summary: pii = 1" in page
    assert "finish_reason: stop" in page


def test_the_result_message_is_shown_unless_it_is_the_text_again() -> None:
    blocked = replace(exchange(), detections={"result_message": "Please rephrase."})
    assert "result_message: Please rephrase." in render(blocked, Style())
    redacted = replace(exchange(), detections={"result_message": exchange().received})
    assert "result_message" not in render(redacted, Style())


def test_an_exchange_with_nothing_to_tell_says_so() -> None:
    page = render(Exchange("Hi", "Hello.", "Hello.", "stop", (), {}, {}), Style())
    assert "Nothing was held back." in page
    assert "summary: empty" in page
    assert "«" not in page
