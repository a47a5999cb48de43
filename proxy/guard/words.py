"""Thousands of banned words in one lazily built trie.

The words are a sorted list; a state is the range of words that share the characters read, narrowed by bisection when a
transition is first used. A list of 100,000 words thus costs what its strings cost, and start-up does no more than sort.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from proxy.guard.automaton import Accept, Starts, State
from proxy.guard.folding import bounded, continues

_LAST = chr(0x10FFFF)


class WordTrie:
    """Whole words (folded, distinct, sorted) as an automaton whose only rule is number 0.

    A word matches whole: where it begins or ends in a character of a spaced script, its neighbour is no such character.
    The end of a match is confirmed by the character after it, or by the end of the text.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words
        root = _TrieState(self, 0, len(words), 0, ())
        self.starts: Starts = _TrieStarts(root, _AfterWord(root))

    def narrow(self, low: int, high: int, depth: int, ch: str) -> tuple[int, int]:
        """Return the range within ``low:high`` of the words that have ``ch`` at ``depth``."""
        key = self.words[low][:depth] + ch if low < high else ch
        first = bisect_left(self.words, key, low, high)
        return first, bisect_left(self.words, key + _LAST, first, high)


class _TrieState(State):
    __slots__ = ("_depth", "_high", "_low", "_trie", "_word")

    def __init__(self, trie: WordTrie, low: int, high: int, depth: int, accepts: tuple[Accept, ...]) -> None:
        super().__init__()
        self._trie = trie
        self._low, self._high, self._depth = low, high, depth
        # The shortest word of the range comes first; it is complete where it is as long as what has been read.
        self._word = trie.words[low] if depth and low < high and len(trie.words[low]) == depth else ""
        self.accepts = accepts
        self.at_end = (Accept(0, 0),) if self._word else ()
        self.arms = None
        self.alive = low < high
        self.holding = True
        self.mergeable = True
        self.settle()

    def __missing__(self, ch: str) -> State | None:
        low, high = self._trie.narrow(self._low, self._high, self._depth, ch)
        ends = bool(self._word) and not continues(ch) and not (bounded(self._word[-1]) and bounded(ch))
        if low == high and not ends:
            # Dead ends are kept for ASCII alone, so that hostile text cannot fill memory with them.
            if ch.isascii():
                self[ch] = None
            return None
        state = _TrieState(self._trie, low, high, self._depth + 1, (Accept(0, 1),) if ends else ())
        if low < high or ch.isascii():
            self[ch] = state
        return state


class _AfterWord(State):
    """The root where the character before was part of a word: only words that need no boundary begin here."""

    __slots__ = ("_root",)

    def __init__(self, root: State) -> None:
        super().__init__()
        self._root = root
        self.accepts, self.at_end, self.arms = (), (), None
        self.alive = self.holding = self.mergeable = True
        self.settle()

    def __missing__(self, ch: str) -> State | None:
        state = None if bounded(ch) else self._root[ch]
        if ch.isascii():
            self[ch] = state
        return state


class _TrieStarts(Starts):
    def __init__(self, root: State, after_word: State) -> None:
        super().__init__()
        self._root, self._after_word = root, after_word

    def __missing__(self, previous: str) -> State:
        state = self._after_word if previous and bounded(previous) else self._root
        if previous.isascii():
            self[previous] = state
        return state
