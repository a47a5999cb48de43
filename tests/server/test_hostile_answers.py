"""No byte that a policy withholds reaches a client, wherever in its answer an upstream puts the text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from proxy.guard.findings import Action
from tests.support.proxies import ask, configuration, deployment, policy, tidegate
from tests.support.upstreams import Connection, Script, completion, delta, event, upstream

SECRET = "forbidden alice@example.com"
NESTED: list[object] = [SECRET, [SECRET], {"a": [{"b": SECRET}]}, {SECRET: 1}]
ACTIONS = [Action.REDACT, Action.BLOCK]

TOP = ["id", "model", "object", "usage", "timings", "x_groq", "provider", "system_fingerprint", "service_tier"]
TOP += ["obfuscation", "prompt", "prompt_filter_results", "enkrypt_policy_detections", "created", "something"]
CHOICE = ["finish_reason", "native_finish_reason", "stop_reason", "seed", "content_filter_results", "text", "logprobs"]
DELTA = ["role", "content", "refusal", "reasoning", "tool_calls", "function_call", "audio", "annotations", "name"]
CALL = ["index", "id", "type", "function", "custom", "extra"]


def script(*payloads: object) -> Script:
    async def answer(connection: Connection) -> None:
        await connection.head()
        for payload in payloads:
            await connection.chunk(payload if isinstance(payload, bytes) else event(payload))
        await connection.chunk(b"data: [DONE]\n\n")
        await connection.end()

    return answer


def chunk(top: dict[str, Any] | None = None, choice: dict[str, Any] | None = None, **said: Any) -> dict[str, Any]:
    made: dict[str, Any] = delta(None, **said) | (top or {})
    made["choices"][0] |= choice or {}
    return made


async def received(action: Action, *payloads: object) -> str:
    """All that a client gets to read of a streamed answer."""
    acting = policy(keyword_detector=action, pii=action)
    async with (
        upstream(script(*payloads)) as model,
        tidegate(configuration(deployment(model.url, output_policy=acting))) as proxy,
        proxy.post() as response,
    ):
        return (await response.read()).decode()


def check(text: str) -> None:
    assert "forbidden" not in text
    assert "alice" not in text
    assert "internal_error" not in text


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("value", NESTED, ids=["string", "list", "object", "name"])
async def test_nothing_leaves_by_a_field_that_is_no_text(action: Action, value: Any) -> None:
    call = {"index": 0, "function": {"name": "f", "arguments": "{}"}}
    everywhere = [
        *(chunk({name: value}, content="ok ") for name in TOP),
        *(chunk(choice={name: value}, content="ok ") for name in CHOICE if name != "finish_reason"),
        *(chunk({}, {}, **{name: value}) for name in DELTA),
        *(chunk(tool_calls=[call | {name: value}]) for name in CALL),
        chunk(choice={"finish_reason": value}),
    ]
    for first in everywhere:
        check(await received(action, delta("so "), first, delta(" and"), delta(finish="stop")))


@pytest.mark.parametrize("index", ["0", 1.5, 0.0, False, -1, [], {}, 10**9, SECRET])
async def test_a_choice_has_a_number_or_is_refused(index: object) -> None:
    odd = chunk(choice={"index": index}, content="idden alice@example.com ")
    text = await received(Action.REDACT, delta("so forb"), odd, delta(finish="stop"))
    check(text)
    assert "upstream_malformed" in text


@pytest.mark.parametrize(
    "payload",
    [
        b'{"choices":[{"index":0,"delta":{"content":"forbidden ","content":"x "},"finish_reason":null}]}',
        b'{"id":"forbidden","id":"x","choices":[{"index":0,"delta":{"content":"x \\" \\\\"}}]}',
        b'{"choices":[{"index":0,"delta":{"content":"forbidden"}}],"choices":[]}',
    ],
)
async def test_a_repeated_member_is_not_passed_on(payload: bytes) -> None:
    check(await received(Action.REDACT, delta("so "), b"data: " + payload + b"\n\n", delta(finish="stop")))


@pytest.mark.parametrize("place", ["token", "logprob", "bytes", "top_logprobs"])
@pytest.mark.parametrize("finished", [False, True])
async def test_log_probabilities_say_no_more_than_the_text(place: str, finished: bool) -> None:
    entry: dict[str, Any] = {"token": "ok ", "logprob": -1.0, "bytes": list(b"ok "), "top_logprobs": []}
    entry[place] = [{"token": "ok ", "logprob": 0, "bytes": SECRET}] if place == "top_logprobs" else SECRET
    fields: dict[str, Any] = {} if finished else {"content": "ok "}
    said = chunk(choice={"logprobs": {"content": [entry]}}, **fields)
    end = delta(finish="stop")
    check(await received(Action.REDACT, *([delta("so "), end, said] if finished else [said, end])))


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("value", NESTED, ids=["string", "list", "object", "name"])
async def test_nothing_leaves_by_a_field_of_a_whole_answer(action: Action, value: object) -> None:
    acting = policy(keyword_detector=action, pii=action)
    answers = [completion("ok") | {name: value} for name in TOP]
    answers += [completion("ok") for _ in CHOICE + DELTA]
    for answer, name in zip(answers[len(TOP) :], CHOICE, strict=False):
        answer["choices"][0][name] = value  # type: ignore[index]
    for answer, name in zip(answers[len(TOP) + len(CHOICE) :], DELTA, strict=True):
        answer["choices"][0]["message"][name] = value  # type: ignore[index]
    for answer in answers:

        async def whole(connection: Connection, answer: object = answer) -> None:
            await connection.whole(json.dumps(answer).encode())

        async with (
            upstream(whole) as model,
            tidegate(configuration(deployment(model.url, output_policy=acting))) as proxy,
            proxy.post(body=ask(stream=False)) as response,
        ):
            check(await response.text())


async def test_padding_keeps_its_length_and_says_nothing() -> None:
    text = await received(
        Action.REDACT, *(chunk({"obfuscation": "forbidden"}, content=piece) for piece in ("so, ", "on. "))
    )
    assert text.count('"obfuscation":"xxxxxxxxx"') == 2


async def test_what_names_the_answer_stays() -> None:
    banned = {"id": "forbidden-1", "model": "forbidden-4o", "system_fingerprint": "fp"}
    text = await received(Action.REDACT, delta("so ") | banned, delta("on ") | banned, delta(finish="stop") | banned)
    assert text.count("forbidden-4o") >= 3
    assert '"finish_reason": "stop"' in text or '"finish_reason":"stop"' in text


async def test_an_error_is_cleaned_before_it_is_cut() -> None:
    card = "4111 1111 1111 1111"
    body = {"error": {"message": "x " * 990 + card, "code": SECRET, "param": SECRET, "type": SECRET}}

    async def refuse(connection: Connection) -> None:
        await connection.whole(json.dumps(body).encode(), status=429, Retry_After=SECRET)

    acting = policy(keyword_detector=Action.REDACT, pii=Action.REDACT)
    async with (
        upstream(refuse) as model,
        tidegate(configuration(deployment(model.url, output_policy=acting))) as proxy,
        proxy.post() as response,
    ):
        text = await response.text()
        assert "Retry-After" not in response.headers
    check(text)
    assert "4111" not in text
