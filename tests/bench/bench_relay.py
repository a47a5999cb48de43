"""Tidegate against a bare aiohttp pass-through, side by side: `python tests/bench/bench_relay.py`.

Each contestant is a process of its own on loopback; this process is both the upstream and the client. Every round
measures the contestants in turn; the figures are medians over rounds, and the ratios are taken round by round.
Everything is bounded in count and time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import uvloop
from bench_guard import banned
from scripted import KEY, Stepper, Upstream, stream

HERE = Path(__file__).parent
LIMIT = 120.0
"""Seconds that one measurement may take."""


def configuration(upstream: int) -> dict[str, object]:
    """A deployment with everything enforced, and one without a policy."""
    model = {"model_provider": "openai_compatible", "endpoint_url": f"http://127.0.0.1:{upstream}/v1"}
    detectors = {"pii": {"enabled": True}, "keyword_detector": {"enabled": True, "banned_keywords": banned(1_000)}}
    output = {"policy_name": "strict", "enabled": True, "redact": ["pii", "keyword_detector"]}
    return {
        "api_keys": [{"name": "bench", "key": KEY}],
        "models": [{"model_saved_name": "m", "model_name": "m", "model_config": model}],
        "policies": [{"name": "strict", "detectors": detectors}],
        "deployments": [
            {"name": "enforced", "model_saved_name": "m", "output_guardrails_policy": output},
            {"name": "unguarded", "model_saved_name": "m"},
        ],
    }


@dataclass(frozen=True)
class Contestant:
    """Who is measured: where it listens, the deployment asked for, and its process (0: none)."""

    port: int
    deployment: str
    pid: int = 0


async def single(upstream: Upstream, contestant: Contestant, options: argparse.Namespace) -> float:
    """Chunks per second where each chunk is a read of its own, the next one being sent when it has arrived."""
    steppers = [Stepper() for _ in range(options.streams)]
    upstream.steppers = dict(enumerate(steppers))
    start = time.perf_counter()
    async with asyncio.timeout(LIMIT):
        streams = (
            stream(contestant.port, contestant.deployment, stepper, chunks=options.chunks, stepper=number)
            for number, stepper in enumerate(steppers)
        )
        await asyncio.gather(*streams)
    return options.streams * options.chunks / (time.perf_counter() - start)


async def bursts(upstream: Upstream, contestant: Contestant, options: argparse.Namespace) -> float:
    """Chunks per second where the upstream sends as fast as it can: many chunks to a read."""
    start = time.perf_counter()
    async with asyncio.timeout(LIMIT):
        streams = (
            stream(contestant.port, contestant.deployment, chunks=options.chunks) for _ in range(options.streams)
        )
        await asyncio.gather(*streams)
    return options.streams * options.chunks / (time.perf_counter() - start)


async def paced(upstream: Upstream, contestant: Contestant, options: argparse.Namespace) -> float:
    """Chunks per second of four times as many streams at the pace of a model, 50 tokens a second each."""
    count = 4 * options.streams
    start = time.perf_counter()
    async with asyncio.timeout(LIMIT):
        streams = (stream(contestant.port, contestant.deployment, chunks=100, gap=0.02) for _ in range(count))
        await asyncio.gather(*streams)
    return count * 100 / (time.perf_counter() - start)


async def busy(upstream: Upstream, contestant: Contestant, options: argparse.Namespace) -> float:
    """Microseconds of processor time per chunk at the pace of a model."""
    before = processor_seconds(contestant.pid)
    await paced(upstream, contestant, options)
    return (processor_seconds(contestant.pid) - before) / (400 * options.streams) * 1e6


def processor_seconds(pid: int) -> float:
    """User and system time of a process so far (proc(5), fields 14 and 15 of its stat file)."""
    if not pid:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def first_text(upstream: Upstream, contestant: Contestant, options: argparse.Namespace) -> float:
    """Median milliseconds to the first text, one request after the other, 2 ms between the upstream's chunks."""
    async with asyncio.timeout(LIMIT):
        seconds = [
            await stream(contestant.port, contestant.deployment, chunks=10, gap=0.002) for _ in range(options.requests)
        ]
    return statistics.median(seconds) * 1e3


MEASURES = (
    ("chunks/s, model's pace", paced, True),
    ("chunks/s, one a read", single, True),
    ("chunks/s, bursts", bursts, True),
    ("processor us a chunk", busy, False),
    ("first text, ms", first_text, False),
)


async def rounds(upstream: Upstream, contestants: dict[str, Contestant], options: argparse.Namespace) -> None:
    """Measure and print."""
    taken: dict[tuple[str, str], list[float]] = defaultdict(list)
    for number in range(options.rounds + 1):
        for title, measure, _ in MEASURES:
            for name, contestant in contestants.items():
                value = await measure(upstream, contestant, options)
                if number:  # the first round warms up
                    taken[title, name].append(value)
    print(f"{options.streams} streams of {options.chunks} chunks; medians of {options.rounds} rounds")
    for title, _, relative in MEASURES:
        print(f"\n{title:24}{'median':>10}  against the pass-through")
        for name in contestants:
            own, other = taken[title, name], taken[title, "pass-through"]
            compared = statistics.median(a / b if relative else a - b for a, b in zip(own, other, strict=True))
            against = f"{compared:.2f}x" if relative else f"{compared:+.2f}"
            print(f"{name:24}{statistics.median(own):10.2f}  {against}")


def start(stack: ExitStack, *command: str) -> int:
    """Start a process that is stopped at the end; return its id."""
    process = subprocess.Popen([sys.executable, *command], cwd=HERE.parent.parent, stdout=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process.pid


async def ready(port: int) -> None:
    """Wait until a port is served."""
    async with asyncio.timeout(20):
        while True:
            try:
                (await asyncio.open_connection("127.0.0.1", port))[1].close()
            except OSError:
                await asyncio.sleep(0.05)
            else:
                return


def free_ports(count: int) -> list[int]:
    """Free loopback ports."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for bound in sockets:
            bound.bind(("127.0.0.1", 0))
        return [bound.getsockname()[1] for bound in sockets]


async def run(options: argparse.Namespace, stack: ExitStack) -> None:
    """Start the contestants and measure them."""
    upstream = Upstream()
    server = await asyncio.start_server(upstream.answer, "127.0.0.1", 0)
    direct = server.sockets[0].getsockname()[1]
    passing, guarding = free_ports(2)
    config = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "bench.yaml"
    config.write_text(json.dumps(configuration(direct)))
    chat = f"http://127.0.0.1:{direct}/v1/chat/completions"
    passer = start(stack, str(HERE / "pass_through.py"), str(passing), chat)
    guard = start(stack, "-m", "proxy", "serve", "--config", str(config), "--port", str(guarding))
    await ready(passing)
    await ready(guarding)
    contestants = {
        "no proxy": Contestant(direct, "unguarded"),
        "pass-through": Contestant(passing, "unguarded", passer),
        "tidegate, no policy": Contestant(guarding, "unguarded", guard),
        "tidegate, enforced": Contestant(guarding, "enforced", guard),
    }
    async with server:
        await rounds(upstream, contestants, options)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--chunks", type=int, default=1_000)
    parser.add_argument("--requests", type=int, default=30)
    options = parser.parse_args()
    with ExitStack() as stack:
        uvloop.run(run(options, stack))


if __name__ == "__main__":
    main()
