"""Microseconds of guard per delta, with the standard rules: `python tests/bench/bench_guard.py`.

Each figure is the least of several repetitions of CPU time, at 5 characters a delta. "flat" is the cost per delta of a
long answer over that of a short one.
"""

from __future__ import annotations

import random
import string
import time
from collections.abc import Callable

import orjson

from proxy.guard.answer import AnswerGuard
from proxy.guard.checks import NoBackends
from proxy.guard.detectors import FACTORIES
from proxy.guard.findings import Action, LaneKey
from proxy.guard.lane import Lane
from proxy.guard.policy import Enforcement, Policy

SENTENCE = (
    "The order was shipped on Tuesday and should arrive within three days, as we said when you called us. "
    "Please keep the box: if anything is broken, our shop in Lisbon can repair or replace it free of charge. "
    "Have a look at the enclosed manual (page twelve), unplug the cable, and press both buttons for a moment; "
    "quite often that is all it takes. Kind regards from everybody here, and enjoy the first coffee tomorrow! "
)
REPEATS = 7


def deltas(characters: int, size: int = 5) -> list[str]:
    """Prose without findings, cut into deltas of ``size`` characters."""
    text = (SENTENCE * (characters // len(SENTENCE) + 1))[:characters]
    return [text[at : at + size] for at in range(0, len(text), size)]


def banned(count: int) -> list[str]:
    """Pronounceable words that no sentence has, beginning with every letter."""
    chance = random.Random(1)
    starts, vowels, middles = string.ascii_lowercase, "aeiou", ("rv", "nk", "lt", "st", "mp", "x")
    words = ("".join(map(chance.choice, (starts, vowels, middles, vowels, middles, vowels))) for _ in range(3 * count))
    return list(dict.fromkeys(f"{word}q{number % 100}" for number, word in enumerate(words)))[:count]


def policy(keywords: int, action: Action = Action.REDACT) -> Policy:
    """All groups of ``pii`` and a list of banned words, under one action."""
    words = banned(keywords)
    detectors = [
        FACTORIES["pii"]({}, NoBackends()),
        FACTORIES["keyword_detector"]({"banned_keywords": words}, NoBackends()),
    ]
    return Policy("bench", tuple(Enforcement(detector, action) for detector in detectors))


def chunk(text: str) -> bytes:
    """A chunk as an upstream sends it."""
    choice = {"index": 0, "delta": {"content": text}, "logprobs": None, "finish_reason": None}
    return orjson.dumps(
        {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    )


def least(work: Callable[[], None], count: int) -> float:
    """Microseconds of CPU per item: the least of several repetitions, after one to warm up."""
    work()
    best = float("inf")
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best / count * 1e6


def lane_cost(bench_policy: Policy, characters: int) -> float:
    """Microseconds per delta of one lane."""
    pieces = deltas(characters)

    def work() -> None:
        lane = Lane(LaneKey(0, "content"), bench_policy)
        for piece in pieces:
            lane.feed(piece, 0.0)
        lane.finish(0.0)

    return least(work, len(pieces))


def answer_cost(bench_policy: Policy, characters: int) -> float:
    """Microseconds per chunk of a whole answer: decoding, guarding, encoding."""
    payloads = [chunk(piece) for piece in deltas(characters)]

    def work() -> None:
        guard = AnswerGuard(bench_policy)
        for payload in payloads:
            guard.chunk(payload, 0.0)
        guard.close(0.0)

    return least(work, len(payloads))


def main() -> None:
    """Print the table."""
    print(f"{'policy':38} {'lane us/delta':>14} {'answer us/chunk':>16} {'flat 100k/2k':>13}")
    for name, bench_policy in (
        ("no policy", Policy()),
        ("pii and 1,000 keywords, observed", policy(1_000, Action.OBSERVE)),
        ("pii and 1,000 keywords, enforced", policy(1_000)),
        ("pii and 100,000 keywords, enforced", policy(100_000)),
    ):
        short, long = lane_cost(bench_policy, 2_000), lane_cost(bench_policy, 100_000)
        print(f"{name:38} {long:14.2f} {answer_cost(bench_policy, 20_000):16.2f} {long / short:13.2f}")


if __name__ == "__main__":
    main()
