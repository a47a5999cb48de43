"""The two interfaces that a detector implements, and what it reports about itself and its findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from proxy.guard.findings import Finding, Match


class Scanner(Protocol):
    """One detector reading one lane, delta by delta.

    Positions are characters from the start of the lane. A scanner promises chunking invariance: the
    matches reported by ``feed``/``finish`` over a lane depend on the lane's text alone.
    """

    safe: int
    """Every match that begins before this position has been reported; none will be found later."""

    def feed(self, text: str) -> Sequence[Match]:
        """Take the next characters; return the matches that became settled, in order of their start."""

    def finish(self) -> Sequence[Match]:
        """The text has ended: return the remaining matches and move ``safe`` to the end."""


@dataclass(frozen=True, slots=True)
class RuleReport:
    """What ``tidegate check`` says of one rule."""

    name: str
    hold_back: int
    """The most characters this rule can keep from a client that would not be redacted anyway."""


@dataclass(frozen=True, slots=True)
class DetectorReport:
    """A detector's part of a guardrail section: keys to merge into ``summary``, and its ``details`` entry."""

    summary: dict[str, object]
    details: dict[str, object]


class Detector(Protocol):
    """A configured detector: immutable, shared by all lanes of all requests."""

    @property
    def name(self) -> str:
        """The name used in ``detectors``, ``block`` and ``redact`` lists."""

    def rules(self) -> Sequence[RuleReport]:
        """The rules this detector runs, for the policy report."""

    def scanner(self) -> Scanner:
        """A fresh scanner for one lane."""

    def placeholder(self, label: str, index: int) -> str:
        """What replaces the ``index``-th (from 0) distinct value of ``label`` in a lane."""

    def report(self, findings: Sequence[Finding], redacted_text: str) -> DetectorReport:
        """This detector's findings in the specified response shape.

        ``redacted_text`` is the main text with everything withheld, and this detector's own findings,
        replaced by placeholders. A finding whose ``value`` is None must be shown masked.
        """
