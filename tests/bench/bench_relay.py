"""Tidegate against a bare aiohttp pass-through, side by side: `python tests/bench/bench_relay.py`.

Each contestant is a process of its own on loopback; this process is both the upstream and the client. Every round
measures the contestants in turn; the figures are medians over rounds, and the ratios are taken round by round.
Everything is bounded in count and time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

import uvloop
from scripted import KEY, Stepper, Upstream, stream

HERE = Path(__file__).parent
LIMIT = 120.0
"""Seconds that one measurement may take."""


def configuration(upstream: int) -> dict[str, object]:
    """A deployment with everything enforced, and one without a policy."""
    words = [f"forbidden{number:05}" for number in range(1_000)]
    model = {"model_provider": "openai_compatible", "endpoint_url": f"http://127.0.0.1:{upstream}/v1"}
    detectors = {"pii": {"enabled": True}, "keyword_detector": {"enabled": True, "banned_keywords": words}}
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


async def single(upstream: Upstream, port: int, deployment: str, options: argparse.Namespace) -> float:
    """Chunks per second where each chunk is a read of its own, as a model's tokens are."""
    steppers = [Stepper(int(deployment == "enforced")) for _ in range(options.streams)]
    upstream.steppers = dict(enumerate(steppers))
    start = time.perf_counter()
    async with asyncio.timeout(LIMIT):
        streams = (
            stream(port, deployment, stepper, chunks=options.chunks, stepper=number)
            for number, stepper in enumerate(steppers)
        )
        await asyncio.gather(*streams)
    return options.streams * options.chunks / (time.perf_counter() - start)


async def bursts(upstream: Upstream, port: int, deployment: str, options: argparse.Namespace) -> float:
    """Chunks per second where the upstream sends as fast as it can: many chunks to a read."""
    start = time.perf_counter()
    async with asyncio.timeout(LIMIT):
        await asyncio.gather(*(stream(port, deployment, chunks=options.chunks) for _ in range(options.streams)))
    return options.streams * options.chunks / (time.perf_counter() - start)


async def first_text(upstream: Upstream, port: int, deployment: str, options: argparse.Namespace) -> float:
    """Median milliseconds to the first text, one request after the other, 2 ms between the upstream's chunks."""
    async with asyncio.timeout(LIMIT):
        seconds = [await stream(port, deployment, chunks=10, gap=0.002) for _ in range(options.requests)]
    return statistics.median(seconds) * 1e3


MEASURES = (
    ("chunks/s, one a read", single, True),
    ("chunks/s, bursts", bursts, True),
    ("first text, ms", first_text, False),
)


async def rounds(upstream: Upstream, contestants: dict[str, tuple[int, str]], options: argparse.Namespace) -> None:
    """Measure and print."""
    taken: dict[tuple[str, str], list[float]] = defaultdict(list)
    for number in range(options.rounds + 1):
        for title, measure, _ in MEASURES:
            for name, (port, deployment) in contestants.items():
                value = await measure(upstream, port, deployment, options)
                if number:  # the first round warms up
                    taken[title, name].append(value)
    print(f"{options.streams} streams of {options.chunks} chunks; medians of {options.rounds} rounds")
    for title, _, relative in MEASURES:
        print(f"\n{title:24}{'median':>10}  against the pass-through")
        for name in contestants:
            own, other = taken[title, name], taken[title, "pass-through"]
            compared = statistics.median(a / b if relative else a - b for a, b in zip(own, other, strict=True))
            print(
                f"{name:24}{statistics.median(own):10.2f}  {compared:.2f}x"
                if relative
                else f"{name:24}{statistics.median(own):10.2f}  {compared:+.2f} ms"
            )


def start(stack: ExitStack, *command: str) -> None:
    """Start a process that is stopped at the end."""
    process = subprocess.Popen([sys.executable, *command], cwd=HERE.parent.parent, stdout=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.terminate)


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
    start(stack, str(HERE / "pass_through.py"), str(passing), f"http://127.0.0.1:{direct}/v1/chat/completions")
    start(stack, "-m", "proxy", "serve", "--config", str(config), "--port", str(guarding))
    await ready(passing)
    await ready(guarding)
    contestants = {
        "no proxy": (direct, "unguarded"),
        "pass-through": (passing, "unguarded"),
        "tidegate, no policy": (guarding, "unguarded"),
        "tidegate, enforced": (guarding, "enforced"),
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
