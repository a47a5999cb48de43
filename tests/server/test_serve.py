"""``serve`` as an operator runs it: processes, signals, and what is printed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from proxy.config.problems import ConfigError
from proxy.server.workers import FAILED, serve
from tests.support.frames import error_of
from tests.support.proxies import ask
from tests.support.upstreams import Connection, delta, event, upstream

CHAT = "/v1/chat/completions"
START = 30.0
"""Seconds that starting or stopping may take on a busy machine."""

needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds workers in /proc")


def write_config(directory: Path, url: str = "http://127.0.0.1:9/", **server: object) -> Path:
    path = directory / "tidegate.yaml"
    document = {
        "models": [{"model_saved_name": "m", "model_config": {"endpoint_url": url}}],
        "deployments": [{"name": "d", "model_saved_name": "m"}],
        "server": {"allow_anonymous": True, "shutdown_grace": 0} | server,
    }
    path.write_text(json.dumps(document))
    return path


class Running:
    """A server process and a session that speaks to it."""

    def __init__(self, process: asyncio.subprocess.Process, session: aiohttp.ClientSession) -> None:
        self.process = process
        self.session = session

    def workers(self) -> set[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()}

    async def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), START)


@asynccontextmanager
async def running(config: Path, workers: int = 1) -> AsyncIterator[Running]:
    arguments = ["serve", "--config", str(config), "--port", "0", "--workers", str(workers)]
    environ = {name: value for name, value in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"}
    # A server that is killed leaves its directory behind.
    environ["TMPDIR"] = str(config.parent)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "proxy", *arguments, stdout=asyncio.subprocess.PIPE, env=environ
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START)
        address = re.search(rb"http://\S+", line)
        assert address is not None, line
        async with aiohttp.ClientSession(
            address[0].decode(), connector=aiohttp.TCPConnector(force_close=True)
        ) as session:
            yield Running(process, session)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        # Ends when the last process that inherited it has ended.
        await asyncio.wait_for(process.stdout.read(), START)
        await process.wait()


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_stop_ends_streams_with_an_error_frame_and_the_process_with_zero(tmp_path: Path, workers: int) -> None:
    async def script(connection: Connection) -> None:
        await connection.head()
        await connection.chunk(event(delta("Hello")))
        await connection.gone()

    async with upstream(script) as model, running(write_config(tmp_path, model.url), workers) as server:
        async with server.session.post(CHAT, json=ask(model="d")) as response:
            await response.content.readany()
            async with server.session.get("/metrics") as metrics:
                assert 'tidegate_active_streams{deployment="d"} 1.0' in await metrics.text()
            status = asyncio.ensure_future(server.stop())
            assert error_of(await response.read())["code"] == "server_shutdown"
        assert await status == 0


async def test_a_client_that_leaves_closes_the_upstream(tmp_path: Path) -> None:
    left = asyncio.Event()

    async def script(connection: Connection) -> None:
        await connection.head()
        await connection.chunk(event(delta("Hello")))
        await connection.gone()
        left.set()

    async with upstream(script) as model, running(write_config(tmp_path, model.url)) as server:
        response = await server.session.post(CHAT, json=ask(model="d"))
        await response.content.readany()
        response.close()
        await asyncio.wait_for(left.wait(), START)
        # Stopping the server would have closed it as well.
        assert server.process.returncode is None


@needs_proc
async def test_a_worker_that_dies_is_replaced_and_too_many_end_the_server(tmp_path: Path) -> None:
    async with running(write_config(tmp_path), workers=2) as server:
        killed: set[int] = set()
        async with asyncio.timeout(START):
            while server.process.returncode is None:
                for pid in server.workers() - killed:
                    os.kill(pid, signal.SIGKILL)
                    killed.add(pid)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(server.process.wait(), 0.05)
        assert len(killed) > 2
        assert await server.process.wait() == FAILED


async def test_workers_do_not_outlive_their_supervisor(tmp_path: Path) -> None:
    async with running(write_config(tmp_path), workers=2) as server:
        server.process.kill()
        assert await server.process.wait() == -signal.SIGKILL
    # Leaving the block has waited for every process.


def test_a_port_in_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert serve(write_config(tmp_path), "127.0.0.1", port, 1) == FAILED
    assert capsys.readouterr().err == f"tidegate: cannot listen on 127.0.0.1:{port}: the port is in use\n"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_without_keys_only_loopback_is_listened_on(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigError, match="loopback"):
        serve(write_config(tmp_path), host, 0, 1)


def test_an_unusable_configuration_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        serve(write_config(tmp_path, allow_anonymous=False), "127.0.0.1", 0, 2)
