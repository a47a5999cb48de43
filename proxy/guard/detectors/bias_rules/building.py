"""Building blocks of the catalogue: tables of terms with their neutral wordings, and rules made of them.

A table has a term a line: ``singular, plural: neutral singular, neutral plural``, or one form only. A rule's label is
the neutral wording; where it ends with :data:`REST`, what followed the group's name in the text follows it as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from proxy.guard.rule import Rule

REST: Final = "…"
ARTICLE: Final = "~"
"""Stands before a wording in front of which an article may have to change: an actress, a performer."""
BOUNDARY: Final = r"(?<![A-Za-z0-9_])"
CLOSE: Final = r"(?![A-Za-z0-9_])"


def table(category: str, text: str) -> tuple[Rule, ...]:
    """Return the rules for a table of terms."""
    return tuple(_term(category, biased, neutral) for biased, neutral in _pairs(text))


def before(category: str, wording: str, biased: str, ahead: str, example: str, counter_example: str) -> Rule:
    """Return the rule for a wording that is biased in front of ``ahead``, a bounded pattern without regard to case."""
    return Rule(
        name=_slug(biased),
        label=wording,
        group=category,
        pattern=rf"{BOUNDARY}(?i:{_pattern(biased)})(?=(?i:{ahead}))",
        examples=(example,),
        counter_examples=(counter_example, f"x{biased}", f"{biased}y"),
    )


def phrase(
    category: str,
    name: str,
    wording: str,
    pattern: str,
    examples: tuple[str, ...],
    counter_examples: tuple[str, ...],
    *,
    context: str | None = None,
    unless: str = "",
) -> Rule:
    """Return the rule for a pattern without regard to case, whole words, not followed by ``unless``."""
    return Rule(
        name=name,
        label=wording,
        group=category,
        pattern=(rf"{'' if context else BOUNDARY}(?i:{pattern})(?![A-Za-z0-9_]{f'|(?i:{unless})' if unless else ''})"),
        context=rf"{BOUNDARY}(?i:{context})" if context else None,
        examples=examples,
        counter_examples=counter_examples,
    )


def sounds_like_vowel(wording: str) -> bool:
    """Tell whether ``an`` goes before a wording; good for the wordings of this catalogue."""
    return wording[0].lower() in "aeiou" and not wording.lower().startswith(("uni", "use", "one"))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.strip().splitlines():
        biased, _, neutral = line.partition(": ")
        yield from zip(biased.split(", "), neutral.split(", "), strict=True)


def _term(category: str, biased: str, neutral: str) -> Rule:
    articles = sounds_like_vowel(biased) is not sounds_like_vowel(neutral) and not biased.startswith(("a ", "an "))
    article = "an" if sounds_like_vowel(biased) else "a"
    examples = (f"about the «{biased}».", f"«{biased.capitalize()}», they said", f'"«{biased.upper()}»"')
    return Rule(
        name=_slug(biased),
        label=f"{ARTICLE}{neutral}" if articles else neutral,
        group=category,
        pattern=rf"{BOUNDARY}(?i:{'(?:an? )?' if articles else ''}{_pattern(biased)}){CLOSE}",
        examples=(*examples, f"it is «{article} {biased}»" if articles else f"it is {article} «{biased}»"),
        counter_examples=(f"x{biased}", f"{biased}x", f"_{biased}", biased[:-1]),
    )


def _pattern(term: str) -> str:
    return re.escape(term).replace(r"\ ", "[ -]").replace(r"\-", "[ -]").replace("'", "['’]")


def _slug(term: str) -> str:
    return re.sub("[^a-z]+", "_", term.lower())
