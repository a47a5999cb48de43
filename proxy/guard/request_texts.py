"""The texts of a request: where they are, which of them are judged, and what cannot be read at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from proxy.guard.checks import Exchange
from proxy.guard.policy import Judged, Policy
from proxy.protocol.request import OWN_FIELD_PREFIX

Json = dict[str, Any]

BESIDE: Final = -1
"""The message number of what no message says."""
_CONTROLS: Final = frozenset(("messages", "model", "tool_choice", "function_call", "stream_options", "modalities"))
"""Fields of a request that say nothing, besides those that never go upstream."""
_SPOKEN: Final = frozenset(("content", "refusal", "reasoning_content", "reasoning", "tool_calls", "function_call"))
_LABELS: Final = frozenset(("role", "type", "tool_call_id", "format", "$ref", "$schema"))
"""Members that programs tell things apart by."""


class UnseenContent(Exception):
    """A request has content whose text no detector can read, and the policy does not let that pass."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(message)
        self.param = param
        self.message = message


class Text(NamedTuple):
    """A text of a request: its path, where it is, and whether it is JSON."""

    path: str
    holder: Any
    key: str | int
    arguments: bool
    message: int
    """The message it belongs to, or ``BESIDE`` for none."""

    @property
    def value(self) -> str:
        """The text itself."""
        value: str = self.holder[self.key]
        return value


def texts(body: Json) -> Iterator[Text]:
    """Yield what the messages say, in order."""
    for index, message in enumerate(body["messages"]):
        path = f"messages[{index}]"
        yield from _content(f"{path}.content", message, "content", index)
        if isinstance(message.get("refusal"), str):
            yield Text(f"{path}.refusal", message, "refusal", False, index)
        for name in ("reasoning_content", "reasoning"):
            if isinstance(message.get(name), str):
                yield Text(f"{path}.{name}", message, name, False, index)
        for call, holder in enumerate(message.get("tool_calls") or ()):
            if isinstance(holder, dict) and isinstance(holder.get("function"), dict):
                yield from _arguments(f"{path}.tool_calls[{call}].function", holder["function"], index)
            custom = holder.get("custom") if isinstance(holder, dict) else None
            if isinstance(custom, dict) and isinstance(custom.get("input"), str):
                yield Text(f"{path}.tool_calls[{call}].custom.input", custom, "input", False, index)
        if isinstance(message.get("function_call"), dict):
            yield from _arguments(f"{path}.function_call", message["function_call"], index)


def asides(body: Json) -> Iterator[Text]:
    """The texts of a request that no message says: a model may read them all the same."""
    for index, message in enumerate(body["messages"]):
        named = message.get("role") in ("tool", "function")
        for key in message:
            if key not in _SPOKEN and not (named and key == "name"):
                yield from _within(f"messages[{index}]", message, key, index)
        content = message.get("content")
        for position, part in enumerate(content if isinstance(content, list) else ()):
            if isinstance(part, dict) and part.get("type") in ("text", "refusal"):
                for key in [key for key in part if key not in ("text", "refusal")]:
                    yield from _within(f"messages[{index}].content[{position}]", part, key, index)
    for key in body:
        if key not in _CONTROLS and not key.startswith(OWN_FIELD_PREFIX):
            yield from _within("", body, key, BESIDE)


def _within(path: str, holder: Any, key: str | int, index: int) -> Iterator[Text]:
    value = holder[key]
    path = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}".removeprefix(".")
    if isinstance(value, str):
        if key not in _LABELS:
            yield Text(path, holder, key, False, index)
    elif isinstance(value, list):
        for position in range(len(value)):
            yield from _within(path, value, position, index)
    elif isinstance(value, dict):
        # The name of a function is what its calls are told apart by.
        declares = "parameters" in value or "description" in value or "schema" in value
        for member in value:
            if not (declares and member == "name"):
                yield from _within(path, value, member, index)


def _arguments(path: str, function: Json, index: int) -> Iterator[Text]:
    if isinstance(function.get("arguments"), str):
        yield Text(f"{path}.arguments", function, "arguments", True, index)


def _content(path: str, holder: Json, key: str, index: int) -> Iterator[Text]:
    content = holder.get(key)
    if isinstance(content, str):
        yield Text(path, holder, key, False, index)
    elif isinstance(content, list):
        for position, part in enumerate(content):
            for name in ("text", "refusal"):
                if isinstance(part, dict) and isinstance(part.get(name), str):
                    yield Text(f"{path}[{position}].{name}", part, name, False, index)


def refuse_unseen(body: Json) -> None:
    """Raise UnseenContent where a message has content that is not text."""
    for index, message in enumerate(body["messages"]):
        content = message.get("content")
        for position, part in enumerate(content if isinstance(content, list) else ()):
            kind = part.get("type") if isinstance(part, dict) else None
            if kind not in ("text", "refusal"):
                raise UnseenContent(
                    f"messages[{index}].content[{position}]",
                    "This deployment's policy has to read all content, and this content part is not text. "
                    "Send text parts only, or set unseen_content: allow on the deployment.",
                )
        if message.get("audio") is not None:
            raise UnseenContent(
                f"messages[{index}].audio",
                "This deployment's policy has to read all content, and a reference to audio cannot be read.",
            )


def judged(body: Json, policy: Policy) -> set[int]:
    """Return the numbers of the messages that the policy judges."""
    messages = body["messages"]
    if policy.judged is Judged.ALL:
        return {BESIDE, *range(len(messages))}
    users = [index for index, message in enumerate(messages) if message.get("role") == "user"]
    if not users:
        # It is judged whole rather than not at all.
        return set(range(len(messages)))
    if policy.judged is Judged.TOOL_RESULTS:
        results = (index for index, message in enumerate(messages) if message.get("role") in ("tool", "function"))
        return {users[-1], *results}
    return {users[-1]}


def parts(body: Json, index: int) -> list[str]:
    """Return the texts that make up the content of one message."""
    return [text.value for text in _content("", body["messages"][index], "content", index)]


def exchange_of(body: Json, system_prompt: str) -> Exchange:
    """Return what detectors may know of a request; ``system_prompt`` is the saved model's, "" where it has none.

    A saved model's instructions replace a leading system message.
    """
    messages = body["messages"]
    said = [(message.get("role"), "".join(parts(body, index))) for index, message in enumerate(messages)]
    instructions = [text for role, text in said if role in ("system", "developer")]
    if system_prompt:
        replaced = said[0][0] in ("system", "developer")
        instructions = [system_prompt, *instructions[int(replaced) :]]
    question = next((text for role, text in reversed(said) if role == "user"), "")
    context = body.get("enkrypt_context")
    return Exchange(question, context if isinstance(context, str) else "", "\n".join(filter(None, instructions)))
