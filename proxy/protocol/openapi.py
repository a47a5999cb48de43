"""The OpenAPI 3.1 description of Tidegate, served at ``/openapi.json``.

The request schema comes from the table that validates requests (:mod:`proxy.protocol.request_schema`), so the
two cannot disagree.
"""

from __future__ import annotations

from proxy.protocol.answer_schema import ANSWERS, reference
from proxy.protocol.request_schema import REQUEST
from proxy.protocol.schema import Book, JsonSchema

_ANY_KEY: list[JsonSchema] = [{"apiKeyAuth": []}, {"bearerAuth": []}]
_OPEN: list[JsonSchema] = []

_ERRORS = {
    "400": "The request is not valid, or the input policy blocked it; nothing was sent to the model.",
    "401": "The API key is missing or not known.",
    "404": "There is no such deployment.",
    "405": "The path does not take this HTTP method.",
    "413": "The body is over the configured limit.",
    "415": "The body is not declared as JSON.",
    "500": "Tidegate failed.",
    "502": "The model's server failed or could not be reached.",
    "503": "Too many answers are in progress.",
    "504": "The model's server was too slow.",
}
_AUTHENTICATED = ("401", "405", "500")
_STREAM_EXAMPLE = (
    'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":'
    '[{"index":0,"delta":{"role":"assistant","content":"Hello"},"finish_reason":null}]}\n\ndata: [DONE]\n\n'
)


def document(version: str, *, strict: bool = False) -> dict[str, object]:
    """The whole description, as JSON values; ``version`` is Tidegate's own.

    ``strict`` describes deployments with ``strict_schema``, which refuse what is not documented.
    """
    book = Book(strict=strict)
    REQUEST.describe(book)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tidegate",
            "version": version,
            "description": "Chat completions, guarded while they stream.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": _paths(),
        "components": {
            "schemas": {**book.schemas, **ANSWERS},
            "securitySchemes": {
                "apiKeyAuth": {"type": "apiKey", "in": "header", "name": "apikey"},
                "bearerAuth": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _paths() -> JsonSchema:
    return {
        "/ai-proxy/chat/completions": {"post": _chat("aiProxyChatCompletions", deployment_required=True)},
        "/v1/chat/completions": {"post": _chat("chatCompletions", deployment_required=False)},
        "/v1/models": {"get": _get("listModels", "The deployments.", "ListModelsResponse", _AUTHENTICATED)},
        "/v1/models/{model}": {
            "parameters": [_parameter("model", "path", "A deployment's name.", required=True)],
            "get": _get("retrieveModel", "One deployment.", "Model", ("404", *_AUTHENTICATED)),
        },
        "/healthz": {"get": _probe("health", "Whether the process is alive.", media="application/json")},
        "/readyz": {"get": _probe("readiness", "Whether requests are accepted.", "503", media="application/json")},
        "/metrics": {"get": _probe("metrics", "Metrics in the Prometheus text format.")},
        "/openapi.json": {"get": _probe("openapi", "This description.", media="application/json")},
    }


def _chat(operation: str, *, deployment_required: bool) -> JsonSchema:
    return {
        "operationId": operation,
        "summary": "Answer a conversation, guarded by the deployment's policies.",
        "security": _ANY_KEY,
        "parameters": _headers(deployment_required),
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": reference(REQUEST.name),
                    "examples": {"hi": {"value": {"messages": [{"role": "user", "content": "hi"}]}}},
                }
            },
        },
        "responses": {"200": _answer(), **_error_responses(*_ERRORS)},
    }


def _headers(deployment_required: bool) -> list[JsonSchema]:
    deployment = "The deployment to use." if deployment_required else "The deployment; else `model` names it."
    return [
        _parameter("X-Enkrypt-Deployment", "header", deployment, required=deployment_required),
        _parameter("X-Enkrypt-Tags", "header", "Tags of the request, separated by commas."),
        _parameter("X-Enkrypt-Refresh-Cache", "header", "Whether to reload the configuration.", "boolean"),
    ]


def _parameter(name: str, place: str, doc: str, kind: str = "string", *, required: bool = False) -> JsonSchema:
    return {"name": name, "in": place, "description": doc, "required": required, "schema": {"type": kind}}


def _answer() -> JsonSchema:
    return {
        "description": "The answer: one object, or chunks as server-sent events where `stream` is true.",
        "content": {
            "application/json": {"schema": reference("EnkryptCreateChatCompletionResponse")},
            "text/event-stream": {
                "schema": {
                    "type": "string",
                    "description": (
                        "Unnamed events. The data of each is a CreateChatCompletionStreamResponse, an "
                        "ErrorResponse (the answer broke off; nothing follows), or [DONE]. Comments keep the "
                        "connection alive while text is held back."
                    ),
                },
                "examples": {"hello": {"value": _STREAM_EXAMPLE}},
            },
        },
    }


def _error_responses(*statuses: str) -> JsonSchema:
    content = {"application/json": {"schema": reference("ErrorResponse")}}
    return {status: {"description": _ERRORS[status], "content": content} for status in statuses}


def _get(operation: str, summary: str, schema: str, errors: tuple[str, ...]) -> JsonSchema:
    content = {"application/json": {"schema": reference(schema)}}
    return {
        "operationId": operation,
        "summary": summary,
        "security": _ANY_KEY,
        "responses": {"200": {"description": summary, "content": content}, **_error_responses(*errors)},
    }


def _probe(operation: str, summary: str, *others: str, media: str = "text/plain") -> JsonSchema:
    schema = {"type": "object"} if media == "application/json" else {"type": "string"}
    responses: JsonSchema = {"200": {"description": summary, "content": {media: {"schema": schema}}}}
    responses.update({status: {"description": "Not now."} for status in others})
    return {"operationId": operation, "summary": summary, "security": _OPEN, "responses": responses}
