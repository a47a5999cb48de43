"""Server-sent events, decoded from raw reads and encoded to frames.

The line and field rules are those of the WHATWG HTML standard, section "Server-sent events", with one
deliberate difference: an event that lacks its closing blank line when the stream ends is still delivered,
because some servers leave that line out and dropping text unseen would be worse than reading it.

Data stays bytes: line ends are ASCII, so a character cut by a read is whole again before anyone decodes it.
"""

from __future__ import annotations

from typing import NamedTuple

DONE_DATA = b"[DONE]"
"""The data of the event that ends a completed chat completion stream."""

DONE = b"data: " + DONE_DATA + b"\n\n"
"""The whole frame that ends a completed stream."""

KEEPALIVE = b": keep-alive\n\n"
"""A comment frame: clients ignore it, and idle connections stay open."""

_BOM = b"\xef\xbb\xbf"
_PLAIN = b"data: "
_CR = 13  # as an int: looking for one byte in bytes is fastest so


class SSEEvent(NamedTuple):
    """One event: its data (lines joined by LF), and its name, "" where it has none."""

    data: bytes
    event: str


class EventTooLarge(Exception):
    """An event, complete or still growing, exceeds the limit."""


class SSEDecoder:
    """Turns the reads of one stream into events; the same events for every way of cutting its bytes.

    ``max_event_bytes`` limits, for each line, the line together with the data lines its event already has.
    Memory stays within a small multiple of it besides the read at hand.
    """

    def __init__(self, max_event_bytes: int) -> None:
        self._limit = max_event_bytes
        self._idle = False  # nothing is pending: the next byte begins an event
        self._head: bytes | None = b""  # the first bytes while they may still be a byte order mark
        self._after_cr = False
        self._partial: list[bytes] = []  # pieces of a line that has not ended
        self._partial_size = 0
        self._data: list[bytes] = []
        self._data_size = 0
        self._name = b""
        self._too_large = False

    def feed(self, data: bytes) -> list[SSEEvent]:
        """Take the next bytes and return the events they complete.

        Raises EventTooLarge as soon as an event exceeds the limit. Where the same read completed events
        before that one, they are returned and the next call raises. Nothing can be decoded after that.
        """
        if self._idle and (plain := _plain_events(data, self._limit)) is not None:
            return plain
        events: list[SSEEvent] = []
        try:
            self._feed(data, events)
        except EventTooLarge:
            self._give_up()
            if not events:
                raise
        pending = self._after_cr or self._partial or self._data or self._name or self._too_large
        self._idle = self._head is None and not pending
        return events

    def finish(self) -> list[SSEEvent]:
        """The stream has ended: return its last event, blank line or not. Raises as ``feed`` does."""
        events: list[SSEEvent] = []
        if self._too_large:
            raise EventTooLarge
        self._line(b"".join(self._partial), events)
        if self._partial:
            self._line(b"", events)
        self._partial.clear()
        self._partial_size = 0
        return events

    def _feed(self, data: bytes, events: list[SSEEvent]) -> None:
        if self._too_large:
            raise EventTooLarge
        if self._head is not None:
            data = self._strip_mark(self._head + data)
        if self._after_cr and data:
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if data:
            self._lines(data, events)

    def _strip_mark(self, data: bytes) -> bytes:
        if len(data) < len(_BOM) and _BOM.startswith(data):
            self._head = data
            return b""
        self._head = None
        return data.removeprefix(_BOM)

    def _lines(self, data: bytes, events: list[SSEEvent]) -> None:
        lines = data.splitlines()  # of bytes: CR, LF and CRLF, and nothing else
        ended = data[-1:] in b"\r\n"
        self._after_cr = data[-1:] == b"\r"
        if self._partial and (ended or len(lines) > 1):
            lines[0] = b"".join([*self._partial, lines[0]])
            self._partial.clear()
            self._partial_size = 0
        rest = b"" if ended else lines.pop()
        for line in lines:
            self._line(line, events)
        if rest:
            self._partial.append(rest)
            self._partial_size += len(rest)
            if self._data_size + self._partial_size > self._limit:
                raise EventTooLarge

    def _line(self, line: bytes, events: list[SSEEvent]) -> None:
        if not line:
            if self._data:
                name = self._name.decode("utf-8", "replace")
                events.append(SSEEvent(b"\n".join(self._data), name))
            self._data.clear()
            self._data_size = 0
            self._name = b""
            return
        if self._data_size + len(line) > self._limit:
            raise EventTooLarge
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
            self._data_size += len(line)
        elif field == b"event":
            self._name = value.removeprefix(b" ")

    def _give_up(self) -> None:
        self._too_large = True
        self._partial.clear()
        self._data.clear()


def _plain_events(data: bytes, limit: int) -> list[SSEEvent] | None:
    """The events of a read that is whole ``data: …`` lines only, each closed by an empty one; else None.

    Most reads are like that, which makes this the hot path: no field names, no state.
    """
    if data[-2:] != b"\n\n" or _CR in data:
        return None
    lines = data.split(b"\n")
    if any(lines[1::2]):
        return None
    events: list[SSEEvent] = []
    for line in lines[:-1:2]:
        if line[:6] != _PLAIN or len(line) > limit:
            return None
        events.append(SSEEvent(line[6:], ""))
    return events


def encode(payload: bytes) -> bytes:
    """One frame carrying ``payload``; a payload with line ends becomes several data lines."""
    if b"\n" in payload or b"\r" in payload:
        payload = payload.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\ndata: ")
    return b"data: " + payload + b"\n\n"


def encode_all(payloads: list[bytes]) -> bytes:
    """The frames of several payloads in one buffer; empty for none."""
    if not payloads:
        return b""
    frames = b"data: " + b"\n\ndata: ".join(payloads) + b"\n\n"
    if frames.count(b"\n") == 2 * len(payloads) and b"\r" not in frames:
        return frames
    return b"".join(map(encode, payloads))
