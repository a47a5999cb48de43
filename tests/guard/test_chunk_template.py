"""A payload that is taken for a usual chunk without being decoded means exactly what it is taken for."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.checks import Exchange
from proxy.guard.choice import Choice
from proxy.guard.policy import NO_POLICY
from proxy.guard.template import ChunkTemplate
from tests.guard.answers import choice, chunk

TEXTS = st.text(max_size=8) | st.text(st.sampled_from(' ab"\\{}:,\n\x7f<é'), max_size=8)
SPELLINGS = st.sampled_from(((",", ":"), (", ", ": ")))


def payload_of(text: str, separators: tuple[str, str], **extra: object) -> bytes:
    value = json.loads(chunk(choice(0, {"content": text}), **extra))
    return json.dumps(value, separators=separators, ensure_ascii=False).encode()


def a_choice() -> Choice:
    return Choice(0, policy=NO_POLICY, vault=None, tool_names=frozenset(), holds=[], exchange=Exchange(), asked=[])


def learnt(text: str, payload: bytes) -> ChunkTemplate:
    template = ChunkTemplate()
    template.learn(payload, json.loads(payload), text, a_choice())
    return template


@given(TEXTS, TEXTS, SPELLINGS, st.data())
def test_what_is_read_is_what_a_decoder_reads(
    first: str, text: str, spelling: tuple[str, str], data: st.DataObject
) -> None:
    pattern = payload_of(first, spelling)
    template = learnt(first, pattern)
    raw = bytearray(payload_of(text, spelling))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from([b'"', b"\\", b",", b'"content":"x"', b"a"])
        )
    read = template.text(bytes(raw))
    if read is not None:
        decoded = json.loads(raw)
        assert decoded["choices"][0]["delta"]["content"] == read
        decoded["choices"][0]["delta"]["content"] = first
        assert decoded == json.loads(pattern)


@given(st.text(max_size=8), SPELLINGS)
def test_what_is_spelled_says_the_text(text: str, spelling: tuple[str, str]) -> None:
    template = learnt("plain", payload_of("plain", spelling))
    assert json.loads(template.spell(text)) == json.loads(payload_of(text, spelling))


def test_a_plain_text_is_read_without_decoding() -> None:
    template = learnt(" first", payload_of(" first", (",", ":")))
    assert template.text(payload_of(" second", (",", ":"))) == " second"


def test_a_chunk_that_says_a_thing_twice_is_no_pattern() -> None:
    twice = payload_of("x", (",", ":")).replace(b'"content":"x"', b'"content":"secret","content":"x"')
    assert learnt("x", twice).choice is None
    beside = payload_of("x", (",", ":")).replace(b'{"content"', b'{"a":"secret","a":"y","content"')
    assert learnt("x", beside).choice is None


def test_a_server_that_stamps_every_chunk_is_given_up() -> None:
    template, known = ChunkTemplate(), a_choice()
    for number in range(20):
        payload = payload_of("x", (",", ":"), created=number)
        template.learn(payload, json.loads(payload), "x", known)
    assert template.text(payload_of("y", (",", ":"), created=19)) is None
