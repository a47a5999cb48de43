"""A small schema language for JSON requests: one table checks a body and describes itself as JSON Schema.

Each node has ``check(value, strict)``, which raises :class:`Mismatch`, and ``describe(book)``, its JSON
Schema (draft 2020-12, as OpenAPI 3.1 uses it). Nodes that have a name are described once, under that name,
in the book.

*Open* vocabularies are those that providers keep extending: outside strict mode any string passes.
An integer is any number without a fraction, ``1.0`` included, as JSON Schema has it since draft 6; a boolean
is never a number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from proxy.protocol.errors import ApiError, ErrorCode, api_error
from proxy.protocol.strict_json import article, render_path, type_name

JsonSchema = dict[str, object]


class Mismatch(Exception):
    """A value does not fit its schema; containers add the steps of its path on the way out."""

    def __init__(self, code: ErrorCode, expected: str, got: str) -> None:
        super().__init__(code)
        self.code = code
        self.expected = expected
        self.got = got
        self.steps: list[str | int] = []

    def under(self, step: str | int) -> Mismatch:
        """This mismatch, seen from the container that reaches it by ``step``."""
        self.steps.append(step)
        return self

    def api_error(self) -> ApiError:
        """The 400 that names the field, what was expected, and the type (never the value) that came."""
        path = render_path(reversed(self.steps))
        if self.code is ErrorCode.MISSING_REQUIRED_PARAMETER:
            text = f"Missing required parameter `{path}`: expected {self.expected}."
        else:
            kind = "type" if self.code is ErrorCode.INVALID_TYPE else "value"
            text = f"Invalid {kind} for `{path}`: expected {self.expected}, but got {self.got}."
        return api_error(self.code, text, param=path)


@dataclass(slots=True)
class Book:
    """The named schemas met while describing, for OpenAPI's ``components.schemas``."""

    strict: bool = False
    prefix: str = "#/components/schemas/"
    schemas: dict[str, JsonSchema] = field(default_factory=dict)


class Node(Protocol):
    """What every schema can do."""

    @property
    def expected(self) -> str:
        """The values that fit, as the end of "expected …"."""

    def check(self, value: object, strict: bool) -> None:
        """Raise :class:`Mismatch` unless the value fits."""

    def describe(self, book: Book) -> JsonSchema:
        """The schema as JSON Schema, or a reference into ``book``."""


class Null(Enum):
    """Whether an optional member may be null."""

    NEVER = "never"
    TOLERATED = "tolerated"
    """Undocumented, but clients send null for "not set": refused in strict mode only."""
    DOCUMENTED = "documented"


def wrong_type(expected: str, value: object) -> Mismatch:
    """The mismatch of a value whose JSON type does not fit."""
    return Mismatch(ErrorCode.INVALID_TYPE, expected, article(type_name(value)))


@dataclass(frozen=True, slots=True)
class Boolean:
    """true or false."""

    expected: str = "a boolean"

    def check(self, value: object, strict: bool) -> None:
        if type(value) is not bool:
            raise wrong_type(self.expected, value)

    def describe(self, book: Book) -> JsonSchema:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Text:
    """A string, of a vocabulary (``enum``: binds where closed or strict) or a pattern (where strict)."""

    enum: tuple[str, ...] = ()
    open: bool = True
    pattern: str = ""

    @property
    def expected(self) -> str:
        if self.enum:
            return "one of " + ", ".join(f"`{value}`" for value in self.enum)
        return f"a string of the form {self.pattern}" if self.pattern else "a string"

    def check(self, value: object, strict: bool) -> None:
        if type(value) is not str:
            raise wrong_type("a string", value)
        if self.enum and (strict or not self.open) and value not in self.enum:
            raise Mismatch(ErrorCode.INVALID_VALUE, self.expected, "another string")
        if self.pattern and strict and not re.fullmatch(self.pattern, value):
            raise Mismatch(ErrorCode.INVALID_VALUE, self.expected, "another string")

    def describe(self, book: Book) -> JsonSchema:
        if self.pattern and book.strict:
            return {"type": "string", "pattern": f"^{self.pattern}$"}
        if not self.enum:
            return {"type": "string"}
        closed: JsonSchema = {"type": "string", "enum": list(self.enum)}
        return closed if book.strict or not self.open else {"anyOf": [closed, {"type": "string"}]}


@dataclass(frozen=True, slots=True)
class Number:
    """A number between two bounds, both included."""

    minimum: float | None = None
    maximum: float | None = None
    integer: bool = False

    @property
    def expected(self) -> str:
        noun = "an integer" if self.integer else "a number"
        return noun if self.minimum is None else f"{noun} from {self.minimum} to {self.maximum}"

    def check(self, value: object, strict: bool) -> None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise wrong_type(self.expected, value)
        if self.integer and isinstance(value, float) and not value.is_integer():
            raise Mismatch(ErrorCode.INVALID_TYPE, self.expected, "a number with a fraction")
        if self.minimum is not None and value < self.minimum:
            raise Mismatch(ErrorCode.INVALID_VALUE, self.expected, "a smaller one")
        if self.maximum is not None and value > self.maximum:
            raise Mismatch(ErrorCode.INVALID_VALUE, self.expected, "a larger one")

    def describe(self, book: Book) -> JsonSchema:
        schema: JsonSchema = {"type": "integer" if self.integer else "number"}
        if self.minimum is not None:
            schema["minimum"] = self.minimum
        if self.maximum is not None:
            schema["maximum"] = self.maximum
        return schema


@dataclass(frozen=True, slots=True)
class Array:
    """A list of one kind of item, with limits on its length."""

    items: Node
    least: int = 0
    most: int | None = None

    @property
    def expected(self) -> str:
        if self.most is not None:
            return f"an array of {self.least} to {self.most} items"
        return f"an array of at least {self.least} item" if self.least else "an array"

    def check(self, value: object, strict: bool) -> None:
        if not isinstance(value, list):
            raise wrong_type(self.expected, value)
        if len(value) < self.least or (self.most is not None and len(value) > self.most):
            raise Mismatch(ErrorCode.INVALID_VALUE, self.expected, f"one of {len(value)}")
        check = self.items.check
        for index, item in enumerate(value):
            try:
                check(item, strict)
            except Mismatch as mismatch:
                raise mismatch.under(index) from None

    def describe(self, book: Book) -> JsonSchema:
        schema: JsonSchema = {"type": "array", "items": self.items.describe(book)}
        if self.least:
            schema["minItems"] = self.least
        if self.most is not None:
            schema["maxItems"] = self.most
        return schema


@dataclass(frozen=True, slots=True)
class Either:
    """Nodes told apart by the JSON type they accept, such as a string or an array."""

    options: Mapping[type, Node]

    @property
    def expected(self) -> str:
        return " or ".join(option.expected for option in self.options.values())

    def check(self, value: object, strict: bool) -> None:
        option = self.options.get(type(value))
        if option is None:
            raise wrong_type(self.expected, value)
        option.check(value, strict)

    def describe(self, book: Book) -> JsonSchema:
        return {"anyOf": [option.describe(book) for option in self.options.values()]}
