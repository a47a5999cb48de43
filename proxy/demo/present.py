"""How `tidegate demo --once` looks, pure: what happened goes in, the text to print comes out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from proxy.events import Held

Span = tuple[int, int]

_WORDS = re.compile(r"<\w+>|\[\w+\]|\w+|\W")
_GUTTER = "  │  "
_NARROWEST = 45

_RESET, _BOLD, _DIM = "\x1b[0m", "\x1b[1m", "\x1b[2m"
_WITHHELD, _PUT_IN = "\x1b[31m", "\x1b[1;32m"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One guarded answer: what the model said, what the client received, and what lay between."""

    prompt: str
    said: str
    received: str
    finish_reason: str
    holds: tuple[Held, ...]
    first_token: Mapping[str, float]
    """Seconds to the first text, by side: ``upstream`` and ``client``."""
    detections: Mapping[str, object]
    """The output section of ``enkrypt_policy_detections``."""


@dataclass(frozen=True, slots=True)
class Style:
    """Where the text will be shown: its width in columns, and whether it takes ANSI colours (ECMA-48)."""

    width: int = 100
    colour: bool = False

    def paint(self, text: str, code: str) -> str:
        """The text in a colour, or as it is."""
        return f"{code}{text}{_RESET}" if self.colour and text else text


def render(exchange: Exchange, style: Style) -> str:
    """The whole page: both texts side by side, what was held, the times to the first token, the summary."""
    sections = (
        style.paint("You asked: ", _DIM) + exchange.prompt,
        _columns(exchange, style),
        _holds_table(exchange.holds, style),
        _first_tokens(exchange.first_token, style),
        _summary(exchange, style),
    )
    return "\n\n".join(section for section in sections if section) + "\n"


def differences(said: str, received: str) -> tuple[list[Span], list[Span]]:
    """Where the texts differ, word by word: spans missing from ``said``, spans put into ``received``."""
    ours, theirs = _words(said), _words(received)
    matcher = SequenceMatcher(None, [said[a:b] for a, b in ours], [received[a:b] for a, b in theirs], False)
    withheld, put_in = [], []
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag != "equal":
            withheld += _cover(ours[i:j])
            put_in += _cover(theirs[k:m])
    return withheld, put_in


def wrap(text: str, width: int) -> Iterator[Span]:
    """Cut a text into lines of at most ``width`` characters, at spaces where possible.

    Yields the span of each line. Line ends of the text are kept; the space at which a line was cut, and the
    line ends, belong to no span, so the spans never overlap and everything else is covered.
    """
    start = 0
    for paragraph in text.split("\n"):
        end = start + len(paragraph)
        while end - start > width:
            cut = text.rfind(" ", start, start + width + 1)
            if cut <= start:
                yield start, start + width
                start += width
            else:
                yield start, cut
                start = cut + 1
        yield start, end
        start = end + 1


def _words(text: str) -> list[Span]:
    return [match.span() for match in _WORDS.finditer(text)]


def _cover(spans: Sequence[Span]) -> list[Span]:
    return [(spans[0][0], spans[-1][1])] if spans else []


def _columns(exchange: Exchange, style: Style) -> str:
    width = (max(style.width, _NARROWEST) - len(_GUTTER)) // 2
    withheld, put_in = differences(exchange.said, exchange.received)
    left = list(_painted(exchange.said, withheld, _WITHHELD, width, style))
    # Placeholders stand out by themselves; without colour only what is missing needs a mark.
    right = list(_painted(exchange.received, put_in if style.colour else (), _PUT_IN, width, style))
    height = max(len(left), len(right))
    blank = " " * width
    gutter = style.paint(_GUTTER, _DIM)
    head = style.paint("The model said".ljust(width), _BOLD), style.paint("Your client received", _BOLD)
    body = zip(_padded(left, height, blank), _padded(right, height, ""), strict=True)
    rows = [head, ("─" * width, "─" * width), *body]
    return "\n".join((a + gutter + b).rstrip() for a, b in rows)


def _padded(lines: list[str], height: int, blank: str) -> list[str]:
    return lines + [blank] * (height - len(lines))


def _painted(text: str, spans: Sequence[Span], code: str, width: int, style: Style) -> Iterator[str]:
    """The lines of a column, padded to its width, with the spans standing out.

    Without colour the spans are put between angle quotes, before wrapping, since the quotes take room.
    """
    if not style.colour:
        for start, end in reversed(spans):
            text = f"{text[:start]}«{text[start:end]}»{text[end:]}"
        spans = ()
    for first, last in wrap(text, width):
        line, at = "", first
        for start, end in spans:
            start, end = max(start, first), min(end, last)
            if start < end:
                line += text[at:start] + style.paint(text[start:end], code)
                at = end
        yield line + text[at:last] + " " * (width - (last - first))


def _holds_table(holds: Sequence[Held], style: Style) -> str:
    """A row for each detector: how much text waited for its sake, and for how long.

    A hold is the part of one delta that had to wait; the average is that of a character.
    """
    if not holds:
        return "Nothing was held back."
    header = ("waited for", "pieces", "characters", "average (ms)", "longest (ms)")
    rows: list[tuple[str, ...]] = [header]
    for detector in sorted({hold.detector for hold in holds}):
        own = [hold for hold in holds if hold.detector == detector]
        characters = sum(hold.characters for hold in own)
        average = sum(hold.characters * hold.seconds for hold in own) / max(characters, 1)
        longest = max(hold.seconds for hold in own)
        millis = f"{average * 1000:.1f}", f"{longest * 1000:.1f}"
        rows.append((detector, str(len(own)), str(characters), *millis))
    return style.paint("Held back", _BOLD) + "\n" + _table(rows)


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  " + "  ".join([row[0].ljust(widths[0]), *_right(row[1:], widths[1:])]).rstrip() for row in rows)


def _right(cells: Iterable[str], widths: Iterable[int]) -> list[str]:
    return [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]


def _first_tokens(seconds: Mapping[str, float], style: Style) -> str:
    if not {"upstream", "client"} <= seconds.keys():
        return ""
    upstream, client = seconds["upstream"] * 1000, seconds["client"] * 1000
    head = style.paint("Time to first token", _BOLD)
    return f"{head}\n  from the model {upstream:.1f} ms, at the client {client:.1f} ms"


def _summary(exchange: Exchange, style: Style) -> str:
    summary = exchange.detections.get("summary")
    facts = [f"{name} = {value}" for name, value in summary.items()] if isinstance(summary, Mapping) else []
    lines = [
        style.paint("Output detections", _BOLD),
        "  summary: " + (", ".join(facts) or "empty"),
        f"  finish_reason: {exchange.finish_reason}",
    ]
    # Where text was only redacted the message is the revised text, which has been shown already.
    if (message := exchange.detections.get("result_message")) and message != exchange.received:
        lines.append(f"  result_message: {message}")
    return "\n".join(lines)
