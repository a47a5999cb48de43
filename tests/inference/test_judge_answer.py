"""The strict reading of a judge's answer, against the jsonschema package as the judge of what fits."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.inference.judge_answer import MAX_CHARACTERS, WrongAnswer, check_schema, read_answer, wire_schema

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 3, "description": "a name"},
        "kind": {"type": "string", "enum": ["a", "b"]},
        "share": {"type": "number", "minimum": 0, "maximum": 1},
        "level": {"type": "integer", "enum": [0, 1, 2]},
        "sure": {"type": "boolean"},
        "facts": {
            "type": "array",
            "minItems": 1,
            "maxItems": 2,
            "items": {"type": "object", "properties": {"text": {"type": "string"}}},
        },
    },
    "required": ["name", "kind", "share", "level", "sure", "facts"],
    "additionalProperties": False,
}
GOOD: dict[str, Any] = {"name": "x", "kind": "a", "share": 0.5, "level": 1, "sure": True, "facts": [{"text": "t"}]}


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """The same for a reader that needs to be told what we always mean."""
    if schema["type"] == "object":
        members = {name: closed(member) for name, member in schema["properties"].items()}
        return schema | {"properties": members, "required": list(members), "additionalProperties": False}
    return schema | ({"items": closed(schema["items"])} if "items" in schema else {})


ORACLE = jsonschema.Draft202012Validator(closed(SCHEMA))
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-1, 3)
    | st.sampled_from([0.5, 1.0, 1.5])
    | st.sampled_from(["", "a", "abcd"])
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("text"), inner))


def read(value: object) -> dict[str, object]:
    body = value | {"receipt": "r"} if isinstance(value, dict) else value
    return read_answer(json.dumps(body), SCHEMA, "r")


@given(
    st.dictionaries(st.sampled_from([*GOOD, "other"]), values, max_size=2),
    st.sets(st.sampled_from(list(GOOD)), max_size=1),
)
def test_what_fits_is_read_and_nothing_else(changes: dict[str, object], missing: set[str]) -> None:
    value = {name: member for name, member in (GOOD | changes).items() if name not in missing}
    if ORACLE.is_valid(value):
        assert read(value) == value
    else:
        with pytest.raises(WrongAnswer):
            read(value)


def test_a_whole_number_is_an_integer_however_it_is_written() -> None:
    level = read(GOOD | {"level": 2.0})["level"]
    assert (level, type(level)) == (2, int)


@pytest.mark.parametrize("wrapped", ["{}", " \n{}\n", "```json\n{}\n```", "```\n{}\n```\n"])
def test_one_code_fence_is_forgiven(wrapped: str) -> None:
    said = json.dumps(GOOD | {"receipt": "r"}, indent=1)
    assert read_answer(wrapped.replace("{}", said), SCHEMA, "r") == GOOD


@pytest.mark.parametrize(
    "said",
    [
        "",
        "[]",
        "null",
        "{",
        "\ud800",
        '{"receipt": "r", "receipt": "r"}',
        '{"receipt": NaN}',
        "[" * 100_000,
        " " * MAX_CHARACTERS + "{}",
        "```json\n```json\n{}\n```\n```",
        "<think>so</think>" + json.dumps(GOOD | {"receipt": "r"}),
        json.dumps(GOOD | {"receipt": "R"}),
        json.dumps(GOOD | {"receipt": None}),
        json.dumps(GOOD),
    ],
)
def test_anything_else_is_refused_without_quoting_it(said: str) -> None:
    with pytest.raises(WrongAnswer) as caught:
        read_answer(said, SCHEMA, "r")
    assert len(str(caught.value)) < 100


def test_servers_are_sent_a_closed_shape_without_bounds() -> None:
    wire = wire_schema(SCHEMA)
    assert "maxLength" not in json.dumps(wire)
    assert "minItems" not in json.dumps(wire)
    assert jsonschema.Draft202012Validator(wire).is_valid(GOOD)
    assert not jsonschema.Draft202012Validator(wire).is_valid(GOOD | {"other": 1})
    assert not jsonschema.Draft202012Validator(wire).is_valid(GOOD | {"kind": "c"})


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": {"type": "string"}},
        {"type": "object"},
        {"type": "object", "properties": {"receipt": {"type": "string"}}},
        {"type": "object", "properties": {"seconds": {"type": "number"}}},
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": []},
        {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": True},
        {"type": "object", "properties": {"a": {"type": ["string", "null"]}}},
        {"type": "object", "properties": {"a": {"type": "array"}}},
        {"type": "object", "properties": {"a": {"type": "string", "format": "date"}}},
        {"type": "object", "properties": {"a": {"anyOf": []}}},
    ],
)
def test_other_shapes_are_not_asked_for(schema: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        check_schema(schema)
    check_schema(SCHEMA)
