"""The two interfaces that a detector implements, and what it reports about itself and its findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from proxy.guard.checks import Exchange, Reading
from proxy.guard.findings import Finding, Match


class Scanner(Protocol):
    """One detector reading one lane, delta by delta.

    Positions are characters from the start of the lane. A scanner promises chunking invariance: the
    matches reported by ``feed``/``finish`` over a lane depend on the lane's text alone. A scanner that has questions
    implements :class:`~proxy.guard.checks.Asking` as well, and is safe only as far as they are answered. A scanner
    that measures has ``placed``, a list of :class:`~proxy.guard.checks.Placed`; each depends on the text up to its end.
    """

    @property
    def safe(self) -> int:
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


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one detector found and measured in one stage of an exchange."""

    findings: Sequence[Finding] = ()
    """By choice, lane and position. A finding whose ``value`` is None must be shown masked."""
    readings: Sequence[Reading] = ()
    """By choice, lane and position: of what was released or blocked by it, never of what nobody will know of."""
    redacted_text: str = ""
    """The main text with everything withheld, and this detector's own findings, replaced by placeholders."""
    failed: bool = False
    """Whether it failed on any text, so that nothing found does not mean that nothing is there."""


class Detector(Protocol):
    """A configured detector: immutable, shared by all lanes of all requests."""

    @property
    def name(self) -> str:
        """The name used in ``detectors``, ``block`` and ``redact`` lists."""

    def rules(self) -> Sequence[RuleReport]:
        """The rules this detector runs, for the policy report."""

    @property
    def asks(self) -> bool:
        """Whether its scanners have questions that must be awaited."""

    def scanner(self, exchange: Exchange | None) -> Scanner:
        """A fresh scanner for one lane of an exchange.

        Without an exchange nobody can be asked: the scanner then does what can be done without.
        """

    def placeholder(self, label: str, index: int) -> str:
        """What replaces the ``index``-th (from 0) distinct value of ``label`` in a lane."""

    def report(self, evidence: Evidence) -> DetectorReport:
        """What it found and measured, in the specified response shape."""
