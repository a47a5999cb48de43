"""Terms of regular expressions, and their partial derivatives.

A term's partial derivative by a character is the set of terms that match what may follow that character
(V. Antimirov, "Partial derivatives of regular expressions and finite automaton constructions", 1996). Counted
repetitions are terms of their own, so ``[a-z]{1,64}`` costs nothing until text walks into it.

Terms are interned: two equal terms are one object, so sets of terms hash by identity.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class CharSet(NamedTuple):
    """The characters in ``chars``, or, when negated, all others."""

    chars: frozenset[str]
    negated: bool = False

    def has(self, ch: str) -> bool:
        """Tell whether ``ch`` is in the set."""
        return (ch in self.chars) != self.negated


class Term:
    """A regular expression. ``width`` is its longest match in characters, None where unbounded."""

    __slots__ = ("nullable", "width")
    _interned: Final[dict[tuple[object, ...], Term]] = {}

    def __init__(self, nullable: bool, width: int | None) -> None:
        self.nullable = nullable
        self.width = width

    def derive(self, ch: str) -> frozenset[Term]:
        """Return the partial derivatives by ``ch``."""
        raise AssertionError("abstract")  # pragma: no cover


_NONE: Final[frozenset[Term]] = frozenset()


class _Empty(Term):
    """Matches only the empty text."""

    __slots__ = ()

    def derive(self, ch: str) -> frozenset[Term]:
        return _NONE


EMPTY: Final[Term] = _Empty(True, 0)
_JUST_EMPTY: Final[frozenset[Term]] = frozenset((EMPTY,))


class OneOf(Term):
    """Matches one character of a set."""

    __slots__ = ("charset",)

    def __init__(self, charset: CharSet) -> None:
        super().__init__(False, 1)
        self.charset = charset

    def derive(self, ch: str) -> frozenset[Term]:
        return _JUST_EMPTY if self.charset.has(ch) else _NONE


class Seq(Term):
    """Matches ``head``, then ``tail``."""

    __slots__ = ("head", "tail")

    def __init__(self, head: Term, tail: Term) -> None:
        width = None if head.width is None or tail.width is None else head.width + tail.width
        super().__init__(head.nullable and tail.nullable, width)
        self.head = head
        self.tail = tail

    def derive(self, ch: str) -> frozenset[Term]:
        found = {sequence(term, self.tail) for term in self.head.derive(ch)}
        if self.head.nullable:
            found |= self.tail.derive(ch)
        return frozenset(found)


class Alt(Term):
    """Matches any of its branches."""

    __slots__ = ("branches",)

    def __init__(self, branches: frozenset[Term]) -> None:
        widths = [branch.width for branch in branches]
        width = None if None in widths else max(w for w in widths if w is not None)
        super().__init__(any(branch.nullable for branch in branches), width)
        self.branches = branches

    def derive(self, ch: str) -> frozenset[Term]:
        return frozenset().union(*(branch.derive(ch) for branch in self.branches))


class Repeat(Term):
    """Matches ``body`` at least ``least`` and at most ``most`` times; ``most`` None is unbounded."""

    __slots__ = ("body", "least", "most")

    def __init__(self, body: Term, least: int, most: int | None) -> None:
        width = None if most is None or body.width is None else body.width * most
        super().__init__(least == 0 or body.nullable, width)
        self.body = body
        self.least = least
        self.most = most

    def derive(self, ch: str) -> frozenset[Term]:
        derivatives = self.body.derive(ch)
        if not derivatives:
            return _NONE
        rest = repeat(self.body, max(self.least - 1, 0), None if self.most is None else self.most - 1)
        return frozenset(sequence(term, rest) for term in derivatives)


def _intern(key: tuple[object, ...], make: type[Term], *args: object) -> Term:
    term = Term._interned.get(key)
    if term is None:
        term = Term._interned[key] = make(*args)  # type: ignore[arg-type]
    return term


def one_of(charset: CharSet) -> Term:
    """Return the term for one character of ``charset``."""
    return _intern((OneOf, charset), OneOf, charset)


def sequence(head: Term, tail: Term) -> Term:
    """Return the term for ``head`` followed by ``tail``."""
    if head is EMPTY:
        return tail
    if tail is EMPTY:
        return head
    if isinstance(head, Seq):
        # Right-nested, so that equal sequences are one term however they were put together.
        return sequence(head.head, sequence(head.tail, tail))
    return _intern((Seq, id(head), id(tail)), Seq, head, tail)


def alternation(branches: frozenset[Term]) -> Term:
    """Return the term for any of ``branches``, of which there is at least one."""
    if len(branches) == 1:
        return next(iter(branches))
    return _intern((Alt, branches), Alt, branches)


def repeat(body: Term, least: int, most: int | None) -> Term:
    """Return the term for ``least`` to ``most`` repetitions of ``body``."""
    if most == 0:
        return EMPTY
    if (least, most) == (1, 1):
        return body
    return _intern((Repeat, id(body), least, most), Repeat, body, least, most)


def charsets(term: Term) -> frozenset[CharSet]:
    """Return every character set that ``term`` mentions."""
    match term:
        case OneOf():
            return frozenset((term.charset,))
        case Seq():
            return charsets(term.head) | charsets(term.tail)
        case Alt():
            return frozenset().union(*map(charsets, term.branches))
        case Repeat():
            return charsets(term.body)
    return frozenset()
