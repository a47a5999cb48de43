"""Every detector that can ask a judge, asking one over HTTP: their briefs are taken, and the answers understood."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import pytest

from proxy.guard.checks import Asking, Backend, Backends, Brief, Exchange
from proxy.guard.detector import Detector, Evidence
from proxy.guard.detectors.adherence import Adherence
from proxy.guard.detectors.hallucination import Hallucination
from proxy.guard.detectors.policy_violation import PolicyViolation
from proxy.guard.detectors.relevancy import Relevancy
from proxy.guard.detectors.topic_detector import TopicDetector
from proxy.inference.judge import Judge
from proxy.upstream.client import UpstreamClient
from tests.support.judge import Answer, Asked, judge_server

EXCHANGE = Exchange(question="Where does Ann live?", context="Ann lives in Rome.", answering=True)
TEXT = "She lives in Oslo."


@dataclass
class OneJudge:
    """The only backend there is."""

    one: Judge
    briefs: list[Brief] = field(default_factory=list)

    def judge(self, brief: Brief, name: str | None) -> Backend:
        self.briefs.append(brief)
        return self.one.ask(brief)

    def classifier(self, detector: str, name: str | None) -> NoReturn:
        raise ValueError("there are no classifiers")

    def similarity(self, references: Callable[[Exchange], Sequence[str]]) -> NoReturn:
        raise ValueError("there are no embeddings")

    def fingerprints(self, path: str) -> NoReturn:
        raise ValueError("there are no fingerprints")


def answer(asked: Asked) -> Answer:
    """Say the worst of any text, in whatever shape is asked for."""
    members = asked.body["response_format"]["json_schema"]["schema"]["properties"]
    said: Mapping[str, object] = {
        "facts": [{"fact": "Ann lives in Oslo", "reason": "it is Rome", "score": 0}],
        "reason": "it is Rome",
        "prompt_based": 1,
        "explanation": "The answer says Oslo.",
        "policy_violated": True,
        "violated_clauses": ["P1"],
        "most_unsafe_content": asked.text,
        "scores": [0.25],
    }
    return {name: said[name] for name in members if name != "receipt"}


@pytest.mark.parametrize(
    ("factory", "config", "summary"),
    [
        (Adherence.from_config, {}, {"adherence_score": 0.0}),
        (Relevancy.from_config, {}, {"relevancy_score": 0.0}),
        (Hallucination.from_config, {}, {"is_hallucination": 1}),
        (PolicyViolation.from_config, {"policy_text": "Be right."}, {"policy_violation": 1}),
        (PolicyViolation.from_config, {"policy_text": "Be right.", "need_explanation": False}, {"policy_violation": 1}),
        (TopicDetector.from_config, {"topic": ["cooking"], "backend": "judge", "min_words": 1}, {"on_topic": 0}),
    ],
)
async def test_a_judge_decides(
    factory: Callable[[Mapping[str, object], Backends], Detector],
    config: Mapping[str, object],
    summary: dict[str, object],
) -> None:
    async with judge_server(answer) as server, UpstreamClient() as client:
        detector = factory(config, OneJudge(Judge(server.settings(), client)))
        scanner = detector.scanner(EXCHANGE)
        assert isinstance(scanner, Asking)
        scanner.feed(TEXT)
        scanner.finish()
        (check,) = scanner.asks()
        matches = scanner.reply(check, await check.backend.read(check.text, check.exchange))
    assert [(match.start, match.end) for match in matches] == [(0, len(TEXT))]
    placed = scanner.placed  # type: ignore[attr-defined]
    report = detector.report(Evidence((), [reading for _, _, reading in placed], TEXT))
    assert report.summary == summary
    shown = server.asked[0].blocks
    assert shown["TEXT"] == TEXT
    assert set(shown.values()) <= {TEXT, EXCHANGE.question, EXCHANGE.context}
