"""curl: the raw frames, in order, as any hand-written client would read them."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.conformance.gateway import (
    BANNED_MESSAGES,
    BLOCKED,
    COMMENT,
    KEY,
    MESSAGES,
    REDACTED,
    SAID,
    Gateway,
    assert_refused,
    assert_reported,
)
from tests.conformance.processes import require_program
from tests.conformance.scripted_model import Ending

SECONDS = "15"
PATHS = {
    "openai": ("/v1/chat/completions", f"Authorization: Bearer {KEY}"),
    "enkrypt": ("/ai-proxy/chat/completions", f"apikey: {KEY}"),
}


@contextmanager
def curl(gateway: Gateway, path: str = "openai", deployment: str = "redact", **request: Any) -> Iterator[Iterator[str]]:
    """The lines that ``curl -N`` prints, as it prints them: status and headers, a blank line, the body."""
    route, authentication = PATHS[path]
    body = {"messages": MESSAGES, "stream": True, "model": "whatever"} | request
    command = [require_program("curl"), "--silent", "--show-error", "--no-buffer", "--include", "--max-time", SECONDS]
    for header in (authentication, f"X-Enkrypt-Deployment: {deployment}", "Content-Type: application/json"):
        command += ["--header", header]
    command += ["--data", json.dumps(body), gateway.wire.url + route]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        assert process.stdout is not None
        try:
            yield (line.rstrip("\n") for line in process.stdout)
        finally:
            # Read to the end or not: there is nothing more to wait for.
            process.kill()


def fetched(gateway: Gateway, **how: Any) -> tuple[str, dict[str, str], list[str]]:
    """Status line, headers by lower-case name, and the lines of the body."""
    with curl(gateway, **how) as lines:
        status, *rest = list(lines)
    split = rest.index("")
    headers = dict(line.lower().split(": ", 1) for line in rest[:split])
    return status, headers, rest[split + 1 :]


def frames(lines: list[str]) -> list[str]:
    """The data of each event. Every line is data, blank or a comment: there are no named events."""
    assert all(line == "" or line.startswith(("data: ", ":")) for line in lines)
    return [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("deployment", "text", "reason"),
    [("redact", REDACTED, "stop"), ("block", BLOCKED, "content_filter")],
    ids=["redact", "block"],
)
def test_the_frames_of_a_stream(gateway: Gateway, path: str, deployment: str, text: str, reason: str) -> None:
    options = {"include_usage": True}
    status, headers, lines = fetched(gateway, path=path, deployment=deployment, stream_options=options)
    assert status == "HTTP/1.1 200 OK"
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-cache"
    assert headers["x-request-id"]
    *chunks, done = frames(lines)
    assert done == "[DONE]"
    *spoken, usage = [json.loads(chunk) for chunk in chunks]
    assert all(chunk["object"] == "chat.completion.chunk" and "error" not in chunk for chunk in spoken)
    choices = [chunk["choices"][0] for chunk in spoken]
    assert "".join(choice["delta"].get("content") or "" for choice in choices) == text
    assert [choice["finish_reason"] for choice in choices] == [None] * (len(choices) - 1) + [reason]
    assert "input_guardrails" in spoken[0]["enkrypt_policy_detections"]
    assert_reported(spoken[-1]["enkrypt_policy_detections"]["output_guardrails"])
    assert all("enkrypt_policy_detections" not in chunk for chunk in [*spoken[1:-1], usage])
    assert usage["choices"] == []
    assert usage["usage"]["total_tokens"] > 0


def test_each_event_ends_with_a_blank_line(gateway: Gateway) -> None:
    _, _, lines = fetched(gateway)
    data = [index for index, line in enumerate(lines) if line.startswith("data: ")]
    assert all(lines[index + 1] == "" for index in data)


def test_frames_arrive_before_the_model_has_finished(gateway: Gateway) -> None:
    heard = threading.Event()
    gateway.model.says(SAID, pause=heard.wait)
    text = ""
    with curl(gateway) as lines:
        for line in lines:
            if line.startswith("data: {"):
                text += json.loads(line.removeprefix("data: "))["choices"][0]["delta"].get("content") or ""
            if text == REDACTED:
                heard.set()
    assert text == REDACTED
    assert gateway.wire.response.body.endswith(b"data: [DONE]\n\n")


def test_held_text_is_not_sent_but_signs_of_life_are(gateway: Gateway) -> None:
    gateway.hold_until(COMMENT)
    with curl(gateway, deployment="restless") as lines:
        body = [line for line in lines if line.startswith(("data: {", ":"))]
    first_comment = next(index for index, line in enumerate(body) if line.startswith(":"))
    assert "maria" not in "".join(body[:first_comment])
    assert "maria" in "".join(body[first_comment:])


@pytest.mark.parametrize(
    ("ending", "code"), [(Ending.DEATH, "upstream_error"), (Ending.ERROR_FRAME, "asleep")], ids=["death", "error"]
)
def test_a_broken_stream_ends_with_an_error_frame(gateway: Gateway, ending: Ending, code: str) -> None:
    gateway.model.says(SAID, ending=ending)
    _, _, lines = fetched(gateway)
    last = json.loads(frames(lines)[-1])
    assert last.keys() == {"error"}
    assert last["error"].keys() == {"message", "type", "param", "code"}
    assert last["error"]["code"] == code


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
def test_the_input_block_is_an_error_body(gateway: Gateway, streamed: bool) -> None:
    status, headers, lines = fetched(gateway, deployment="block", messages=BANNED_MESSAGES, stream=streamed)
    assert status == "HTTP/1.1 400 Bad Request"
    assert headers["content-type"].startswith("application/json")
    body = json.loads("\n".join(lines))
    assert_refused(body)
    assert "message" not in body
    assert gateway.model.requests == []


@pytest.mark.parametrize("path", PATHS)
def test_a_whole_answer(gateway: Gateway, path: str) -> None:
    _, headers, lines = fetched(gateway, path=path, stream=False)
    assert headers["content-type"].startswith("application/json")
    body = json.loads("\n".join(lines))
    assert body["choices"][0]["message"]["content"] == REDACTED
    assert body["enkrypt_policy_detections"].keys() == {"input_guardrails", "output_guardrails"}
