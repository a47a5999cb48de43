"""The clauses of an operator's policy: lines or sentences of its text, and rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from proxy.guard.detectors.options import string

MAX_CLAUSES: Final = 300
"""Servers with structured outputs limit the values that an answer may choose from."""
MAX_CHARACTERS: Final = 65_536
"""Of all clauses together."""

_APPLIES: Final = {"user": (False,), "assistant": (True,), "user_assistant": (False, True)}
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+")


class Clause(NamedTuple):
    """One thing that a policy says."""

    name: str
    """``P1``, ``P2``, … for those of the policy's text, ``R1``, … for rules."""
    text: str
    rule: Mapping[str, object] | None = None
    """The rule as the API's object; None for a clause of the policy's text."""
    stages: tuple[bool, ...] = (False, True)
    """Whether it is about requests (False), answers (True), or both."""


def clauses(config: Mapping[str, object]) -> list[Clause]:
    """Return the clauses of the options ``policy_text`` and ``rules``. Both at once are one policy.

    Raises:
        ValueError: an option is not as specified, or there is no clause, or there are too many; the message names it.
    """
    found = [Clause(f"P{number}", text) for number, text in enumerate(_lines(string(config, "policy_text")), 1)]
    rules = config.get("rules")
    if rules is not None and not isinstance(rules, list):
        raise ValueError("rules: expected a list of texts or rule objects")
    found += [_rule(item, index) for index, item in enumerate(rules or ())]
    if not found:
        raise ValueError("policy_text: expected a policy, here or as rules")
    if len(found) > MAX_CLAUSES or sum(len(clause.text) for clause in found) > MAX_CHARACTERS:
        raise ValueError(f"policy_text: expected at most {MAX_CLAUSES} clauses of {MAX_CHARACTERS} characters in total")
    return found


def stage(policy: Sequence[Clause], answering: bool) -> list[Clause]:
    """Return the clauses that are about answers, or about requests."""
    return [clause for clause in policy if answering in clause.stages]


def _lines(text: str) -> Iterator[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) == 1:
        lines = _SENTENCE_END.split(lines[0])
    yield from lines


def _rule(item: object, index: int) -> Clause:
    where = f"rules[{index}]"
    if isinstance(item, str):
        # Clients of the API read objects only.
        item = {"id": str(index + 1), "display_text": item, "text": item}
    if not isinstance(item, Mapping):
        raise ValueError(f"{where}: expected a text or a rule object")
    text = item.get("text") or item.get("display_text")
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{where}.text: expected a text")
    applies = item.get("applicability") or "user_assistant"
    if not isinstance(applies, str) or applies not in _APPLIES:
        raise ValueError(f"{where}.applicability: expected one of {', '.join(_APPLIES)}")
    return Clause(f"R{index + 1}", " ".join(text.split()), dict(item), _APPLIES[applies])
