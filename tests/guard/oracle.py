"""What the guard should find and release, worked out from whole texts by brute force. Shares no code with the scanners.

Patterns are tried with the ``regex`` package at every start and every end; words are sought naively in a text that is
folded by other means; redactions are merged and blocks applied over complete lists of findings.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import regex

from proxy.guard.rule import Rule


@dataclass(frozen=True)
class Spec:
    """A rule in parts that an ordinary regular expression engine can be asked about one by one."""

    name: str
    body: str
    behind: str = ""
    """A character class that must (``=``) or must not (``!``) match the character before, as ``=[a]`` or ``![a]``."""
    ahead: str = ""
    """What must, or must not, follow, in the same notation."""
    context: str = ""
    context_behind: str = ""
    validate: Callable[[str], bool] | None = None
    samples: tuple[str, ...] = ()
    """Texts the body matches whole; together they pass through every part of it."""
    label: str = ""
    following: tuple[str, ...] = ("",)
    """Texts after which the body counts; the end of the text is one where nothing is required to follow."""

    @property
    def rule(self) -> Rule:
        """The rule as the guard takes it."""
        behind = f"(?<{self.behind})" if self.behind else ""
        ahead = f"(?{self.ahead})" if self.ahead else ""
        before = f"(?<{self.context_behind})" if self.context_behind else ""
        context = f"{before}{self.context}" if self.context else None
        pattern = f"{behind}(?:{self.body}){ahead}" if ahead and "|" in self.body else f"{behind}{self.body}{ahead}"
        return Rule(self.name, self.label or self.name.upper(), "g", pattern, self.validate, context)

    @property
    def title(self) -> str:
        """The label of its matches."""
        return self.rule.label


class Span(NamedTuple):
    """A match: where, its label, and what makes two the same value."""

    start: int
    end: int
    label: str
    key: str


@lru_cache(maxsize=4096)
def _compiled(source: str) -> regex.Pattern[str]:
    return regex.compile(source, regex.ASCII | regex.VERSION0)


def _preceded(text: str, at: int, behind: str) -> bool:
    """A negated class matches at the start of the text; a required character is missing there."""
    if not behind:
        return True
    found = at > 0 and _compiled(behind[1:]).fullmatch(text[at - 1]) is not None
    return found is (behind[0] == "=")


def _followed(text: str, at: int, ahead: str) -> bool:
    return not ahead or (_compiled(ahead[1:]).match(text[at:]) is not None) is (ahead[0] == "=")


def _in_context(spec: Spec, text: str, at: int) -> bool:
    if not spec.context:
        return True
    return any(
        _preceded(text, begin, spec.context_behind) and _compiled(spec.context).fullmatch(text[begin:at])
        for begin in range(at)
    )


def longest_from(spec: Spec, text: str, start: int) -> int | None:
    """Return the end of the longest match that begins at ``start``."""
    if not _preceded(text, start, spec.behind) or not _in_context(spec, text, start):
        return None
    body = _compiled(spec.body)
    for end in range(len(text), start, -1):
        part = text[start:end]
        if body.fullmatch(part) and _followed(text, end, spec.ahead) and (not spec.validate or spec.validate(part)):
            return end
    return None


def may_go_on(spec: Spec, text: str, start: int) -> bool:
    """Tell whether a match from ``start`` is unfinished: in its body, or in a look-ahead of at most two characters."""
    body, part = _compiled(spec.body), text[start:]
    return body.fullmatch(part, partial=True) is not None or body.fullmatch(part[:-1]) is not None


def spans_of(spec: Spec, text: str) -> list[Span]:
    """Return the longest match of one rule at each start, without those inside an earlier one."""
    found: list[Span] = []
    reached = 0
    for start in range(len(text)):
        end = longest_from(spec, text, start)
        if end is not None and end > reached:
            reached = end
            found.append(Span(start, end, spec.title, text[start:end]))
    return found


def pattern_spans(specs: Iterable[Spec], text: str) -> list[Span]:
    """Return the matches of all rules, in order of start, longest first."""
    return sorted((span for spec in specs for span in spans_of(spec, text)), key=lambda s: (s.start, -s.end))


# --- words -----------------------------------------------------------------------------------------------------------


def fold_whole(text: str) -> list[tuple[str, int]]:
    """Return the folded characters with the index of the character each comes from.

    Compatibility forms, case, accents and what cannot be seen are taken away; white space of any length is one space.
    """
    folded: list[tuple[str, int]] = []
    for index, original in enumerate(text):
        if original.isspace():
            pieces = [" "]
        else:
            apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", original).casefold())
            pieces = [" " if c.isspace() else c for c in apart if not _unseen(c)]
        for piece in pieces:
            if piece == " " and folded and folded[-1][0] == " ":
                continue
            folded.append((piece, index))
    return folded


_STACKED = regex.compile(
    r"[\p{Cf}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
    r"|(?=[\p{Mn}\p{Me}])[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
_SPELLED = regex.compile(
    r"[\w\p{Mc}\p{Mn}\p{No}--[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u312f\u31a0-\u9fff"
    r"\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff]]",
    regex.VERSION1,
)


def _unseen(ch: str) -> bool:
    return _STACKED.fullmatch(ch) is not None


def _joins(left: str, right: str) -> bool:
    """Whether two neighbours are parts of one word, in scripts that put spaces between words."""
    return all(_SPELLED.fullmatch(ch) is not None for ch in (left, right))


class _View:
    """A folded text, and the words of a list that begin at each of its places."""

    def __init__(self, words: Sequence[str], text: str) -> None:
        self._length = len(text)
        self.folded = fold_whole(text)
        self.text = "".join(ch for ch, _ in self.folded)
        self.written: dict[str, str] = {}
        for word in words:
            self.written.setdefault("".join(ch for ch, _ in fold_whole(word)).strip(" "), word)
        self._longest = max(map(len, self.written), default=0)

    def longest(self, start: int) -> int:
        """Return the end of the longest word that is whole at ``start``; 0 where there is none."""
        if start and _joins(self.text[start - 1], self.text[start]):
            return 0
        for end in range(min(start + self._longest, len(self.text)), start, -1):
            if self.text[start:end] in self.written and not (
                end < len(self.text) and _joins(self.text[end - 1], self.text[end])
            ):
                return end
        return 0

    def span(self, start: int, end: int) -> Span:
        """Return a word's place in the text. What cannot be seen behind a word goes with it."""
        following = self.folded[end][1] if end < len(self.folded) else self._length
        last = max(self.folded[end - 1][1] + 1, following)
        return Span(self.folded[start][1], last, "KEYWORD", self.written[self.text[start:end]])


def word_spans(words: Sequence[str], text: str) -> list[Span]:
    """Return the banned words of a text: the longest at each place, whole, without those inside another."""
    view = _View(words, text)
    found: list[Span] = []
    reached = 0
    for start in range(len(view.text)):
        end = view.longest(start)
        if end > reached:
            reached = end
            found.append(view.span(start, end))
    return found


def longest_word_from(words: Sequence[str], text: str, position: int) -> bool:
    """Tell whether a word begins with the character at ``position``, inside another one or not."""
    view = _View(words, text)
    return any(view.longest(start) for start, (_, at) in enumerate(view.folded) if at == position)


# --- policies --------------------------------------------------------------------------------------------------------


class Enforced(NamedTuple):
    """One detector of a policy: its name, its action, how it finds and how it numbers."""

    name: str
    action: str
    find: Callable[[str], list[Span]]
    placeholder: Callable[[str, int], str]


@dataclass(frozen=True)
class Outcome:
    """What becomes of one text under a policy."""

    released: str
    blocked_by: str | None
    enforced: tuple[tuple[str, int, int, str], ...]
    """Detector, start, end and action of everything that took effect, in the order in which it did."""
    cut: int
    """Where a block ends the text; its length where none does."""


def judge(text: str, detectors: Sequence[Enforced]) -> Outcome:
    """Apply a policy to a whole text."""
    hits = sorted(
        (span.start, detector.action == "redact", -span.end, order, number, span)
        for order, detector in enumerate(detectors)
        if detector.action != "observe"
        for number, span in enumerate(detector.find(text))
    )
    block = next((hit for hit in hits if not hit[1]), None)
    cut = block[0] if block else len(text)
    redactions = [hit for hit in hits if hit[1] and (block is None or hit[0] < cut)]
    parts: list[str] = []
    enforced: list[tuple[str, int, int, str]] = []
    numbers: dict[tuple[str, str], list[str]] = {}
    at, clusters = 0, _merged(redactions)
    for members in clusters:
        names = []
        for _, _, minus_end, order, _, span in members:
            name = detectors[order].name
            keys = numbers.setdefault((name, span.label), [])
            if span.key not in keys:
                keys.append(span.key)
            names.append(detectors[order].placeholder(span.label, keys.index(span.key)))
            enforced.append((name, span.start, -minus_end, "redact"))
        parts += [text[at : members[0][0]], names[0]]
        at = min(max(-member[2] for member in members), cut)
    parts.append(text[at:cut])
    if block:
        enforced.append((detectors[block[3]].name, block[0], -block[2], "block"))
    return Outcome("".join(parts), detectors[block[3]].name if block else None, tuple(enforced), cut)


_Hit = tuple[int, bool, int, int, int, Span]


def _merged(hits: Sequence[_Hit]) -> list[list[_Hit]]:
    clusters: list[list[_Hit]] = []
    end = 0
    for hit in hits:
        if clusters and hit[0] < end:
            clusters[-1].append(hit)
        else:
            clusters.append([hit])
        end = max(end, -hit[2])
    return clusters
