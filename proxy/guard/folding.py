"""The folded view of a text, in which words are compared: one character at a time, with a map back.

Folding removes what people use to make a banned word look different while it reads the same: case, compatibility forms
(full-width letters, ligatures, circled letters), accents and stacked combining marks, invisible characters, and the
kind and amount of white space. Each character folds on its own (Unicode 15, UAX #15 NFKD, then case folding), so the
folded text cannot depend on how the text was cut.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

_INVISIBLE = frozenset("\u00ad\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters that render as nothing although their category is not Cf."""
_SPACELESS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x312F),  # Han radicals, kana, bopomofo
    (0x31A0, 0x9FFF),  # Han
    (0xF900, 0xFAFF),  # Han, compatibility
    (0xFF66, 0xFF9D),  # kana, half-width
    (0x20000, 0x3FFFF),  # Han, supplementary planes
)
"""Scripts that put no space between words: a word may begin and end anywhere in them."""


@lru_cache(maxsize=8192)
def fold_character(ch: str) -> str:
    """Return what ``ch`` folds to: "" where it is invisible or a mark, else one or more characters."""
    if ch in _INVISIBLE:
        return ""
    if ch.isspace():
        return " "
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", ch).casefold())
    return "".join(" " if c.isspace() else c for c in folded if not _ignorable(c))


def _ignorable(ch: str) -> bool:
    if ch in _INVISIBLE or 0xFE00 <= ord(ch) <= 0xFE0F or 0xE0100 <= ord(ch) <= 0xE01EF:
        return True
    category = unicodedata.category(ch)
    if category == "Cf":
        return True
    # Marks of the scripts that spell with them (Indic, Thai, Arabic, …) tell words apart and stay.
    return category in ("Mn", "Me") and (
        0x0300 <= ord(ch) <= 0x036F
        or 0x1AB0 <= ord(ch) <= 0x1AFF
        or 0x1DC0 <= ord(ch) <= 0x1DFF
        or 0x20D0 <= ord(ch) <= 0x20FF
        or 0xFE20 <= ord(ch) <= 0xFE2F
        or 0x0483 <= ord(ch) <= 0x0489
    )


@lru_cache(maxsize=8192)
def bounded(ch: str) -> bool:
    """Tell whether ``ch`` is part of a word that ends only where such characters end."""
    if ch.isascii():
        return ch.isalnum() or ch == "_"
    if any(low <= ord(ch) <= high for low, high in _SPACELESS):
        return False
    return ch.isalnum() or unicodedata.category(ch) in ("Mn", "Mc")


@lru_cache(maxsize=8192)
def continues(ch: str) -> bool:
    """Tell whether ``ch`` is a mark that belongs to the character before it."""
    return unicodedata.category(ch).startswith("M")


class Folder:
    """Folds a text delta by delta; runs of white space become one space."""

    __slots__ = ("_after_space", "_position")

    def __init__(self) -> None:
        self._position = 0
        self._after_space = False

    def feed(self, text: str) -> tuple[str, list[int] | None]:
        """Return the folded characters and the position in the text of each, or None where they go one to one."""
        start = self._position
        self._position += len(text)
        # The usual delta: printable ASCII in which no white space runs together.
        if text.isascii() and text.isprintable() and "  " not in text and not (self._after_space and text[:1] == " "):
            self._after_space = text[-1:] == " " or (self._after_space and not text)
            return text.lower(), None
        chars: list[str] = []
        origins: list[int] = []
        for offset, ch in self._fold(text):
            chars.append(ch)
            origins.append(start + offset)
        return "".join(chars), origins

    def _fold(self, text: str) -> Iterator[tuple[int, str]]:
        for offset, original in enumerate(text):
            for ch in fold_character(original):
                if ch != " " or not self._after_space:
                    yield offset, ch
                self._after_space = ch == " "


def fold(text: str) -> str:
    """Return the folded view of a whole text, without white space at its ends."""
    return Folder().feed(text)[0].strip()
