"""An independent reading of rules for tests: every start, every end, by brute force with the ``regex`` package."""

from __future__ import annotations

from functools import cache

import regex

from proxy.guard.rule import Rule
from proxy.guard.runner import CompiledRules, PatternScanner, compile_rules

Span = tuple[int, int]


@cache
def alone(rule: Rule) -> CompiledRules:
    """Return ``rule`` compiled by itself."""
    return compile_rules((rule,))


def scan(compiled: CompiledRules, deltas: list[str]) -> list[tuple[int, int, str]]:
    """Return start, end and label of what the scanner finds; fail where it breaks its own promise of a safe prefix."""
    scanner = PatternScanner(compiled)
    found: list[tuple[int, int, str]] = []
    for delta in deltas:
        safe = scanner.safe
        matches = scanner.feed(delta)
        assert all(match.start >= safe for match in matches)
        assert scanner.safe >= safe
        found.extend((match.start, match.end, match.label) for match in matches)
    safe = scanner.safe
    matches = scanner.finish()
    assert all(match.start >= safe for match in matches)
    assert scanner.safe == sum(map(len, deltas))
    return found + [(match.start, match.end, match.label) for match in matches]


def marked(example: str) -> tuple[str, Span]:
    """Return the text of an example, and the span that « and » enclose in it."""
    before, _, rest = example.partition("«")
    value, _, after = rest.partition("»")
    return before + value + after, (len(before), len(before) + len(value))


def spans(rule: Rule, text: str) -> list[Span]:
    """Return what ``rule`` matches in ``text``: at each start the longest end that its validator accepts.

    A match that ends no further than an earlier one is inside it and is left out.
    """
    body, ahead = _compiled(rule.pattern)
    context = regex.compile(f"(?:{rule.context})", regex.ASCII) if rule.context else None
    found: list[Span] = []
    reached = 0
    for start in range(len(text)):
        if not body.match(text, start) or (context and not _preceded(context, text, start)):
            continue
        for end in range(len(text), max(start, reached), -1):
            if not body.fullmatch(text, start, end) or (ahead and not ahead.match(text, end)):
                continue
            if rule.validate is None or rule.validate(text[start:end]):
                found.append((start, end))
                reached = end
                break
    return found


def _preceded(context: regex.Pattern[str], text: str, at: int) -> bool:
    return any(context.fullmatch(text, begin, at) for begin in range(at))


@cache
def _compiled(pattern: str) -> tuple[regex.Pattern[str], regex.Pattern[str] | None]:
    """Return the pattern without its trailing look-ahead, and that look-ahead."""
    at = _trailing_look_ahead(pattern)
    ahead = regex.compile(pattern[at:], regex.ASCII) if at < len(pattern) else None
    return regex.compile(pattern[:at], regex.ASCII), ahead


def body_of(pattern: str) -> str:
    """Return ``pattern`` without its look-behind and its trailing look-ahead."""
    start = 0
    if pattern.startswith("(?<"):
        start = pattern.index("])") + 2
    return pattern[start : _trailing_look_ahead(pattern)]


def _trailing_look_ahead(pattern: str) -> int:
    depth, in_class, skip, opened = 0, False, False, len(pattern)
    for index, ch in enumerate(pattern):
        if skip:
            skip = False
        elif ch == "\\":
            skip = True
        elif in_class:
            in_class = ch != "]"
        elif ch == "[":
            in_class = True
        elif ch == "(":
            if depth == 0:
                opened = index
            depth += 1
        elif ch == ")":
            depth -= 1
    return opened if pattern.startswith(("(?!", "(?="), opened) else len(pattern)
