"""The two ends of the relay benchmark, in one process: a scripted upstream and a client, both on bare streams."""

from __future__ import annotations

import asyncio
import re
import time

import orjson
from bench_guard import SENTENCE, chunk

KEY = "bench-key-0123456789abcdef"
_TOKENS = [b"data: " + chunk(token) + b"\n\n" for token in re.findall(r"\s\S+", " " + SENTENCE.strip())]
_OPENING = b"data: " + chunk("").replace(b'"content":""', b'"role":"assistant","content":""') + b"\n\n"
_CLOSING = b"data: " + chunk("").replace(b'{"content":""}', b"{}").replace(
    b'"finish_reason":null', b'"finish_reason":"stop"'
)
_TEXT = re.compile(rb'"content":"[^"]')
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


class Stepper:
    """Lets the upstream send a chunk only when an earlier one has reached the client."""

    def __init__(self) -> None:
        self._arrived = 0
        self._news = asyncio.Event()

    def arrived(self, frames: int) -> None:
        """The client has received so many more frames."""
        self._arrived += frames
        self._news.set()

    async def step(self, sent: int) -> None:
        """Wait until another chunk may be sent."""
        while sent >= self._arrived:
            self._news.clear()
            await self._news.wait()


class Upstream:
    """Streams as many chunks as a request's ``bench`` field asks for."""

    def __init__(self) -> None:
        self.steppers: dict[int, Stepper] = {}

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        bench = orjson.loads(await reader.readexactly(int(length[1]) if length else 0))["bench"]
        stepper = self.steppers.get(bench.get("stepper", -1))
        writer.write(_HEAD + _OPENING)
        for number in range(bench["chunks"]):
            if stepper is not None:
                await stepper.step(number)
            elif bench.get("gap"):
                await asyncio.sleep(bench["gap"])
            else:
                await writer.drain()
            writer.write(_TOKENS[number % len(_TOKENS)])
        writer.write(_CLOSING + b"\n\ndata: [DONE]\n\n")
        await writer.drain()
        writer.close()


def request(deployment: str, bench: dict[str, float]) -> bytes:
    """A streamed request as bytes on the wire."""
    messages = [{"role": "user", "content": "Where is my order?"}]
    body = orjson.dumps({"model": deployment, "stream": True, "messages": messages, "bench": bench})
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


async def stream(port: int, deployment: str, steps: Stepper | None = None, **bench: float) -> float:
    """Stream one answer; return the seconds to its first text."""
    start = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    writer.write(request(deployment, bench))
    first, tail = 0.0, b""
    while data := await reader.read(65_536):
        seen = tail + data
        if steps is not None:
            steps.arrived(seen.count(b"\n\n") - tail.count(b"\n\n"))
        if not first and _TEXT.search(seen):
            first = time.perf_counter() - start
        tail = seen[-64:]
    writer.close()
    if b"[DONE]" not in tail:
        raise SystemExit(f"port {port}: the stream did not end with [DONE]: {tail!r}")
    return first
