"""One answer of the upstream, streamed or whole: its choices, its detections, and how it ends.

Payloads are the data of server-sent events: JSON chunks as the upstream sent them in, the chunks to send on out. A
chunk that needs no change leaves as it came, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from proxy.guard.choice import Choice
from proxy.guard.findings import Finding
from proxy.guard.holds import Hold
from proxy.guard.metadata import Metadata
from proxy.guard.policy import Policy
from proxy.guard.screening import clean
from proxy.guard.sections import Section, block_message, empty_section, section
from proxy.guard.template import ChunkTemplate
from proxy.guard.usage import estimated
from proxy.guard.vault import Vault
from proxy.protocol import chunks, deltas

Json = dict[str, Any]

_SKELETON: Final = ("id", "object", "created", "model", "system_fingerprint", "service_tier")
_NO_HOLDS: Final[list[Hold]] = []
_PLAIN_CHOICE: Final = frozenset({"index", "delta", "finish_reason", "logprobs"})


class AnswerGuard:
    """Guards one answer. Times are seconds of the caller's monotonic clock."""

    def __init__(
        self,
        policy: Policy,
        *,
        choices: int = 1,
        vault: Vault | None = None,
        input_section: Section | None = None,
        tool_names: frozenset[str] = frozenset(),
        include_usage: bool = False,
        prompt_characters: int = 0,
    ) -> None:
        """Prepare for an answer of ``choices`` choices; ``input_section`` rides on its first chunk."""
        self._policy = policy
        self._expected = choices
        self._vault = vault
        self._input_section = input_section if input_section is not None else empty_section()
        self._tool_names = tool_names
        self._include_usage = include_usage
        self._prompt_characters = prompt_characters
        self._choices: dict[int, Choice] = {}
        self._holds: list[Hold] = []
        self._skeleton: Json = {"object": "chat.completion.chunk"}
        self._usage: object = None
        self._usage_sent = False
        self._opened = False
        self._reported = False
        self._metadata = Metadata(policy)
        self._template = ChunkTemplate()
        self.blocked = False
        """Whether a policy has ended any choice."""
        self._afterthoughts = 0
        self.text_sent = False
        """Whether any payload returned so far carried text."""

    @property
    def dropped_fields(self) -> int:
        """Fields withheld because no detector reads them."""
        return self._metadata.dropped + self._afterthoughts

    @property
    def complete(self) -> bool:
        """Whether every expected choice is over."""
        return len(self._choices) >= self._expected and all(choice.over for choice in self._choices.values())

    @property
    def ended(self) -> bool:
        """Whether the rest of the upstream's answer is not needed: all choices are over, at least one by a block."""
        return self.blocked and self.complete

    @property
    def holding(self) -> bool:
        """Whether any text is withheld."""
        return any(choice.held for choice in self._choices.values())

    @property
    def scanned(self) -> int:
        """Characters released after every enforcing detector had read them."""
        return sum(choice.released - choice.unscanned for choice in self._choices.values())

    @property
    def unscanned(self) -> int:
        """Characters released although a detector had failed (``on_error: allow``)."""
        return sum(choice.unscanned for choice in self._choices.values())

    @property
    def findings(self) -> list[Finding]:
        """All findings, by choice, lane and position."""
        return [finding for index in sorted(self._choices) for finding in self._choices[index].findings()]

    @property
    def failures(self) -> list[str]:
        """The detectors that failed, once for each lane in which they did."""
        return [name for choice in self._choices.values() for name in choice.failures()]

    def take_holds(self) -> list[Hold]:
        """Return the holds that were settled since the last call."""
        if not self._holds:
            return _NO_HOLDS
        holds = list(self._holds)
        self._holds.clear()
        return holds

    def clean(self, text: str) -> str:
        """Return an upstream's error message as far as this policy lets it through."""
        return clean(text, self._policy)

    def chunk(self, payload: bytes, now: float) -> list[bytes]:
        """Take one event's data; return the payloads to send, in order.

        Raises:
            MalformedChunk: the data is no chunk.
            UpstreamErrorChunk: the upstream sent an error object.
        """
        if (text := self._template.text(payload)) is not None and (known := self._template.choice) is not None:
            return self._familiar(payload, text, known, now)
        chunk = chunks.decode(payload)
        changed = self._metadata.pad(chunk)
        if self._opened and (choice := self._usual(chunk)) is not None:
            return self._content(chunk, None if changed else payload, choice, now)
        changed |= self._metadata.clear(chunk, "message")
        self._remember(chunk)
        if not chunk["choices"]:
            return [self._bytes(chunk, payload, changed)]
        before: list[Json] = []
        kept: list[Json] = []
        silent = True
        for position, choice in enumerate(chunk["choices"]):
            guarded = self._guard(choice, position, before, now)
            if guarded is None:
                changed = True
                continue
            kept.append(choice)
            changed |= guarded
            silent = silent and guarded and deltas.says_nothing(choice)
        chunk["choices"] = kept
        sent = [self._made(choices) for choices in before]
        if kept and (not silent or chunk.get("usage")):
            sent.append((chunk, payload if not changed else None))
        elif not kept and chunk.get("usage"):
            sent.append((chunk, None))
        return list(self._finished(sent))

    def _usual(self, chunk: Json) -> Choice | None:
        """Return the choice of a chunk that says nothing but a piece of one choice's ``content``."""
        if len(chunk["choices"]) != 1 or chunk.get("usage"):
            return None
        fields = chunk["choices"][0]
        delta = fields.get("delta")
        if type(delta) is not dict or len(delta) != 1 or not delta.get("content"):
            return None
        if fields.get("finish_reason") is not None or fields.get("logprobs") is not None:
            return None
        if not fields.keys() <= _PLAIN_CHOICE or not self._metadata.familiar(chunk):
            return None
        index = fields.get("index", 0)
        choice = self._choices.get(index) if type(index) is int else None
        if type(delta["content"]) is not str or choice is None or choice.over or choice.counts_tokens:
            return None
        return choice

    def _familiar(self, payload: bytes, text: str, choice: Choice, now: float) -> list[bytes]:
        """Guard a chunk that differs from a usual one in nothing but its text, without decoding it."""
        released = choice.feed_content(text, now)
        if choice.blocked_by is not None:
            return self._blocked_in(chunks.decode(payload), choice, released, now)
        if not released:
            return []
        self.text_sent = True
        return [payload if released == text else self._template.spell(released)]

    def _content(self, chunk: Json, payload: bytes | None, choice: Choice, now: float) -> list[bytes]:
        """Guard a usual chunk: the same as any other, on the shortest way."""
        text = chunk["choices"][0]["delta"]["content"]
        if payload is not None and self._expected == 1 and not choice.counts_tokens:
            self._template.learn(payload, chunk, text, choice)
        released = choice.feed_content(text, now)
        if choice.blocked_by is not None:
            return self._blocked_in(chunk, choice, released, now)
        if not released:
            return []
        self.text_sent = True
        if released == text:
            return [self._bytes(chunk, payload, changed=False)]
        chunk["choices"][0]["delta"]["content"] = released
        return [chunks.encode(chunk)]

    def _blocked_in(self, chunk: Json, choice: Choice, released: str, now: float) -> list[bytes]:
        """The text of a usual chunk ended its choice: what was safe of it, and the end."""
        fields = chunk["choices"][0]
        fields["delta"]["content"] = released
        before: list[Json] = []
        self._end_blocked(choice, fields, choice.finish(now), before)
        return list(self._finished([*map(self._made, before), (chunk, None)]))

    def _made(self, choice: Json) -> tuple[Json, bytes | None]:
        return self._skeleton | {"choices": [choice]}, None

    def _finished(self, sent: list[tuple[Json, bytes | None]]) -> Iterator[bytes]:
        """Put the detections where they belong and encode."""
        last = max((i for i, (chunk, _) in enumerate(sent) if chunk["choices"]), default=-1)
        for position, (chunk, payload) in enumerate(sent):
            detections: Json = {}
            if chunk["choices"] and not self._opened:
                self._opened = True
                detections["input_guardrails"] = self._input_section
            if position == last and self.complete and not self._reported:
                self._reported = True
                detections["output_guardrails"] = self.section()
            if detections:
                chunk["enkrypt_policy_detections"] = detections
                payload = None
            self.text_sent = self.text_sent or any(deltas.has_text(choice) for choice in chunk["choices"])
            yield self._bytes(chunk, payload, payload is None)

    def _bytes(self, chunk: Json, payload: bytes | None, changed: bool) -> bytes:
        if changed or payload is None or b"\n" in payload or b"\r" in payload:
            return chunks.encode(chunk)
        return chunks.spell(chunk, payload) if self._policy.enforcing else payload

    def _remember(self, chunk: Json) -> None:
        if len(self._skeleton) == 1:
            self._skeleton |= {key: chunk[key] for key in _SKELETON if key in chunk}
        usage = chunk.get("usage")
        if usage:
            self._usage = usage
            self._usage_sent = self._usage_sent or not chunk["choices"]

    def _choice(self, fields: Json, position: int) -> Choice:
        """Return the choice that ``fields`` belong to: the one of their index, or else of their position."""
        index = fields.get("index", position)
        index = index if isinstance(index, int) else position
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = Choice(index, self._policy, self._vault, self._tool_names, self._holds)
        return choice

    def _guard(self, fields: Json, position: int, before: list[Json], now: float) -> bool | None:
        """Guard one choice of a chunk in place, adding to ``before`` what has to be sent ahead of it.

        Returns whether it changed, or None where nothing of it is to be sent.
        """
        choice = self._choice(fields, position)
        delta = fields.get("delta")
        delta = delta if isinstance(delta, dict) else {}
        if choice.over:
            return self._afterthought(choice, fields)
        texts = _with_logprobs(delta)
        changed = choice.feed(delta, now)
        rest: Json = {}
        if fields.get("finish_reason") is not None or choice.blocked_by is not None:
            rest = choice.finish(now)
        changed |= choice.trim_logprobs(fields, texts)
        if choice.blocked_by is not None:
            self._end_blocked(choice, fields, rest, before)
            return True
        if rest:
            self._send_ahead(choice, fields, rest, before)
            changed = True
        return changed

    def _afterthought(self, choice: Choice, fields: Json) -> bool | None:
        """A finished choice may still be annotated, but it has nothing more to say."""
        if choice.blocked_by is not None:
            return None
        if not self._policy.enforcing:
            return False
        if deltas.has_text(fields):
            self._afterthoughts += 1
            return None
        return fields.pop("logprobs", None) is not None

    def _send_ahead(self, choice: Choice, fields: Json, rest: Json, before: list[Json]) -> None:
        """The held text leaves before the chunk that says the choice is finished."""
        delta = fields.get("delta")
        if isinstance(delta, dict) and deltas.has_text(fields):
            before.append({"index": choice.index, "delta": dict(delta), "finish_reason": None})
            delta.clear()
        before.append({"index": choice.index, "delta": rest, "finish_reason": None})
        if fields.get("logprobs"):
            before[-1]["logprobs"] = fields["logprobs"]
            fields["logprobs"] = None

    def _end_blocked(self, choice: Choice, fields: Json, rest: Json, before: list[Json]) -> None:
        """The safe prefix, the notice, and the end of a choice that was blocked."""
        self.blocked = True
        delta = fields.get("delta")
        delta = delta if isinstance(delta, dict) else {}
        if any(value not in (None, "", []) for value in delta.values()):
            before.append(fields | {"index": choice.index, "delta": delta, "finish_reason": None})
        if rest:
            before.append({"index": choice.index, "delta": rest, "finish_reason": None})
        notice = self._notice(choice)
        if notice:
            before.append({"index": choice.index, "delta": {"content": notice}, "finish_reason": None})
        fields.clear()
        fields.update({"index": choice.index, "delta": {}, "finish_reason": "content_filter"})

    def _notice(self, choice: Choice) -> str:
        if not self._policy.block_notice or choice.blocked_by is None:
            return ""
        return ("\n\n" if choice.has_content else "") + block_message(self._policy, choice.blocked_by)

    def close(self, now: float) -> list[bytes]:
        """The upstream's answer has ended, or the rest is not needed: return what is left to send."""
        sent: list[tuple[Json, bytes | None]] = []
        for choice in self._choices.values():
            if choice.over:
                continue
            before: list[Json] = []
            rest = choice.finish(now)
            fields: Json = {"index": choice.index, "delta": rest, "finish_reason": None}
            if choice.blocked_by is not None:
                fields["delta"] = {}
                self._end_blocked(choice, fields, rest, before)
            sent += [self._made(part) for part in [*before, fields]]
        if not self._reported and not sent:
            sent.append(self._made({"index": 0, "delta": {}, "finish_reason": None}))
        self._expected = len(self._choices)
        payloads = list(self._finished(sent))
        if self._include_usage and not self._usage_sent:
            self._usage_sent = True
            received = sum(choice.received for choice in self._choices.values())
            usage = self._usage or estimated(self._prompt_characters, received)
            payloads.append(chunks.encode(self._skeleton | {"choices": [], "usage": usage}))
        return payloads

    def abort(self) -> list[bytes]:
        """The upstream failed: what is held stays held; return the detections if they have not been sent."""
        for choice in self._choices.values():
            choice.abandon()
        if self._reported:
            return []
        self._expected = len(self._choices)
        return list(self._finished([self._made({"index": 0, "delta": {}, "finish_reason": None})]))

    def whole(self, body: Json, now: float) -> Json:
        """Guard a non-streamed answer, in place; return it with ``enkrypt_policy_detections``.

        Raises:
            MalformedChunk: the body has no list of choices.
        """
        choices = body.get("choices")
        if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
            raise chunks.MalformedChunk("expected choices to be a list of objects")
        self._metadata.clear(body, "delta")
        for position, fields in enumerate(choices):
            self._guard_message(fields, position, now)
        body["enkrypt_policy_detections"] = {
            "input_guardrails": self._input_section,
            "output_guardrails": self.section(),
        }
        return body

    def _guard_message(self, fields: Json, position: int, now: float) -> None:
        choice = self._choice(fields, position)
        message = fields.get("message")
        if not isinstance(message, dict):
            message = fields["message"] = {"role": "assistant", "content": None}
        texts = _with_logprobs(message)
        choice.feed(message, now)
        for lane, text in chunks.texts(choice.finish(now)):
            chunks.place(message, lane, text)
        choice.trim_logprobs(fields, texts)
        if choice.blocked_by is not None:
            self.blocked = True
            notice = self._notice(choice)
            if notice:
                message["content"] = (message.get("content") or "") + notice
            fields["finish_reason"] = "content_filter"

    def section(self) -> Section:
        """Return the output's guardrail section, as far as the answer has come."""
        first = self._choices.get(0)
        record = first.record if first else None
        observed = first.observed_content() if first else []
        blocked_by = next((c.blocked_by for _, c in sorted(self._choices.items()) if c.blocked_by), None)
        return section(self._policy, self.findings, record, observed, blocked_by)


def _with_logprobs(fields: Json) -> dict[str, str]:
    """Return the texts of a delta or message that log probabilities may come with, by lane."""
    return {name: fields[name] for name in ("content", "refusal") if isinstance(fields.get(name), str)}
