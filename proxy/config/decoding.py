"""From a tree of JSON values to msgspec structs, with every problem reported and none of the values shown.

msgspec alone stops at the first problem, so structs and lists of structs are walked here and msgspec
converts the fields.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec

from proxy.config.document import describe
from proxy.config.problems import Problems, did_you_mean, join
from proxy.config.shapes import NAME_RULE

Shape = TypeVar("Shape", bound=msgspec.Struct)

_LOCATED = re.compile(r"(?P<text>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_TYPE = re.compile(r"`(str|int|float|bool|array|object|null)`")
_WORDS = {
    "str": "string",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "array": "list",
    "object": "mapping",
    "null": "nothing (null)",
}


def decode(kind: type[Shape], value: object, path: str, problems: Problems) -> Shape | None:
    """``value`` as a ``kind``, or None with each problem noted under the path of its field."""
    if not isinstance(value, dict):
        problems.add(path, f"expected mapping, got {describe(value)}")
        return None
    before = len(problems)
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key in value:
        if key not in fields:
            problems.add(join(path, key), f"unknown field{did_you_mean(key, fields)}")
    members: dict[str, Any] = {}
    for name, field in fields.items():
        if name in value:
            members[field.name] = _member(field.type, value[name], join(path, name), problems)
        elif field.required:
            problems.add(join(path, name), "is required")
    return kind(**members) if len(problems) == before else None


def decode_each(kind: type[Shape], values: Sequence[object], path: str, problems: Problems) -> list[tuple[str, Shape]]:
    """The items of a list that decode, each with its path, such as ``models[0]``."""
    pairs = ((f"{path}[{i}]", value) for i, value in enumerate(values))
    decoded = ((where, decode(kind, value, where, problems)) for where, value in pairs)
    return [(where, item) for where, item in decoded if item is not None]


def _member(kind: Any, value: object, path: str, problems: Problems) -> object:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return decode(kind, value, path, problems)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return _choice(arguments, value, path, problems)
    if origin in (Union, UnionType) and type(None) in arguments and len(arguments) == 2:
        inner = next(argument for argument in arguments if argument is not type(None))
        return None if value is None else _member(inner, value, path, problems)
    if origin is list and isinstance(arguments[0], type) and issubclass(arguments[0], msgspec.Struct):
        if isinstance(value, list):
            return [item for _, item in decode_each(arguments[0], value, path, problems)]
        problems.add(path, f"expected list, got {describe(value)}")
        return []
    return _convert(kind, value, path, problems)


def _choice(choices: tuple[str, ...], value: object, path: str, problems: Problems) -> object:
    if value in choices:
        return value
    got = problems.quote(value) if isinstance(value, str) else describe(value)
    expected = ", ".join(f"`{choice}`" for choice in choices)
    hint = did_you_mean(value, choices) if isinstance(value, str) else ""
    problems.add(path, f"expected one of {expected}; got {got}{hint if 'did you' in hint else ''}")
    return None


def _convert(kind: Any, value: object, path: str, problems: Problems) -> object:
    try:
        # What came from the environment is always a string; as a port, say, it means a number.
        return msgspec.convert(value, kind, strict=not problems.was_substituted(value))
    except msgspec.ValidationError as error:
        found = _LOCATED.fullmatch(str(error))
        assert found is not None  # the expression matches every text
        text = _TYPE.sub(lambda match: _WORDS[match[1]], found["text"])
        if "matching regex" in text:
            text = f"Expected {NAME_RULE}"
        wants_quotes = text.startswith("Expected string, got") and not text.endswith(("mapping", "list"))
        hint = "; put it in quotes" if wants_quotes and "null" not in text else ""
        problems.add(path + (found["path"] or ""), problems.scrub(text[0].lower() + text[1:]) + hint)
        return None
