"""JSON objects from clients, read in exactly one way or not at all.

What a guard checks must be what the model receives. So everything that JSON parsers read differently is
refused: repeated member names, NaN and Infinity, numbers beyond a double, invalid UTF-8, lone surrogates,
and nesting that would exhaust another parser's stack (RFC 8259, sections 4, 6, 8 and 9, leaves all of these
open).

Values survive decoding and encoding: integers of any size stay exact, and a number with a fraction or an
exponent is the nearest double, as it is for every JSON reader that RFC 8259 section 6 calls interoperable.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import NoReturn

import msgspec

from proxy.protocol.errors import ApiError, ErrorCode, api_error

MAX_DEPTH = 200
"""Arrays and objects that may stand inside each other, the outermost included."""

_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")

Path = tuple[str | int, ...]


def decode_object(raw: bytes) -> dict[str, object]:
    """Decode a request body that must be one JSON object in UTF-8 (a byte order mark is ignored).

    Raises :class:`ApiError` (400, ``invalid_json`` or ``invalid_type``) without quoting the body.
    """
    try:
        value = _DECODER.decode(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _invalid(f"is not valid UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        raise _invalid(f"is not valid JSON at line {error.lineno}, column {error.colno}") from None
    except ValueError:  # Python's limit on the digits of an integer
        raise _invalid("has a number with too many digits") from None
    if type(value) is not dict:
        message = f"The request body must be a JSON object, but is {article(type_name(value))}."
        raise api_error(ErrorCode.INVALID_TYPE, message)
    _check_depth(value, raw)
    if _ESCAPED_SURROGATE.search(raw):
        _check_surrogates(value)
    return value


def encode_object(body: dict[str, object]) -> bytes:
    """Encode a body from :func:`decode_object`, integers beyond 64 bits included."""
    return msgspec.json.encode(body)


def type_name(value: object) -> str:
    """The JSON type of a decoded value: null, boolean, integer, number, string, array or object."""
    return _TYPE_NAMES[type(value)]


def article(noun: str) -> str:
    """A JSON type's name with its article; null stands alone."""
    if noun == "null":
        return noun
    return f"an {noun}" if noun[0] in "aio" else f"a {noun}"


def render_path(path: Iterable[str | int]) -> str:
    """A path as OpenAI writes it, such as ``messages[0].content``.

    A member name that does not look like a field's could be anybody's text, so ``*`` stands in for it.
    """
    parts: list[str] = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        else:
            name = step if _PLAIN_NAME.fullmatch(step) else "*"
            parts.append(f".{name}" if parts else name)
    return "".join(parts)


_TYPE_NAMES: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _invalid("has an object that repeats a member name")
    return members


def _double(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise _invalid("has a number too large for a double")
    return value


def _constant(_: str) -> NoReturn:
    raise _invalid("has NaN or Infinity, which are not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_float=_double, parse_constant=_constant)


def _invalid(what: str) -> ApiError:
    return api_error(ErrorCode.INVALID_JSON, f"The request body {what}.")


def _too_deep() -> ApiError:
    return _invalid(f"is nested more than {MAX_DEPTH} levels deep")


def _check_depth(value: dict[str, object], raw: bytes) -> None:
    if raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH:
        return
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent) if type(child) in (dict, list)]
        if not level:
            return
    raise _too_deep()


def _children(parent: object) -> Iterable[object]:
    if isinstance(parent, dict):
        return parent.values()
    return parent if isinstance(parent, list) else ()


def _check_surrogates(value: object) -> None:
    for path, text in _strings(value, ()):
        try:
            text.encode()
        except UnicodeEncodeError:
            where = render_path(path)
            message = f"`{where}` has half of a surrogate pair, which is not a character."
            raise api_error(ErrorCode.INVALID_JSON, message, param=where) from None


def _strings(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    """Every string in a value with its path, member names under their own."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, (*path, index))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield (*path, name), name
            yield from _strings(item, (*path, name))
