"""The error object: its shape, its registry, and that nothing can break its encoding."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.protocol.errors import CODES, ApiError, ErrorCode, api_error, error_payload

any_text = st.text(alphabet=st.one_of(st.characters(), st.sampled_from('\ud800\udfff\n"')), max_size=30)


@given(any_text, st.none() | any_text, st.dictionaries(any_text, any_text, max_size=2))
def test_a_payload_is_one_line_of_json_in_the_openai_shape(
    message: str, param: str | None, extra: dict[str, str]
) -> None:
    extra = {name: value for name, value in extra.items() if name not in ("error", "message")}
    payload = error_payload(ApiError(400, message, param=param, extra=extra))
    assert b"\n" not in payload
    assert b"\r" not in payload
    decoded = json.loads(payload.decode())
    assert set(decoded["error"]) == {"message", "type", "param", "code"}
    assert "message" not in decoded


@given(any_text)
def test_text_arrives_as_it_was(message: str) -> None:
    payload = error_payload(ApiError(502, message))
    assert json.loads(payload)["error"]["message"] == message.encode("utf-8", "replace").decode()


@pytest.mark.parametrize("code", ErrorCode)
def test_every_code_has_a_status_and_a_description_of_one_line(code: ErrorCode) -> None:
    error = api_error(code, param="n")
    assert 400 <= error.status <= 504
    assert error.message == CODES[code.value]
    assert error.message.endswith(".")
    assert "\n" not in error.message
    assert error.body()["error"] == {
        "message": CODES[code.value],
        "type": "invalid_request_error" if error.status < 500 else "server_error",
        "param": "n",
        "code": code.value,
    }


def test_no_code_of_a_block_makes_openai_clients_retry() -> None:
    for code in (ErrorCode.INPUT_GUARDRAILS_VIOLATION, ErrorCode.UNSEEN_CONTENT):
        assert api_error(code).status == 400


def test_details_stand_beside_the_error() -> None:
    error = api_error(ErrorCode.INPUT_GUARDRAILS_VIOLATION, "No.", extra={"enkrypt_policy_detections": {}})
    assert error.body() == {
        "error": {
            "message": "No.",
            "type": "invalid_request_error",
            "param": None,
            "code": "input_guardrails_violation",
        },
        "enkrypt_policy_detections": {},
    }


@pytest.mark.parametrize("name", ["error", "message"])
def test_details_cannot_take_the_place_of_the_error(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        ApiError(400, "No.", extra={name: "x"})


def test_type_code_and_headers_of_an_upstream_pass_through() -> None:
    error = ApiError(429, "Slow down.", type="rate_limit_error", code="rate", headers={"Retry-After": "3"})
    assert error.body()["error"] == {"message": "Slow down.", "type": "rate_limit_error", "param": None, "code": "rate"}
    assert error.headers == {"Retry-After": "3"}
