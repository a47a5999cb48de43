"""The guardrail sections of an answer: ``summary``, ``details`` and ``result_message``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from proxy.guard.checks import Reading
from proxy.guard.detector import Evidence
from proxy.guard.findings import Action, Finding
from proxy.guard.policy import DEFAULT_BLOCK_MESSAGE, Policy
from proxy.guard.record import Record

Section = dict[str, object]

REVISING: Final = frozenset(("pii", "keyword_detector", "bias"))
"""Detectors whose findings can be replaced; those of the others can only be refused."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the detectors of a stage said; everything by choice, lane and position."""

    findings: Sequence[Finding] = ()
    readings: Sequence[tuple[str, Reading]] = ()
    """With the names of the detectors."""
    failures: Sequence[str] = ()
    """The detectors that failed."""


def empty_section() -> Section:
    """Return the section of a stage that found nothing because nothing was asked of it."""
    return {"summary": {}, "details": {}, "result_message": None}


def block_message(policy: Policy, detector: str) -> str:
    """Return what a person reads when ``detector`` blocks."""
    custom = (e.block_message for e in policy.enforcements if e.detector.name == detector)
    return next((message for message in custom if message), DEFAULT_BLOCK_MESSAGE)


def section(
    policy: Policy,
    heard: Heard,
    record: Record | None,
    observed: Sequence[Finding],
    blocked_by: str | None,
) -> Section:
    """Return one stage's section.

    ``record`` is what was released of the main text, if there is one, and ``observed`` what observing detectors found
    in it. ``blocked_by`` names the detector that blocked, if any.
    """
    summary: dict[str, object] = {}
    details: dict[str, object] = {}
    for enforcement in policy.enforcements:
        name = enforcement.detector.name
        report = enforcement.detector.report(
            Evidence(
                findings=[finding for finding in heard.findings if finding.detector == name],
                readings=[reading for detector, reading in heard.readings if detector == name],
                redacted_text=_revised(record, [finding for finding in observed if finding.detector == name]),
                failed=name in heard.failures,
            )
        )
        summary |= report.summary
        # A detector that failed would otherwise look like one that found nothing.
        details[name] = report.details | ({"failed": True} if name in heard.failures else {})
    message = _result_message(policy, heard.findings, record, observed, blocked_by)
    return {"summary": summary, "details": details, "result_message": message}


def _result_message(
    policy: Policy,
    findings: Sequence[Finding],
    record: Record | None,
    observed: Sequence[Finding],
    blocked_by: str | None,
) -> str | None:
    """A block message where a detector blocked, or fired whose findings cannot be revised; else the revised text."""
    refused = next((f.detector for f in findings if f.detector not in REVISING), None)
    if blocked_by is not None or refused is not None:
        return block_message(policy, blocked_by or refused or "")
    if any(finding.action is not Action.BLOCK for finding in findings):
        # There is no revised text where all findings are in texts other than the main one.
        return _revised(record, [finding for finding in observed if finding.detector in REVISING]) or None
    return None


def _revised(record: Record | None, observed: Sequence[Finding]) -> str:
    """The main text with everything withheld, and ``observed``, replaced."""
    return "" if record is None else record.render(observed)
