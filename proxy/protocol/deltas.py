"""What a choice of a chunk says, and what is left of it once text has been withheld."""

from __future__ import annotations

from typing import Any, Final

from proxy.protocol.chunks import slots

Json = dict[str, Any]

_PLAIN_CHOICE: Final = frozenset({"index", "delta", "finish_reason", "logprobs"})


def plain_content(chunk: Json) -> int | None:
    """Return the number of the choice of a chunk that says nothing but a piece of its ``content``, else None."""
    if len(chunk["choices"]) != 1 or chunk.get("usage"):
        return None
    fields = chunk["choices"][0]
    delta = fields.get("delta")
    if type(delta) is not dict or len(delta) != 1 or not delta.get("content") or type(delta["content"]) is not str:
        return None
    if fields.get("finish_reason") is not None or fields.get("logprobs") is not None:
        return None
    index = fields.get("index", 0)
    return index if type(index) is int and fields.keys() <= _PLAIN_CHOICE else None


def has_text(choice: Json) -> bool:
    """Tell whether a choice carries any text."""
    for name in ("delta", "message"):
        fields = choice.get(name)
        if isinstance(fields, dict) and any(slot.holder[slot.key] for slot in slots(fields)):
            return True
    return False


def says_nothing(choice: Json) -> bool:
    """Tell whether nothing is left of a choice whose text was withheld."""
    delta = choice.get("delta")
    if not isinstance(delta, dict) or choice.get("finish_reason") is not None or choice.get("logprobs"):
        return False
    return all(_empty(key, value) for key, value in delta.items())


def _empty(key: str, value: object) -> bool:
    if key == "tool_calls" and isinstance(value, list):
        return all(isinstance(c, dict) and c.keys() <= {"index", "function"} and _empty_function(c) for c in value)
    if key == "function_call" and isinstance(value, dict):
        return _empty_function({"function": value})
    if key == "audio" and isinstance(value, dict):
        return value.keys() <= {"transcript"} and not value.get("transcript")
    return value is None or value == ""


def _empty_function(call: Json) -> bool:
    function = call.get("function")
    return isinstance(function, dict) and not any(function.values())
