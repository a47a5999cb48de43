"""Joins UTF-16 surrogates that a JSON encoder split between two deltas (RFC 8259, section 7)."""

from __future__ import annotations


class SurrogateJoiner:
    """Makes a text of code points out of deltas that may hold lone surrogates."""

    __slots__ = ("pending",)

    def __init__(self) -> None:
        self.pending = ""
        """A high surrogate that waits for its other half."""

    def feed(self, text: str) -> str:
        """Return the text so far decided; a high surrogate at the end is kept back."""
        if not self.pending and not any("\ud800" <= ch <= "\udfff" for ch in text):
            return text
        text = self.pending + text
        self.pending = ""
        if "\ud800" <= text[-1:] <= "\udbff":
            text, self.pending = text[:-1], text[-1]
        return _joined(text)

    def finish(self) -> str:
        """Return the replacement character where a half is still waiting."""
        text, self.pending = self.pending, ""
        return _joined(text)


def _joined(text: str) -> str:
    """Join pairs; a half without its other half becomes U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
