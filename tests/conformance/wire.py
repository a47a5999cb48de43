"""A tap between a client and Tidegate: every byte passes unchanged, and what the client was sent is kept."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any

_PIECE = 65_536


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response as it crossed the wire."""

    status: int
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes

    @property
    def documents(self) -> list[Any]:
        """The JSON values in it: that of each data frame of an event stream, or the body itself."""
        if self.headers.get("content-type", "").startswith("text/event-stream"):
            *events, _ = self.body.split(b"\n\n")
            frames = [event.removeprefix(b"data: ") for event in events if event.startswith(b"data: ")]
            return [json.loads(frame) for frame in frames if frame != b"[DONE]"]
        return [json.loads(self.body)]

    def texts(self) -> Iterator[str]:
        """Everything that can be read in it: the raw body, each string, and the strings of each place joined.

        A text that was streamed in pieces shows up only in the last of these.
        """
        yield self.body.decode()
        places: dict[tuple[object, ...], list[str]] = defaultdict(list)
        for document in self.documents:
            for place, text in _strings(document):
                places[place].append(text)
        for pieces in places.values():
            yield from pieces
            yield "".join(pieces)


@dataclass(slots=True)
class Wire:
    """What has crossed one tap."""

    port: int
    _streams: list[bytearray] = field(default_factory=list)
    _news: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        """What a client takes for Tidegate."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def responses(self) -> list[Response]:
        """All responses so far, in order within each connection; the last may be incomplete."""
        return [response for stream in self._streams for response in _responses(bytes(stream))]

    @property
    def response(self) -> Response:
        """The one response there was."""
        (response,) = self.responses
        return response

    def leaks(self, forbidden: Sequence[str]) -> list[str]:
        """Those of ``forbidden`` that any response shows, in any spelling of case."""
        shown = [text.casefold() for response in self.responses for text in response.texts()]
        return [text for text in forbidden if any(text.casefold() in each for each in shown)]

    def crossed(self, data: bytes, seconds: float) -> bool:
        """Whether ``data`` has been sent to the client; waits up to ``seconds`` for it."""
        with self._news:
            return self._news.wait_for(lambda: any(data in stream for stream in self._streams), seconds)

    def record(self, stream: bytearray, data: bytes) -> None:
        """Add what is about to be sent to the client."""
        with self._news:
            stream += data
            self._news.notify_all()

    def carry(self, client: socket.socket, server: socket.socket) -> None:
        """Pump one connection until the server ends it."""
        received = bytearray()
        self._streams.append(received)
        thread = threading.Thread(target=_pump, args=(client, server), daemon=True)
        thread.start()
        # Noted before it is passed on: a client that has it can count on the record.
        _pump(server, client, lambda data: self.record(received, data))
        thread.join()


@contextlib.contextmanager
def tap(port: int) -> Iterator[Wire]:
    """Tap the server on a loopback port until the block is left."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        wire = Wire(listener.getsockname()[1])
        thread = threading.Thread(target=_accept, args=(listener, wire, port), daemon=True)
        thread.start()
        try:
            yield wire
        finally:
            # Closing alone does not wake a thread that waits in accept.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(listener: socket.socket, wire: Wire, port: int) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_connect, args=(client, wire, port), daemon=True).start()


def _connect(client: socket.socket, wire: Wire, port: int) -> None:
    with client, socket.create_connection(("127.0.0.1", port)) as server:
        wire.carry(client, server)


def _pump(source: socket.socket, sink: socket.socket, note: Callable[[bytes], None] = lambda data: None) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_PIECE):
            note(data)
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class _Recording(io.BytesIO):
    """Stands for a socket and for its file; outlives each response read from it."""

    def makefile(self, mode: str) -> _Recording:
        return self

    def close(self) -> None:
        """Stay open for the next response."""


def _responses(stream: bytes) -> Iterator[Response]:
    recording = _Recording(stream)
    while recording.tell() < len(stream):
        response = HTTPResponse(recording)  # type: ignore[arg-type]
        try:
            response.begin()
            body = response.read()
        except IncompleteRead as incomplete:
            # What ends a body may still be under way when the client has long seen the last frame.
            body = incomplete.partial
        except HTTPException:
            return
        yield Response(response.status, {name.lower(): value for name, value in response.getheaders()}, body)


def _strings(value: object, place: tuple[object, ...] = ()) -> Iterator[tuple[tuple[object, ...], str]]:
    """Each string in a JSON value with its place.

    Members of a list share a place unless they have an ``index``; a list of bytes, as in ``logprobs``, is a string.
    """
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield place, str(key)
            yield from _strings(member, (*place, key))
    elif isinstance(value, list):
        if value and all(isinstance(member, int) and 0 <= member < 256 for member in value):
            yield place, bytes(value).decode("latin-1")
        for member in value:
            name = member.get("index") if isinstance(member, dict) else None
            yield from _strings(member, (*place, name))
