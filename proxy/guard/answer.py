"""One answer of the upstream, streamed or whole: its choices, its detections, and how it ends.

Payloads are the data of server-sent events: JSON chunks as the upstream sent them in, the chunks to send on out. A
chunk that needs no change leaves as it came, byte for byte.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any, Final

from proxy.guard.checks import Exchange, Reading
from proxy.guard.choice import Choice
from proxy.guard.choices import AnswerFacts, Choices
from proxy.guard.endings import end_blocked, notice, send_ahead, text_ahead, with_logprobs
from proxy.guard.envelope import Envelope, Sent
from proxy.guard.holds import Hold
from proxy.guard.inquiry import Inquiry, Steps, Wait
from proxy.guard.lane import Asked, Lane
from proxy.guard.metadata import Metadata
from proxy.guard.policy import Policy
from proxy.guard.screening import clean
from proxy.guard.sections import Section, empty_section
from proxy.guard.template import ChunkTemplate
from proxy.guard.vault import Vault
from proxy.protocol import chunks, deltas

Json = dict[str, Any]

_NO_HOLDS: Final[list[Hold]] = []
_NO_QUESTIONS: Final[list[Asked]] = []


class AnswerGuard(AnswerFacts):
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
        exchange: Exchange | None = None,
    ) -> None:
        """Prepare for an answer of ``choices`` choices; ``input_section`` rides on its first chunk."""
        self._policy = policy
        self._expected = choices
        self._input_section = input_section if input_section is not None else empty_section()
        self._include_usage = include_usage
        self._prompt_characters = prompt_characters
        self._holds: list[Hold] = []
        self._inquiry = Inquiry()
        make = partial(
            Choice,
            policy=policy,
            vault=vault,
            tool_names=tool_names,
            holds=self._holds,
            exchange=exchange or Exchange(answering=True),
            asked=self._inquiry.asked,
        )
        self._choices = Choices(policy, make)
        self._envelope = Envelope(self._input_section, respell=policy.enforcing)
        self._answered: list[Lane] = []
        self._now = 0.0
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
        return len(self._choices) >= self._expected and all(choice.over for choice in self._choices)

    @property
    def ended(self) -> bool:
        """Whether the rest of the upstream's answer is not needed: all choices are over, at least one by a block."""
        return self.blocked and self.complete

    def take_holds(self) -> list[Hold]:
        """Return the holds that were settled since the last call."""
        if not self._holds:
            return _NO_HOLDS
        holds = list(self._holds)
        self._holds.clear()
        return holds

    @property
    def waiting(self) -> bool:
        """Whether it can take no chunk before it has been answered."""
        return self._inquiry.parked

    def take_asked(self) -> list[Asked]:
        """Return the questions that arose since the last call."""
        return self._inquiry.take() if self._inquiry.asked else _NO_QUESTIONS

    def answer(self, asked: Asked, reading: Reading | None, now: float) -> list[bytes]:
        """Take the answer to a question, None where it failed; return the payloads to send, in order."""
        self._now = now
        self._inquiry.answered(asked)
        asked.lane.answer(asked, reading)
        if asked.reader is not None:
            self._answered.append(asked.lane)
        if self._inquiry.flowing:
            return self._flow() + self._inquiry.resume() + self._settle_answered()
        return self._inquiry.resume() + self._settle_answered()

    def _flow(self) -> list[bytes]:
        """Say what may be said while ends wait for their verdicts; whatever has to end does so after that."""
        said = [(lane, self._say(lane)) for lane in self._answered]
        self._answered = [lane for lane, _ in said if self._choices.of({}, lane.key.choice).blocked_by is not None]
        return [self._encode(self._envelope.made(fields)) for _, fields in said if fields is not None]

    def _settle_answered(self) -> list[bytes]:
        payloads: list[bytes] = []
        while self._answered and not self._inquiry.parked:
            payloads += self._inquiry.run(self._settle(self._answered.pop(0)))
        return payloads

    def _say(self, lane: Lane) -> Json | None:
        """Return a choice that says what a lane may say now that it has been answered, None where that is nothing."""
        choice = self._choices.of({}, lane.key.choice)
        delta = {} if choice.over else choice.settle(lane, self._now)
        fields: Json = {"index": choice.index, "delta": delta, "finish_reason": None}
        if choice.trim_logprobs(fields, {}) and not fields["logprobs"]:
            del fields["logprobs"]
        return fields if delta else None

    def _settle(self, lane: Lane) -> Steps:
        """Say what a lane may say now that it has been answered, and end its choice if that has to end."""
        choice, fields = self._choices.of({}, lane.key.choice), self._say(lane)
        if choice.blocked_by is not None and not choice.over:
            before: list[Json] = []
            fields = fields or {"index": choice.index, "delta": {}, "finish_reason": None}
            yield from self._end(choice, fields, before)
            yield from self._finished([self._envelope.made(part) for part in [*before, fields]])
        elif fields is not None:
            yield from self._finished([self._envelope.made(fields)])

    def _encode(self, sent: Sent, output_section: Section | None = None) -> bytes:
        self.text_sent = self.text_sent or any(deltas.has_text(choice) for choice in sent[0]["choices"])
        return self._envelope.encode(sent, output_section)

    def clean(self, text: str) -> str:
        """Return an upstream's error message as far as this policy lets it through."""
        return clean(text, self._policy)

    def chunk(self, payload: bytes, now: float) -> list[bytes]:
        """Take one event's data; return the payloads to send, in order.

        Raises:
            MalformedChunk: the data is no chunk.
            UpstreamErrorChunk: the upstream sent an error object.
        """
        self._now = now
        text = self._template.text(payload)
        if text is not None and (known := self._template.choice) is not None and known.in_content:
            return self._familiar(payload, text, known)
        chunk = chunks.decode(payload)
        changed = self._metadata.pad(chunk)
        if self._envelope.opened and (choice := self._usual(chunk)) is not None:
            return self._content(chunk, None if changed else payload, choice)
        changed |= self._metadata.clear(chunk, "message")
        self._envelope.remember(chunk)
        if not chunk["choices"]:
            return [self._envelope.spell(chunk, None if changed else payload)]
        return self._inquiry.run(self._steps(chunk, payload, changed))

    def _steps(self, chunk: Json, payload: bytes, changed: bool) -> Steps:
        """Guard the choices of any chunk, and send it with what has to be sent ahead of it."""
        before: list[Json] = []
        kept: list[Json] = []
        silent = True
        for position, choice in enumerate(chunk["choices"]):
            guarded = yield from self._guard(choice, position, before)
            if guarded is None:
                changed = True
                continue
            kept.append(choice)
            changed |= guarded
            if self._policy.awaiting and len(chunk["choices"]) > 1:
                # The choices behind it may have to wait.
                before += text_ahead(choice)
            silent = silent and guarded and deltas.says_nothing(choice)
        chunk["choices"] = kept
        sent = [self._envelope.made(choices) for choices in before]
        if kept and (not silent or chunk.get("usage")):
            sent.append((chunk, payload if not changed else None))
        elif not kept and chunk.get("usage"):
            sent.append((chunk, None))
        yield from self._finished(sent)

    def _usual(self, chunk: Json) -> Choice | None:
        """Return the choice of a chunk that says nothing but a piece of what one choice is saying as ``content``."""
        index = deltas.plain_content(chunk)
        choice = None if index is None else self._choices.get(index)
        if choice is None or choice.over or choice.counts_tokens or not choice.in_content:
            return None
        return choice if self._metadata.familiar(chunk) else None

    def _familiar(self, payload: bytes, text: str, choice: Choice) -> list[bytes]:
        """Guard a chunk that differs from a usual one in nothing but its text, without decoding it."""
        released = choice.feed_content(text, self._now)
        if choice.blocked_by is not None:
            return self._inquiry.run(self._blocked_in(chunks.decode(payload), choice, released))
        if not released:
            return []
        self.text_sent = True
        return [payload if released == text else self._template.spell(released)]

    def _content(self, chunk: Json, payload: bytes | None, choice: Choice) -> list[bytes]:
        """Guard a usual chunk: the same as any other, on the shortest way."""
        text = chunk["choices"][0]["delta"]["content"]
        if payload is not None and self._expected == 1 and not choice.counts_tokens:
            self._template.learn(payload, chunk, text, choice)
        released = choice.feed_content(text, self._now)
        if choice.blocked_by is not None:
            return self._inquiry.run(self._blocked_in(chunk, choice, released))
        if not released:
            return []
        self.text_sent = True
        if released == text:
            return [self._envelope.spell(chunk, payload)]
        chunk["choices"][0]["delta"]["content"] = released
        return [chunks.encode(chunk)]

    def _blocked_in(self, chunk: Json, choice: Choice, released: str) -> Steps:
        """The text of a usual chunk ended its choice: what was safe of it, and the end."""
        fields = chunk["choices"][0]
        fields["delta"]["content"] = released
        before: list[Json] = []
        yield from self._end(choice, fields, before)
        yield from self._finished([*map(self._envelope.made, before), (chunk, None)])

    def _finished(self, sent: list[Sent]) -> Steps:
        """Encode chunks, with the detections where they belong."""
        last = max((i for i, (chunk, _) in enumerate(sent) if chunk["choices"]), default=-1)
        for position, (chunk, payload) in enumerate(sent):
            reporting = position == last and self.complete and not self._envelope.reported
            if reporting and self._inquiry.pending(Wait.READINGS):
                # The report has to wait; the text does not.
                for said in [said for choice in chunk["choices"] for said in text_ahead(choice)]:
                    payload = None
                    yield self._encode(self._envelope.made(said))
                yield Wait.READINGS
            yield self._encode((chunk, payload), self.section() if reporting else None)

    def _time(self) -> float:
        return self._now

    def _guard(self, fields: Json, position: int, before: list[Json]) -> Generator[bytes | Wait, None, bool | None]:
        """Guard one choice of a chunk in place, adding to ``before`` what has to be sent ahead of it.

        Returns whether it changed, or None where nothing of it is to be sent.
        """
        choice = self._choices.of(fields, position)
        delta = fields.get("delta")
        delta = delta if isinstance(delta, dict) else {}
        if choice.over:
            return self._afterthought(choice, fields)
        texts = with_logprobs(delta)
        changed = yield from choice.feed(delta, self._time)
        if ahead := choice.take_ahead():
            before.append({"index": choice.index, "delta": ahead, "finish_reason": None})
        rest: Json = {}
        changed |= choice.trim_logprobs(fields, texts)
        if fields.get("finish_reason") is not None or choice.blocked_by is not None:
            yield from self._flush(choice, fields, before)
            rest = yield from choice.finish(self._time)
            changed |= choice.trim_logprobs(fields, {})
        if choice.blocked_by is not None:
            self._cut(choice, fields, rest, before)
            return True
        if rest:
            send_ahead(choice, fields, rest, before)
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

    def _end(self, choice: Choice, fields: Json, before: list[Json]) -> Steps:
        """End a choice that was blocked while nothing else was said about it."""
        yield from self._flush(choice, fields, before)
        rest = yield from choice.finish(self._time)
        self._cut(choice, fields, rest, before)

    def _flush(self, choice: Choice, fields: Json, before: list[Json]) -> Steps:
        """Send what is said already before an end is waited for, so that more may follow meanwhile."""
        choice.end()
        if self._inquiry.pending(Wait.LAST_VERDICTS):
            before += text_ahead(fields)
            yield from map(self._encode, map(self._envelope.made, before))
            before.clear()

    def _cut(self, choice: Choice, fields: Json, rest: Json, before: list[Json]) -> None:
        self.blocked = True
        end_blocked(choice, fields, rest, before, notice(self._policy, choice))

    def close(self, now: float) -> list[bytes]:
        """The upstream's answer has ended, or the rest is not needed: return what is left to send."""
        self._now = now
        return self._inquiry.run(self._close())

    def _close(self) -> Steps:
        sent: list[Sent] = []
        for choice in [choice for choice in self._choices if not choice.over]:
            before: list[Json] = []
            rest = yield from choice.finish(self._time)
            fields: Json = {"index": choice.index, "delta": rest, "finish_reason": None}
            if choice.blocked_by is not None:
                fields["delta"] = {}
                self._cut(choice, fields, rest, before)
            sent += [self._envelope.made(part) for part in [*before, fields]]
        if not self._envelope.reported and not sent:
            sent.append(self._envelope.made({"index": 0, "delta": {}, "finish_reason": None}))
        self._expected = len(self._choices)
        yield from self._finished(sent)
        if self._include_usage:
            received = sum(choice.received for choice in self._choices)
            if usage := self._envelope.usage(self._prompt_characters, received):
                yield usage

    def abort(self) -> list[bytes]:
        """The upstream failed: what is held stays held; return the detections if they have not been sent."""
        self._inquiry.abandon()
        for choice in self._choices:
            choice.abandon()
        if self._envelope.reported:
            return []
        chunk = self._envelope.made({"index": 0, "delta": {}, "finish_reason": None})
        return [self._envelope.encode(chunk, self.section())]

    def whole(self, body: Json, now: float) -> list[bytes]:
        """Guard a non-streamed answer, in place; return it with ``enkrypt_policy_detections``, as one payload.

        Nothing is returned while questions are open: ``answer`` returns it then.

        Raises:
            MalformedChunk: the body has no list of choices.
        """
        self._now = now
        choices = body.get("choices")
        if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
            raise chunks.MalformedChunk("expected choices to be a list of objects")
        self._metadata.clear(body, "delta")
        return self._inquiry.run(self._whole(body))

    def _whole(self, body: Json) -> Steps:
        for position, fields in enumerate(body["choices"]):
            yield from self._guard_message(fields, position)
        yield Wait.READINGS
        body["enkrypt_policy_detections"] = {
            "input_guardrails": self._input_section,
            "output_guardrails": self.section(),
        }
        yield chunks.encode(body)

    def _guard_message(self, fields: Json, position: int) -> Steps:
        choice = self._choices.of(fields, position)
        message = fields.get("message")
        if not isinstance(message, dict):
            message = fields["message"] = {"role": "assistant", "content": None}
        texts = with_logprobs(message)
        yield from choice.feed(message, self._time, whole=True)
        rest = yield from choice.finish(self._time, whole=True)
        for part in (choice.take_ahead(), rest):
            for lane, text in chunks.texts(part):
                chunks.place(message, lane, text)
        choice.trim_logprobs(fields, texts)
        if choice.blocked_by is not None:
            self.blocked = True
            if words := notice(self._policy, choice):
                message["content"] = (message.get("content") or "") + words
            fields["finish_reason"] = "content_filter"
