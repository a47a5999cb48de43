"""Upstreams that misbehave on request: raw HTTP/1.1 servers on loopback, scripted byte by byte."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

EVENT_STREAM = "text/event-stream"
JSON = "application/json"


class Connection:
    """One request that arrived, and the means to answer it in any way at all."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.headers: dict[str, str] = {}
        self.target = ""
        self.body = b""

    @property
    def json(self) -> dict[str, object]:
        """The request's body."""
        value: dict[str, object] = json.loads(self.body)
        return value

    async def receive(self) -> bool:
        """Read one request; False where the connection ended instead."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        lines = head.decode("latin-1").split("\r\n")
        self.target = lines[0].split(" ")[1]
        self.headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)
        }
        self.body = await self._reader.readexactly(int(self.headers.get("content-length", "0")))
        return True

    async def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    async def head(self, status: int = 200, content_type: str = EVENT_STREAM, **headers: str) -> None:
        """Send a response head that announces a chunked body."""
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Type: {content_type}", "Transfer-Encoding: chunked"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.raw(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def chunk(self, data: bytes) -> None:
        """Send one piece of a chunked body."""
        await self.raw(b"%x\r\n%s\r\n" % (len(data), data))

    async def end(self) -> None:
        """End the chunked body."""
        await self.raw(b"0\r\n\r\n")

    async def whole(self, body: bytes, status: int = 200, content_type: str = JSON, **headers: str) -> None:
        """Send a complete answer."""
        await self.head(status, content_type, **headers)
        if body:
            await self.chunk(body)
        await self.end()

    async def events(self, *payloads: object, done: bool = True) -> None:
        """Send a complete event stream of JSON payloads."""
        await self.head()
        for payload in payloads:
            await self.chunk(event(payload))
        if done:
            await self.chunk(b"data: [DONE]\n\n")
        await self.end()

    async def gone(self) -> None:
        """Wait until the other side has closed or reset the connection."""
        with contextlib.suppress(ConnectionError):
            while await self._reader.read(65_536):
                pass

    def close(self) -> None:
        """End the connection in good order."""
        self._writer.close()

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Script = Callable[[Connection], Awaitable[None]]


class Upstream:
    """A listening upstream: its address, and what it was asked."""

    def __init__(self) -> None:
        self.port = 0
        self.asked: list[Connection] = []
        self.connections = 0
        self.closed = 0
        """Connections that have ended."""

    @property
    def base_url(self) -> str:
        """Without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Of chat completions."""
        return f"{self.base_url}/v1/chat/completions"


@contextlib.asynccontextmanager
async def upstream(script: Script) -> AsyncIterator[Upstream]:
    """Serve every request of every connection by ``script`` until the block is left."""
    state = Upstream()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        state.connections += 1
        try:
            while await (connection := Connection(reader, writer)).receive():
                state.asked.append(connection)
                await script(connection)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            state.closed += 1
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def event(payload: object) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(payload, separators=(",", ":")).encode() + b"\n\n"


def delta(text: str | None = None, *, index: int = 0, finish: str | None = None, **fields: object) -> dict[str, object]:
    """A chat completion chunk with one choice."""
    said = {} if text is None else {"content": text}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "some-model",
        "choices": [{"index": index, "delta": said | fields, "finish_reason": finish}],
    }


def completion(text: str, **fields: object) -> dict[str, object]:
    """A whole chat completion."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "some-model",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    } | fields
