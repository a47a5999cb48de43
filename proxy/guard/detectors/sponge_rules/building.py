"""Building blocks of the catalogue: a demand is a verb in a place where somebody is told to do something."""

from __future__ import annotations

import re
from typing import Final

from proxy.guard.rule import Rule

LABEL: Final = "ENDLESS_OUTPUT"
GROUP: Final = "request"

SAY: Final = (
    r"(?:repeat|say|write|print|type|output|echo|recite|chant|spell|sing|send|display|list|generate|produce|give me)"
)
"""What a model is told to do with words."""

GAP: Final = r"[^\n.!?]"
"""What may stand between a verb and what makes it excessive."""

FOREVER: Final = (
    r"(?:forever(?: and ever)?|endlessly|infinitely|indefinitely|eternally|ad infinitum|non-?stop|for all eternity"
    r"|for (?:ever|eternity|all time)|until the end of (?:time|the universe)|without (?:ever )?(?:stopping|ending"
    r"|pausing)"
    r"|without (?:an )?end|an (?:infinite|unlimited|endless) number of times|infinite(?:ly many)? times"
    r"|and (?:never|do(?: not|n['’]t)) (?:ever )?(?:stop|finish|end))"
)
"""Adverbs of what has no end."""

HUGE: Final = (
    r"(?:[1-9][0-9]{5,18}|[1-9][0-9]{2}(?:,[0-9]{3}){1,5}|[1-9][0-9]{0,2}(?:,[0-9]{3}){2,5}|10 ?(?:\^"
    r"|\*\*) ?[1-9][0-9]?"
    r"|(?:an? |one |ten |a hundred |[1-9][0-9]{0,3} )?(?:million|billion|trillion|quadrillion|googol|bazillion|zillion)"
    r"|infinity|infinitely many)"
)
"""Numbers from a hundred thousand on."""

_LEADS: Final = (
    r"(?:please|kindly|can you|could you|would you|will you|you must|you should|you will|you have to|want you to"
    r"|need you to|like you to|ask you to|task is to|job is to|now|then|just|simply|and|instead|always|okay|ok|hey|so)"
)
_BUILDING_SOMETHING: Final = re.compile(
    r"\b(?:loop|program|script|code|function|method|algorithm|class|macro|query|python|javascript|java|rust|html|regex"
    r"|how|why|about|that|which|who|whose|whether|if|explain|describe|where)\b",
    re.IGNORECASE,
)


def plain(text: str) -> bool:
    """Tell whether a demand is for the output itself, and not for a program or a text about it."""
    return _BUILDING_SOMETHING.search(text) is None


def demand(
    name: str,
    body: str,
    examples: tuple[str, ...],
    counter_examples: tuple[str, ...],
    *,
    unless: str = "",
    validated: bool = True,
) -> tuple[Rule, ...]:
    """Return the rules for a demand where a line begins, and where words that ask for something lead to it.

    ``body`` is a pattern without regard to case; what begins with ``unless`` must not follow. ``validated`` excludes
    what :func:`plain` does.
    """
    validate = plain if validated else None
    pattern = rf"(?i:{body})(?![A-Za-z0-9]{f'|(?i:{unless})' if unless else ''})"
    return (
        Rule(
            name=f"{name}_at_line_start",
            label=LABEL,
            group=GROUP,
            pattern=r"""(?<![^\n"'“‘(\[>*#-])""" + pattern,
            validate=validate,
            examples=examples,
            counter_examples=(*counter_examples, *(f"they {_bare(example)}" for example in examples)),
        ),
        Rule(
            name=f"{name}_after_lead",
            label=LABEL,
            group=GROUP,
            pattern=pattern,
            validate=validate,
            context=rf"(?i:{_LEADS}) {{1,2}}|[.!?:;,] {{1,2}}",
            examples=tuple(f"Please {example}" for example in examples)
            + tuple(f"Hello. {example}" for example in examples),
            counter_examples=(*counter_examples, *map(_bare, examples)),
        ),
    )


def _bare(example: str) -> str:
    return example.replace("«", "").replace("»", "")
