"""A late verdict on text that has left, with the detectors that are in use: it ends the choice, whatever the lane."""

from __future__ import annotations

import json

import pytest

from proxy.guard.answer import AnswerGuard
from proxy.guard.checks import Reading
from proxy.guard.detectors.toxicity import LABELS, Toxicity
from proxy.guard.findings import Action
from proxy.guard.policy import Enforcement, Mode, Policy
from tests.guard.answers import TOOL, choice, chunk, fields_of
from tests.support.backends import FakeBackends, scoring

HARMLESS = dict.fromkeys(LABELS, 0.01)


@pytest.mark.parametrize("lane", ["content", "tool_calls[0].function.arguments"])
def test_a_late_verdict_blocks_and_is_reported(lane: str) -> None:
    backends = FakeBackends(scoring(lambda text: {**HARMLESS, "toxicity": 0.99 if "vile" in text else 0.01}))
    toxicity = Toxicity.from_config({}, backends)
    policy = Policy(enforcements=(Enforcement(toxicity, Action.BLOCK, mode=Mode.CHASE),), expose_full=True)
    guard = AnswerGuard(policy, tool_names=frozenset((TOOL,)))
    said = '{"q": "' + "plain words come first and " * 4 + "vile " * 30 + "and more words follow them " * 10 + '"}'
    payloads = [chunk(choice(0, fields_of(lane, said[at : at + 9]))) for at in range(0, len(said), 9)]
    for payload in payloads:
        guard.chunk(payload, 0.0)
    assert guard.scanned == len(said)
    sent: list[bytes] = []
    for asked in guard.take_asked():
        bad = {**HARMLESS, "toxicity": 0.99} if "vile" in asked.check.text else HARMLESS
        sent += guard.answer(asked, Reading(bad), 1.0)
    assert guard.blocked
    section = json.loads(sent[-1])["enkrypt_policy_detections"]["output_guardrails"]
    assert section["summary"]["toxicity"] == ["toxicity"]
    (finding,) = guard.findings
    assert finding.value == said[finding.start : finding.end]
