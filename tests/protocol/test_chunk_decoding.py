"""What counts as a chunk, and what as an error, in the data of an upstream's event."""

from __future__ import annotations

import json

import pytest

from proxy.protocol.chunks import MalformedChunk, UpstreamErrorChunk, decode

CHOICES = [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]


@pytest.mark.parametrize("beside", [{}, {"choices": []}, {"choices": CHOICES, "object": "chat.completion.chunk"}])
@pytest.mark.parametrize("error", [{"message": "quota", "code": 429}, "quota"])
def test_an_error_is_one_wherever_it_stands(beside: dict[str, object], error: object) -> None:
    with pytest.raises(UpstreamErrorChunk) as raised:
        decode(json.dumps({"error": error, **beside}).encode())
    assert raised.value.error["message"] == "quota"


@pytest.mark.parametrize("error", [None, {}, ""])
def test_no_error_is_none(error: object) -> None:
    assert decode(json.dumps({"error": error, "choices": CHOICES}).encode())["choices"] == CHOICES


@pytest.mark.parametrize(
    "data",
    [b"", b"nonsense", b"[]", b"1", b"{}", b'{"choices": {}}', b'{"choices": [1]}', b'{"choices": [{"index": "0"}]}'],
)
def test_what_is_no_chunk_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedChunk):
        decode(data)
