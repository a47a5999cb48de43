"""Lazily built automata: what a candidate match may still become, one state per character.

A :class:`State` maps a character to the next state, or to None where nothing can match any more. States are built
when text first reaches them and kept, so that a character costs one dictionary lookup afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from proxy.guard.pattern import LookAhead, Pattern
from proxy.guard.regex import CharSet, Term, charsets

MAX_STATES = 20_000
"""States kept per automaton before the table is emptied and built anew: bounds memory against hostile text."""


class Accept(NamedTuple):
    """``rule`` has matched up to ``back`` characters before the position at which this is said."""

    rule: int
    back: int


class State(dict[str, "State | None"]):
    """One state. Missing transitions are derived on first use by ``__missing__``."""

    __slots__ = ("accepts", "alive", "arms", "at_end", "holding", "mergeable", "quiet")

    accepts: tuple[Accept, ...]
    """Matches confirmed by arriving here."""
    at_end: tuple[Accept, ...]
    """Matches confirmed if the text ends here."""
    arms: State | None
    """The state of a further candidate that begins at the position reached, its context being complete."""
    alive: bool
    """Whether any further character can lead anywhere."""
    holding: bool
    """Whether a match may still begin at the candidate's start; False where only a context is being read."""
    mergeable: bool
    """Whether, of two candidates in this state, the later one's matches all lie inside the earlier one's."""
    quiet: bool
    """Whether arriving here asks for nothing but going on: alive, nothing accepted, nothing armed."""

    def settle(self) -> None:
        """Derive ``quiet``; called once the other attributes are set."""
        self.quiet = self.alive and not self.accepts and self.arms is None


class Starts(dict[str, State]):
    """The state in which a candidate begins, by the character before it; "" stands for the start of the text."""


class RuleSource(NamedTuple):
    """What an automaton needs to know of a rule."""

    body: Pattern
    context: Pattern | None
    validated: bool


class _Thread(NamedTuple):
    """One way in which the text read so far may become a match of ``rule``."""

    rule: int
    kind: int
    terms: frozenset[Term]
    """What has to match next; for a look-ahead, any of these."""
    back: int = 0
    """For a look-ahead: characters read since the match ended."""


_CONTEXT, _BODY, _AHEAD = range(3)


class Automaton:
    """All rules of a detector in one automaton; immutable to its users."""

    def __init__(self, rules: Sequence[RuleSource]) -> None:
        self.rules = tuple(rules)
        self.starts: Starts = _RuleStarts(self)
        self._states: dict[tuple[object, ...], RuleState] = {}
        named: set[str] = set()
        for rule in self.rules:
            named.update(*(charset.chars for charset in _charsets_of(rule)))
        self._named = frozenset(ch for ch in named if not ch.isascii())
        self._unnamed = next(chr(code) for code in range(0x80, 0x110000) if chr(code) not in self._named)

    def start(self, previous: str) -> RuleState:
        """Return the state of a candidate that begins after ``previous``."""
        threads: set[_Thread] = set()
        for index, rule in enumerate(self.rules):
            pattern, kind = (rule.context, _CONTEXT) if rule.context else (rule.body, _BODY)
            if pattern.admits(previous):
                threads.add(_Thread(index, kind, frozenset((pattern.body,))))
        return self._state(threads, set(), set())

    def representative(self, ch: str) -> str:
        """Return the character that stands for ``ch``: characters that no rule names behave alike."""
        return ch if ch.isascii() or ch in self._named else self._unnamed

    def step(self, threads: Iterable[_Thread], ch: str) -> RuleState | None:
        """Return the state that ``threads`` reach by ``ch``, or None."""
        following: set[_Thread] = set()
        accepts: set[Accept] = set()
        armed: set[int] = set()
        for thread in threads:
            terms = frozenset[Term]().union(*(term.derive(ch) for term in thread.terms))
            if thread.kind == _AHEAD:
                self._look(thread, terms, following, accepts)
            elif terms:
                self._read(thread, terms, following, accepts, armed)
        return self._state(following, accepts, armed) if following or accepts or armed else None

    def _look(self, thread: _Thread, terms: frozenset[Term], following: set[_Thread], accepts: set[Accept]) -> None:
        ahead = self._ahead(thread.rule)
        seen = any(term.nullable for term in terms)
        if seen or not terms:
            if seen is not ahead.negative:
                accepts.add(Accept(thread.rule, thread.back + 1))
        else:
            following.add(_Thread(thread.rule, _AHEAD, terms, thread.back + 1))

    def _read(
        self, thread: _Thread, terms: frozenset[Term], following: set[_Thread], accepts: set[Accept], armed: set[int]
    ) -> None:
        rule = self.rules[thread.rule]
        rest = frozenset(term for term in terms if term.width != 0)
        if rest:
            following.add(_Thread(thread.rule, thread.kind, rest))
        if not any(term.nullable for term in terms):
            return
        if thread.kind == _CONTEXT:
            armed.add(thread.rule)
        elif rule.body.ahead:
            following.add(_Thread(thread.rule, _AHEAD, frozenset((rule.body.ahead.term,))))
        else:
            accepts.add(Accept(thread.rule, 0))

    def _ahead(self, rule: int) -> LookAhead:
        ahead = self.rules[rule].body.ahead
        assert ahead is not None
        return ahead

    def _state(self, threads: set[_Thread], accepts: set[Accept], armed: set[int]) -> RuleState:
        key = (frozenset(threads), frozenset(accepts), frozenset(armed))
        state = self._states.get(key)
        if state is None:
            if len(self._states) >= MAX_STATES:
                self._states.clear()
                self.starts.clear()
            state = RuleState(self, frozenset(threads))
            state.accepts = tuple(sorted(accepts))
            bodies = {_Thread(index, _BODY, frozenset((self.rules[index].body.body,))) for index in armed}
            state.arms = self._state(bodies, set(), set()) if bodies else None
            state.at_end = tuple(
                sorted(Accept(t.rule, t.back) for t in threads if t.kind == _AHEAD and self._ahead(t.rule).negative)
            )
            state.settle()
            # Only now: another thread may be looking for it.
            self._states[key] = state
        return state


class RuleState(State):
    """A state of an :class:`Automaton`."""

    __slots__ = ("_automaton", "_threads")

    def __init__(self, automaton: Automaton, threads: frozenset[_Thread]) -> None:
        super().__init__()
        self._automaton = automaton
        self._threads = threads
        self.alive = bool(threads)
        self.holding = any(thread.kind != _CONTEXT for thread in threads)
        self.mergeable = not any(
            thread.kind == _CONTEXT or automaton.rules[thread.rule].validated for thread in threads
        )

    # A state is one object per meaning, so identity is its equality; dict would make it unhashable.
    __hash__ = object.__hash__  # type: ignore[assignment]

    def __missing__(self, ch: str) -> State | None:
        known = self._automaton.representative(ch)
        if known is not ch and known != ch:
            return self[known]
        self[ch] = state = self._automaton.step(self._threads, ch)
        return state


class _RuleStarts(Starts):
    def __init__(self, automaton: Automaton) -> None:
        super().__init__()
        self._automaton = automaton

    def __missing__(self, previous: str) -> State:
        known = self._automaton.representative(previous) if previous else ""
        if known != previous:
            return self[known]
        self[previous] = state = self._automaton.start(previous)
        return state


def _charsets_of(rule: RuleSource) -> Iterable[CharSet]:
    for pattern in (rule.body, rule.context):
        if pattern is not None:
            yield from charsets(pattern.body)
            if pattern.ahead:
                yield from charsets(pattern.ahead.term)
            if pattern.behind:
                yield pattern.behind
