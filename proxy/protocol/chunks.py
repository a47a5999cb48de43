"""Which fields of an answer carry a model's text, and which are known to carry none.

The shapes are those of the OpenAI chat completions API and of the extensions that compatible servers send. Everything
here works on decoded JSON: a chunk's ``delta`` and a whole answer's ``message`` have their texts in the same places.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import orjson

Json = dict[str, Any]

CHUNK_FIELDS: Final = frozenset(
    [
        "id",
        "object",
        "created",
        "model",
        "choices",
        "usage",
        "system_fingerprint",
        "service_tier",
        "provider",
        "obfuscation",
        "timings",
        "x_groq",
        "prompt_filter_results",
    ]
)
"""Top-level fields that are kept under an enforcing policy."""
PADDING: Final = "obfuscation"
"""Random characters that hide the length of a chunk's text."""
CHOICE_FIELDS: Final = frozenset(
    [
        "index",
        "delta",
        "message",
        "finish_reason",
        "native_finish_reason",
        "stop_reason",
        "logprobs",
        "seed",
        "content_filter_results",
    ]
)
DELTA_FIELDS: Final = frozenset(
    ["role", "content", "refusal", "reasoning_content", "reasoning", "tool_calls", "function_call", "audio"]
)
TOOL_CALL_FIELDS: Final = frozenset(("index", "id", "type", "function"))
FUNCTION_FIELDS: Final = frozenset(("name", "arguments"))
AUDIO_FIELDS: Final = frozenset(("id", "transcript", "expires_at"))
MAX_CHOICES: Final = 128
"""Choices that an answer may have: the largest ``n`` of a request."""
MAX_TOOL_CALLS: Final = 1_024
"""Tool calls that one choice may have under an enforcing policy."""

_TEXT_FIELDS: Final = ("reasoning_content", "reasoning", "content", "refusal")


class MalformedChunk(Exception):
    """The upstream sent data that is no JSON object of the expected shape."""


class UpstreamErrorChunk(Exception):
    """The upstream sent an error object in place of a chunk."""

    def __init__(self, error: Json) -> None:
        super().__init__("the upstream reported an error")
        self.error = error


class Slot(NamedTuple):
    """A place that holds text: the lane it belongs to, and where it is."""

    lane: str
    holder: Json
    key: str
    arguments: bool
    """Whether the text is JSON."""


def decode(payload: bytes) -> Json:
    """Decode one event's data.

    Raises:
        MalformedChunk: it is no JSON object, or its choices are no list of objects, or their numbers are none.
        UpstreamErrorChunk: it is an error object.
    """
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError:
        value = _decode_surrogates(payload)
    if type(value) is not dict:
        raise MalformedChunk("expected a JSON object")
    error = value.get("error")
    if error:
        # Some servers send it inside a last chunk, beside empty choices.
        raise UpstreamErrorChunk(error if isinstance(error, dict) else {"message": str(error)})
    choices = value.get("choices")
    if type(choices) is not list:
        raise MalformedChunk("expected choices to be a list of objects")
    for choice in choices:
        if type(choice) is not dict:
            raise MalformedChunk("expected choices to be a list of objects")
        index = choice.get("index")
        if index is not None and not (type(index) is int and 0 <= index < MAX_CHOICES):
            # A client might read what is nearly a number as one, and join what was guarded apart.
            raise MalformedChunk("expected the index of a choice to be a small integer")
    return value


def _decode_surrogates(payload: bytes) -> Any:
    """The standard decoder accepts lone surrogates, which servers send when they cut a pair in two."""
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        raise MalformedChunk("expected JSON") from None


def encode(value: Json) -> bytes:
    """Encode a chunk or an answer; never contains a line end."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def spell(value: Json, payload: bytes) -> bytes:
    """Return ``payload``, whose decoded value is ``value``, or a new encoding where it says more than that.

    A JSON object may repeat a member, which a decoder then overlooks (RFC 8259, section 4): each adds a string.
    """
    encoded = encode(value)
    return payload if encoded == payload or _quotes(encoded) == _quotes(payload) else encoded


def _quotes(text: bytes) -> int:
    """Count the quotation marks around strings, those inside being escaped."""
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    return text.count(b'"')


def slots(fields: Json, *, tool_names: frozenset[str] = frozenset()) -> Iterator[Slot]:
    """Yield the places of a delta or message that hold text, in the order in which a message speaks.

    The name of a function is text unless it is one of ``tool_names``, which the client itself declared.
    """
    for key in _TEXT_FIELDS:
        if isinstance(fields.get(key), str):
            yield Slot(key, fields, key, False)
    audio = fields.get("audio")
    if isinstance(audio, dict) and isinstance(audio.get("transcript"), str):
        yield Slot("audio.transcript", audio, "transcript", False)
    call = fields.get("function_call")
    if isinstance(call, dict):
        yield from _function_slots("function_call", call, tool_names)
    for position, entry in enumerate(fields.get("tool_calls") or ()):
        if isinstance(entry, dict) and isinstance(entry.get("function"), dict):
            index = entry.get("index", position)
            yield from _function_slots(f"tool_calls[{index}].function", entry["function"], tool_names)


def _function_slots(lane: str, function: Json, tool_names: frozenset[str]) -> Iterator[Slot]:
    name = function.get("name")
    if isinstance(name, str) and name not in tool_names:
        yield Slot(f"{lane}.name", function, "name", False)
    if isinstance(function.get("arguments"), str):
        yield Slot(f"{lane}.arguments", function, "arguments", True)


def place(fields: Json, lane: str, text: str) -> None:
    """Append ``text`` to a lane's place in a delta, making the place where it is missing."""
    if lane.startswith("tool_calls["):
        index, _, key = lane[len("tool_calls[") :].partition("].function.")
        calls = fields.setdefault("tool_calls", [])
        call = next((c for n, c in enumerate(calls) if str(c.get("index", n)) == index), None)
        if call is None:
            call = {"index": int(index) if index.isdigit() else index, "function": {}}
            calls.append(call)
        holder = call.setdefault("function", {})
    else:
        outer, dot, key = lane.partition(".")
        holder = fields.setdefault(outer, {}) if dot else fields
        key = key if dot else outer
    holder[key] = (holder.get(key) or "") + text


def drop_unknown(chunk: Json) -> int:
    """Remove, in place, everything that may carry text and is no lane; return how many fields that were.

    Called under an enforcing policy only. Fields that nobody knows are kept where they are numbers, booleans or null.
    """
    dropped = _keep(chunk, CHUNK_FIELDS)
    for choice in chunk["choices"]:
        dropped += _keep(choice, CHOICE_FIELDS)
        if "delta" in choice and "message" in choice:
            # Some servers repeat the whole message beside each delta.
            del choice["message"]
            dropped += 1
        for name in ("delta", "message"):
            if isinstance(choice.get(name), dict):
                dropped += _drop_from_fields(choice[name])
            elif choice.get(name) is not None:
                choice[name] = {}
                dropped += 1
        if not isinstance(choice.get("logprobs"), (dict, type(None))):
            choice["logprobs"] = None
            dropped += 1
    return dropped


def _drop_from_fields(fields: Json) -> int:
    dropped = _keep(fields, DELTA_FIELDS)
    for key in _TEXT_FIELDS:
        value = fields.get(key)
        if value is not None and not isinstance(value, str):
            parts = value if isinstance(value, list) else []
            texts = [part["text"] for part in parts if _is_text_part(part)]
            fields[key] = "".join(texts)
            dropped += len(parts) - len(texts) if parts else 1
    if not isinstance(fields.get("role"), (str, type(None))):
        del fields["role"]
        dropped += 1
    dropped += _drop_object(fields, "audio", AUDIO_FIELDS) + _drop_object(fields, "function_call", FUNCTION_FIELDS)
    return dropped + _drop_from_tool_calls(fields)


def _is_text_part(part: object) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)


def _drop_object(fields: Json, name: str, known: frozenset[str]) -> int:
    value = fields.get(name)
    if value is None:
        return 0
    if not isinstance(value, dict):
        del fields[name]
        return 1
    return _keep(value, known) + sum(_drop_if_not_text(value, key) for key in ("name", "arguments", "transcript"))


def _drop_if_not_text(value: Json, key: str) -> int:
    if isinstance(value.get(key), (str, type(None))):
        return 0
    del value[key]
    return 1


def _drop_from_tool_calls(fields: Json) -> int:
    calls = fields.get("tool_calls")
    if calls is None:
        return 0
    kept = [call for call in calls if _is_call(call)] if isinstance(calls, list) else []
    dropped = len(calls) - len(kept) if isinstance(calls, list) else 1
    fields["tool_calls"] = kept
    for call in kept:
        dropped += _keep(call, TOOL_CALL_FIELDS) + _drop_object(call, "function", FUNCTION_FIELDS)
        dropped += sum(_drop_if_not_text(call, key) for key in ("id", "type"))
    return dropped


def _is_call(call: object) -> bool:
    if not isinstance(call, dict):
        return False
    index = call.get("index")
    return index is None or (type(index) is int and 0 <= index < MAX_TOOL_CALLS)


def _keep(value: Json, known: frozenset[str]) -> int:
    if value.keys() <= known:
        return 0
    unknown = [key for key in value if key not in known and isinstance(value[key], (str, list, dict)) and value[key]]
    for key in unknown:
        del value[key]
    return len(unknown)


def texts(fields: Json) -> list[tuple[str, str]]:
    """Return the texts of a delta with the lanes they belong to, in order."""
    return [(slot.lane, slot.holder[slot.key]) for slot in slots(fields)]
