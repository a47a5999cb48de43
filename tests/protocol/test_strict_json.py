"""Bodies that JSON readers would read differently are refused; all others survive unchanged."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from proxy.protocol.errors import ApiError
from proxy.protocol.strict_json import MAX_DEPTH, decode_object, encode_object

numbers = st.integers() | st.integers(-(10**80), 10**80) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)
objects = st.dictionaries(st.text(max_size=5), values, max_size=5)


def refusal(raw: bytes) -> ApiError:
    with pytest.raises(ApiError) as caught:
        decode_object(raw)
    assert caught.value.status == 400
    return caught.value


@given(objects, st.booleans())
def test_every_object_survives_decoding_and_encoding(body: dict[str, object], escaped: bool) -> None:
    decoded = decode_object(json.dumps(body, ensure_ascii=escaped).encode())
    assert decoded == body
    again = json.loads(encode_object(decoded))
    assert again == body
    assert repr(again) == repr(body)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_garbage_is_refused_and_nothing_else_is_raised(raw: bytes) -> None:
    raw = b'{"": ' + raw + b"}}"
    with contextlib.suppress(ValueError):
        json.loads(raw)
        reject()  # garbage that happens to be none
    error = refusal(raw)
    assert error.code == "invalid_json"


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"", "not valid JSON at line 1, column 1"),
        (b'{"a": 1', "not valid JSON at line 1, column 8"),
        (b'{"a": 1}\n{"b": 2}', "not valid JSON at line 2, column 1"),
        (b'{"a": "tab\there"}', "not valid JSON"),
        (b'{"a": NaN}', "NaN or Infinity"),
        (b'{"a": [-Infinity]}', "NaN or Infinity"),
        (b'{"a": 1e400}', "too large for a double"),
        (b'{"a": ' + b"9" * 5000 + b"}", "too many digits"),
        (b'{"a": "\xff"}', "not valid UTF-8 at byte 7"),
        (b'{"a": "\xed\xa0\x80"}', "not valid UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not valid UTF-8"),
        (b'{"a": 1, "a": 2}', "repeats a member name"),
        (b'{"x": [{"a": 1, "\\u0061": 2}]}', "repeats a member name"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(raw: bytes, what: str) -> None:
    error = refusal(raw)
    assert error.code == "invalid_json"
    assert what in error.message


@pytest.mark.parametrize(
    ("raw", "kind"), [(b"[]", "an array"), (b'"x"', "a string"), (b"null", "null"), (b"1", "an integer")]
)
def test_only_an_object_is_a_request(raw: bytes, kind: str) -> None:
    error = refusal(raw)
    assert error.code == "invalid_type"
    assert kind in error.message


@pytest.mark.parametrize(
    ("raw", "param"),
    [
        (b'{"messages": [{"content": "a\\ud83d"}]}', "messages[0].content"),
        (b'{"a": {"b": ["\\uDE00\\ud83d"]}}', "a.b[0]"),
        (b'{"\\ud83d": 1}', "*"),
    ],
)
def test_half_a_surrogate_pair_is_refused_where_it_stands(raw: bytes, param: str) -> None:
    error = refusal(raw)
    assert (error.code, error.param) == ("invalid_json", param)


def test_a_whole_pair_and_an_escaped_backslash_are_not_halves() -> None:
    assert decode_object(b'{"a": "\\ud83d\\ude00", "b": "\\\\ud83d"}') == {"a": "😀", "b": "\\ud83d"}


@pytest.mark.parametrize(("opening", "closing"), [(b'{"a":', b"}"), (b"[", b"]")])
def test_nesting_has_a_limit_and_no_effect_below_it(opening: bytes, closing: bytes) -> None:
    def nested(depth: int) -> bytes:
        return b'{"x":' + opening * (depth - 1) + b"1" + closing * (depth - 1) + b"}"

    decode_object(nested(MAX_DEPTH))
    for depth in (MAX_DEPTH + 1, 990, 1100, 100_000):
        assert "levels deep" in refusal(nested(depth)).message


def test_many_shallow_containers_are_not_deep() -> None:
    body = {"a": [{"b": [i]} for i in range(1000)]}
    assert decode_object(json.dumps(body).encode()) == body


def test_a_byte_order_mark_is_ignored() -> None:
    assert decode_object(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}
