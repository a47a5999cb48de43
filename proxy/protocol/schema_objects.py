"""The schema language's JSON objects: members, maps, and unions told apart by a tag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from proxy.protocol.errors import ErrorCode
from proxy.protocol.schema import Book, JsonSchema, Mismatch, Node, Null, Text, wrong_type


@dataclass(frozen=True, slots=True)
class Member:
    """A documented member of an object: its schema, its purpose, whether it is required and may be null."""

    schema: Node
    doc: str = ""
    required: bool = False
    null: Null = Null.TOLERATED
    deprecated: bool = False

    def nullable(self, strict: bool) -> bool:
        """Whether null fits; a required member is null only where that is documented."""
        tolerated = self.null is Null.TOLERATED and not self.required and not strict
        return tolerated or self.null is Null.DOCUMENTED

    def describe(self, book: Book) -> JsonSchema:
        """The member's schema, with null and the annotations."""
        schema = self.schema.describe(book)
        if self.nullable(book.strict):
            schema = {"anyOf": [schema, {"type": "null"}]}
        if self.doc:
            schema = {**schema, "description": self.doc}
        return {**schema, "deprecated": True} if self.deprecated else schema


@dataclass(frozen=True, slots=True)
class Object:
    """An object with documented members; others pass unread.

    ``one_of`` names members of which the first must be present unless another one is present and not null.
    """

    name: str
    members: Mapping[str, Member]
    doc: str = ""
    one_of: tuple[str, ...] = ()
    expected: str = "an object"
    _required: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        required = tuple(name for name, member in self.members.items() if member.required)
        object.__setattr__(self, "_required", required)

    def check(self, value: object, strict: bool) -> None:
        if not isinstance(value, dict):
            raise wrong_type(self.expected, value)
        for name in self._required:
            if name not in value:
                raise self._missing(name)
        members = self.members
        for name, item in value.items():
            member = members.get(name)
            if member is None or (item is None and member.nullable(strict)):
                continue
            try:
                member.schema.check(item, strict)
            except Mismatch as mismatch:
                raise mismatch.under(name) from None
        if self.one_of and self.one_of[0] not in value and not self._has_other(value):
            raise self._missing(self.one_of[0])

    def describe(self, book: Book) -> JsonSchema:
        if self.name not in book.schemas:
            schema: JsonSchema = {"type": "object", "description": self.doc}
            book.schemas[self.name] = schema
            schema["properties"] = {name: member.describe(book) for name, member in self.members.items()}
            if self._required:
                schema["required"] = list(self._required)
            if self.one_of:
                present = [{"required": [self.one_of[0]]}, *map(_present, self.one_of[1:])]
                schema["anyOf"] = present
        return {"$ref": book.prefix + self.name}

    def _has_other(self, value: dict[str, object]) -> bool:
        return any(value.get(name) is not None for name in self.one_of[1:])

    def _missing(self, name: str) -> Mismatch:
        expected = self.members[name].schema.expected
        return Mismatch(ErrorCode.MISSING_REQUIRED_PARAMETER, expected, "nothing").under(name)


def _present(name: str) -> JsonSchema:
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}


@dataclass(frozen=True, slots=True)
class Map:
    """An object whose member names are the client's own; its values fit ``values``, if that is given."""

    values: Node | None = None
    expected: str = "an object"

    def check(self, value: object, strict: bool) -> None:
        if not isinstance(value, dict):
            raise wrong_type(self.expected, value)
        if self.values is None:
            return
        for name, item in value.items():
            try:
                self.values.check(item, strict)
            except Mismatch as mismatch:
                raise mismatch.under(name) from None

    def describe(self, book: Book) -> JsonSchema:
        values: object = True if self.values is None else self.values.describe(book)
        return {"type": "object", "additionalProperties": values}


@dataclass(frozen=True, slots=True)
class Tagged:
    """Objects told apart by a string member, the tag.

    ``documented`` are the tags allowed here; where ``open`` and not strict, every known variant is checked as
    such and objects with unknown tags pass unread.
    """

    tag: str
    variants: Mapping[str, Object]
    documented: tuple[str, ...]
    open: bool = True
    expected: str = "an object"

    def check(self, value: object, strict: bool) -> None:
        if not isinstance(value, dict):
            raise wrong_type(self.expected, value)
        choices = "one of " + ", ".join(f"`{name}`" for name in self.documented)
        if self.tag not in value:
            raise Mismatch(ErrorCode.MISSING_REQUIRED_PARAMETER, choices, "nothing").under(self.tag)
        tag = value[self.tag]
        if type(tag) is not str:
            raise wrong_type("a string", tag).under(self.tag)
        if tag not in self.documented and (strict or not self.open):
            raise Mismatch(ErrorCode.INVALID_VALUE, choices, "another string").under(self.tag)
        variant = self.variants.get(tag)
        if variant is not None:
            variant.check(value, strict)

    def describe(self, book: Book) -> JsonSchema:
        closed = book.strict or not self.open
        names = self.documented if closed else tuple(self.variants)
        options = [self.variants[name].describe(book) for name in names]
        if not closed:
            other = {"type": "string", "not": {"enum": list(names)}}
            options.append({"type": "object", "properties": {self.tag: other}, "required": [self.tag]})
        return options[0] if len(options) == 1 else {"oneOf": options}


def tag(value: str) -> Member:
    """The member that marks a variant of a :class:`Tagged` union, always with this value."""
    return Member(Text((value,), open=False), required=True)
