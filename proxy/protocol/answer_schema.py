"""What Tidegate answers, as JSON Schema for ``/openapi.json``: answers, chunks, detections, models, errors.

Source: ``EnkryptCreateChatCompletionResponse`` and ``GuardrailsDetectionResponse`` of the Enkrypt AI Proxy
specification, and OpenAI's chat completion and chunk objects. Nothing is validated against these at run time,
so they allow members that they do not name.
"""

from __future__ import annotations

from proxy.protocol.errors import CODES
from proxy.protocol.schema import JsonSchema

_STRING: JsonSchema = {"type": "string"}
_NUMBER: JsonSchema = {"type": "number"}
_INTEGER: JsonSchema = {"type": "integer"}
_BOOLEAN: JsonSchema = {"type": "boolean"}
_NULLABLE_STRING: JsonSchema = {"type": ["string", "null"]}
_STRINGS: JsonSchema = {"type": "array", "items": _STRING}
_COUNTS: JsonSchema = {"type": "object", "additionalProperties": _INTEGER}


def reference(name: str) -> JsonSchema:
    """A reference to a named schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: dict[str, JsonSchema], *required: str, doc: str = "") -> JsonSchema:
    schema: JsonSchema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = list(required)
    return {**schema, "description": doc} if doc else schema


def _array(items: JsonSchema) -> JsonSchema:
    return {"type": "array", "items": items}


def _detector(**properties: JsonSchema) -> JsonSchema:
    return _object({**properties, "compliance_mapping": reference("ComplianceMapping")})


_SUMMARY_FLAGS = (
    "nsfw",
    "pii",
    "injection_attack",
    "keyword_detected",
    "system_prompt_similarity",
    "copyright_ip_similarity",
    "policy_violation",
    "bias",
    "sponge_attack",
    "on_topic",
)
_FRAMEWORKS = ("owasp_llm_2025", "mitre_atlas", "nist_ai_rmf", "eu_ai_act", "iso_iec_standards")
_TOXICITIES = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_hate")
_PII_GROUPS = ("pii", "secrets", "ip_address", "url")
_SCORE_TEXT: JsonSchema = {
    "type": "string",
    "description": "A score with six decimals.",
    "examples": ["0.000004"],
}
_PLACEHOLDERS: JsonSchema = {
    "type": "object",
    "additionalProperties": _STRING,
    "description": "What each placeholder stands for; masked where an enforcing action withheld it.",
}

_DETECTIONS: dict[str, JsonSchema] = {
    "ComplianceMapping": _object(
        dict.fromkeys(_FRAMEWORKS, _STRINGS), doc="Clauses of compliance frameworks that a detection touches."
    ),
    "GuardrailsDetectionResponseSummary": _object(
        {**dict.fromkeys(_SUMMARY_FLAGS, _INTEGER), "toxicity": _STRINGS},
        doc="For each detector of the policy whether it found anything.",
    ),
    "GuardrailsDetectionResponseDetails": _object(
        {
            "nsfw": _detector(sfw=_NUMBER, nsfw=_NUMBER),
            "toxicity": _detector(**dict.fromkeys(_TOXICITIES, _NUMBER)),
            "pii": _detector(**dict.fromkeys(_PII_GROUPS, _PLACEHOLDERS)),
            "injection_attack": _detector(safe=_SCORE_TEXT, attack=_SCORE_TEXT, most_unsafe_content=_STRING),
            "keyword_detector": _object(
                {"detected_keywords": _STRINGS, "detected_counts": _COUNTS, "redacted_text": _STRING}
            ),
            "system_prompt": _detector(similarity_score=_NUMBER),
            "copyright_ip": _detector(similarity_score=_NUMBER),
            "policy_violation": _detector(violating_policy=_STRING, explanation=_STRING),
            "bias": _detector(bias_detected=_BOOLEAN, biased_text=_STRING, debiased_text=_STRING),
            "sponge_attack": _detector(sponge_attack_detected=_BOOLEAN),
        },
        doc="What each detector of the policy found.",
    ),
    "GuardrailsDetectionResponse": _object(
        {
            "summary": reference("GuardrailsDetectionResponseSummary"),
            "details": reference("GuardrailsDetectionResponseDetails"),
            "result_message": _NULLABLE_STRING,
        },
        "summary",
        "details",
        doc="What one policy found.",
    ),
    "EnkryptPolicyDetections": _object(
        {
            "input_guardrails": reference("GuardrailsDetectionResponse"),
            "output_guardrails": reference("GuardrailsDetectionResponse"),
        },
        doc="What the deployment's policies found, in the request and in the answer.",
    ),
}

_CALL = _object({"name": _STRING, "arguments": _STRING})
_TOOL_CALL = _object({"index": _INTEGER, "id": _STRING, "type": _STRING, "function": _CALL})
_MESSAGE = _object(
    {
        "role": _STRING,
        "content": _NULLABLE_STRING,
        "refusal": _NULLABLE_STRING,
        "reasoning_content": _NULLABLE_STRING,
        "reasoning": _NULLABLE_STRING,
        "tool_calls": {"type": ["array", "null"], "items": _TOOL_CALL},
        "function_call": {"anyOf": [_CALL, {"type": "null"}]},
        "audio": {"type": ["object", "null"]},
    }
)


def _choice(text_member: str, finish_reason: JsonSchema) -> JsonSchema:
    properties: dict[str, JsonSchema] = {
        "index": _INTEGER,
        text_member: _MESSAGE,
        "finish_reason": finish_reason,
        "logprobs": {"type": ["object", "null"]},
    }
    return _object(properties, "index", text_member, "finish_reason")


def _completion(choice: JsonSchema, doc: str) -> JsonSchema:
    properties: dict[str, JsonSchema] = {
        "id": _STRING,
        "object": _STRING,
        "created": _INTEGER,
        "model": _STRING,
        "choices": _array(choice),
        "usage": {"anyOf": [reference("CompletionUsage"), {"type": "null"}]},
        "enkrypt_policy_detections": reference("EnkryptPolicyDetections"),
    }
    return _object(properties, "choices", doc=doc)


_ERROR = _object(
    {
        "message": _STRING,
        "type": _STRING,
        "param": {"type": ["string", "null"], "description": "The field at fault."},
        "code": {"type": ["string", "integer", "null"], "examples": list(CODES)},
    },
    "message",
    "type",
    "param",
    "code",
)
_MODEL = _object({"id": _STRING, "object": _STRING, "created": _INTEGER, "owned_by": _STRING}, "id", "object")

ANSWERS: dict[str, JsonSchema] = {
    **_DETECTIONS,
    "CompletionUsage": _object(
        dict.fromkeys(("prompt_tokens", "completion_tokens", "total_tokens"), _INTEGER),
        doc="Tokens used by a request.",
    ),
    "EnkryptCreateChatCompletionResponse": _completion(
        _choice("message", _STRING), "An answer; a choice that was blocked finishes with `content_filter`."
    ),
    "CreateChatCompletionStreamResponse": _completion(
        _choice("delta", _NULLABLE_STRING),
        "A chunk of a streamed answer. Input detections ride on the first chunk that has choices, output "
        "detections on the chunk with the last finish reason.",
    ),
    "ErrorResponse": _object(
        {"error": _ERROR, "enkrypt_policy_detections": reference("EnkryptPolicyDetections")},
        "error",
        doc="An error, with the detections if a policy blocked the request.",
    ),
    "Model": _MODEL,
    "ListModelsResponse": _object({"object": _STRING, "data": _array(reference("Model"))}, "object", "data"),
}
"""The named schemas of everything that Tidegate answers."""
