"""Errors as clients see them: the OpenAI error object, and the registry of codes it may carry.

The body is ``{"error": {"message", "type", "param", "code"}}``, the shape that OpenAI's clients parse.
Further members stand beside ``error``. A top-level ``message`` is never written: the Enkrypt client would
take that for the whole error and lose the detections.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum


class ErrorCode(StrEnum):
    """Every value of ``error.code`` that Tidegate itself gives (an upstream's own codes pass through)."""

    INVALID_API_KEY = "invalid_api_key"
    DEPLOYMENT_NOT_FOUND = "deployment_not_found"
    MODEL_NOT_FOUND = "model_not_found"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    REQUEST_TOO_LARGE = "request_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    INVALID_JSON = "invalid_json"
    INVALID_TYPE = "invalid_type"
    INVALID_VALUE = "invalid_value"
    MISSING_REQUIRED_PARAMETER = "missing_required_parameter"
    INPUT_GUARDRAILS_VIOLATION = "input_guardrails_violation"
    UNSEEN_CONTENT = "unseen_content"
    DETECTOR_ERROR = "detector_error"
    UPSTREAM_ERROR = "upstream_error"
    UPSTREAM_UNREACHABLE = "upstream_unreachable"
    UPSTREAM_MALFORMED = "upstream_malformed"
    UPSTREAM_EVENT_TOO_LARGE = "upstream_event_too_large"
    UPSTREAM_CONNECT_TIMEOUT = "upstream_connect_timeout"
    UPSTREAM_FIRST_BYTE_TIMEOUT = "upstream_first_byte_timeout"
    UPSTREAM_IDLE_TIMEOUT = "upstream_idle_timeout"
    UPSTREAM_LIFETIME_TIMEOUT = "upstream_lifetime_timeout"
    OVERLOADED = "overloaded"
    SERVER_SHUTDOWN = "server_shutdown"
    INTERNAL_ERROR = "internal_error"


_REGISTRY: dict[ErrorCode, tuple[int, str]] = {
    ErrorCode.INVALID_API_KEY: (401, "No API key was given, or the one given is not known."),
    ErrorCode.DEPLOYMENT_NOT_FOUND: (404, "No deployment has the name in X-Enkrypt-Deployment."),
    ErrorCode.MODEL_NOT_FOUND: (404, "No deployment has the name in the request's `model`."),
    ErrorCode.NOT_FOUND: (404, "There is nothing at this path."),
    ErrorCode.METHOD_NOT_ALLOWED: (405, "The path exists, but not for this HTTP method."),
    ErrorCode.REQUEST_TOO_LARGE: (413, "The request body is larger than the configured limit."),
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: (415, "The request body is not declared as JSON."),
    ErrorCode.INVALID_JSON: (400, "The request body is not well-formed JSON, or could be read in two ways."),
    ErrorCode.INVALID_TYPE: (400, "A field has a JSON type other than the documented one; `param` names it."),
    ErrorCode.INVALID_VALUE: (400, "A field is outside its documented range or values; `param` names it."),
    ErrorCode.MISSING_REQUIRED_PARAMETER: (400, "A required field or header is absent; `param` names it."),
    ErrorCode.INPUT_GUARDRAILS_VIOLATION: (400, "The input policy blocked the request; no model was called."),
    ErrorCode.UNSEEN_CONTENT: (400, "The request has content that an enforcing input policy cannot read."),
    ErrorCode.DETECTOR_ERROR: (500, "A detector failed, and its policy blocks when that happens."),
    ErrorCode.UPSTREAM_ERROR: (502, "The model's server answered with an error, or its stream broke off."),
    ErrorCode.UPSTREAM_UNREACHABLE: (502, "No connection to the model's server could be made."),
    ErrorCode.UPSTREAM_MALFORMED: (502, "The model's server sent something other than a chat completion."),
    ErrorCode.UPSTREAM_EVENT_TOO_LARGE: (502, "The model's server sent an event over the configured limit."),
    ErrorCode.UPSTREAM_CONNECT_TIMEOUT: (504, "Connecting to the model's server took too long."),
    ErrorCode.UPSTREAM_FIRST_BYTE_TIMEOUT: (504, "The model's server did not begin to answer in time."),
    ErrorCode.UPSTREAM_IDLE_TIMEOUT: (504, "The model's server fell silent in the middle of an answer."),
    ErrorCode.UPSTREAM_LIFETIME_TIMEOUT: (504, "The answer as a whole took longer than allowed."),
    ErrorCode.OVERLOADED: (503, "As many answers are in progress as the configuration allows."),
    ErrorCode.SERVER_SHUTDOWN: (503, "Tidegate is stopping and ended the answer."),
    ErrorCode.INTERNAL_ERROR: (500, "Tidegate failed unexpectedly; the request id finds it in the log."),
}

CODES: dict[str, str] = {code.value: description for code, (_, description) in _REGISTRY.items()}
"""Each code of :class:`ErrorCode` with a description of one line."""


class ApiError(Exception):
    """A request cannot be answered as asked.

    ``status`` is the HTTP status, used where none has been sent yet. ``type`` defaults to OpenAI's
    ``invalid_request_error`` below 500 and ``server_error`` from there on. ``param`` is the path of the
    field at fault, such as ``messages[0].content``. ``extra`` holds members that stand beside ``error`` in
    the body (``enkrypt_policy_detections``, ``request_id``), ``headers`` response headers to add.

    Raises ValueError when ``extra`` would overwrite ``error`` or add a top-level ``message``.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str | None = None,  # noqa: A002 - the name in the error object
        param: str | None = None,
        code: str | None = None,
        extra: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.type = type or ("invalid_request_error" if status < 500 else "server_error")
        self.param = param
        self.code = None if code is None else str(code)
        self.extra: dict[str, object] = dict(extra or {})
        self.headers: dict[str, str] = dict(headers or {})
        if reserved := self.extra.keys() & {"error", "message"}:
            raise ValueError(f"reserved members of an error body: {', '.join(sorted(reserved))}")

    def body(self) -> dict[str, object]:
        """The JSON body of the response, or of an error frame on a stream that has begun."""
        error = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return {"error": error, **self.extra}


def api_error(
    code: ErrorCode,
    message: str | None = None,
    *,
    param: str | None = None,
    extra: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> ApiError:
    """An :class:`ApiError` with the status that the registry gives its code.

    Without a ``message`` it carries the code's description.
    """
    status, description = _REGISTRY[code]
    text = description if message is None else message
    return ApiError(status, text, param=param, code=code, extra=extra, headers=headers)


def error_payload(error: ApiError) -> bytes:
    """The error's body as JSON on one line, for an SSE frame or a response; odd text never makes it raise."""
    # An upstream's message may hold half a surrogate pair, which UTF-8 cannot carry and clients cannot parse.
    text = json.dumps(error.body(), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")
