"""Those who watch one demo answer: the listener at the model, the observer in the proxy, and the client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from proxy.demo.model import Listener
from proxy.demo.stage import API_KEY
from proxy.events import Event, FirstToken, Flowed, Held
from proxy.protocol.sse import DONE_DATA, SSEDecoder

_MAX_EVENT_BYTES = 1_048_576


class Audience(Listener):
    """Hears the model's first choice, and as :class:`proxy.events.Observer` notes what the proxy held."""

    def __init__(self) -> None:
        self.text = ""
        self.holds: list[Held] = []
        self.first_token: dict[str, float] = {}

    def said(self, answer: Mapping[str, Any]) -> None:
        """Take a chunk, or a whole completion, of the model's."""
        for choice in answer["choices"]:
            if choice["index"] == 0:
                spoken = choice.get("delta") or choice.get("message") or {}
                self.text += spoken.get("content") or ""

    def notify(self, event: Event) -> None:
        """Take one of the proxy's events."""
        match event:
            case Flowed(holds=holds):
                self.holds += holds
            case FirstToken(side=side, seconds=seconds):
                self.first_token[side] = seconds
            case _:
                pass


@dataclass(slots=True)
class Received:
    """What a client made of a streamed answer of one choice."""

    text: str = ""
    finish_reason: str = ""
    """"" where the stream ended without one."""
    output_section: Mapping[str, Any] = field(default_factory=dict)

    def take(self, chunk: Mapping[str, Any]) -> None:
        """Add one chunk; an error frame shows as text in brackets."""
        if error := chunk.get("error"):
            self.text += f"[{error['message']}]"
        for choice in chunk.get("choices", ()):
            self.text += choice["delta"].get("content") or ""
            self.finish_reason = choice["finish_reason"] or self.finish_reason
        sections = chunk.get("enkrypt_policy_detections", {})
        self.output_section = sections.get("output_guardrails") or self.output_section


async def ask(base_url: str, prompt: str) -> Received:
    """Ask the deployment ``demo`` for a streamed answer and read it to its end.

    Raises :class:`aiohttp.ClientError` where the connection fails or the status is an error.
    """
    received, decoder = Received(), SSEDecoder(_MAX_EVENT_BYTES)
    body = {"model": "demo", "stream": True, "messages": [{"role": "user", "content": prompt}]}
    headers = {"Authorization": f"Bearer {API_KEY}"}
    async with (
        aiohttp.ClientSession(headers=headers, raise_for_status=True) as session,
        session.post(f"{base_url}/v1/chat/completions", json=body) as response,
    ):
        async for data in response.content.iter_any():
            for event in decoder.feed(data):
                if event.data != DONE_DATA:
                    received.take(orjson.loads(event.data))
    return received
