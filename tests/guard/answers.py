"""Answers as upstreams send them and as clients put them together: streamed in any cutting, or whole."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from proxy.guard.answer import AnswerGuard

Json = dict[str, Any]
Spoken = list[tuple[str, str]]
"""What one choice says: lanes and their texts, in canonical order."""

PLAIN_LANES = ("reasoning_content", "reasoning", "content", "refusal", "audio.transcript")
ARGUMENT_LANES = ("function_call.arguments", "tool_calls[0].function.arguments", "tool_calls[1].function.arguments")
TOOL = "lookup"
SKELETON = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}


def fields_of(lane: str, text: str) -> Json:
    """Return a delta that says ``text`` in ``lane``."""
    if lane.startswith("tool_calls["):
        return {"tool_calls": [{"index": int(lane[11]), "function": {"arguments": text}}]}
    outer, dot, inner = lane.partition(".")
    return {outer: {inner: text} if dot else text}


def merged(deltas: Sequence[Json]) -> Json:
    """Return one delta that says what several do, each in a lane of its own."""
    result: Json = {}
    for delta in deltas:
        for key, value in delta.items():
            if key == "tool_calls":
                result[key] = result.get(key, []) + value
            else:
                result[key] = value
    return result


def message_of(spoken: Spoken) -> Json:
    """Return the whole message that says the same."""
    message: Json = {"role": "assistant", "content": None} | merged([fields_of(lane, text) for lane, text in spoken])
    for position, call in enumerate(message.get("tool_calls", ())):
        del call["index"]
        call |= {"id": f"call_{position}", "type": "function"}
        call["function"] = {"name": TOOL} | call["function"]
    return message


def texts_of(fields: Json) -> Iterator[tuple[str, str]]:
    """Yield the lanes and texts of a delta or a message, as a client reads it."""
    for key in ("reasoning_content", "reasoning", "content", "refusal"):
        if fields.get(key):
            yield key, fields[key]
    if (fields.get("audio") or {}).get("transcript"):
        yield "audio.transcript", fields["audio"]["transcript"]
    if (fields.get("function_call") or {}).get("arguments"):
        yield "function_call.arguments", fields["function_call"]["arguments"]
    for position, call in enumerate(fields.get("tool_calls") or ()):
        if call.get("function", {}).get("arguments"):
            yield f"tool_calls[{call.get('index', position)}].function.arguments", call["function"]["arguments"]


def units(text: str) -> list[str]:
    """Return the text's UTF-16 code units, in which JSON escapes spell it."""
    data = text.encode("utf-16-le")
    return [data[at : at + 2].decode("utf-16-le", "surrogatepass") for at in range(0, len(data), 2)]


def chunk(*choices: Json, **extra: object) -> bytes:
    """Return a chunk's payload; everything outside ASCII is escaped, halves of surrogate pairs included."""
    return json.dumps(SKELETON | {"choices": list(choices)} | extra).encode()


def choice(index: int, delta: Json, finish: str | None = None, **extra: object) -> Json:
    """Return one choice of a chunk."""
    return {"index": index, "delta": delta, "finish_reason": finish} | extra


@dataclass
class Client:
    """What a client has put together so far."""

    lanes: dict[tuple[int, str], str] = field(default_factory=dict)
    finish: dict[int, str] = field(default_factory=dict)
    sections: list[tuple[str, Json]] = field(default_factory=list)
    usages: list[Json] = field(default_factory=list)
    payloads: list[Json] = field(default_factory=list)

    def read(self, payloads: Sequence[bytes]) -> None:
        """Read what was sent, with the rules that a strict client goes by."""
        for payload in payloads:
            assert b"\n" not in payload
            assert b"\r" not in payload
            event = json.loads(payload)
            self.payloads.append(event)
            assert event["object"] == "chat.completion.chunk"
            assert event["choices"] or event.get("usage")
            for name, section in event.get("enkrypt_policy_detections", {}).items():
                assert event["choices"]
                self.sections.append((name, section))
            if event.get("usage"):
                self.usages.append(event["usage"])
            for entry in event["choices"]:
                self._read_choice(entry)

    def _read_choice(self, entry: Json) -> None:
        index = entry["index"]
        for lane, text in texts_of(entry["delta"]):
            assert index not in self.finish, "text after the end of its choice"
            self.lanes[index, lane] = self.lanes.get((index, lane), "") + text
        if entry.get("finish_reason") is not None:
            assert index not in self.finish, "a choice ended twice"
            self.finish[index] = entry["finish_reason"]

    @property
    def said(self) -> dict[tuple[int, str], str]:
        """Texts by choice and lane, empty ones left out; halves of pairs that came apart are joined."""
        whole = {key: text.encode("utf-16-le", "surrogatepass").decode("utf-16-le") for key, text in self.lanes.items()}
        return {key: text for key, text in whole.items() if text}


def whole_answer(guard: AnswerGuard, answer: Sequence[Spoken]) -> Client:
    """Guard an answer that is not streamed; return what its client reads."""
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "choices": [
            {"index": index, "message": message_of(spoken), "finish_reason": "stop"}
            for index, spoken in enumerate(answer)
        ],
    }
    guarded = json.loads(guard.whole(body, 0.0)[0])
    client = Client(sections=list(guarded["enkrypt_policy_detections"].items()))
    for entry in guarded["choices"]:
        client.finish[entry["index"]] = entry["finish_reason"]
        for lane, text in texts_of(entry["message"]):
            client.lanes[entry["index"], lane] = text
    return client


def streamed_answer(guard: AnswerGuard, payloads: Sequence[bytes]) -> Client:
    """Guard a stream as the relay does; return what its client reads."""
    client = Client()
    for now, payload in enumerate(payloads):
        client.read(guard.chunk(payload, float(now)))
        if guard.ended:
            break
    client.read(guard.close(float(len(payloads))))
    return client


@st.composite
def streams(draw: st.DrawFn, answer: Sequence[Spoken]) -> list[bytes]:
    """Return an answer cut into deltas, those of its choices shuffled together and sometimes sent in one chunk."""
    queues = [draw(_deltas(spoken)) for spoken in answer]
    first: Json = {"role": "assistant", "content": ""}
    pending = [[choice(i, dict(first)), *(choice(i, d) for d in queue)] for i, queue in enumerate(queues)]
    for index, queue in enumerate(pending):
        if len(queue) > 1 and draw(st.booleans()):
            queue[-1]["finish_reason"] = "stop"
        else:
            queue.append(choice(index, {}, "stop"))
    payloads: list[bytes] = []
    while any(pending):
        ready = [queue for queue in pending if queue]
        together = draw(st.integers(0, 3)) == 0
        chosen = ready if together else [ready[draw(st.integers(0, len(ready) - 1))]]
        payloads.append(chunk(*[queue.pop(0) for queue in chosen]))
    return payloads


@st.composite
def _deltas(draw: st.DrawFn, spoken: Spoken) -> list[Json]:
    deltas: list[Json] = []
    for lane, text in spoken:
        pieces = _cut(units(text), draw(st.integers(1, 7)), draw(st.integers(0, 6)))
        pieces_of_lane = [fields_of(lane, piece) for piece in pieces]
        together: bool = draw(st.booleans())
        if deltas and pieces_of_lane and together:
            # The end of one lane and the beginning of the next come in one delta.
            deltas[-1] = merged([deltas[-1], pieces_of_lane.pop(0)])
        deltas += pieces_of_lane
    return deltas


def _cut(parts: list[str], size: int, first: int) -> list[str]:
    marks = [0, *range(first or size, len(parts), size), len(parts)]
    return ["".join(parts[start:end]) for start, end in itertools.pairwise(marks) if start < end]
