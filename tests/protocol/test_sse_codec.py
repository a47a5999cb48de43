"""The SSE codec: cutting never matters, and a decoder that shares no code with it agrees on everything."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.protocol.sse import (
    DONE,
    DONE_DATA,
    KEEPALIVE,
    EventTooLarge,
    SSEDecoder,
    SSEEvent,
    encode,
    encode_all,
)

BIG = 1 << 20
BOM = b"\xef\xbb\xbf"

line_ends = st.sampled_from([b"\n", b"\r", b"\r\n"])
values = st.one_of(
    st.text(alphabet="ab :\u2028\u0085é😀\x0b\x0c\x1c\0", max_size=6).map(lambda text: text.encode()),
    st.binary(max_size=6).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b"")),
)
field_names = st.sampled_from([b"data", b"data: ", b"data:", b"event:", b"event", b"id: ", b"datax:", b":", b" data:"])
lines = st.one_of(st.just(b""), st.just(b""), st.builds(lambda name, value: name + value, field_names, values))
plain_frames = st.builds(lambda value: b"data: " + value + b"\n\n", values)
mixtures = st.builds(
    lambda mark, pairs, tail: mark + b"".join(line + end for line, end in pairs) + tail,
    st.sampled_from([b"", b"", BOM, BOM[:1], BOM + BOM]),
    st.lists(st.tuples(lines, line_ends), max_size=12),
    lines,
)
frame_runs = st.lists(st.one_of(plain_frames, plain_frames, plain_frames, lines), max_size=8).map(b"".join)
streams = st.one_of(mixtures, frame_runs)


def reference(stream: bytes) -> list[SSEEvent]:
    """The rules of the standard, one after the other, on the whole stream; an unclosed event counts."""
    if stream.startswith(BOM):
        stream = stream[3:]
    events: list[SSEEvent] = []
    data: list[bytes] = []
    name = b""
    for line in [*re.split(rb"\r\n|\r|\n", stream), b""]:
        if line == b"":
            if data:
                events.append(SSEEvent(b"\n".join(data), name.decode("utf-8", "replace")))
            data, name = [], b""
        elif match := re.fullmatch(rb"(data|event)(?:: ?(.*))?", line, re.DOTALL):
            if match[1] == b"data":
                data.append(match[2] or b"")
            else:
                name = match[2] or b""
    return events


def decode(reads: list[bytes], limit: int = BIG) -> tuple[list[SSEEvent], bool]:
    """All events of some reads, and whether the limit ended them."""
    decoder, events = SSEDecoder(limit), []
    try:
        for read in reads:
            events += decoder.feed(read)
        events += decoder.finish()
    except EventTooLarge:
        return events, True
    return events, False


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:end] for start, end in itertools.pairwise(edges)]


places = st.lists(st.integers(0, 1000), max_size=8)


@given(streams, places)
def test_agrees_with_the_reference_for_every_cutting(stream: bytes, where: list[int]) -> None:
    expected = (reference(stream), False)
    assert decode([stream]) == expected
    assert decode(cut(stream, where)) == expected
    assert decode([stream[i : i + 1] for i in range(len(stream))]) == expected


@given(streams, places, st.integers(1, 30))
def test_the_limit_strikes_at_the_same_event_for_every_cutting(stream: bytes, where: list[int], limit: int) -> None:
    whole = decode([stream], limit)
    assert decode(cut(stream, where), limit) == whole
    assert decode([stream[i : i + 1] for i in range(len(stream))], limit) == whole


@given(streams, places, st.integers(1, 30))
def test_no_event_over_the_limit_comes_out(stream: bytes, where: list[int], limit: int) -> None:
    events, _ = decode(cut(stream, where), limit)
    assert all(len(event.data) <= limit for event in events)


@given(st.lists(st.binary(max_size=20).map(lambda raw: raw.replace(b"\r", b"")), max_size=5), places)
def test_payloads_survive_encoding_and_decoding(payloads: list[bytes], where: list[int]) -> None:
    stream = encode_all(payloads)
    assert stream == b"".join(encode(payload) for payload in payloads)
    assert decode(cut(stream, where)) == ([SSEEvent(payload, "") for payload in payloads], False)


@given(st.binary(max_size=20))
def test_every_line_end_in_a_payload_becomes_a_data_line(payload: bytes) -> None:
    text = re.sub(rb"\r\n|\r", b"\n", payload)
    assert decode([encode(payload)]) == ([SSEEvent(text, "")], False)


def test_frames_end_with_a_blank_line_and_hold_no_other() -> None:
    assert encode(b'{"a":1}') == b'data: {"a":1}\n\n'
    assert encode_all([]) == b""
    assert encode(DONE_DATA) == DONE
    assert decode([KEEPALIVE, DONE]) == ([SSEEvent(DONE_DATA, "")], False)


@pytest.mark.parametrize("reads", [[b"data: " + b"x" * 100], [b"data: ", *[b"x"] * 100], [b"data: x\n"] * 20])
def test_an_event_that_grows_past_the_limit_is_refused_before_it_ends(reads: list[bytes]) -> None:
    decoder = SSEDecoder(50)
    with pytest.raises(EventTooLarge):
        [decoder.feed(read) for read in reads]
    with pytest.raises(EventTooLarge):
        decoder.feed(b"data: y\n\n")
    with pytest.raises(EventTooLarge):
        decoder.finish()


def test_events_completed_by_the_read_that_breaks_the_limit_are_not_lost() -> None:
    decoder = SSEDecoder(50)
    assert decoder.feed(b"data: kept\n\ndata: " + b"x" * 100) == [SSEEvent(b"kept", "")]
    with pytest.raises(EventTooLarge):
        decoder.feed(b"")


def test_comments_between_events_do_not_add_up_to_the_limit() -> None:
    decoder = SSEDecoder(50)
    assert all(decoder.feed(b": still working\n") == [] for _ in range(100))
    assert decoder.feed(b"data: x\n\n") == [SSEEvent(b"x", "")]
