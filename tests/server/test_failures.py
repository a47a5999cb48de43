"""Every way in which an upstream can fail, before and in the middle of its answer, over real sockets."""

from __future__ import annotations

import asyncio
import socket

import orjson
import pytest

from proxy.config.deployment import UpstreamModel
from proxy.events import RequestFinished, StreamClosed, StreamOutcome
from proxy.guard.answer import AnswerGuard
from proxy.guard.findings import Action
from tests.support.frames import DONE, error_of, said
from tests.support.proxies import ask, configuration, deployment, patient, policy, tidegate
from tests.support.upstreams import JSON, Connection, Script, completion, delta, event, upstream

Body = tuple[int, dict[str, str], bytes]


async def exchange(script: Script, *, stream: bool = True, **fields: object) -> tuple[Body, StreamClosed]:
    """One request through a proxy in front of ``script``: what the client got, and how the answer was closed."""
    async with upstream(script) as model, tidegate(configuration(deployment(model.url, **fields))) as proxy:
        async with asyncio.timeout(20), proxy.post(body=ask(stream=stream)) as response:
            body = await response.read()
        closed = await proxy.recorder.first(StreamClosed)
        assert len(proxy.recorder.all(StreamClosed)) == 1
        await proxy.recorder.first(RequestFinished)
        assert proxy.admission.active == 0
        return (response.status, dict(response.headers), body), closed


def error(answer: Body) -> dict[str, object]:
    value: dict[str, object] = orjson.loads(answer[2])["error"]
    assert value.keys() == {"message", "type", "param", "code"}
    return value


async def begin(connection: Connection) -> None:
    await connection.head()
    await connection.chunk(event(delta("Hello")))


async def reset(connection: Connection) -> None:
    await begin(connection)
    connection.reset()


async def half_event(connection: Connection) -> None:
    await begin(connection)
    await connection.chunk(b'data: {"choices": [{"ind')
    connection.close()


async def ended_early(connection: Connection) -> None:
    await begin(connection)
    await connection.end()


async def garbage(connection: Connection) -> None:
    await begin(connection)
    await connection.chunk(b"data: <html>\n\n")
    await connection.gone()


async def no_choices(connection: Connection) -> None:
    await begin(connection)
    await connection.chunk(event({"something": "else"}))
    await connection.gone()


async def oversize(connection: Connection) -> None:
    await begin(connection)
    await connection.chunk(b"data: " + b"x" * 5_000)
    await connection.gone()


async def reported(connection: Connection) -> None:
    await begin(connection)
    await connection.chunk(event({"error": {"message": "gpu on fire", "type": "oh_no", "code": 1234}}))
    await connection.gone()


async def silent(connection: Connection) -> None:
    await begin(connection)
    await connection.gone()


@pytest.mark.parametrize(
    ("script", "code", "outcome"),
    [
        (reset, "upstream_error", StreamOutcome.UPSTREAM_ERROR),
        (half_event, "upstream_error", StreamOutcome.UPSTREAM_ERROR),
        (ended_early, "upstream_error", StreamOutcome.UPSTREAM_ERROR),
        (garbage, "upstream_malformed", StreamOutcome.UPSTREAM_ERROR),
        (no_choices, "upstream_malformed", StreamOutcome.UPSTREAM_ERROR),
        (oversize, "upstream_event_too_large", StreamOutcome.UPSTREAM_ERROR),
        (reported, "1234", StreamOutcome.UPSTREAM_ERROR),
        (silent, "upstream_idle_timeout", StreamOutcome.TIMEOUT),
    ],
)
async def test_failures_in_the_middle_end_with_an_error_frame(
    script: Script, code: str, outcome: StreamOutcome
) -> None:
    answer, closed = await exchange(script, max_event_bytes=4_000, timeouts=patient(idle=0.2))
    assert answer[0] == 200
    assert said(answer[2]) == "Hello"
    assert error_of(answer[2])["code"] == code
    assert DONE not in answer[2]
    assert closed.outcome is outcome


async def test_the_lifetime_ends_a_stream_that_never_falls_silent() -> None:
    async def chatter(connection: Connection) -> None:
        await connection.head()
        while True:
            await connection.chunk(event(delta("x")))
            await asyncio.sleep(0.01)

    answer, closed = await exchange(chatter, timeouts=patient(lifetime=0.2))
    assert error_of(answer[2])["code"] == "upstream_lifetime_timeout"
    assert closed.outcome is StreamOutcome.TIMEOUT


async def test_what_a_failure_leaves_unsettled_stays_held() -> None:
    async def script(connection: Connection) -> None:
        await connection.head()
        await connection.chunk(event(delta("the secret ")))
        connection.close()

    answer, _ = await exchange(script, output_policy=policy(keyword_detector=Action.REDACT))
    assert said(answer[2]) == "the "
    assert DONE not in answer[2]


async def test_an_end_without_done_is_clean_once_every_choice_is_finished() -> None:
    async def script(connection: Connection) -> None:
        await connection.events(delta("Hello"), delta(finish="stop"), done=False)

    answer, closed = await exchange(script)
    assert answer[2].endswith(DONE)
    assert closed.outcome is StreamOutcome.COMPLETED


def unanswered(status: int, body: bytes, content_type: str = JSON, **headers: str) -> Script:
    async def script(connection: Connection) -> None:
        await connection.whole(body, status, content_type, **headers)

    return script


OPENAI_ERROR = orjson.dumps({"error": {"message": "slow down", "type": "requests", "param": None, "code": "limit"}})


@pytest.mark.parametrize("stream", [True, False])
async def test_an_error_status_is_passed_on_with_its_error_object(stream: bool) -> None:
    answer, closed = await exchange(unanswered(429, OPENAI_ERROR, retry_after="7"), stream=stream)
    assert answer[0] == 429
    assert answer[1]["Retry-After"] == "7"
    assert error(answer) == {"message": "slow down", "type": "requests", "param": None, "code": "limit"}
    assert closed.outcome is StreamOutcome.UPSTREAM_ERROR


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (500, b"<html>Internal", "The model's server answered with an error."),
        (400, b'{"error": "too long"}', "too long"),
        (422, b'{"detail": "bad field"}', "bad field"),
        (400, b'{"object": "error", "message": "no such thing"}', "no such thing"),
        (503, b"", "The model's server answered with an error."),
        (400, b"[1]", "The model's server answered with an error."),
    ],
)
async def test_other_error_bodies_are_wrapped(status: int, body: bytes, expected: str) -> None:
    answer, _ = await exchange(unanswered(status, body))
    assert answer[0] == status
    assert error(answer)["message"] == expected


async def test_an_upstream_error_is_cleaned_and_scrubbed() -> None:
    body = orjson.dumps({"error": {"message": "forbidden sk-abcdef", "type": "sk-abcdef", "code": "forbidden"}})
    async with upstream(unanswered(400, body)) as model:
        asked = deployment(
            "",
            output_policy=policy(keyword_detector=Action.REDACT),
            upstream=UpstreamModel(
                model.url, "", headers=(("Authorization", "Bearer sk-abcdef"),), secrets=("sk-abcdef",)
            ),
        )
        async with tidegate(configuration(asked)) as proxy, proxy.post() as response:
            text = await response.text()
        assert model.asked[0].headers["authorization"] == "Bearer sk-abcdef"
    assert response.status == 400
    assert "sk-abcdef" not in text
    assert "forbidden" not in text


@pytest.mark.parametrize("status", [401, 403])
async def test_refused_credentials_are_the_deployments_and_not_the_clients(status: int) -> None:
    body = b'{"error": {"message": "Incorrect API key provided: sk-ab**ef", "code": "invalid_api_key"}}'
    answer, _ = await exchange(unanswered(status, body))
    assert answer[0] == status
    assert "credentials configured for this deployment" in str(error(answer)["message"])
    assert b"sk-ab" not in answer[2]


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (unanswered(200, orjson.dumps(completion("hi"))), "upstream_malformed"),
        (unanswered(200, b"hello", "text/plain"), "upstream_malformed"),
        (unanswered(200, OPENAI_ERROR), "limit"),
        (unanswered(302, b"", Location="http://127.0.0.1:1/"), "upstream_malformed"),
        (unanswered(200, b"data: nonsense\n\n", "text/event-stream"), "upstream_malformed"),
        (unanswered(200, b"", "text/event-stream"), "upstream_error"),
        (unanswered(200, event({"error": {"code": "x", "message": "m"}}), "text/event-stream"), "x"),
    ],
)
async def test_unusable_answers_to_a_streamed_request(script: Script, code: str) -> None:
    answer, closed = await exchange(script)
    assert answer[0] == 502
    assert error(answer)["code"] == code
    assert closed.outcome is StreamOutcome.UPSTREAM_ERROR


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (unanswered(200, b"nonsense"), "upstream_malformed"),
        (unanswered(200, b'{"hello": 1}'), "upstream_malformed"),
        (unanswered(200, OPENAI_ERROR), "limit"),
        (unanswered(200, orjson.dumps(completion("x" * 5_000))), "upstream_malformed"),
    ],
)
async def test_unusable_answers_to_a_whole_request(script: Script, code: str) -> None:
    answer, _ = await exchange(script, stream=False, max_answer_bytes=4_000)
    assert answer[0] == 502
    assert error(answer)["code"] == code


async def mute(connection: Connection) -> None:
    await connection.gone()


async def headers_only(connection: Connection) -> None:
    await connection.head()
    await connection.gone()


async def comments_only(connection: Connection) -> None:
    await connection.head()
    await connection.chunk(b": thinking\n\n")
    await connection.gone()


@pytest.mark.parametrize(
    ("script", "clock", "code"),
    [
        (mute, "first_byte", "upstream_first_byte_timeout"),
        (headers_only, "first_byte", "upstream_first_byte_timeout"),
        (comments_only, "idle", "upstream_idle_timeout"),
        (mute, "lifetime", "upstream_lifetime_timeout"),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
async def test_time_outs_before_the_answer(script: Script, clock: str, code: str, stream: bool) -> None:
    answer, closed = await exchange(script, stream=stream, timeouts=patient(**{clock: 0.1}))
    assert answer[0] == 504
    assert error(answer)["code"] == code
    assert closed.outcome is StreamOutcome.TIMEOUT


async def test_an_upstream_that_is_not_there() -> None:
    async with upstream(mute) as model:
        url = model.url
    async with tidegate(configuration(deployment(url))) as proxy, proxy.post() as response:
        assert response.status == 502
        assert (await response.json())["error"]["code"] == "upstream_unreachable"


async def test_a_connection_that_takes_too_long() -> None:
    # A listener whose backlog is full: further connections are neither accepted nor refused.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        url = f"http://127.0.0.1:{address[1]}/"
        known = deployment(url, timeouts=patient(connect=0.2))
        async with tidegate(configuration(known)) as proxy, proxy.post() as response:
            assert response.status == 504
            assert (await response.json())["error"]["code"] == "upstream_connect_timeout"
        for each in waiting:
            each.close()


async def test_a_stale_pooled_connection_is_replaced() -> None:
    async def once(connection: Connection) -> None:
        if len(model.asked) == 2:
            connection.close()
            return
        await connection.events(delta("Hello"), delta(finish="stop"))

    async with upstream(once) as model, tidegate(configuration(deployment(model.url))) as proxy:
        for _ in range(2):
            async with proxy.post() as response:
                assert said(await response.read()) == "Hello"
    assert model.connections == 2


async def test_an_unexpected_exception_ends_the_stream_without_its_message(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    chunk = AnswerGuard.chunk

    def broken(guard: AnswerGuard, payload: bytes, now: float) -> list[bytes]:
        if b"hunter2" in payload:
            raise ValueError(payload.decode())
        return chunk(guard, payload, now)

    monkeypatch.setattr(AnswerGuard, "chunk", broken)

    async def script(connection: Connection) -> None:
        await begin(connection)
        await proxied.wait()
        await connection.chunk(event(delta("hunter2")))
        await connection.gone()

    proxied = asyncio.Event()
    async with upstream(script) as model, tidegate(configuration(deployment(model.url))) as proxy:
        async with proxy.post() as response:
            proxied.set()
            body = await response.read()
        closed = await proxy.recorder.first(StreamClosed)
    assert said(body) == "Hello"
    assert error_of(body)["code"] == "internal_error"
    assert closed.outcome is StreamOutcome.CANCELLED
    assert "hunter2" not in caplog.text + body.decode()
    assert "ValueError" in caplog.text
