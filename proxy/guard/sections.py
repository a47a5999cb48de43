"""The guardrail sections of an answer: ``summary``, ``details`` and ``result_message``."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.guard.findings import Action, Finding
from proxy.guard.policy import DEFAULT_BLOCK_MESSAGE, Policy
from proxy.guard.record import Record

Section = dict[str, object]


def empty_section() -> Section:
    """Return the section of a stage that found nothing because nothing was asked of it."""
    return {"summary": {}, "details": {}, "result_message": None}


def block_message(policy: Policy, detector: str) -> str:
    """Return what a person reads when ``detector`` blocks."""
    custom = (e.block_message for e in policy.enforcements if e.detector.name == detector)
    return next((message for message in custom if message), DEFAULT_BLOCK_MESSAGE)


def section(
    policy: Policy,
    findings: Sequence[Finding],
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
        detector = enforcement.detector
        own = [finding for finding in findings if finding.detector == detector.name]
        revised = _revised(record, [finding for finding in observed if finding.detector == detector.name])
        report = detector.report(own, revised)
        summary |= report.summary
        details[detector.name] = report.details
    message: str | None = None
    if blocked_by is not None:
        message = block_message(policy, blocked_by)
    elif any(finding.action is not Action.BLOCK for finding in findings):
        # There is no revised text where all findings are in texts other than the main one.
        message = _revised(record, observed) or None
    return {"summary": summary, "details": details, "result_message": message}


def _revised(record: Record | None, observed: Sequence[Finding]) -> str:
    """The main text with everything withheld, and ``observed``, replaced."""
    return "" if record is None else record.render(observed)
