"""`tidegate demo` end to end: the real proxy in front of the demo model, over real sockets."""

from __future__ import annotations

import asyncio
import io
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from proxy.demo.answers import AWS_KEY, CARD, GITHUB_TOKEN, IBAN, PHONE, STRIPE_KEY, choose
from proxy.demo.audience import Audience, Received, ask
from proxy.demo.command import PROMPT, banner, once, run
from proxy.demo.model import DemoModel, Pace
from proxy.demo.stage import API_KEY, LOOPBACK, demo_configuration, open_stage

AT_ONCE = Pace(0, 0)
TICKET = choose(PROMPT).content


@pytest.fixture
def audience() -> Audience:
    return Audience()


@pytest.fixture
async def base_url(audience: Audience) -> AsyncIterator[str]:
    async with open_stage(LOOPBACK, 0, DemoModel(AT_ONCE, listener=audience), [audience]) as port:
        yield f"http://{LOOPBACK}:{port}"


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind((LOOPBACK, 0))
        listening.listen()
        yield listening.getsockname()[1]


async def test_the_client_receives_the_answer_with_placeholders(base_url: str, audience: Audience) -> None:
    received = await ask(base_url, PROMPT)
    assert audience.text == TICKET
    for secret in ("maria.lopez@example.com", CARD, "Bluebird", "192.0.2.45", "_live_"):
        assert secret in audience.text
        assert secret not in received.text
    assert "<EMAIL_ADDRESS_0>" in received.text
    assert received.finish_reason == "stop"
    assert received.output_section["summary"]["pii"] == 1
    assert audience.holds
    assert audience.first_token.keys() == {"upstream", "client"}


@pytest.mark.parametrize(
    ("prompt", "secrets"),
    [
        ("email", ["maria.lopez@", "billing@", "ops+urgent@"]),
        ("card", [CARD]),
        ("key", [AWS_KEY, GITHUB_TOKEN, STRIPE_KEY]),
        ("phone", [PHONE, IBAN]),
        ("network", ["192.0.2.45", "2001:db8:85a3::8a2e:370:7334", "files.example.com"]),
        ("banned", ["Bluebird", "BLUEBIRD", "moonshine"]),
        ("long", ["harbour@", "moonshine", "198.51.100.17", "archive.example.com"]),
        ("poem", []),
    ],
)
async def test_every_kind_of_secret_is_withheld_and_nothing_else(
    base_url: str, audience: Audience, prompt: str, secrets: list[str]
) -> None:
    received = await ask(base_url, prompt)
    assert audience.text == choose(prompt).content
    assert all(secret in audience.text and secret not in received.text for secret in secrets)
    assert (received.text == audience.text) == (not secrets)


async def test_what_the_user_typed_comes_back_to_the_user(base_url: str, audience: Audience) -> None:
    received = await ask(base_url, "repeat: I am jane@example.org.")
    assert received.text == "I am jane@example.org."
    assert "jane" not in audience.text


@pytest.mark.parametrize(
    ("deployment", "prompt", "status", "finish_reason"),
    [
        ("demo", "banned", 200, "stop"),
        ("demo-block", "banned", 200, "content_filter"),
        ("demo-block", "Is there moonshine?", 400, None),
        ("demo-observe", "banned", 200, "stop"),
    ],
)
async def test_each_deployment_does_what_it_is_named_for(
    base_url: str, deployment: str, prompt: str, status: int, finish_reason: str | None
) -> None:
    body = {"model": deployment, "messages": [{"role": "user", "content": prompt}]}
    headers = {"Authorization": f"Bearer {API_KEY}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{base_url}/v1/chat/completions", json=body) as response,
    ):
        answer = await response.json()
    assert response.status == status
    if finish_reason is None:
        assert answer["error"]["code"] == "input_guardrails_violation"
    else:
        assert answer["choices"][0]["finish_reason"] == finish_reason
        assert ("moonshine" in answer["choices"][0]["message"]["content"]) == (deployment == "demo-observe")


def test_once_prints_both_sides_without_colour_where_it_is_no_terminal() -> None:
    page = io.StringIO()
    assert once(page, AT_ONCE) == 0
    assert "«maria.lopez@example.com»" in page.getvalue()
    assert "<EMAIL_ADDRESS_0>" in page.getvalue()
    assert "Held back" in page.getvalue()
    assert "\x1b" not in page.getvalue()


@pytest.mark.parametrize(("no_color", "coloured"), [(None, True), ("", True), ("1", False)])
def test_once_uses_colour_on_a_terminal_that_wants_it(
    no_color: str | None, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color is not None:
        monkeypatch.setenv("NO_COLOR", no_color)
    page = Terminal()
    once(page, AT_ONCE)
    assert ("\x1b[" in page.getvalue()) == coloured


def test_a_port_in_use_is_one_clear_line(taken_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(LOOPBACK, taken_port) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(rf"tidegate: port {taken_port} on 127\.0\.0\.1 is in use; .*\n", err)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_the_demo_serves_until_it_is_told_to_stop(stop: signal.Signals) -> None:
    program = f"from proxy.demo.command import run; raise SystemExit(run({LOOPBACK!r}, 0))"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        first = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        address = re.search(r"http://127\.0\.0\.1:\d+", first)
        assert address is not None
        received: Received = await ask(address.group(), "poem")
        assert "the gate stands in between" in received.text
        process.send_signal(stop)
        rest, _ = await asyncio.wait_for(process.communicate(), 30)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0
    assert rest.decode().endswith("Stopped.\n")


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("box", "box")],
)
def test_the_banner_shows_commands_that_can_be_pasted(host: str, shown: str) -> None:
    text = banner(host, 9000)
    assert f"curl -N http://{shown}:9000/v1/chat/completions" in text
    script = re.search(r"- <<'EOF'\n(.*?)\nEOF\n", text, re.DOTALL)
    assert script is not None
    assert len(script.group(1).splitlines()) == 5
    compile(script.group(1), "banner", "exec")
    assert f'base_url="http://{shown}:9000/v1"' in script.group(1)


def test_the_demo_configuration_names_its_deployments() -> None:
    configuration = demo_configuration("http://127.0.0.1:9/v1")
    assert list(configuration.deployments) == ["demo", "demo-block", "demo-observe"]
    assert not configuration.deployments["demo-observe"].output_policy.enforcing
    assert configuration.deployments["demo"].pii_redaction
