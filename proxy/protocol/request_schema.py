"""The body of a chat completion request as one table: it validates requests and generates ``/openapi.json``.

Source: ``CreateChatCompletionRequest`` of the Enkrypt AI Proxy specification. Ranges that it gives in prose
only (at most 128 tools, bias from -100 to 100) are checked as well; the spelling of names is checked in
strict mode.
"""

from __future__ import annotations

from proxy.protocol.message_schema import FUNCTION_NAME, JSON_SCHEMA, MESSAGE, STRING, content
from proxy.protocol.schema import Array, Boolean, Either, Null, Number, Text
from proxy.protocol.schema_objects import Map, Member, Object, Tagged, tag

_OR_NULL = Null.DOCUMENTED
_PENALTY = Number(-2, 2)
_SEED_LIMIT = 9223372036854776000

_PREDICTION = Object(
    "PredictionContent",
    {"type": tag("content"), "content": Member(content("text"), required=True)},
    "Text that much of the answer is expected to repeat.",
)
_AUDIO = Object(
    "ChatCompletionAudioParameters",
    {
        "voice": Member(
            Text(("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse")),
            "The voice that speaks.",
            required=True,
        ),
        "format": Member(Text(("wav", "mp3", "flac", "opus", "pcm16")), "The encoding.", required=True),
    },
    "How audio answers sound.",
)
_JSON_SCHEMA_FORMAT = Object(
    "ResponseFormatJsonSchemaDefinition",
    {
        "name": Member(FUNCTION_NAME, "The schema's name.", required=True),
        "description": Member(STRING, "What the format is for; read by the model."),
        "schema": Member(JSON_SCHEMA, "The JSON Schema."),
        "strict": Member(Boolean(), "Whether the model must follow the schema exactly.", null=_OR_NULL),
    },
    "A JSON Schema for the answer.",
)
_FORMATS: dict[str, Object] = {
    "text": Object("ResponseFormatText", {"type": tag("text")}, "Plain text."),
    "json_object": Object("ResponseFormatJsonObject", {"type": tag("json_object")}, "Any JSON object."),
    "json_schema": Object(
        "ResponseFormatJsonSchema",
        {"type": tag("json_schema"), "json_schema": Member(_JSON_SCHEMA_FORMAT, required=True)},
        "JSON that follows a schema.",
    ),
}
_STREAM_OPTIONS = Object(
    "ChatCompletionStreamOptions",
    {"include_usage": Member(Boolean(), "Whether a chunk with the usage precedes the end of the stream.")},
    "Options of a streamed answer.",
)
_FUNCTION_MEMBERS = {
    "name": Member(FUNCTION_NAME, "The function's name.", required=True),
    "description": Member(STRING, "What the function does; read by the model."),
    "parameters": Member(JSON_SCHEMA, "Its parameters, as a JSON Schema object."),
}
_FUNCTION = Object("ChatCompletionFunctions", _FUNCTION_MEMBERS, "A function (deprecated in favour of tools).")
_STRICT = Member(Boolean(), "Whether arguments must follow the schema exactly.", null=_OR_NULL)
_TOOL_FUNCTION = Object("FunctionObject", {**_FUNCTION_MEMBERS, "strict": _STRICT}, "A function.")
_TOOL = Object(
    "ChatCompletionTool",
    {"type": tag("function"), "function": Member(_TOOL_FUNCTION, required=True)},
    "A function that the model may call.",
)
_FUNCTION_CHOICE = Object(
    "ChatCompletionFunctionCallOption",
    {"name": Member(STRING, "The function to call.", required=True)},
    "The function that the model has to call.",
)
_TOOL_CHOICE = Object(
    "ChatCompletionNamedToolChoice",
    {"type": tag("function"), "function": Member(_FUNCTION_CHOICE, required=True)},
    "The tool that the model has to call.",
)

FIELDS: dict[str, Member] = {
    "messages": Member(Array(MESSAGE, least=1), "The conversation so far.", required=True),
    "model": Member(STRING, 'Absent or "" where the deployment is named by a header.', null=Null.NEVER),
    "enkrypt_context": Member(
        STRING, "The context that output guardrails check against; not sent to the model.", null=Null.NEVER
    ),
    "store": Member(Boolean(), "Whether the provider stores the answer.", null=_OR_NULL),
    "reasoning_effort": Member(Text(("low", "medium", "high")), "How hard a reasoning model thinks."),
    "metadata": Member(Map(STRING), "Tags of the caller's own.", null=_OR_NULL),
    "frequency_penalty": Member(_PENALTY, "Penalty on tokens by how often they appeared.", null=_OR_NULL),
    "presence_penalty": Member(_PENALTY, "Penalty on tokens that appeared at all.", null=_OR_NULL),
    "logit_bias": Member(Map(Number(-100, 100, integer=True)), "Bias by token id.", null=_OR_NULL),
    "logprobs": Member(Boolean(), "Whether to return log probabilities.", null=_OR_NULL),
    "top_logprobs": Member(Number(0, 20, integer=True), "Likeliest tokens per position.", null=_OR_NULL),
    "max_tokens": Member(Number(integer=True), "Most tokens of an answer.", null=_OR_NULL, deprecated=True),
    "max_completion_tokens": Member(
        Number(integer=True), "Most tokens of an answer, reasoning included.", null=_OR_NULL
    ),
    "n": Member(Number(1, 128, integer=True), "How many choices to generate.", null=_OR_NULL),
    "modalities": Member(Array(Text(("text", "audio"))), "Kinds of output.", null=_OR_NULL),
    "prediction": Member(Tagged("type", {"content": _PREDICTION}, ("content",)), "A predicted answer.", null=_OR_NULL),
    "audio": Member(_AUDIO, "Parameters of audio output.", null=_OR_NULL),
    "response_format": Member(Tagged("type", _FORMATS, tuple(_FORMATS)), "The format of the answer."),
    "seed": Member(Number(-_SEED_LIMIT, _SEED_LIMIT, integer=True), "Seed for repeatable sampling.", null=_OR_NULL),
    "service_tier": Member(Text(("auto", "default")), "The provider's latency tier.", null=_OR_NULL),
    "stop": Member(Either({str: STRING, list: Array(STRING, 1, 4)}), "Where to stop generating.", null=_OR_NULL),
    "stream": Member(Boolean(), "Whether to stream the answer.", null=_OR_NULL),
    "stream_options": Member(_STREAM_OPTIONS, "Options of the stream.", null=_OR_NULL),
    "temperature": Member(Number(0, 2), "Sampling temperature.", null=_OR_NULL),
    "top_p": Member(Number(0, 1), "Probability mass of nucleus sampling.", null=_OR_NULL),
    "tools": Member(Array(Tagged("type", {"function": _TOOL}, ("function",)), most=128), "Tools the model may call."),
    "tool_choice": Member(
        Either(
            {
                str: Text(("none", "auto", "required")),
                dict: Tagged("type", {"function": _TOOL_CHOICE}, ("function",)),
            }
        ),
        "Which tool, if any, is called.",
    ),
    "parallel_tool_calls": Member(Boolean(), "Whether several tools may be called at once."),
    "user": Member(STRING, "An identifier of the end user."),
    "function_call": Member(
        Either({str: Text(("none", "auto"), open=False), dict: _FUNCTION_CHOICE}),
        "Which function, if any, is called.",
        deprecated=True,
    ),
    "functions": Member(Array(_FUNCTION, 1, 128), "Functions the model may call.", deprecated=True),
}
"""Every documented field of the request body."""

REQUEST = Object("CreateChatCompletionRequest", FIELDS, "A chat completion request.")
