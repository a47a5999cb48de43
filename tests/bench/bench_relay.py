"""Tidegate against a bare aiohttp pass-through, side by side: `python tests/bench/bench_relay.py`.

Three processes on loopback (upstream, pass-through, Tidegate with `pii` and 1,000 keywords enforced) and this one as the
client. Each round measures the contestants in turn; the figures are medians over rounds, the ratios are taken round by
round. Everything is bounded in count and time.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import orjson
import yaml

HERE = Path(__file__).parent
KEY = "bench-key-0123456789abcdef"
LIMIT = 120.0
"""Seconds that one round may take."""


def configuration(upstream: int) -> dict[str, object]:
    """A deployment with everything enforced, and one without a policy."""
    output = {"policy_name": "strict", "enabled": True, "redact": ["pii", "keyword_detector"]}
    words = [f"forbidden{number:05}" for number in range(1_000)]
    model = {"model_saved_name": "m", "model_name": "m"}
    return {
        "api_keys": [{"name": "bench", "key": KEY}],
        "models": [
            model
            | {
                "model_config": {
                    "model_provider": "openai_compatible",
                    "endpoint_url": f"http://127.0.0.1:{upstream}/v1",
                }
            }
        ],
        "policies": [
            {
                "name": "strict",
                "detectors": {
                    "pii": {"enabled": True},
                    "keyword_detector": {"enabled": True, "banned_keywords": words},
                },
            }
        ],
        "deployments": [
            {"name": "enforced", "model_saved_name": "m", "output_guardrails_policy": output},
            {"name": "unguarded", "model_saved_name": "m"},
        ],
    }


async def stream(port: int, deployment: str, characters: int, gap: float) -> tuple[float, float]:
    """Stream one answer; return the seconds to the first text and to the end."""
    body = orjson.dumps(
        {
            "model": deployment,
            "stream": True,
            "messages": [{"role": "user", "content": "Where is my order?"}],
            "bench_characters": characters,
            "bench_gap": gap,
        }
    )
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    start = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    writer.write(head.encode() + body)
    first, tail = 0.0, b""
    while data := await reader.read(65_536):
        # The first character of the answer's text, whichever delta it comes in.
        if not first and b'"content":"T' in tail + data:
            first = time.perf_counter() - start
        tail = (tail + data)[-64:]
    writer.close()
    if b"[DONE]" not in tail:
        raise SystemExit(f"port {port}: the stream did not end with [DONE]: {tail!r}")
    return first, time.perf_counter() - start


async def throughput(port: int, deployment: str, streams: int, characters: int) -> float:
    """Chunks per second of ``streams`` concurrent answers that come as fast as they are taken."""
    start = time.perf_counter()
    async with asyncio.timeout(LIMIT):
        await asyncio.gather(*(stream(port, deployment, characters, 0.0) for _ in range(streams)))
    return streams * characters / 5 / (time.perf_counter() - start)


async def first_token(port: int, deployment: str, requests: int) -> float:
    """Median milliseconds to the first text, one request after the other, 2 ms between the upstream's chunks."""
    async with asyncio.timeout(LIMIT):
        return statistics.median([(await stream(port, deployment, 100, 0.002))[0] for _ in range(requests)]) * 1e3


async def rounds(ports: dict[str, int], options: argparse.Namespace) -> None:
    """Measure and print."""
    contestants = [
        ("no proxy", ports["upstream"], "enforced"),
        ("pass-through", ports["pass-through"], "enforced"),
        ("tidegate, no policy", ports["tidegate"], "unguarded"),
        ("tidegate, enforced", ports["tidegate"], "enforced"),
    ]
    speed: dict[str, list[float]] = {name: [] for name, _, _ in contestants}
    wait: dict[str, list[float]] = {name: [] for name, _, _ in contestants}
    for number in range(options.rounds + 1):
        for name, port, deployment in contestants:
            chunks = await throughput(port, deployment, options.streams, options.characters)
            milliseconds = await first_token(port, deployment, options.requests)
            if number:  # the first round warms up
                speed[name].append(chunks)
                wait[name].append(milliseconds)
    print(f"{options.streams} streams of {options.characters // 5} chunks, {options.rounds} rounds, medians")
    print(f"{'':22}{'chunks/s':>10}{'vs pass-through':>18}{'first text ms':>16}{'added ms':>10}")
    for name, _, _ in contestants:
        ratio = statistics.median(a / b for a, b in zip(speed[name], speed["pass-through"], strict=True))
        added = statistics.median(a - b for a, b in zip(wait[name], wait["pass-through"], strict=True))
        print(
            f"{name:22}{statistics.median(speed[name]):10.0f}{ratio:18.2f}"
            f"{statistics.median(wait[name]):16.2f}{added:+10.2f}"
        )


def start(stack: ExitStack, *command: str) -> None:
    """Start a process that is stopped at the end."""
    process = subprocess.Popen([sys.executable, *command], cwd=HERE.parent.parent)
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


def free_ports() -> dict[str, int]:
    """Three free loopback ports."""
    import socket

    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(3)]
        for bound in sockets:
            bound.bind(("127.0.0.1", 0))
        return dict(zip(("upstream", "pass-through", "tidegate"), (s.getsockname()[1] for s in sockets), strict=True))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--characters", type=int, default=5_000)
    parser.add_argument("--requests", type=int, default=30)
    options = parser.parse_args()
    ports = free_ports()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        config = Path(folder) / "bench.yaml"
        config.write_text(yaml.safe_dump(configuration(ports["upstream"])))
        pieces = str(HERE / "pieces.py")
        start(stack, pieces, "upstream", str(ports["upstream"]))
        chat = f"http://127.0.0.1:{ports['upstream']}/v1/chat/completions"
        start(stack, pieces, "pass-through", str(ports["pass-through"]), chat)
        start(stack, "-m", "proxy", "serve", "--config", str(config), "--port", str(ports["tidegate"]))

        async def run() -> None:
            for port in ports.values():
                await ready(port)
            await rounds(ports, options)

        asyncio.run(run())


if __name__ == "__main__":
    main()
