"""One process that serves: where it listens, and how it stops."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from proxy.config.deployment import Configuration
from proxy.config.problems import ConfigError
from proxy.inference.workshop import Workshop
from proxy.server.app import create_app
from proxy.server.services import SERVICES
from proxy.store import FileStore
from proxy.upstream.client import UpstreamClient

BACKLOG = 1_024
"""Connections that may wait to be accepted."""
KEEPALIVE_SECONDS = 75.0
"""Seconds that an unused client connection stays open; longer than the 60 of most load balancers."""

_LAST_WORDS = 1.0


@dataclass(frozen=True, slots=True)
class Address:
    """What to listen on: every address of ``host``, all with one port."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """For people to click on."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def require_loopback(configuration: Configuration, host: str) -> None:
    """Raise ConfigError where a server without keys would be open to a network, OSError where ``host`` is unknown."""
    if not configuration.server.allow_anonymous:
        return
    if not all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in _addresses(host)):
        problem = f"server.allow_anonymous: without keys, only loopback can be listened on, and {host} is not"
        raise ConfigError([problem])


def reserve(host: str, port: int, *, shared: bool) -> tuple[list[socket.socket], Address]:
    """Bind every address of ``host``; ``port`` 0 takes a free one. ``shared`` lets other processes bind them too.

    The sockets do not listen yet. Raises OSError where an address is taken.
    """
    sockets: list[socket.socket] = []
    try:
        for address in _addresses(host):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            bound = socket.socket(family, socket.SOCK_STREAM)
            sockets.append(bound)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shared:
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                # Otherwise :: would also take the IPv4 port that 0.0.0.0 is about to ask for.
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            bound.bind((address, port))
            port = bound.getsockname()[1]
    except OSError:
        for bound in sockets:
            bound.close()
        raise
    return sockets, Address(host, port)


async def serve_until(
    stop: asyncio.Event, config_path: Path, sockets: list[socket.socket], ready: Callable[[], None]
) -> None:
    """Serve the configuration at ``config_path`` on bound sockets; call ``ready`` once connections are accepted.

    After ``stop`` no connection is accepted, readiness is denied, and answers in progress get the configured grace
    before they are ended with an error frame.
    """
    upstream = UpstreamClient()
    workshop = Workshop(upstream)
    store = FileStore(config_path, os.environ, open_backends=workshop.open)
    app = create_app(store, upstream=upstream, workshop=workshop)
    runner = web.AppRunner(
        app,
        handler_cancellation=True,
        access_log=None,
        keepalive_timeout=KEEPALIVE_SECONDS,
        shutdown_timeout=_LAST_WORDS,
        logger=_http_log(),
    )
    await runner.setup()
    try:
        sites = [web.SockSite(runner, bound, backlog=BACKLOG) for bound in sockets]
        for site in sites:
            await site.start()
        ready()
        await stop.wait()
        for site in sites:
            await site.stop()
        await app[SERVICES].admission.drain((await store.configuration()).server.shutdown_grace)
    finally:
        await runner.cleanup()


def stop_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set from now on."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def new_event_loop() -> asyncio.AbstractEventLoop:
    """The fastest event loop there is for this platform."""
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()


class _Discreet(logging.Filter):
    """Keeps what a client sent out of the log: aiohttp quotes lines that it cannot read, keys and all."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            record.msg, record.args = "%s: %s", (record.getMessage(), type(error).__name__)
            record.exc_info = record.exc_text = None
        return True


def _http_log() -> logging.Logger:
    log = logging.getLogger(f"{__name__}.http")
    if not log.filters:
        log.addFilter(_Discreet())
    return log


def _addresses(host: str) -> list[str]:
    found = socket.getaddrinfo(host or None, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
