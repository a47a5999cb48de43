"""Text that arrives in pieces and is looked at now and then, by its positions in the whole."""

from __future__ import annotations

from typing import Final

_SLACK: Final = 1024
"""Characters that may lie in front of what is still needed before they are cut off."""


class TextBuffer:
    """The end of a growing text. Appending is cheap however much is kept: pieces are joined when they are looked at."""

    __slots__ = ("_base", "_pieces", "_text")

    def __init__(self) -> None:
        self._base = 0
        self._text = ""
        self._pieces: list[str] = []

    def append(self, text: str) -> None:
        """Add text at the end."""
        self._pieces.append(text)

    def slice(self, start: int, end: int) -> str:
        """Return the text between two positions, neither of them forgotten."""
        self._join()
        return self._text[start - self._base : end - self._base]

    def forget(self, position: int) -> None:
        """Say that nothing before ``position`` will be asked for any more."""
        if position - self._base > _SLACK:
            self._join()
            self._text = self._text[position - self._base :]
            self._base = position

    def clear(self, position: int) -> None:
        """Forget everything; what is appended next stands at ``position``."""
        self._base = position
        if self._text or self._pieces:
            self._text = ""
            self._pieces.clear()

    def _join(self) -> None:
        if self._pieces:
            self._text += "".join(self._pieces)
            self._pieces.clear()
