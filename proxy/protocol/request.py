"""The body of a chat completion request: decoded, validated, and asked the few things others need to know.

Decoding keeps every field, documented or not, and :func:`encode_request` writes them back, so that what
Tidegate does not know still reaches the model. Use that pair and no other encoder: integers beyond 64 bits
survive only there. See :mod:`proxy.protocol.strict_json` for what is refused as JSON,
:mod:`proxy.protocol.request_schema` for the fields.
"""

from __future__ import annotations

from proxy.protocol.request_schema import REQUEST
from proxy.protocol.schema import Mismatch
from proxy.protocol.strict_json import decode_object, encode_object

OWN_FIELD_PREFIX = "enkrypt_"
"""Request fields that begin so are addressed to the guardrails and never go upstream."""


def decode_request(raw: bytes, *, strict: bool = False) -> dict[str, object]:
    """Decode and validate a request body; the dict holds all members as they came.

    ``strict`` refuses values outside the documented vocabularies, names outside the documented spelling,
    and null where it is not documented, all of which pass to the model otherwise. Raises
    :class:`~proxy.protocol.errors.ApiError` (400) that names the field and the types, never its text.
    """
    body = decode_object(raw)
    try:
        REQUEST.check(body, strict)
    except Mismatch as mismatch:
        raise mismatch.api_error() from None
    return body


def encode_request(body: dict[str, object]) -> bytes:
    """The body as JSON, with every value that :func:`decode_request` read unchanged."""
    return encode_object(body)


def is_stream(body: dict[str, object]) -> bool:
    """Whether the client wants a stream: only if ``stream`` is literally true."""
    return body.get("stream") is True


def include_usage(body: dict[str, object]) -> bool:
    """Whether the client asked for a usage chunk at the end of its stream."""
    options = body.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def choices_requested(body: dict[str, object]) -> int:
    """How many choices the answer has (``n``, 1 unless given)."""
    n = body.get("n")
    return int(n) if isinstance(n, int | float) else 1


def tool_names(body: dict[str, object]) -> frozenset[str]:
    """The names of the functions that the request declares, in ``tools`` and ``functions``."""
    tools = [tool.get("function") for tool in _objects(body.get("tools"))]
    declared = [*_objects(tools), *_objects(body.get("functions"))]
    names = (function.get("name") for function in declared)
    return frozenset(name for name in names if isinstance(name, str))


def _objects(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
