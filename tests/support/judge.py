"""A judge model on loopback: a real HTTP server that answers chat completions by a rule over what it is shown."""

from __future__ import annotations

import contextlib
import inspect
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from proxy.inference.judge import JudgeSettings

_FENCE = re.compile(r"`BEGIN NAME ([^`\s]+)`")
_RECEIPT = re.compile(r'"(\S+)"\.')


@dataclass(frozen=True)
class Asked:
    """One request, taken apart as an obedient judge would: blocks are what stands between the lines with the nonce."""

    body: dict[str, Any]
    headers: Mapping[str, str]
    fence: str
    receipt: str
    blocks: dict[str, str]

    @property
    def text(self) -> str:
        """What is to be judged."""
        return self.blocks["TEXT"]

    @property
    def system(self) -> str:
        """The instructions."""
        content: str = self.body["messages"][0]["content"]
        return content


Answer = dict[str, object] | str | web.Response
"""The members of the answer, to which the receipt is added; or the whole content; or the whole response."""
Rule = Callable[[Asked], Answer | Awaitable[Answer]]


def taken_apart(body: dict[str, Any], headers: Mapping[str, str]) -> Asked:
    """Find nonces and blocks as the instructions describe them."""
    system, user = (message["content"] for message in body["messages"])
    fence = _FENCE.search(system)
    receipt = _RECEIPT.search(system.rpartition("The value of")[2])
    assert fence is not None
    assert receipt is not None
    blocks = re.findall(rf"^BEGIN (\w+) {fence[1]}\n(.*)\nEND \1 {fence[1]}$", user, re.MULTILINE)
    return Asked(body, headers, fence[1], receipt[1], {name: json.loads(data) for name, data in blocks})


def completion(content: str | None, **choice: object) -> dict[str, object]:
    """A chat completion that says ``content``."""
    message = {"role": "assistant", "content": content}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "judge",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"} | choice],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }


@dataclass
class JudgeServer:
    """Where a judge listens, and what it was asked."""

    url: str
    asked: list[Asked] = field(default_factory=list)

    def settings(self, **changes: Any) -> JudgeSettings:
        """Settings for this server."""
        return JudgeSettings(**{"name": "strict", "url": self.url, "model": "judge-1"} | changes)


@contextlib.asynccontextmanager
async def judge_server(rule: Rule) -> AsyncIterator[JudgeServer]:
    """Answer every request by ``rule`` until the block is left."""

    async def answer(request: web.Request) -> web.StreamResponse:
        asked = taken_apart(await request.json(), request.headers)
        server.asked.append(asked)
        given = rule(asked)
        said = await given if inspect.isawaitable(given) else given
        if isinstance(said, web.Response):
            return said
        content = said if isinstance(said, str) else json.dumps({"receipt": asked.receipt} | said)
        return web.json_response(completion(content))

    app = web.Application(client_max_size=10_000_000)
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server = JudgeServer(f"http://127.0.0.1:{runner.addresses[0][1]}/v1/chat/completions")
        yield server
    finally:
        await runner.cleanup()
