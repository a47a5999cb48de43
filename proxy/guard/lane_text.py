"""The text of a lane between its arrival and its release: plain text, or the JSON text of tool-call arguments.

Scanners read a *view*; positions are characters of the view. For plain text the view is the text. For JSON it has the
escapes of strings decoded, so that ``a\\u0040b.com`` is seen as what a client will read.
"""

from __future__ import annotations

import json
import re
import string
from collections import deque
from typing import NamedTuple, Protocol

from proxy.guard.text_buffer import TextBuffer
from proxy.guard.vault import Restorer, Run


class LaneText(Protocol):
    """Buffered text: arrives by ``feed``, leaves in order by ``take`` and ``replace``."""

    def feed(self, text: str) -> str:
        """Append text as it came from the upstream; return what that adds to the view."""

    def finish(self) -> str:
        """The text has ended: return what that adds to the view."""

    def view(self, start: int, end: int) -> str:
        """Return the view between two positions, neither before what has left."""

    def take(self, end: int) -> str:
        """Return the text up to ``end`` in its original spelling, and move on."""

    def replace(self, end: int, placeholder: str) -> str:
        """Return what stands for the text up to ``end``, and move on."""


class PlainText:
    """Text that is what it looks like."""

    __slots__ = ("_buffer", "_position", "_restorer")

    def __init__(self, restorer: Restorer | None = None) -> None:
        self._restorer = restorer
        self._buffer = TextBuffer()
        self._position = 0

    def feed(self, text: str) -> str:
        """Append text, with placeholders restored."""
        if self._restorer is not None:
            text = _restored(text, self._restorer)
        self._buffer.forget(self._position)
        self._buffer.append(text)
        return text

    def finish(self) -> str:
        """Append what the restorer had kept back."""
        if self._restorer is None:
            return ""
        text, self._restorer = self._restorer.pending, None
        return self.feed(text)

    def view(self, start: int, end: int) -> str:
        """Return the text between two positions."""
        return self._buffer.slice(start, end)

    def take(self, end: int) -> str:
        """Return the text up to ``end``."""
        start, self._position = self._position, end
        return self._buffer.slice(start, end)

    def replace(self, end: int, placeholder: str) -> str:
        """Return the placeholder."""
        self._position = end
        return placeholder


def _restored(text: str, restorer: Restorer) -> str:
    source = restorer.pending + text
    parts: list[str] = []
    at = 0
    for length, original in restorer.feed(text):
        parts.append(source[at : at + length] if original is None else original)
        at += length
    return "".join(parts)


class _Cell(NamedTuple):
    """One character of the view, how it is spelled, and where in the JSON text it stands."""

    char: str
    spelling: str
    kind: str


_STRING, _SCALAR, _STRUCTURE = "string", "scalar", "structure"
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


class ArgumentText:
    """JSON text (RFC 8259). What leaves it parses if what came did: a number becomes a string when it is replaced."""

    def __init__(self, restorer: Restorer | None = None) -> None:
        self._lexer = _Lexer()
        self._restorer = restorer
        self._undecided: deque[_Cell] = deque()
        self._cells: deque[_Cell] = deque()
        self._position = 0
        self._scalar = ""
        """How much of the current scalar has been let through."""
        self._swallowing = False
        """The rest of the current scalar was replaced with its beginning."""

    def feed(self, text: str) -> str:
        """Append JSON text; return the decoded characters."""
        return self._admit(self._lexer.feed(text))

    def finish(self) -> str:
        """Append an unfinished escape and what the restorer had kept back."""
        view = self._admit(self._lexer.finish())
        if self._restorer is not None:
            view += self._pass(self._restorer.finish())
        return view

    def view(self, start: int, end: int) -> str:
        """Return the decoded characters between two positions."""
        cells = self._cells
        return "".join(cells[index].char for index in range(start - self._position, end - self._position))

    def take(self, end: int) -> str:
        """Return the JSON text up to ``end``."""
        parts: list[str] = []
        while self._position < end:
            cell = self._next()
            if cell.kind == _SCALAR:
                if not self._swallowing:
                    self._scalar += cell.spelling
                    parts.append(cell.spelling)
            else:
                self._scalar, self._swallowing = "", False
                parts.append(cell.spelling)
        return "".join(parts)

    def replace(self, end: int, placeholder: str) -> str:
        """Return the JSON text up to ``end`` with its structure kept and its contents replaced."""
        parts: list[str] = []
        before = ""
        while self._position < end:
            cell = self._next()
            if cell.kind == _SCALAR:
                if not self._swallowing:
                    parts.append(self._instead_of_scalar(placeholder))
                self._swallowing = True
            else:
                self._scalar, self._swallowing = "", False
                if cell.kind == _STRUCTURE:
                    parts.append(cell.spelling)
                elif before != _STRING:
                    parts.append(placeholder)
            before = cell.kind
        return "".join(parts)

    def _instead_of_scalar(self, placeholder: str) -> str:
        if not self._scalar:
            return f'"{placeholder}"'
        for literal in ("true", "false", "null"):
            if literal.startswith(self._scalar):
                # Its beginning has left, and nothing else can follow that; there is nothing to hide in it either.
                return literal[len(self._scalar) :]
        return "" if _NUMBER.fullmatch(self._scalar) else "0"

    def _next(self) -> _Cell:
        self._position += 1
        return self._cells.popleft()

    def _admit(self, cells: list[_Cell]) -> str:
        if self._restorer is None:
            self._cells.extend(cells)
            return "".join(cell.char for cell in cells)
        self._undecided.extend(cells)
        return self._pass(self._restorer.feed("".join(cell.char for cell in cells)))

    def _pass(self, runs: list[Run]) -> str:
        view: list[str] = []
        for length, original in runs:
            cells = [self._undecided.popleft() for _ in range(length)]
            if original is not None:
                cells = [_Cell(ch, json.dumps(ch)[1:-1], cells[0].kind) for ch in original]
            self._cells.extend(cells)
            view.extend(cell.char for cell in cells)
        return "".join(view)


class _Lexer:
    """Splits JSON text into cells. Text that is not JSON comes out as it went in, one way or another."""

    def __init__(self) -> None:
        self._in_string = False
        self._escape = ""
        """An escape sequence that is not complete yet."""

    def feed(self, text: str) -> list[_Cell]:
        cells: list[_Cell] = []
        for ch in text:
            if self._escape:
                self._continue_escape(ch, cells)
            else:
                self._plain(ch, cells)
        return cells

    def finish(self) -> list[_Cell]:
        escape, self._escape = self._escape, ""
        return [_Cell(ch, ch, _STRING) for ch in escape]

    def _plain(self, ch: str, cells: list[_Cell]) -> None:
        if ch == '"':
            self._in_string = not self._in_string
            cells.append(_Cell(ch, ch, _STRUCTURE))
        elif self._in_string:
            if ch == "\\":
                self._escape = ch
            else:
                cells.append(_Cell(ch, ch, _STRING))
        else:
            cells.append(_Cell(ch, ch, _STRUCTURE if ch in "{}[]:, \t\r\n" else _SCALAR))

    def _continue_escape(self, ch: str, cells: list[_Cell]) -> None:
        self._escape += ch
        escape = self._escape
        if len(escape) == 2 and ch != "u":
            self._done(_ESCAPED.get(ch, ch), cells)
        elif 2 < len(escape) <= 6 and ch not in string.hexdigits:
            self._broken_escape(cells)
        elif len(escape) == 6:
            code = _code(escape[2:])
            if code is None or not 0xD800 <= code <= 0xDBFF:
                self._done("\ufffd" if code is None or 0xDC00 <= code <= 0xDFFF else chr(code), cells)
        elif (len(escape) in (7, 8) and not "\\u".startswith(escape[6:])) or (
            len(escape) > 8 and ch not in string.hexdigits
        ):
            self._lone_surrogate(cells)
        elif len(escape) == 12:
            low = _code(escape[8:])
            if low is not None and 0xDC00 <= low <= 0xDFFF:
                high = _code(escape[2:6]) or 0
                self._done(chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)), cells)
            else:
                self._lone_surrogate(cells)

    def _broken_escape(self, cells: list[_Cell]) -> None:
        """It is no escape, so no JSON either: what it is made of is read as text."""
        escape, self._escape = self._escape, ""
        cells.extend(_Cell(ch, ch, _STRING) for ch in escape[:-1])
        self._plain(escape[-1], cells)

    def _lone_surrogate(self, cells: list[_Cell]) -> None:
        """The high surrogate stands alone: what follows it is read anew."""
        escape, self._escape = self._escape, ""
        cells.append(_Cell("\ufffd", escape[:6], _STRING))
        cells.extend(self.feed(escape[6:]))

    def _done(self, char: str, cells: list[_Cell]) -> None:
        cells.append(_Cell(char, self._escape, _STRING))
        self._escape = ""


def _code(digits: str) -> int | None:
    try:
        return int(digits, 16) if digits.isalnum() else None
    except ValueError:
        return None
