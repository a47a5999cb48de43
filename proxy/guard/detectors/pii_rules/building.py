"""Building blocks of the catalogue: runs of characters, tokens with a fixed beginning, values behind their names.

Samples of secrets are put together from alphabets when the module is imported, so that no text in the repository
looks like a key that somebody could use.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from proxy.guard.detectors.pii_rules.entropy import is_varied
from proxy.guard.rule import Rule

BOUNDARY = r"(?<![A-Za-z0-9])"
"""A candidate begins where a word begins: fewer are alive at a time, and identifiers keep their insides."""

ASSIGNS = r"""["'`]?\s{0,3}(?:=>|:=|[:=]|\|)\s{0,3}["'`]?"""
"""What stands between a name and its value in code, configuration, tables and forms."""

NAMES = (
    r"""(?:[ _-]?(?i:id|card|number|num|no|nr)\.?){0,2}"""
    r"""(?:["'`*]{0,2}\s{0,3}(?:=>|[:=|#])["'`*]{0,2}\s{0,3}| (?i:is|was)(?i: the)?:? {1,2}| {1,2})["'`*(]{0,2}"""
)
"""What stands between the name of a number and the number, in prose, forms and data."""


@dataclass(frozen=True, slots=True)
class Run:
    """So many characters of a class: ``least`` exactly, or up to ``most``, or, where ``open``, any number more."""

    charset: str
    sample: str
    least: int
    most: int | None = None
    open: bool = False

    @property
    def pattern(self) -> str:
        """The run as a pattern."""
        more = "," if self.open else "" if self.most is None else f",{self.most}"
        return f"[{self.charset}]{{{self.least}{more}}}"

    @property
    def exact(self) -> bool:
        """Whether a further character of the class would be one too many."""
        return self.most is None and not self.open

    def filled(self, length: int) -> str:
        """Return ``length`` characters that a generator might have drawn."""
        # A stride that is coprime to the alphabets' lengths visits their characters out of order.
        return "".join(self.sample[(7 + 11 * i + i * i // 5) % len(self.sample)] for i in range(length))


def _alphabet(charset: str, sample: str) -> Callable[..., Run]:
    def run(least: int, most: int | None = None) -> Run:
        return Run(charset, sample, least, most)

    return run


_LOWER, _UPPER, _DIGIT = "bcdfghjkmnpqrstvwz", "BCDFGHJKMNPQRSTVWZ", "2345678901"
digits = _alphabet("0-9", _DIGIT)
hexadecimal = _alphabet("0-9a-f", "3a8f1c5e7b9d2046")
any_hexadecimal = _alphabet("0-9A-Fa-f", "3a8f1C5e7B9d2046")
lower = _alphabet("0-9a-z", "4k" + _LOWER + "7306")
upper = _alphabet("0-9A-Z", "5Q" + _UPPER + "8294")
alphanumeric = _alphabet("0-9A-Za-z", _LOWER + "4902" + _UPPER + "7361")
word = _alphabet("0-9A-Za-z_", _LOWER + "49_02" + _UPPER + "7361")
url_safe = _alphabet("0-9A-Za-z_-", _LOWER + "49_02-" + _UPPER + "7361")
base64 = _alphabet("0-9A-Za-z+/", _LOWER + "49/02+" + _UPPER + "7361")
dotted = _alphabet("0-9A-Za-z_.=-", _LOWER + "49_02-" + _UPPER + "7361")


def at_least(run: Run) -> Run:
    """Return ``run`` without an upper bound.

    It has to end its token, which then has no validator, so that nothing further is held back.
    """
    return replace(run, open=True)


def pattern_of(parts: tuple[str | Run, ...]) -> str:
    """Return the pattern for literals and runs in a row, closed to the right where the last run is exact."""
    body = "".join(re.escape(part) if isinstance(part, str) else part.pattern for part in parts)
    last = parts[-1]
    return f"{body}(?![{last.charset}])" if isinstance(last, Run) and last.exact else body


def sample_of(parts: tuple[str | Run, ...], shorter_by: int = 0) -> str:
    """Return a text of this form; ``shorter_by`` characters short in its longest run."""
    longest = max((part for part in parts if isinstance(part, Run)), key=lambda run: run.least)
    return "".join(
        part if isinstance(part, str) else part.filled(part.least - (shorter_by if part is longest else 0))
        for part in parts
    )


def token(name: str, label: str, *parts: str | Run) -> Rule:
    """Return the rule for a provider's token: literals and runs in a row, anywhere a word may begin."""
    return Rule(
        name=name,
        label=label,
        group="secrets",
        pattern=BOUNDARY + pattern_of(parts),
        validate=None if any(isinstance(part, Run) and part.open for part in parts) else is_varied,
        examples=(f"use «{sample_of(parts)}» here", f'{{"key":"«{sample_of(parts)}»"}}'),
        counter_examples=(f"use {sample_of(parts, 1)} here", f"key{sample_of(parts)}"),
    )


def assigned(name: str, label: str, keywords: str, *parts: str | Run) -> Rule:
    """Return the rule for a token whose form says little, after one of ``keywords`` (``a|b``, any case)."""
    first = keywords.split("|")[0].replace("[ _-]?", "_").replace("?", "")
    sample = sample_of(parts)
    return Rule(
        name=name,
        label=label,
        group="secrets",
        pattern=pattern_of(parts),
        validate=is_varied,
        context=rf"{BOUNDARY}(?i:{keywords})[\w. -]{{0,20}}(?: (?i:is) |{ASSIGNS})",
        examples=(f'{first.upper()}_KEY="«{sample}»"', f"{first} token: «{sample}» (rotate it)"),
        counter_examples=(f"{first} {sample}", f"{first}_key = {sample_of(parts, 1)}."),
    )
