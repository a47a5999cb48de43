"""All choices of one answer, and what is reported of them together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from proxy.guard.choice import Choice
from proxy.guard.findings import Finding
from proxy.guard.policy import Policy
from proxy.guard.sections import Heard, Section, section

Json = dict[str, Any]


class Choices:
    """The choices that have spoken, made when they first do."""

    def __init__(self, policy: Policy, make: Callable[[int], Choice]) -> None:
        self._policy = policy
        self._make = make
        self._choices: dict[int, Choice] = {}

    def __len__(self) -> int:
        return len(self._choices)

    def __iter__(self) -> Iterator[Choice]:
        return iter(self._choices.values())

    def get(self, index: int) -> Choice | None:
        """Return a choice by its number, if it has spoken."""
        return self._choices.get(index)

    def of(self, fields: Json, position: int) -> Choice:
        """Return the choice that ``fields`` belong to: the one of their index, or else of their position."""
        index = fields.get("index", position)
        index = index if isinstance(index, int) else position
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = self._make(index)
        return choice

    def _in_order(self) -> list[Choice]:
        return [self._choices[index] for index in sorted(self._choices)]

    def findings(self) -> list[Finding]:
        """Return all findings, by choice, lane and position."""
        return [finding for choice in self._in_order() for finding in choice.findings()]

    def failures(self) -> list[str]:
        """Return the detectors that failed, once for each lane in which they did."""
        return [name for choice in self for name in choice.failures()]

    def section(self) -> Section:
        """Return the output's guardrail section, as far as the answer has come."""
        first = self._choices.get(0)
        record = first.record if first else None
        observed = first.observed_content() if first else []
        blocked_by = next((choice.blocked_by for choice in self._in_order() if choice.blocked_by), None)
        readings = [(name, placed.reading) for choice in self._in_order() for name, placed in choice.readings()]
        heard = Heard(self.findings(), readings, self.failures())
        return section(self._policy, heard, record, observed, blocked_by)


class AnswerFacts:
    """What can be asked of an answer at any time."""

    _choices: Choices

    @property
    def holding(self) -> bool:
        """Whether any text is withheld."""
        return any(choice.held for choice in self._choices)

    @property
    def scanned(self) -> int:
        """Characters released after every enforcing detector had read them."""
        return sum(choice.released - choice.unscanned for choice in self._choices)

    @property
    def unscanned(self) -> int:
        """Characters released although a detector had failed (``on_error: allow``)."""
        return sum(choice.unscanned for choice in self._choices)

    @property
    def findings(self) -> list[Finding]:
        """All findings, by choice, lane and position."""
        return self._choices.findings()

    @property
    def failures(self) -> list[str]:
        """The detectors that failed, once for each lane in which they did."""
        return self._choices.failures()

    def section(self) -> Section:
        """Return the output's guardrail section, as far as the answer has come."""
        return self._choices.section()
