"""``tidegate eval``: what the detectors of a policy are worth on labelled texts."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from proxy.config.deployment import Configuration
from proxy.config.loader import load
from proxy.config.problems import ConfigError, did_you_mean
from proxy.guard.policy import Policy
from proxy.inference.evaluation.page import page
from proxy.inference.evaluation.report import as_json, table
from proxy.inference.evaluation.results import Result, results
from proxy.inference.evaluation.rows import Row, read_rows, sample
from proxy.inference.evaluation.running import Run, Side

OK, FAILED, INVALID = 0, 1, 2
MISTAKES: Final = 20
"""How many texts of each kind of mistake ``--show-texts`` shows."""
_SEED: Final = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be evaluated how."""

    config: Path
    policy: str
    side: Side
    detectors: Sequence[str]
    """Of the policy; all where there are none."""
    concurrency: int
    mistakes: int


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command ``eval`` to the command line; its handler is :func:`run`."""
    parser = subparsers.add_parser("eval", help="measure the detectors of a policy on labelled texts")
    parser.add_argument("data", type=Path, nargs="+", metavar="DATA", help="labelled texts (JSON lines)")
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="configuration file (YAML)")
    parser.add_argument("--policy", required=True, metavar="NAME", help="the policy, as a deployment applies it")
    parser.add_argument(
        "--stage", type=Side, choices=list(Side), default=Side.INPUT, help="what the texts are (default: %(default)s)"
    )
    parser.add_argument(
        "--detector", action="append", default=[], metavar="NAME", help="one of the policy's (default: all); repeatable"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a report with curves")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON (- is standard output)")
    parser.add_argument("--limit", type=_positive, metavar="N", help="draw at most N rows of each set")
    parser.add_argument("--seed", type=int, default=_SEED, help="of that drawing (default: %(default)s)")
    parser.add_argument(
        "--concurrency", type=_positive, default=1, metavar="N", help="texts under way at once (default: %(default)s)"
    )
    parser.add_argument(
        "--show-texts", action="store_true", help=f"put the {MISTAKES} worst mistakes of each kind into the reports"
    )
    parser.set_defaults(handler=run)


def run(arguments: argparse.Namespace) -> int:
    """Evaluate, print a table, and write the reports that were asked for.

    Gives the exit status: 0, 1 where a detector failed on any text, 2 where the data or the configuration are unusable.
    """
    plan = Plan(
        arguments.config,
        arguments.policy,
        arguments.stage,
        arguments.detector,
        arguments.concurrency,
        MISTAKES if arguments.show_texts else 0,
    )
    try:
        rows = sample(read_rows(arguments.data), arguments.limit, arguments.seed)
        found = asyncio.run(evaluate(plan, rows))
    except ConfigError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return INVALID
    except ValueError as error:
        print(f"tidegate: {error}", file=sys.stderr)
        return INVALID
    _write(found, arguments, len(rows))
    return FAILED if any(result.failed for result in found) else OK


async def evaluate(plan: Plan, rows: Sequence[Row]) -> list[Result]:
    """Return the results of ``plan`` on ``rows``, by detector and set.

    Raises:
        ConfigError: the configuration cannot be used; a missing model is one reason.
        ValueError: there is no such policy or detector, or no row says what it should do.
    """
    # Imported where they are needed: whoever asks for another command must not pay for them.
    from proxy.inference.workshop import Workshop
    from proxy.upstream.client import UpstreamClient

    async with UpstreamClient() as client:
        workshop = Workshop(client)
        try:
            configuration = load(plan.config, os.environ, workshop.open)
            policy = policy_named(configuration, plan.policy, plan.side)
            return await _evaluate(plan, policy, rows)
        finally:
            await workshop.aclose()


async def _evaluate(plan: Plan, policy: Policy, rows: Sequence[Row]) -> list[Result]:
    found: list[Result] = []
    enforcements = {each.detector.name: each for each in policy.enforcements}
    for name in plan.detectors:
        if name not in enforcements:
            raise ValueError(f"--detector: policy `{policy.name}` has no `{name}`{did_you_mean(name, enforcements)}")
    runner = Run(policy, plan.side, time.perf_counter)
    for name in dict.fromkeys(plan.detectors) or enforcements:
        labelled = [row for row in rows if row.truth(name) is not None]
        outcomes = await runner.judge_all(labelled, enforcements[name], plan.concurrency)
        streamed = plan.side is Side.OUTPUT
        found += results(name, labelled, outcomes, streamed=streamed, mistakes=plan.mistakes)
    if not found:
        raise ValueError(f"no row has a label for {', '.join(plan.detectors or enforcements)}")
    return found


def policy_named(configuration: Configuration, name: str, side: Side) -> Policy:
    """Return a policy as the first deployment applies it that has it on this side, or else on the other one.

    Raises:
        ValueError: no deployment has it.
    """
    deployments = configuration.deployments.values()
    inputs = [each.input_policy for each in deployments]
    outputs = [each.output_policy for each in deployments]
    ordered = inputs + outputs if side is Side.INPUT else outputs + inputs
    for policy in ordered:
        if policy.name == name and policy.enforcements:
            return policy
    known = dict.fromkeys(policy.name for policy in ordered if policy.enforcements)
    raise ValueError(f"--policy: no deployment applies a policy `{name}`{did_you_mean(name, known)}")


def _write(found: Sequence[Result], arguments: argparse.Namespace, count: int) -> None:
    facts = {
        "policy": arguments.policy,
        "stage": str(arguments.stage),
        "rows": count,
        "limit": arguments.limit,
        "seed": arguments.seed,
        "concurrency": arguments.concurrency,
    }
    made = json.dumps({**facts, "results": as_json(found)}, indent=1) + "\n"
    if arguments.json == Path("-"):
        sys.stdout.write(made)
    else:
        sys.stdout.write(table(found))
        if arguments.json:
            arguments.json.write_text(made, "utf-8")
    if arguments.html:
        shown = ", ".join(f"{name} {value}" for name, value in facts.items() if value is not None)
        arguments.html.write_text(page("Tidegate: evaluation", [f"What was run: {shown}."], found), "utf-8")


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("expected a whole number from 1 on")
    return int(text)
