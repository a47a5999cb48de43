"""What surrounds an answer's texts: ids, names, counts, reasons. No lane reads it, so it must not carry text either."""

from __future__ import annotations

from typing import Any, Final

from proxy.guard.policy import Policy
from proxy.guard.screening import IDENTIFIER, clean
from proxy.protocol import chunks

Json = dict[str, Any]

_NAMES: Final = (
    chunks.CHUNK_FIELDS
    | chunks.CHOICE_FIELDS
    | chunks.DELTA_FIELDS
    | chunks.TOOL_CALL_FIELDS
    | chunks.FUNCTION_FIELDS
    | chunks.AUDIO_FIELDS
)
_CONSTANTS: Final = frozenset(
    [
        *("", "chat.completion", "chat.completion.chunk", "text", "function", "custom"),
        *("assistant", "user", "system", "developer", "tool"),
        *("stop", "length", "tool_calls", "content_filter", "function_call", "error", "eos"),
        *("auto", "default", "flex", "priority", "scale", "standard", "on_demand"),
    ]
)
"""Strings of the protocol itself; they say nothing of their own."""
_ENVELOPE: Final = ("id", "model", "system_fingerprint", "provider")
"""Who answers: the same in every chunk of an answer, so that no text can be spelled in them."""
_REMEMBERED: Final = 256
"""Strings whose judgement is kept: an answer repeats the few that it has in every chunk."""
_LONGEST: Final = 512
"""Characters beyond which a string is no id and no name."""
_DEEPEST: Final = 16
"""Levels of nesting beyond which nothing is kept."""


class Metadata:
    """Clears the chunks of one answer of everything that is no lane and could say what the policy withholds."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._cleaned: dict[str, str] = {}
        self._envelope: dict[str, str] = {}
        self._template: Json = {}
        self.dropped = 0
        """Fields that were withheld so far."""

    def clear(self, chunk: Json, unread: str) -> bool:
        """Clear a chunk or an answer in place; return whether that changed it.

        ``unread`` is where a choice's texts are not looked for: ``message`` in a chunk, ``delta`` in an answer.
        """
        if not self._policy.enforcing:
            self._template = dict(chunk)
            return False
        dropped = sum(choice.pop(unread, None) is not None for choice in chunk["choices"])
        dropped += chunks.drop_unknown(chunk)
        choices = chunk.pop("choices")
        self._note_envelope(chunk)
        dropped += self._clear(chunk, 0)
        for choice in choices:
            dropped += self._clear_choice(choice)
        chunk["choices"] = choices
        self._template = dict(chunk)
        self.dropped += dropped
        return dropped > 0

    def familiar(self, chunk: Json) -> bool:
        """Tell whether all but the choices of a chunk is what the last cleared one had."""
        template = self._template
        template["choices"] = chunk["choices"]
        if chunks.PADDING in template:
            template[chunks.PADDING] = chunk.get(chunks.PADDING)
        return chunk == template

    def pad(self, chunk: Json) -> bool:
        """Replace random padding, which hides the length of what was said, by as much that says nothing."""
        padding = chunk.get(chunks.PADDING)
        if padding is None or not self._policy.enforcing:
            return False
        chunk[chunks.PADDING] = "x" * min(len(padding), _LONGEST) if isinstance(padding, str) else ""
        return True

    def _clear_choice(self, choice: Json) -> int:
        dropped = self._clear_names(choice)
        for key in [key for key in choice if key not in ("delta", "message", "logprobs")]:
            dropped += self._clear_member(choice, key, 0)
        if not isinstance(choice.get("finish_reason"), (str, type(None))):
            # It did end, whatever it is that this says about why.
            choice["finish_reason"] = "stop"
        for name in ("delta", "message"):
            if isinstance(fields := choice.get(name), dict):
                dropped += self._clear_labels(fields)
        return dropped

    def _clear_labels(self, fields: Json) -> int:
        dropped = self._clear_names(fields) + self._clear_member(fields, "role", 0)
        dropped += self._clear_names(fields.get("function_call"))
        if isinstance(audio := fields.get("audio"), dict):
            dropped += self._clear_names(audio)
            dropped += sum(self._clear_member(audio, key, 0) for key in ("id", "expires_at"))
        for call in fields.get("tool_calls") or ():
            dropped += self._clear_names(call) + self._clear_names(call.get("function"))
            dropped += sum(self._clear_member(call, key, 0) for key in ("id", "type"))
        return dropped

    def _clear_names(self, value: object) -> int:
        if not isinstance(value, dict):
            return 0
        hidden = [key for key in value if key not in _NAMES and self._clean(key) != key]
        for key in hidden:
            del value[key]
        return len(hidden)

    def _clear(self, value: Json | list[Any], depth: int) -> int:
        if isinstance(value, dict):
            return self._clear_names(value) + sum(self._clear_member(value, key, depth) for key in list(value))
        return sum(self._clear_member(value, position, depth) for position in range(len(value)))

    def _clear_member(self, holder: Any, key: str | int, depth: int) -> int:
        value = holder.get(key) if isinstance(holder, dict) else holder[key]
        if isinstance(value, str):
            holder[key] = self._clean(value)
            return int(holder[key] != value)
        if isinstance(value, (dict, list)):
            if depth < _DEEPEST:
                return self._clear(value, depth + 1)
            holder[key] = None
            return 1
        return 0

    def _note_envelope(self, chunk: Json) -> None:
        for key in _ENVELOPE:
            value = chunk.get(key)
            if value and key not in self._envelope and isinstance(value, str) and IDENTIFIER.fullmatch(value):
                self._envelope[key] = self._cleaned[value] = value

    def _clean(self, text: str) -> str:
        """What the policy lets through of a string."""
        if text in _CONSTANTS:
            return text
        cleaned = self._cleaned.get(text)
        if cleaned is None:
            if len(self._cleaned) >= _REMEMBERED:
                self._cleaned = {value: value for value in self._envelope.values()}
            cleaned = self._cleaned[text] = clean(text, self._policy) if len(text) <= _LONGEST else ""
        return cleaned
