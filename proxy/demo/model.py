"""The demo model: an OpenAI-compatible upstream as an aiohttp application, with the pace of a real one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import orjson
from aiohttp import web

from proxy.demo.script import MODEL, Script, write_script
from proxy.protocol.errors import ApiError, ErrorCode, api_error
from proxy.protocol.request import decode_request, is_stream
from proxy.protocol.sse import DONE, encode

MAX_BODY_BYTES = 10_485_760


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the model speaks, in seconds; 0 is as fast as it can."""

    first_token: float = 0.3
    """Before the first chunk."""
    token: float = 0.02
    """Between one chunk and the next."""


REALISTIC = Pace()


class Listener:
    """Someone who hears what the model says, just before it is sent."""

    def said(self, answer: Mapping[str, object]) -> None:
        """Take one chunk of a streamed answer, or one whole completion."""


class DemoModel:
    """Answers requests from :mod:`proxy.demo.answers`.

    ``sleep`` takes seconds; ``clock`` gives seconds since the epoch, for ``created``.
    """

    def __init__(
        self,
        pace: Pace = REALISTIC,
        *,
        listener: Listener | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._pace = pace
        self._listener = listener or Listener()
        self._sleep = sleep
        self._clock = clock

    def application(self) -> web.Application:
        """``POST /v1/chat/completions`` and ``GET /v1/models``."""
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        return app

    async def _models(self, request: web.Request) -> web.Response:
        model = {"id": MODEL, "object": "model", "created": int(self._clock()), "owned_by": "tidegate"}
        return _json({"object": "list", "data": [model]})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        try:
            body = decode_request(await request.read())
            if body.get("model") not in (None, "", MODEL):
                raise api_error(ErrorCode.MODEL_NOT_FOUND, f"The model here is {MODEL}.", param="model")
        except ApiError as error:
            return _json(error.body(), error.status)
        script = write_script(body, int(self._clock()))
        if is_stream(body):
            return await self._stream(request, script)
        return await self._whole(script)

    async def _whole(self, script: Script) -> web.Response:
        longest = max(len(line.deltas) for line in script.lines)
        await self._wait(self._pace.first_token + longest * self._pace.token)
        completion = script.completion()
        self._listener.said(completion)
        return _json(completion)

    async def _stream(self, request: web.Request, script: Script) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
        )
        await self._wait(self._pace.first_token)
        await response.prepare(request)
        for chunk in script.chunks():
            self._listener.said(chunk)
            await response.write(encode(orjson.dumps(chunk)))
            await self._wait(self._pace.token)
        await response.write(DONE)
        await response.write_eof()
        return response

    async def _wait(self, seconds: float) -> None:
        if seconds > 0:
            await self._sleep(seconds)


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(value), content_type="application/json")
