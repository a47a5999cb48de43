"""``tidegate serve``: one process, or several that share a port under a supervisor."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from proxy.config.loader import load
from proxy.inference.workshop import Workshop
from proxy.metrics import MULTIPROCESS_VARIABLE
from proxy.server.listening import new_event_loop, require_loopback, reserve, serve_until, stop_signals
from proxy.server.supervisor import Supervisor
from proxy.upstream.client import UpstreamClient

OK = 0
FAILED = 1


def serve(config_path: Path, host: str, port: int, workers: int) -> int:
    """Serve the configuration at ``config_path`` until SIGTERM or SIGINT; return the exit status.

    That is 0 after an orderly stop and 1 where the address is taken or workers keep crashing. ``port`` 0 takes a
    free one. Prints one line with the address once requests are answered. Raises ConfigError where the
    configuration is unusable, or has no keys while ``host`` is more than loopback.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    configuration = load(config_path, os.environ, Workshop(UpstreamClient()).open)
    require_loopback(configuration, host)
    try:
        sockets, address = reserve(host, port, shared=workers > 1)
    except OSError as error:
        reason = "the port is in use" if error.errno == errno.EADDRINUSE else error.strerror
        print(f"tidegate: cannot listen on {host}:{port}: {reason}", file=sys.stderr)
        return FAILED

    def announce() -> None:
        print(f"Tidegate is listening on {address.url}", flush=True)

    if workers == 1:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_serve_alone(config_path, sockets, announce))
        return OK
    directory = tempfile.mkdtemp(prefix="tidegate-metrics-")
    os.environ[MULTIPROCESS_VARIABLE] = directory
    try:
        grace = configuration.server.shutdown_grace
        return Supervisor(config_path, address, workers, grace).run(announce)
    finally:
        del os.environ[MULTIPROCESS_VARIABLE]
        shutil.rmtree(directory, ignore_errors=True)
        for bound in sockets:
            bound.close()


async def _serve_alone(config_path: Path, sockets: list[socket.socket], announce: Callable[[], None]) -> None:
    await serve_until(stop_signals(), config_path, sockets, announce)
