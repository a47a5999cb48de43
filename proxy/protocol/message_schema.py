"""The messages of a chat completion request: one table per role and per content-part type.

Source: the schemas ``ChatCompletionRequest…Message`` of the Enkrypt AI Proxy specification, which are
OpenAI's. Two decisions of our own: every assistant member that OpenAI's clients echo back from an answer
may be null, and an assistant message without ``content`` is complete if it has tool calls, a function call,
audio or a refusal.
"""

from __future__ import annotations

from proxy.protocol.schema import Array, Either, Node, Null, Text
from proxy.protocol.schema_objects import Map, Member, Object, Tagged, tag

STRING = Text()
FUNCTION_NAME = Text(pattern="[a-zA-Z0-9_-]{1,64}")

_IMAGE_URL = Object(
    "ImageUrl",
    {
        "url": Member(STRING, "URL of the image, or the image itself as a data URL.", required=True),
        "detail": Member(Text(("auto", "low", "high")), "How closely the model looks at the image."),
    },
    "Where an image is.",
)
_INPUT_AUDIO = Object(
    "InputAudio",
    {
        "data": Member(STRING, "The audio, base64.", required=True),
        "format": Member(Text(("wav", "mp3")), "The audio's encoding.", required=True),
    },
    "Audio to listen to.",
)
TEXT_PART = Object(
    "ChatCompletionRequestMessageContentPartText",
    {"type": tag("text"), "text": Member(STRING, "The text.", required=True)},
    "Text.",
)
CONTENT_PARTS: dict[str, Object] = {
    "text": TEXT_PART,
    "image_url": Object(
        "ChatCompletionRequestMessageContentPartImage",
        {"type": tag("image_url"), "image_url": Member(_IMAGE_URL, required=True)},
        "An image.",
    ),
    "input_audio": Object(
        "ChatCompletionRequestMessageContentPartAudio",
        {"type": tag("input_audio"), "input_audio": Member(_INPUT_AUDIO, required=True)},
        "Audio.",
    ),
    "refusal": Object(
        "ChatCompletionRequestMessageContentPartRefusal",
        {"type": tag("refusal"), "refusal": Member(STRING, "What the model said.", required=True)},
        "A refusal by the model.",
    ),
}


def content(*documented: str) -> Node:
    """A string, or a non-empty array of content parts of the given types."""
    return Either({str: STRING, list: Array(Tagged("type", CONTENT_PARTS, documented), least=1)})


_FUNCTION_CALL = Object(
    "ChatCompletionMessageFunctionCall",
    {
        "name": Member(STRING, "The function to call.", required=True),
        "arguments": Member(STRING, "Its arguments: JSON text written by the model.", required=True),
    },
    "A call of a function, as the model asked for it.",
)
_TOOL_CALL = Object(
    "ChatCompletionMessageToolCall",
    {
        "type": tag("function"),
        "id": Member(STRING, "The call's id.", required=True),
        "function": Member(_FUNCTION_CALL, required=True),
    },
    "A call of a tool, as the model asked for it.",
)
_AUDIO_REFERENCE = Object(
    "ChatCompletionAudioReference",
    {"id": Member(STRING, "The id of that answer.", required=True)},
    "An earlier audio answer of the model.",
)
_NAME = Member(STRING, "Tells participants of the same role apart.")


def _spoken(role: str, title: str, *parts: str) -> Object:
    members = {"role": tag(role), "content": Member(content(*parts), required=True), "name": _NAME}
    return Object(title, members, f"What the {role} says.")


_ASSISTANT = Object(
    "ChatCompletionRequestAssistantMessage",
    {
        "role": tag("assistant"),
        "content": Member(content("text", "refusal"), null=Null.DOCUMENTED),
        "refusal": Member(STRING, "The model's refusal.", null=Null.DOCUMENTED),
        "name": _NAME,
        "audio": Member(_AUDIO_REFERENCE, null=Null.DOCUMENTED),
        "tool_calls": Member(Array(Tagged("type", {"function": _TOOL_CALL}, ("function",)))),
        "function_call": Member(_FUNCTION_CALL, null=Null.DOCUMENTED, deprecated=True),
    },
    "An earlier answer of the model.",
    one_of=("content", "tool_calls", "function_call", "audio", "refusal"),
)
_TOOL = Object(
    "ChatCompletionRequestToolMessage",
    {
        "role": tag("tool"),
        "content": Member(content("text"), required=True),
        "tool_call_id": Member(STRING, "The tool call that this answers.", required=True),
    },
    "What a tool returned.",
)
_FUNCTION = Object(
    "ChatCompletionRequestFunctionMessage",
    {
        "role": tag("function"),
        "content": Member(STRING, required=True, null=Null.DOCUMENTED),
        "name": Member(STRING, "The function that was called.", required=True),
    },
    "What a function returned (deprecated in favour of the tool role).",
)
MESSAGES: dict[str, Object] = {
    "developer": _spoken("developer", "ChatCompletionRequestDeveloperMessage", "text"),
    "system": _spoken("system", "ChatCompletionRequestSystemMessage", "text"),
    "user": _spoken("user", "ChatCompletionRequestUserMessage", "text", "image_url", "input_audio"),
    "assistant": _ASSISTANT,
    "tool": _TOOL,
    "function": _FUNCTION,
}
MESSAGE = Tagged("role", MESSAGES, tuple(MESSAGES), open=False)
"""One message. The roles are closed: a guard must know who speaks."""

JSON_SCHEMA = Map()
"""A JSON Schema of the client's own, unread."""
