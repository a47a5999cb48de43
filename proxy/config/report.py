"""The policy report: what each deployment does about what, and how much text that may hold back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from proxy.config.backends import BackendSettings, JudgeBackendSettings, OnnxSettings, kind_of
from proxy.config.deployment import Configuration, Deployment
from proxy.events import Stage
from proxy.guard.findings import Action
from proxy.guard.policy import Policy

_FEW = 9
"""Rules of one detector that are still listed one by one."""
_HEADINGS = ("stage", "policy", "detector", "rule", "action", "hold-back")


class RuleLine(NamedTuple):
    """One rule of one stage of a deployment."""

    stage: Stage
    policy: str
    detector: str
    rule: str
    action: Action
    hold_back: int | None
    """The most characters of the answer that the rule can keep from the client; None on the input, which
    is judged whole before anything is sent."""


def rule_lines(deployment: Deployment) -> Iterator[RuleLine]:
    """The rules of both stages, in the order in which they are configured."""
    for stage, policy in ((Stage.INPUT, deployment.input_policy), (Stage.OUTPUT, deployment.output_policy)):
        yield from _stage_lines(stage, policy)


def _stage_lines(stage: Stage, policy: Policy) -> Iterator[RuleLine]:
    for enforcement in policy.enforcements:
        for rule in enforcement.detector.rules():
            # What only observes never holds anything, and what is chased has left.
            held = rule.hold_back if enforcement.enforcing and not enforcement.chasing else 0
            yield RuleLine(
                stage=stage,
                policy=policy.name,
                detector=enforcement.detector.name,
                rule=rule.name,
                action=enforcement.action,
                hold_back=held if stage is Stage.OUTPUT else None,
            )


def chased(deployment: Deployment) -> dict[str, int]:
    """By detector that chases: how many characters of an answer it lets leave before it is asked about them."""
    enforcements = [e for e in deployment.output_policy.enforcements if e.chasing]
    return {e.detector.name: max((rule.hold_back for rule in e.detector.rules()), default=0) for e in enforcements}


def policy_facts(configuration: Configuration) -> dict[str, object]:
    """The report as JSON values."""
    return {
        "deployments": [_deployment_facts(each) for each in configuration.deployments.values()],
        "backends": [
            {"name": each.name, "kind": kind_of(each), "address": _backend_address(each)}
            for each in configuration.backends
        ],
    }


def _deployment_facts(deployment: Deployment) -> dict[str, object]:
    lines = list(rule_lines(deployment))
    return {
        "name": deployment.name,
        "upstream": _address(deployment),
        "model": deployment.upstream.model_name,
        "pii_redaction": deployment.pii_redaction,
        "largest_hold_back": _largest(lines),
        "chased": chased(deployment),
        "rules": [{**line._asdict(), "stage": line.stage.value, "action": line.action.value} for line in lines],
    }


def policy_report(configuration: Configuration, *, every_rule: bool = False) -> str:
    """The report as text for a terminal, one table for each deployment; hold-back is in characters.

    Many rules of one detector are one line, with the largest hold-back among them, unless ``every_rule`` is wanted.
    """
    backends = [f"backend {each.name}: {kind_of(each)} {_backend_address(each)}\n" for each in configuration.backends]
    deployments = [_deployment_text(each, every_rule) for each in configuration.deployments.values()]
    return "\n".join([*(["".join(backends)] if backends else []), *deployments])


def _deployment_text(deployment: Deployment, every_rule: bool) -> str:
    lines = list(rule_lines(deployment))
    lines = lines if every_rule else list(_gathered(lines))
    model = f" ({deployment.upstream.model_name})" if deployment.upstream.model_name else ""
    text = [f"deployment {deployment.name} -> {_address(deployment)}{model}"]
    if lines:
        cells = [(*map(str, line[:-1]), "-" if line.hold_back is None else str(line.hold_back)) for line in lines]
        text += [f"  {row}" for row in _aligned([_HEADINGS, *cells])]
        text.append(
            f"  largest hold-back of a rule: {_largest(lines)} characters; findings that overlap wait for each other"
        )
    else:
        text.append("  no detector: requests and answers pass unchecked")
    for detector, characters in chased(deployment).items():
        text.append(
            f"  {detector} is chased: up to {characters} characters, and what comes while a verdict is awaited,"
            " leave before a bad one ends the answer"
        )
    if deployment.pii_redaction:
        text.append(
            "  pii_redaction: the model sees placeholders; in the answer each is held until it is whole, and restored"
        )
    return "\n".join(text) + "\n"


def _gathered(lines: Iterable[RuleLine]) -> Iterator[RuleLine]:
    """One line for the many rules of a detector that all do the same."""
    for _, rules in groupby(lines, key=lambda line: (line.stage, line.detector)):
        mine = list(rules)
        if len(mine) <= _FEW:
            yield from mine
        else:
            held = None if mine[0].hold_back is None else _largest(mine)
            yield mine[0]._replace(rule=f"{len(mine)} rules (--rules lists them)", hold_back=held)


def _aligned(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        yield "  ".join([*padded, row[-1].rjust(widths[-1])])


def _largest(lines: Iterable[RuleLine]) -> int:
    return max((line.hold_back or 0 for line in lines), default=0)


def _address(deployment: Deployment) -> str:
    """The upstream's URL without its query, which may carry a key."""
    return deployment.upstream.url.partition("?")[0]


def _backend_address(settings: BackendSettings) -> str:
    if isinstance(settings, OnnxSettings):
        return str(settings.path)
    url = settings.model.url if isinstance(settings, JudgeBackendSettings) else settings.url
    return url.partition("?")[0]
