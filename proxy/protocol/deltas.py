"""What is left of a choice once text has been withheld from it."""

from __future__ import annotations

from typing import Any

from proxy.protocol.chunks import slots

Json = dict[str, Any]


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
