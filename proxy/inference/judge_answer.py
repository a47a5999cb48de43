"""A judge's answer: the shape it is asked for, and the strict reading of what came.

The shape is a small part of JSON Schema: objects whose members are all required and the only ones, arrays, strings,
numbers, integers and booleans, with ``enum``, ``minimum``, ``maximum``, ``maxLength`` and ``maxItems``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from proxy.protocol.errors import ApiError
from proxy.protocol.strict_json import decode_object

MAX_CHARACTERS: Final = 65_536
"""Of an answer's text."""
RECEIPT: Final = "receipt"
"""The member in which a judge repeats what it was given, so that nobody can answer in its place."""

_KEYWORDS: Final[Mapping[str, frozenset[str]]] = {
    "object": frozenset({"properties", "required", "additionalProperties"}),
    "array": frozenset({"items", "minItems", "maxItems"}),
    "string": frozenset({"enum", "maxLength"}),
    "number": frozenset({"minimum", "maximum"}),
    "integer": frozenset({"enum", "minimum", "maximum"}),
    "boolean": frozenset(),
}
_BOUNDS: Final = frozenset({"minimum", "maximum", "maxLength", "minItems", "maxItems"})
_FENCED: Final = re.compile(r"```(?:json)?[ \t]*\r?\n(.*)\n[ \t]*```", re.DOTALL)

Schema = Mapping[str, object]


class WrongAnswer(Exception):
    """What came is not what was asked for. The message says why and quotes nothing of it."""


def check_schema(schema: Schema) -> None:
    """Refuse a shape that :func:`read_answer` could not hold an answer to.

    Raises:
        ValueError: it is no object, has a member that is reserved, or uses more of JSON Schema than is known here.
    """
    if schema.get("type") != "object":
        raise ValueError("a judge's answer has to be an object")
    for reserved in {RECEIPT, "seconds"} & _members(schema).keys():
        raise ValueError(f"a judge's answer cannot have a member `{reserved}` of its own")
    _check(schema)


def with_receipt(schema: Schema) -> dict[str, object]:
    """Return the shape of a whole answer: ``schema`` with the receipt in front."""
    receipt = {"type": "string", "description": "the receipt from the instructions, unchanged"}
    return {"type": "object", "properties": {RECEIPT: receipt, **_members(schema)}}


def wire_schema(schema: Schema) -> dict[str, object]:
    """Return ``schema`` as servers with structured outputs take it.

    Bounds are left out, since several such servers refuse them; the instructions and :func:`read_answer` have them.
    """
    wire = {name: value for name, value in schema.items() if name not in _BOUNDS}
    if schema["type"] == "object":
        members = {name: wire_schema(member) for name, member in _members(schema).items()}
        wire |= {"properties": members, "required": list(members), "additionalProperties": False}
    elif schema["type"] == "array":
        wire["items"] = wire_schema(_schema(schema["items"]))
    return wire


def read_answer(content: str, schema: Schema, receipt: str) -> dict[str, object]:
    """Return the members that ``schema`` asks for, without the receipt.

    One Markdown code fence around the whole answer is forgiven, as it changes nothing of what was said. Any other text
    beside the object is not: it could be an answer quoted from what is judged.

    Raises:
        WrongAnswer: anything else came, or the receipt is not ``receipt``.
    """
    if len(content) > MAX_CHARACTERS:
        raise WrongAnswer("it is too long")
    content = content.strip()
    fenced = _FENCED.fullmatch(content)
    try:
        answer = decode_object((fenced[1] if fenced else content).encode())
    except (ApiError, UnicodeEncodeError):
        raise WrongAnswer("it is not one JSON object and nothing else") from None
    value = _read(answer, with_receipt(schema), "the answer")
    assert isinstance(value, dict)
    if value.pop(RECEIPT) != receipt:
        raise WrongAnswer(f"`{RECEIPT}` is not the receipt from the instructions")
    return value


def _members(schema: Schema) -> dict[str, Schema]:
    members = schema.get("properties")
    if not isinstance(members, Mapping):
        raise ValueError("an object's shape needs `properties`")
    return {name: _schema(member) for name, member in members.items()}


def _required(schema: Schema, members: Iterable[str]) -> Iterable[str]:
    required = schema.get("required", members)
    return required if isinstance(required, Iterable) else ()


def _schema(value: object) -> Schema:
    if not isinstance(value, Mapping):
        raise ValueError("a shape has to be an object")
    return value


def _check(schema: Schema) -> None:
    kind = schema.get("type")
    if not isinstance(kind, str) or kind not in _KEYWORDS:
        raise ValueError(f"a judge cannot be asked for values of the type {kind!r}")
    for keyword in schema.keys() - _KEYWORDS[kind] - {"type", "description"}:
        raise ValueError(f"`{keyword}` is not known for values of the type {kind}")
    if kind == "object":
        members = _members(schema)
        if schema.get("additionalProperties", False) is not False or set(members) != set(_required(schema, members)):
            raise ValueError("all members of a judge's answer are required, and there are no others")
        for member in members.values():
            _check(member)
    elif kind == "array":
        _check(_schema(schema.get("items")))


def _read(value: object, schema: Schema, where: str) -> object:
    match schema["type"]:
        case "object":
            return _read_object(value, schema, where)
        case "array":
            return _read_array(value, schema, where)
        case "string":
            if not isinstance(value, str):
                raise WrongAnswer(f"{where} is not a string")
            most = schema.get("maxLength", MAX_CHARACTERS)
            if isinstance(most, int) and len(value) > most:
                raise WrongAnswer(f"{where} has more than {most} characters")
        case "boolean":
            if not isinstance(value, bool):
                raise WrongAnswer(f"{where} is not true or false")
        case kind:
            value = _read_number(value, schema, where, whole=kind == "integer")
    allowed = schema.get("enum")
    if isinstance(allowed, list) and value not in allowed:
        raise WrongAnswer(f"{where} is none of the values to choose from")
    return value


def _read_object(value: object, schema: Schema, where: str) -> dict[str, object]:
    members = _members(schema)
    if not isinstance(value, dict):
        raise WrongAnswer(f"{where} is not an object")
    for name in members:
        if name not in value:
            raise WrongAnswer(f"{where} has no `{name}`")
    if len(value) > len(members):
        raise WrongAnswer(f"{where} has members that were not asked for")
    return {name: _read(value[name], member, f"`{name}`") for name, member in members.items()}


def _read_array(value: object, schema: Schema, where: str) -> list[object]:
    if not isinstance(value, list):
        raise WrongAnswer(f"{where} is not an array")
    least, most = schema.get("minItems", 0), schema.get("maxItems", MAX_CHARACTERS)
    if isinstance(least, int) and isinstance(most, int) and not least <= len(value) <= most:
        raise WrongAnswer(f"{where} has {len(value)} items instead of {least} to {most}")
    items = _schema(schema["items"])
    return [_read(item, items, f"an item of {where}") for item in value]


def _read_number(value: object, schema: Schema, where: str, *, whole: bool) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise WrongAnswer(f"{where} is not a number")
    least, most = schema.get("minimum"), schema.get("maximum")
    low = isinstance(least, (int, float)) and value < least
    if low or (isinstance(most, (int, float)) and value > most):
        raise WrongAnswer(f"{where} is out of bounds")
    if not whole:
        return float(value)
    # As in JSON Schema, 1.0 is a whole number.
    if isinstance(value, float) and not value.is_integer():
        raise WrongAnswer(f"{where} is not a whole number")
    return int(value)
