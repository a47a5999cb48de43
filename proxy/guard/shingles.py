"""Shingles: the overlapping runs of n words that two texts are compared by (Broder 1997), looked for in a stream.

A text is held only while its last words, and the letters of the word that has not ended, begin a shingle.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from string import ascii_lowercase
from typing import Final

from proxy.guard.checks import Placed, Reading
from proxy.guard.findings import Match
from proxy.guard.word_reader import Runs, Word, WordReader, words_of

MAX_CHARACTERS: Final = 32_768
"""Of a longer text only the beginning is looked for."""
SIMILARITY: Final = "similarity"
"""The score of this module's readings: which share of the shingles has been seen up to there."""

_TELLING: Final = 2
"""How many words of a shingle have to be uncommon for it to count: "you are a helpful assistant" gives nothing away."""
_TELLING_LETTERS: Final = 3
_COMMON_WORDS: Final = (
    "about above after all also always and answer answers any anything are ask asked asks assistant assistants based "
    "because been before being below but can cannot chat chatbot clear clearly concise could detailed did does don "
    "dont each else ensure every example feel few first following for free friendly from get give given good had has "
    "have help helpful her here him his how however information input instruction instructions into its just keep "
    "know language let like make many may message messages might more most much must need never not note now one only "
    "other our out output own please polite possible prompt provide provided question questions rather replies reply "
    "request requests respond response responses rule rules same say shall she should some such system task tell text "
    "than thank thanks that the their them then there these they thing things this those through too two under unless "
    "until use used user users using very want was way well were what when where which while who why will with within "
    "without would yes yet you your yours"
)
_COMMON: Final = frozenset(_COMMON_WORDS.split())
"""Words that instructions to any assistant are made of."""


class Shingles:
    """The shingles of a text, as they stand there and in the disguises that a model can be talked into."""

    def __init__(self, text: str, size: int) -> None:
        """Take the text and the number of words of a shingle; a text with fewer words is one shingle."""
        words = words_of(text[:MAX_CHARACTERS])
        tells = [not word.isascii() or (len(word) >= _TELLING_LETTERS and word not in _COMMON) for word in words]
        places = [slice(at, at + size) for at in range(max(len(words) - size, 0) + 1)]
        places = [place for place in places if sum(tells[place]) >= _TELLING]
        self._numbers: dict[str, int] = {}
        for place in places:
            self._numbers.setdefault(" ".join(words[place]), len(self._numbers))
        self.total = len(self._numbers)
        """How many there are, disguises not counted."""
        plain = [self._numbers[" ".join(words[place])] for place in places]
        for disguised, step in _disguises(words):
            for number, place in zip(plain, places, strict=True):
                self._numbers.setdefault(" ".join(disguised[place][::step]), number)
        self._sorted = sorted(self._numbers)

    def number(self, words: str) -> int | None:
        """Return which shingle the words are, if any."""
        return self._numbers.get(words)

    def begins(self, words: str) -> bool:
        """Tell whether a shingle begins with these characters."""
        at = bisect_left(self._sorted, words)
        return at < len(self._sorted) and self._sorted[at].startswith(words)


def _disguises(words: Sequence[str]) -> Iterator[tuple[Sequence[str], int]]:
    """Yield the words in disguise, and the step with which they are read: 1, or -1 for backwards."""
    rotated = str.maketrans(ascii_lowercase, ascii_lowercase[13:] + ascii_lowercase[:13])
    backwards = [word[::-1] for word in words]
    yield [word.translate(rotated) for word in words], 1
    yield [" ".join(word) for word in words], 1
    yield words, -1
    yield backwards, 1
    yield backwards, -1


class ShingleScanner:
    """Finds and counts the shingles of one text in one lane; a match is a run of overlapping ones."""

    def __init__(self, shingles: Shingles, label: str) -> None:
        """Look for ``shingles``; label the matches ``label``."""
        self._shingles = shingles
        self._words = WordReader()
        self._runs = Runs(label)
        self._live: list[tuple[int, str]] = []
        """Where shingles may have begun, and their words so far with a space behind each."""
        self._seen: set[int] = set()
        self._received = 0
        self.placed: list[Placed] = []
        self.safe = 0

    def feed(self, text: str) -> Sequence[Match]:
        """Take the next characters; return the matches that became settled."""
        self._received += len(text)
        found: list[Match] = []
        for word in self._words.feed(text):
            self._take(word, found)
        self._settle(found)
        return found

    def finish(self) -> Sequence[Match]:
        """Return the remaining matches."""
        found: list[Match] = []
        for word in self._words.finish():
            self._take(word, found)
        self._live.clear()
        self._settle(found)
        return found

    def _take(self, word: Word, found: list[Match]) -> None:
        shingles = self._shingles
        self._live.append((word.start, ""))
        live: list[tuple[int, str]] = []
        for start, before in self._live:
            words = before + word.text
            number = shingles.number(words)
            if number is not None:
                found += self._runs.add(start, word.end)
                self._count(number, start, word.known)
            words += " "
            if shingles.begins(words):
                live.append((start, words))
        self._live = live

    def _count(self, number: int, start: int, end: int) -> None:
        if number not in self._seen:
            self._seen.add(number)
            share = len(self._seen) / self._shingles.total
            self.placed.append(Placed(start, end, Reading({SIMILARITY: share})))

    def _settle(self, found: list[Match]) -> None:
        partial = self._words.partial
        live = self._live
        if partial and live:
            live = self._live = [entry for entry in live if self._shingles.begins(entry[1] + partial)]
        if live:
            earliest = live[0][0]
        elif partial and self._shingles.begins(partial):
            earliest = self._words.partial_start
        else:
            earliest = self._received
        found += self._runs.before(earliest)
        self.safe = self._runs.safe(earliest)
