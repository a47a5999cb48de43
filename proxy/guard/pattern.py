"""The pattern language of rules: a subset of regular expression syntax, parsed to :mod:`proxy.guard.regex` terms.

Literals; ``.`` (any character but a line feed); ``\\d \\w \\s`` and their complements, in their ASCII meaning;
``\\n \\r \\t \\f \\v \\uXXXX`` and escaped punctuation; classes ``[a-z]`` and ``[^a-z]``; groups ``(?:…)``, ``(?i:…)``;
``|``; ``? * + {m} {m,} {m,n}``; one look-behind of a single character class at the beginning, one bounded look-ahead
at the end. There are no captures, anchors, back-references or lazy quantifiers: a match is the longest at its start.
"""

from __future__ import annotations

import string
from dataclasses import dataclass

from proxy.guard.regex import EMPTY, CharSet, OneOf, Repeat, Seq, Term, alternation, one_of, repeat, sequence

_DIGITS = frozenset(string.digits)
_WORD = frozenset(string.ascii_letters + string.digits + "_")
_SPACE = frozenset(" \t\n\r\f\v")
_CLASSES = {
    "d": CharSet(_DIGITS),
    "D": CharSet(_DIGITS, True),
    "w": CharSet(_WORD),
    "W": CharSet(_WORD, True),
    "s": CharSet(_SPACE),
    "S": CharSet(_SPACE, True),
}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}


class PatternError(ValueError):
    """A pattern is outside the language, or could hold text back without bound."""


@dataclass(frozen=True, slots=True)
class LookAhead:
    """What must, or must not, follow a match."""

    term: Term
    negative: bool


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed pattern."""

    body: Term
    behind: CharSet | None = None
    """The character before a match must be in this set."""
    behind_start: bool = True
    """Whether a match may begin at the start of the text."""
    ahead: LookAhead | None = None

    def admits(self, previous: str) -> bool:
        """Tell whether a match may begin after the character ``previous``; "" is the start of the text."""
        if self.behind is None:
            return True
        return self.behind_start if previous == "" else self.behind.has(previous)


def parse(source: str) -> Pattern:
    """Parse a pattern.

    Raises:
        PatternError: the source is not in the language; the message says where.
    """
    return _Parser(source).pattern()


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._fold = False

    def pattern(self) -> Pattern:
        behind, behind_start = self._look_behind()
        body = self._alternatives()
        ahead = self._look_ahead()
        if self._at != len(self._source):
            raise self._error("unexpected character")
        if body.nullable:
            raise self._error("the pattern matches the empty text")
        return Pattern(body, behind, behind_start, ahead)

    def _error(self, problem: str) -> PatternError:
        return PatternError(f"{problem} at position {self._at} of pattern {self._source!r}")

    def _take(self, text: str) -> bool:
        if self._source.startswith(text, self._at):
            self._at += len(text)
            return True
        return False

    def _next(self) -> str:
        if self._at >= len(self._source):
            raise self._error("unexpected end")
        self._at += 1
        return self._source[self._at - 1]

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self._error(f"expected {text!r}")

    def _look_behind(self) -> tuple[CharSet | None, bool]:
        negative = self._take("(?<!")
        if not negative and not self._take("(?<="):
            return None, True
        term = self._atom()
        if not isinstance(term, OneOf):
            raise self._error("a look-behind is one character class")
        self._expect(")")
        charset = term.charset
        return (CharSet(charset.chars, not charset.negated), True) if negative else (charset, False)

    def _look_ahead(self) -> LookAhead | None:
        negative = self._take("(?!")
        if not negative and not self._take("(?="):
            return None
        term = self._alternatives()
        self._expect(")")
        if term.nullable or term.width is None:
            raise self._error("a look-ahead must be bounded and match at least one character")
        return LookAhead(term, negative)

    def _alternatives(self) -> Term:
        branches = {self._sequence()}
        while self._take("|"):
            branches.add(self._sequence())
        return alternation(frozenset(branches))

    def _sequence(self) -> Term:
        parts: list[Term] = []
        while self._at < len(self._source) and self._source[self._at] not in "|)":
            if self._source.startswith(("(?!", "(?="), self._at):
                break
            parts.append(self._quantified())
        term = EMPTY
        for part in reversed(parts):
            term = sequence(part, term)
        return term

    def _quantified(self) -> Term:
        term = self._atom()
        bounds = self._bounds()
        if bounds is None:
            return term
        if self._bounds() is not None or term is EMPTY:
            raise self._error("nothing to repeat")
        return repeat(term, *bounds)

    def _bounds(self) -> tuple[int, int | None] | None:
        for symbol, bounds in (("?", (0, 1)), ("*", (0, None)), ("+", (1, None))):
            if self._take(symbol):
                return bounds
        if not self._take("{"):
            return None
        end = self._source.find("}", self._at)
        least, comma, most = self._source[self._at : end].partition(",")
        if end < 0 or not least.isdigit() or (most and not most.isdigit()):
            raise self._error("expected {m}, {m,} or {m,n}")
        self._at = end + 1
        upper = (int(most) if most else None) if comma else int(least)
        if upper is not None and upper < int(least):
            raise self._error("the bounds of a repetition are reversed")
        return int(least), upper

    def _atom(self) -> Term:
        if self._take("(?:"):
            return self._group(self._fold)
        if self._take("(?i:"):
            return self._group(True)
        ch = self._next()
        if ch in "()*+?{}|^$":
            self._at -= 1
            raise self._error("unsupported or misplaced syntax")
        if ch == ".":
            return one_of(CharSet(frozenset("\n"), True))
        if ch == "[":
            return one_of(self._class())
        if ch == "\\":
            return one_of(self._folded(self._escape()))
        return one_of(self._folded(CharSet(frozenset(ch))))

    def _group(self, fold: bool) -> Term:
        outer, self._fold = self._fold, fold
        term = self._alternatives()
        self._expect(")")
        self._fold = outer
        return term

    def _escape(self) -> CharSet:
        ch = self._next()
        if ch in _CLASSES:
            return _CLASSES[ch]
        if ch in _ESCAPES:
            return CharSet(frozenset(_ESCAPES[ch]))
        if ch == "u":
            digits = "".join(self._next() for _ in range(4))
            try:
                return CharSet(frozenset(chr(int(digits, 16))))
            except ValueError:
                raise self._error("expected four hexadecimal digits") from None
        if ch.isalnum():
            raise self._error("unsupported escape")
        return CharSet(frozenset(ch))

    def _class(self) -> CharSet:
        negated = self._take("^")
        chars: set[str] = set()
        first = True
        while first or not self._take("]"):
            first = False
            low = self._member()
            if len(low) == 1 and self._source.startswith("-", self._at) and not self._source.startswith("-]", self._at):
                self._at += 1
                high = self._member()
                if len(high) != 1 or min(high) < min(low):
                    raise self._error("bad range in a class")
                chars.update(map(chr, range(ord(min(low)), ord(min(high)) + 1)))
            else:
                chars |= low
        return self._folded(CharSet(frozenset(chars), negated))

    def _member(self) -> frozenset[str]:
        ch = self._next()
        if ch != "\\":
            return frozenset(ch)
        charset = self._escape()
        if charset.negated:
            raise self._error("a complement inside a class is not supported")
        return charset.chars

    def _folded(self, charset: CharSet) -> CharSet:
        if not self._fold:
            return charset
        cased = {c for c in charset.chars if c.isascii()}
        folded = {c.lower() for c in cased} | {c.upper() for c in cased}
        return CharSet(charset.chars | folded, charset.negated)


def hold_back(pattern: Pattern, validated: bool) -> int:
    """Return the most characters that a candidate can withhold and then have to release.

    Raises:
        PatternError: there is no such number: a repetition is unbounded and what follows it is not certain
            to be part of the match.
    """
    branches = getattr(pattern.body, "branches", None) or frozenset((pattern.body,))
    return max(_branch_hold_back(branch, pattern.ahead, validated) for branch in branches)


def _branch_hold_back(branch: Term, ahead: LookAhead | None, validated: bool) -> int:
    if branch.width is not None:
        look = ahead.term.width or 0 if ahead else 0
        return branch.width - 1 + max(look, int(validated))
    before = 0
    while isinstance(branch, Seq) and branch.head.width is not None:
        before += branch.head.width
        branch = branch.tail
    loop, after = (branch.head, branch.tail) if isinstance(branch, Seq) else (branch, EMPTY)
    if not isinstance(loop, Repeat) or loop.body.width is None:
        raise PatternError("an unbounded repetition inside another part is not admitted")
    if ahead or validated or not after.nullable or after.width is None:
        raise PatternError("an unbounded repetition must end the pattern, without look-ahead or validator")
    return max(before + loop.least * loop.body.width, loop.body.width + after.width) - 1
