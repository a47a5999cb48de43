"""Candidates walking through an automaton: exact matches and the exact hold-back, one pass over the text.

Every position where a match may begin starts a *candidate*. The least start of a live candidate is the safe prefix:
what lies before it can no longer belong to a match that has not been reported. Nothing is ever scanned twice.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from proxy.guard.automaton import Automaton, RuleSource, Starts, State
from proxy.guard.findings import Match
from proxy.guard.pattern import PatternError, parse
from proxy.guard.pattern import hold_back as pattern_hold_back
from proxy.guard.rule import Rule
from proxy.guard.text_buffer import TextBuffer

_CROWD = 4
"""Live candidates above which those in equal states are merged."""


class Settled(NamedTuple):
    """A candidate whose matches are final: its start, and by rule the ends of its matches, ascending."""

    start: int
    ends: dict[int, list[int]]


_NOTHING: list[Settled] = []


class Candidate:
    """A position where a match may have begun."""

    __slots__ = ("dead", "ends", "start", "state")

    def __init__(self, start: int, state: State) -> None:
        self.start = start
        self.state = state
        self.dead = False
        self.ends: dict[int, list[int]] | None = None

    def concluded(self) -> Candidate:
        """Return a candidate that has this one's matches, and leave this one without."""
        other = Candidate(self.start, self.state)
        other.ends, self.ends = self.ends, None
        return other


class Runner:
    """Feeds characters to candidates. Positions are characters since the runner was made."""

    __slots__ = ("_closed", "_keep_all", "_live", "_previous", "_starts", "position", "safe")

    def __init__(self, starts: Starts, keep_all: Sequence[bool]) -> None:
        self._starts = starts
        self._keep_all = keep_all
        """By rule: whether every end of a match is kept (for a validator to choose from) or the longest only."""
        self._live: list[Candidate] = []
        self._closed: list[Candidate] = []
        self._previous = ""
        self.position = 0
        self.safe = 0

    def feed(self, text: str) -> list[Settled]:
        """Read the next characters; return what became settled, in order of start."""
        position, previous, live, starts = self.position, self._previous, self._live, self._starts
        crowd = max(4 * _CROWD, 2 * len(live))
        for ch in text:
            position += 1
            if live:
                changed = False
                for candidate in live:
                    state = candidate.state[ch]
                    if state is None:
                        candidate.dead = changed = True
                    else:
                        candidate.state = state
                        changed |= not state.quiet
                if changed:
                    live = self._arrive(live, position)
            state = starts[previous][ch]
            if state is not None:
                candidate = Candidate(position - 1, state)
                live += (candidate,) if state.quiet else self._arrive([candidate], position)
                if len(live) > crowd:
                    # A long delta must not cost more than many short ones.
                    live = self._merge(live)
                    crowd = max(crowd, 2 * len(live))
            previous = ch
        if len(live) > _CROWD:
            live = self._merge(live)
        self.position, self._previous, self._live = position, previous, live
        before, self.safe = self.safe, position
        for candidate in live:
            if candidate.state.holding:
                self.safe = min(self.safe, candidate.start)
            elif candidate.ends:
                # What lives on only reads a context: the matches that were made are complete.
                self._closed.append(candidate.concluded())
        return self._settle() if self._closed and self.safe > before else _NOTHING

    def finish(self) -> list[Settled]:
        """The text has ended: return what remains, in order of start."""
        for candidate in self._live:
            self._record(candidate, candidate.state.at_end, self.position)
            if candidate.ends:
                self._closed.append(candidate)
        self._live = []
        self.safe = self.position
        return self._settle()

    def _arrive(self, candidates: list[Candidate], position: int) -> list[Candidate]:
        """Note what the candidates' new states say; return those that live on, and those that they start."""
        kept: list[Candidate] = []
        for candidate in candidates:
            state = candidate.state
            if not candidate.dead:
                if state.accepts:
                    self._record(candidate, state.accepts, position)
                if state.arms is not None:
                    kept.append(Candidate(position, state.arms))
                if state.alive:
                    kept.append(candidate)
                    continue
            if candidate.ends:
                self._closed.append(candidate)
        return kept

    def _record(self, candidate: Candidate, accepts: Sequence[tuple[int, int]], position: int) -> None:
        if accepts and candidate.ends is None:
            candidate.ends = {}
        for rule, back in accepts:
            assert candidate.ends is not None
            ends = candidate.ends.setdefault(rule, [])
            # A look-ahead may be decided later for an earlier end than for a later one.
            insort(ends, position - back)
            if not self._keep_all[rule]:
                del ends[:-1]

    def _merge(self, live: list[Candidate]) -> list[Candidate]:
        seen: dict[int, Candidate] = {}
        kept: list[Candidate] = []
        for candidate in sorted(live, key=lambda c: c.start):
            earlier = seen.get(id(candidate.state)) if candidate.state.mergeable else None
            if earlier is None:
                seen[id(candidate.state)] = candidate
                kept.append(candidate)
            elif candidate.ends and not self._covers(earlier, candidate.ends):
                # Whatever it may still match, the earlier one will match from further left.
                self._closed.append(candidate)
        return kept

    def _covers(self, earlier: Candidate, ends: dict[int, list[int]]) -> bool:
        """Tell whether matches of a later candidate are inside those of an earlier one, all of which will count."""
        own = earlier.ends or {}
        return all(
            not self._keep_all[rule] and rule in own and own[rule][-1] >= found[-1] for rule, found in ends.items()
        )

    def _settle(self) -> list[Settled]:
        ready = [c for c in self._closed if c.start < self.safe]
        self._closed = [c for c in self._closed if c.start >= self.safe]
        ready.sort(key=lambda c: c.start)
        return [Settled(c.start, c.ends) for c in ready if c.ends]


@dataclass(frozen=True, slots=True)
class CompiledRules:
    """Rules with the automaton that finds them."""

    rules: tuple[Rule, ...]
    hold_backs: tuple[int, ...]
    automaton: Automaton = field(repr=False, compare=False)
    keep_all: tuple[bool, ...]


@lru_cache(maxsize=64)
def compile_rules(rules: tuple[Rule, ...]) -> CompiledRules:
    """Compile a detector's rules.

    Raises:
        PatternError: a rule's pattern is outside the language or could hold text back without bound.
    """
    sources = []
    for rule in rules:
        body, context = parse(rule.pattern), parse(rule.context) if rule.context else None
        if context and (body.behind or context.ahead or context.body.width is None):
            raise PatternError(
                f"rule {rule.name}: a context is bounded, ends where the match begins, and replaces a look-behind"
            )
        sources.append(RuleSource(body, context, rule.validate is not None))
    return CompiledRules(
        rules,
        tuple(hold_back(rule) for rule in rules),
        Automaton(sources),
        tuple(rule.validate is not None for rule in rules),
    )


def hold_back(rule: Rule) -> int:
    """Return the most characters that ``rule`` can withhold and then have to release.

    Raises:
        PatternError: there is no such number; the message names the rule.
    """
    try:
        return pattern_hold_back(parse(rule.pattern), rule.validate is not None)
    except PatternError as error:
        raise PatternError(f"rule {rule.name}: {error}") from error


_NO_MATCHES: list[Match] = []


class PatternScanner:
    """Finds the matches of compiled rules in one lane."""

    __slots__ = ("_buffer", "_compiled", "_reached", "_runner", "safe")

    def __init__(self, compiled: CompiledRules) -> None:
        self._compiled = compiled
        self._runner = Runner(compiled.automaton.starts, compiled.keep_all)
        self._buffer = TextBuffer()
        """As much of the lane's text as a validator may want to see."""
        self._reached: dict[int, int] = {}
        """By rule, the end of the furthest match so far: what ends no further is inside it."""
        self.safe = 0

    def feed(self, text: str) -> list[Match]:
        """Take the next characters; return the matches that became settled."""
        runner = self._runner
        settled = runner.feed(text)
        self.safe = safe = runner.safe
        if not settled and safe == runner.position:
            self._buffer.clear(safe)
            return _NO_MATCHES
        self._buffer.append(text)
        matches = self._matches(settled) if settled else _NO_MATCHES
        self._buffer.forget(safe)
        return matches

    def finish(self) -> list[Match]:
        """Return the remaining matches."""
        matches = self._matches(self._runner.finish())
        self.safe = self._runner.safe
        return matches

    def _matches(self, settled: Sequence[Settled]) -> list[Match]:
        # Of matches that begin together the longest comes first, then the rule that stands first in the catalogue.
        ordered = sorted(
            (start, -self._longest(start, index, ends), index)
            for start, ends_by_rule in settled
            for index, ends in ends_by_rule.items()
        )
        found: list[Match] = []
        for start, minus_end, index in ordered:
            if -minus_end > self._reached.get(index, 0):
                self._reached[index] = -minus_end
                rule = self._compiled.rules[index]
                found.append(Match(start, -minus_end, rule.label, rule.group))
        return found

    def _longest(self, start: int, index: int, ends: list[int]) -> int:
        validate = self._compiled.rules[index].validate
        if validate is None:
            return ends[-1]
        for end in reversed(ends):
            if validate(self._buffer.slice(start, end)):
                return end
        return 0
