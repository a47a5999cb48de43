"""A text as words, as it streams, and the runs of words that it has in common with something else.

Words are compared in the folded view (:mod:`proxy.guard.folding`), and whatever is neither a letter nor a digit only
separates them: other punctuation, bullets or line breaks make no difference.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from proxy.guard.findings import Match
from proxy.guard.folding import bounded, continues, fold_character

LONGEST_WORD: Final = 64
"""Characters after which a word without an end is taken for two."""
_APOSTROPHES: Final = frozenset("'\u2019")
_PIECES: Final = re.compile("[a-z0-9]+|[^a-z0-9]+")
"""The words of the usual delta, which is ASCII, and what separates them."""


class Word(NamedTuple):
    """A folded word, and where it is in the text, in characters."""

    text: str
    start: int
    end: int
    """Behind its last character, and behind invisible ones that follow it."""
    known: int
    """How much of the text has to be read to know that it ends here."""


@lru_cache(maxsize=8192)
def _spelled(ch: str) -> str:
    """Return what a character adds to the words: letters, "" for nothing, spaces where words end."""
    return "".join(map(_spelled_folded, fold_character(ch)))


def _spelled_folded(ch: str) -> str:
    if ch in _APOSTROPHES:
        return ""
    if ch == "_":
        return " "
    if bounded(ch):
        return ch
    # Scripts without spaces between words: each character counts as a word.
    return f" {ch} " if ch.isalnum() or continues(ch) else " "


class WordReader:
    """Cuts a text into words, delta by delta."""

    __slots__ = ("_position", "partial", "partial_start")

    def __init__(self) -> None:
        self._position = 0
        self.partial = ""
        """The word that has not ended yet."""
        self.partial_start = 0

    def feed(self, text: str) -> list[Word]:
        """Take the next characters; return the words that ended."""
        words: list[Word] = []
        position = self._position
        self._position += len(text)
        if text.isascii() and "'" not in text:
            for piece in _PIECES.findall(text.lower()):
                if not piece.isalnum():
                    self._end(position, words)
                elif len(self.partial) + len(piece) <= LONGEST_WORD:
                    if not self.partial:
                        self.partial_start = position
                    self.partial += piece
                else:
                    self._spell(piece, position, words)
                position += len(piece)
        else:
            self._spell(text, position, words)
        return words

    def _spell(self, text: str, first: int, words: list[Word]) -> None:
        """Take characters, the first of which stands at ``first``, one by one."""
        for position, ch in enumerate(text, first):
            for letter in _spelled(ch):
                if letter == " " or len(self.partial) == LONGEST_WORD:
                    self._end(position, words)
                if letter != " ":
                    if not self.partial:
                        self.partial_start = position
                    self.partial += letter

    def finish(self) -> list[Word]:
        """The text has ended: return the last word, if any."""
        partial, self.partial = self.partial, ""
        return [Word(partial, self.partial_start, self._position, self._position)] if partial else []

    def _end(self, position: int, words: list[Word]) -> None:
        """End the word, if there is one, for the sake of the character at ``position``."""
        if self.partial:
            # What ends a character that is a word on its own is that character.
            end = max(position, self.partial_start + 1)
            words.append(Word(self.partial, self.partial_start, end, position + 1))
            self.partial = ""


def words_of(text: str) -> list[str]:
    """Return the folded words of a whole text."""
    reader = WordReader()
    return [word.text for word in (*reader.feed(text), *reader.finish())]


class Runs:
    """Makes matches of overlapping pieces: one of a run's first piece, at once, and one of all the others.

    So that a block need not wait for the end of a run, and a redaction, which merges what overlaps, is of all of it.
    """

    __slots__ = ("_end", "_label", "_tail")

    def __init__(self, label: str) -> None:
        """Label the matches ``label``."""
        self._label = label
        self._end = 0
        self._tail = -1
        """Where the second piece of the run begins; -1 before there is one."""

    def add(self, start: int, end: int) -> Sequence[Match]:
        """Take the next piece, in order of their ends; return the matches that became settled."""
        if start < self._end:
            self._tail = start if self._tail < 0 else min(start, self._tail)
            self._end = max(self._end, end)
            return ()
        settled = [*self.before(start), Match(start, end, self._label, "")]
        self._end = end
        return settled

    def before(self, position: int) -> Sequence[Match]:
        """Say that no piece will begin before ``position``; return the match that is settled by that, if any."""
        if self._tail < 0 or position < self._end:
            return ()
        tail, self._tail = self._tail, -1
        return (Match(tail, self._end, self._label, ""),)

    def safe(self, position: int) -> int:
        """Return what is safe where no piece will begin before ``position``."""
        return position if self._tail < 0 else min(position, self._tail)
