"""What chunks have around their choices: what names the answer, its usage, and the detections."""

from __future__ import annotations

from typing import Any, Final

from proxy.guard.sections import Section
from proxy.guard.usage import estimated
from proxy.protocol import chunks

Json = dict[str, Any]
Sent = tuple[Json, bytes | None]
"""A chunk to send, and its bytes where it leaves as it came."""

_SKELETON: Final = ("id", "object", "created", "model", "system_fingerprint", "service_tier")


class Envelope:
    """Encodes the chunks of one answer."""

    def __init__(self, input_section: Section, *, respell: bool) -> None:
        """Send ``input_section`` with the first chunk; ``respell`` chunks that leave as they came."""
        self._input_section = input_section
        self._respell = respell
        self._skeleton: Json = {"object": "chat.completion.chunk"}
        self._usage: object = None
        self._usage_sent = False
        self.opened = False
        """Whether the first chunk has been encoded."""
        self.reported = False
        """Whether the output's section has been encoded."""

    def remember(self, chunk: Json) -> None:
        """Note what names the answer, and its usage."""
        if len(self._skeleton) == 1:
            self._skeleton |= {key: chunk[key] for key in _SKELETON if key in chunk}
        usage = chunk.get("usage")
        if usage:
            self._usage = usage
            self._usage_sent = self._usage_sent or not chunk["choices"]

    def made(self, choice: Json) -> Sent:
        """Return a chunk of our own that carries one choice."""
        return self._skeleton | {"choices": [choice]}, None

    def encode(self, sent: Sent, output_section: Section | None = None) -> bytes:
        """Return a chunk as it is sent, with the sections that have to ride on it."""
        chunk, payload = sent
        detections: Json = {}
        if chunk["choices"] and not self.opened:
            self.opened = True
            detections["input_guardrails"] = self._input_section
        if output_section is not None:
            self.reported = True
            detections["output_guardrails"] = output_section
        if detections:
            chunk["enkrypt_policy_detections"] = detections
            payload = None
        return self.spell(chunk, payload)

    def spell(self, chunk: Json, payload: bytes | None) -> bytes:
        """Return a chunk's bytes; ``payload`` where nothing about it has changed."""
        if payload is None or b"\n" in payload or b"\r" in payload:
            return chunks.encode(chunk)
        return chunks.spell(chunk, payload) if self._respell else payload

    def usage(self, prompt: int, received: int) -> bytes | None:
        """Return the usage chunk, if none was sent; sizes are characters, from which it is estimated if need be."""
        if self._usage_sent:
            return None
        self._usage_sent = True
        usage = self._usage or estimated(prompt, received)
        return chunks.encode(self._skeleton | {"choices": [], "usage": usage})
