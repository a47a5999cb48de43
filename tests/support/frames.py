"""Reading what a client received, without the package's own decoder."""

from __future__ import annotations

import json
from typing import Any

DONE = b"data: [DONE]\n\n"


def payloads(body: bytes) -> list[dict[str, Any]]:
    """The JSON payloads of an event stream, ``[DONE]`` left out."""
    lines = [line.removeprefix(b"data: ") for line in body.split(b"\n\n") if line.startswith(b"data: ")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]


def said(body: bytes, index: int = 0) -> str:
    """The content of one choice."""
    choices = [choice for payload in payloads(body) for choice in payload.get("choices", ())]
    return "".join(choice["delta"].get("content") or "" for choice in choices if choice["index"] == index)


def error_of(body: bytes) -> dict[str, Any]:
    """The error object of the last frame."""
    error: dict[str, Any] = payloads(body)[-1]["error"]
    return error
