"""An OpenAI-compatible model that says what a test tells it to, in a thread of the test process."""

from __future__ import annotations

import contextlib
import json
import math
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import zip_longest
from typing import Any

Json = dict[str, Any]

MODEL_NAME = "scripted"

_PATIENCE = 5.0


class Ending(Enum):
    """How a streamed answer ends."""

    DONE = "with a finish reason and [DONE]"
    DEATH = "the connection breaks before the finish reason"
    ERROR_FRAME = "an error object instead of the finish reason"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says to each request until told otherwise."""

    content: str | tuple[str, ...] = ""
    """What each choice says; the last of them speaks for those that follow."""
    reasoning: str = ""
    arguments: str = ""
    """JSON with which the first tool of the request is called, where it declares one."""
    cut: int = 3
    """Characters a delta."""
    ending: Ending = Ending.DONE
    pause: Callable[[float], bool] | None = None
    """Called with seconds to wait when all has been said, before the end; if it returns False the connection breaks."""
    status: int = 200
    """Anything else is answered with an error object."""

    def deltas(self, request: Json, choice: int) -> list[Json]:
        """What one choice says, delta by delta, reasoning first."""
        contents = (self.content,) if isinstance(self.content, str) else self.content
        said: list[Json] = [{"reasoning_content": part} for part in self._parts(self.reasoning)]
        said += [{"content": part} for part in self._parts(contents[min(choice, len(contents) - 1)])]
        if self.calls_tool(request):
            name = request["tools"][0]["function"]["name"]
            opening = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": ""}}
            functions: list[Json] = [
                opening,
                *({"function": {"arguments": part}} for part in self._parts(self.arguments)),
            ]
            said += [{"tool_calls": [{"index": 0} | function]} for function in functions]
        return said

    def calls_tool(self, request: Json) -> bool:
        """Whether the answer to ``request`` has a tool call."""
        return bool(self.arguments and request.get("tools"))

    def _parts(self, text: str) -> Iterator[str]:
        return (text[start : start + self.cut] for start in range(0, len(text), self.cut))


@dataclass(slots=True)
class ScriptedModel:
    """The model as tests see it."""

    base_url: str
    answer: Answer = Answer()
    requests: list[Json] = field(default_factory=list)
    """The bodies of all requests since the last :meth:`says`."""

    def says(self, content: str | tuple[str, ...], **changes: Any) -> None:
        """Answer with this from now on; ``changes`` are fields of :class:`Answer`."""
        self.answer = replace(Answer(content), **changes)
        self.requests.clear()


def chunks(answer: Answer, request: Json) -> Iterator[Json]:
    """The chunks of a streamed answer; its choices take turns."""
    lines = [answer.deltas(request, choice) for choice in range(request.get("n") or 1)]
    for choice in range(len(lines)):
        yield _chunk(_choice(choice, {"role": "assistant", "content": ""}))
    for turn in zip_longest(*lines):
        for choice, delta in enumerate(turn):
            if delta is not None:
                yield _chunk(_choice(choice, delta, _logprobs(request, [delta])))
    if answer.ending is not Ending.DONE:
        return
    for choice in range(len(lines)):
        yield _chunk(_choice(choice, {}) | {"finish_reason": _finish_reason(answer, request)})
    if (request.get("stream_options") or {}).get("include_usage"):
        yield _chunk() | {"usage": _usage(lines)}


def completion(answer: Answer, request: Json) -> Json:
    """The same answer as one object."""
    lines = [answer.deltas(request, choice) for choice in range(request.get("n") or 1)]
    choices = []
    for choice, deltas in enumerate(lines):
        message: Json = {"role": "assistant", "content": _joined(deltas, "content") or None, "refusal": None}
        if reasoning := _joined(deltas, "reasoning_content"):
            message["reasoning_content"] = reasoning
        if answer.calls_tool(request):
            function = {"name": request["tools"][0]["function"]["name"], "arguments": answer.arguments}
            message["tool_calls"] = [{"id": "call_1", "type": "function", "function": function}]
        reason = _finish_reason(answer, request)
        logprobs = _logprobs(request, deltas)
        choices.append({"index": choice, "message": message, "logprobs": logprobs, "finish_reason": reason})
    return _chunk(*choices) | {"object": "chat.completion", "usage": _usage(lines)}


@contextlib.contextmanager
def scripted_model() -> Iterator[ScriptedModel]:
    """Serve on a free loopback port until the block is left."""
    server = _Server(("127.0.0.1", 0), _Handler)
    model = _Handler.models[server] = ScriptedModel(f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        del _Handler.models[server]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that leave, as those do who have been told enough."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Answers HTTP requests for the model of its server."""

    protocol_version = "HTTP/1.1"
    models: dict[object, ScriptedModel] = {}  # noqa: RUF012 - the handler is made by the server, which knows no model

    def do_POST(self) -> None:
        model = self.models[self.server]
        request: Json = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        model.requests.append(request)
        answer = model.answer
        if answer.status != 200:
            error = {"message": "The model is unwell.", "type": "server_error", "param": None, "code": "unwell"}
            self._whole(answer.status, {"error": error})
        elif request.get("stream"):
            self._stream(answer, request)
        else:
            self._whole(200, completion(answer, request))

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def _whole(self, status: int, value: Json) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, answer: Answer, request: Json) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in chunks(answer, request):
            if _is_last_word(chunk) and answer.pause is not None and not answer.pause(_PATIENCE):
                self.close_connection = True
                return
            self._frame(json.dumps(chunk))
        if answer.ending is Ending.DEATH:
            self.close_connection = True
            return
        error = {"message": "The model has fallen asleep.", "type": "server_error", "param": None, "code": "asleep"}
        self._frame("[DONE]" if answer.ending is Ending.DONE else json.dumps({"error": error}))
        self.wfile.write(b"0\r\n\r\n")

    def _frame(self, data: str) -> None:
        frame = f"data: {data}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(frame), frame))


def _is_last_word(chunk: Json) -> bool:
    return any(choice["finish_reason"] for choice in chunk["choices"])


def _chunk(*choices: Json) -> Json:
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": MODEL_NAME,
        "choices": list(choices),
    }


def _choice(index: int, delta: Json, logprobs: Json | None = None) -> Json:
    return {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": None}


def _finish_reason(answer: Answer, request: Json) -> str:
    return "tool_calls" if answer.calls_tool(request) else "stop"


def _joined(deltas: list[Json], name: str) -> str:
    return "".join(delta.get(name, "") for delta in deltas)


def _usage(lines: list[list[Json]]) -> Json:
    said = sum(map(len, lines))
    return {"prompt_tokens": 7, "completion_tokens": said, "total_tokens": 7 + said}


def _logprobs(request: Json, deltas: list[Json]) -> Json | None:
    said = [delta["content"] for delta in deltas if delta.get("content")]
    if not request.get("logprobs") or not said:
        return None
    logprob = -math.log(2)
    entries = [{"token": t, "logprob": logprob, "bytes": list(t.encode()), "top_logprobs": []} for t in said]
    return {"content": entries, "refusal": None}
