"""The routes as clients see them: keys, headers, sizes, errors, and what the server says of itself."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from proxy.config.deployment import Configuration
from proxy.config.problems import ConfigError
from proxy.events import RequestFinished
from tests.support.frames import said
from tests.support.proxies import CHAT, DEPLOYMENT, HEADERS, KEY, Proxy, ask, configuration, deployment, tidegate
from tests.support.upstreams import Connection, Upstream, completion, delta, upstream

V1 = "/v1/chat/completions"
BEARER = {"Authorization": f"Bearer {KEY}"}


async def answer(connection: Connection) -> None:
    if connection.json.get("stream"):
        await connection.events(delta("Hello"), delta(finish="stop"))
    else:
        await connection.whole(json.dumps(completion("Hello")).encode())


@pytest_asyncio.fixture
async def model() -> AsyncIterator[Upstream]:
    async with upstream(answer) as state:
        yield state


@pytest_asyncio.fixture
async def proxy(model: Upstream) -> AsyncIterator[Proxy]:
    async with tidegate(configuration(deployment(model.url), max_body_bytes=2_000)) as running:
        yield running


def is_error(body: dict[str, object], code: str) -> bool:
    error = body["error"]
    assert isinstance(error, dict)
    assert error.keys() == {"message", "type", "param", "code"}
    assert "message" not in body
    return bool(error["code"] == code)


@pytest.mark.parametrize("path", [CHAT, V1])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"apikey": "wrong"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": KEY},
        # An apikey that is given decides, whatever else the client's library adds.
        {"apikey": "wrong", **BEARER},
        {"apikey": KEY[:-1]},
    ],
)
async def test_without_a_good_key_nothing_else_is_looked_at(
    proxy: Proxy, model: Upstream, path: str, headers: dict[str, str]
) -> None:
    bad = {"X-Enkrypt-Refresh-Cache": "perhaps", "Content-Type": "text/plain"}
    async with proxy.session.post(path, data=b"no json", headers=headers | bad) as response:
        body = await response.json()
    assert response.status == 401
    assert is_error(body, "invalid_api_key")
    assert body["request_id"] == response.headers["x-request-id"]
    assert "WWW-Authenticate" in response.headers
    assert not model.asked


@pytest.mark.parametrize("path", [CHAT, V1])
@pytest.mark.parametrize("key", [{"apikey": KEY}, {"api_key": KEY}, BEARER, {"Authorization": f"bearer {KEY}"}])
async def test_every_place_for_a_key(proxy: Proxy, path: str, key: dict[str, str]) -> None:
    async with proxy.post(path, headers=key | {"X-Enkrypt-Deployment": DEPLOYMENT}) as response:
        assert said(await response.read()) == "Hello"


async def test_openai_clients_name_the_deployment_as_the_model(proxy: Proxy) -> None:
    async with proxy.post(V1, ask(model=DEPLOYMENT), headers=BEARER) as response:
        assert said(await response.read()) == "Hello"
    assert (await proxy.recorder.first(RequestFinished)).deployment == DEPLOYMENT


@pytest.mark.parametrize(
    ("path", "headers", "fields", "status", "code", "param"),
    [
        (CHAT, {}, {}, 400, "missing_required_parameter", "X-Enkrypt-Deployment"),
        (CHAT, {"X-Enkrypt-Deployment": "nope"}, {}, 404, "deployment_not_found", "X-Enkrypt-Deployment"),
        (V1, {"X-Enkrypt-Deployment": "nope"}, {}, 404, "deployment_not_found", "X-Enkrypt-Deployment"),
        (V1, {}, {"model": "nope"}, 404, "model_not_found", "model"),
        (V1, {}, {"model": ""}, 400, "missing_required_parameter", "model"),
        (CHAT, HEADERS, {"temperature": 3}, 400, "invalid_value", "temperature"),
        (CHAT, HEADERS, {"messages": []}, 400, None, "messages"),
        (CHAT, HEADERS | {"X-Enkrypt-Refresh-Cache": "yes"}, {}, 400, "invalid_value", "X-Enkrypt-Refresh-Cache"),
        (CHAT, HEADERS | {"X-Enkrypt-Tags": "x" * 200}, {}, 400, "invalid_value", "X-Enkrypt-Tags"),
    ],
)
async def test_requests_that_cannot_be_answered_as_asked(
    proxy: Proxy,
    model: Upstream,
    path: str,
    headers: dict[str, str],
    fields: dict[str, object],
    status: int,
    code: str | None,
    param: str,
) -> None:
    async with proxy.post(path, ask(**fields), headers={"apikey": KEY} | headers) as response:
        body = await response.json()
    assert response.status == status
    assert code is None or is_error(body, code)
    assert body["error"]["param"] == param
    assert not model.asked


async def test_headers_that_are_fine(proxy: Proxy) -> None:
    fine = {"X-Enkrypt-Tags": "a, b-c,", "X-Enkrypt-Refresh-Cache": "True", "Content-Type": "application/json; a=b"}
    async with proxy.post(headers=HEADERS | fine) as response:
        assert response.status == 200


async def test_a_strict_deployment_is_strict_however_it_is_named(model: Upstream) -> None:
    async with tidegate(configuration(deployment(model.url, strict_schema=True))) as proxy:
        for path, headers in ((CHAT, HEADERS), (V1, BEARER)):
            body = ask(model=DEPLOYMENT, reasoning_effort="extreme")
            async with proxy.post(path, body, headers=headers) as response:
                assert response.status == 400
                assert (await response.json())["error"]["param"] == "reasoning_effort"


async def test_a_body_that_is_not_json(proxy: Proxy) -> None:
    async with proxy.session.post(CHAT, data=b"{", headers=HEADERS | {"Content-Type": "application/json"}) as response:
        assert response.status == 400
        assert is_error(await response.json(), "invalid_json")
    async with proxy.session.post(CHAT, data=b"{}", headers=HEADERS | {"Content-Type": "text/plain"}) as response:
        assert response.status == 415
        assert is_error(await response.json(), "unsupported_media_type")


async def test_a_body_without_a_content_type_is_taken_for_json(proxy: Proxy) -> None:
    content = json.dumps(ask()).encode()
    head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\nConnection: close\r\n"
    lines = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(f"{head}{lines}\r\n".encode() + content)
    assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
    writer.close()


async def test_a_declared_body_over_the_limit_is_refused_before_it_is_sent(proxy: Proxy) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: 2001\r\n{lines}\r\n".encode())
    async with asyncio.timeout(10):
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    writer.close()


async def test_an_endless_body_is_refused_at_the_limit(proxy: Proxy) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n{lines}\r\n".encode())
    for _ in range(3):
        writer.write(b"3e8\r\n" + b" " * 1_000 + b"\r\n")
    async with asyncio.timeout(10):
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    writer.close()


async def test_a_client_that_breaks_off_its_body_is_forgotten(proxy: Proxy) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n{lines}\r\nabc".encode())
    writer.close()
    assert (await proxy.recorder.first(RequestFinished)).status == 499
    assert proxy.admission.active == 0


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("POST", "/", 404, "not_found"),
        ("GET", CHAT, 405, "method_not_allowed"),
        ("DELETE", "/healthz", 405, "method_not_allowed"),
    ],
)
async def test_unknown_routes_and_methods(proxy: Proxy, method: str, path: str, status: int, code: str) -> None:
    async with proxy.session.request(method, path) as response:
        assert response.status == status
        assert is_error(await response.json(), code)
        assert ("Allow" in response.headers) == (status == 405)
    assert (await proxy.recorder.first(RequestFinished)).route == "unknown"


async def test_head_is_answered_where_get_is(proxy: Proxy) -> None:
    async with proxy.session.head("/healthz") as response:
        assert response.status == 200
        assert await response.read() == b""


@pytest.mark.parametrize("given", ["bad id", "x" * 200, "ünsafe", ""])
async def test_an_unfit_request_id_is_replaced(proxy: Proxy, given: str) -> None:
    async with proxy.session.get("/healthz", headers={"x-request-id": given}) as response:
        assert response.headers["x-request-id"].startswith("req_")


async def test_models_are_the_deployments(proxy: Proxy) -> None:
    async with proxy.session.get("/v1/models", headers=BEARER) as response:
        listed = await response.json()
    assert listed["object"] == "list"
    assert [each["id"] for each in listed["data"]] == [DEPLOYMENT]
    async with proxy.session.get(f"/v1/models/{DEPLOYMENT}", headers=BEARER) as response:
        assert await response.json() == listed["data"][0]
    async with proxy.session.get("/v1/models/nope", headers=BEARER) as response:
        assert response.status == 404
        assert is_error(await response.json(), "model_not_found")
    async with proxy.session.get("/v1/models") as response:
        assert response.status == 401


async def test_what_the_server_says_of_itself(proxy: Proxy) -> None:
    async with proxy.session.get("/healthz") as response:
        assert response.status == 200
    async with proxy.session.get("/readyz") as response:
        assert response.status == 200
    async with proxy.session.get("/openapi.json") as response:
        assert CHAT in (await response.json())["paths"]
    async with proxy.session.get("/metrics") as response:
        assert "tidegate_requests_total" in await response.text()
    proxy.admission.draining = True
    async with proxy.session.get("/readyz") as response:
        assert response.status == 503
    async with proxy.session.get("/healthz") as response:
        assert response.status == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/openapi.json", "/v1/models"])
async def test_a_route_answers_in_the_media_type_that_the_description_names(proxy: Proxy, path: str) -> None:
    async with proxy.session.get("/openapi.json") as response:
        described = (await response.json())["paths"][path]["get"]["responses"]["200"]["content"]
    async with proxy.session.get(path, headers=BEARER) as response:
        assert [response.content_type] == list(described)


async def test_a_server_without_a_configuration_is_not_ready() -> None:
    class Unusable:
        async def configuration(self, refresh: bool = False) -> Configuration:
            raise ConfigError(["nothing there"])

    async with tidegate(Unusable()) as proxy, proxy.session.get("/readyz") as response:
        assert response.status == 503


async def test_a_refresh_asks_the_store_anew(model: Upstream) -> None:
    class Watched:
        refreshed: list[bool]

        def __init__(self) -> None:
            self.refreshed = []

        async def configuration(self, refresh: bool = False) -> Configuration:
            self.refreshed.append(refresh)
            return configuration(deployment(model.url))

    store = Watched()
    async with tidegate(store) as proxy:
        async with proxy.post(headers=HEADERS | {"X-Enkrypt-Refresh-Cache": "true"}) as response:
            assert response.status == 200
        assert store.refreshed == [False, True]


async def test_a_server_with_all_its_slots_taken(model: Upstream) -> None:
    begun, leave = asyncio.Event(), asyncio.Event()

    async def waits(connection: Connection) -> None:
        begun.set()
        await leave.wait()
        await connection.events(delta("Hello"), delta(finish="stop"))

    async with upstream(waits) as slow, tidegate(configuration(deployment(slow.url), max_active_streams=1)) as proxy:
        first = asyncio.ensure_future(proxy.post().__aenter__())
        await begun.wait()
        async with proxy.post() as refused:
            assert refused.status == 503
            assert refused.headers["Retry-After"] == "1"
            assert is_error(await refused.json(), "overloaded")
        leave.set()
        assert said(await (await first).read()) == "Hello"
        async with proxy.post() as response:
            assert response.status == 200


async def test_malformed_http_does_not_reach_the_handlers(proxy: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port)) as connection:
        await asyncio.to_thread(connection.sendall, b"nonsense\r\n\r\n")
        assert (await asyncio.to_thread(connection.recv, 100)).startswith(b"HTTP/1.0 400 ")
