"""Requests screened in one go."""

from __future__ import annotations

from typing import Any

from proxy.guard.checks import Exchange
from proxy.guard.policy import Policy
from proxy.guard.screening import RequestGuard, Screening

Json = dict[str, Any]


def screen(body: Json, policy: Policy, *, pii_redaction: bool = False, exchange: Exchange | None = None) -> Screening:
    """Screen a request under a policy that need not ask anybody.

    Raises:
        UnseenContent: an enforcing policy meets content that it cannot read.
    """
    guard = RequestGuard(body, policy, pii_redaction=pii_redaction, exchange=exchange)
    guard.settle()
    return guard.finish()
