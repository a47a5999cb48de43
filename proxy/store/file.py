"""A configuration file behind a cached snapshot."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from aiocache import SimpleMemoryCache

from proxy.config.backends import OpenBackends, no_backends
from proxy.config.deployment import Configuration
from proxy.config.loader import load_sources
from proxy.config.problems import ConfigError
from proxy.config.sources import SourceFiles

_LOG = logging.getLogger(__name__)
_KEY = "configuration"


@dataclass(frozen=True, slots=True)
class _Snapshot:
    configuration: Configuration
    fresh_until: float


class FileStore:
    """Serves the configuration at ``path`` and follows its changes.

    A snapshot is trusted for ``ttl`` seconds of ``clock``. Then the next request has the file looked at, and
    waits while a changed one is compiled, so that a withdrawn key stops working at once. A file that cannot
    be used is refused and logged once; the snapshot before it stays in use.

    Raises :class:`ConfigError` from :meth:`configuration` only while no file has ever been usable.
    """

    def __init__(
        self,
        path: Path,
        environ: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
        ttl: float = 5.0,
        open_backends: OpenBackends = no_backends,
    ) -> None:
        """Read ``path`` when it is first asked for; ``open_backends`` makes what the detectors ask."""
        self._path = path
        self._environ = environ
        self._clock = clock
        self._ttl = ttl
        self._open_backends = open_backends
        # The snapshot outlives its time, since it may have to serve on: it carries its own end of trust.
        self._cache = SimpleMemoryCache(timeout=None)
        self._lock = asyncio.Lock()
        self._asked = 0
        self._answered = 0
        self._sources: SourceFiles | None = None
        self._refused: ConfigError | None = None

    async def configuration(self, refresh: bool = False) -> Configuration:
        """The present configuration; ``refresh`` has the file's contents compared now."""
        snapshot = await self._snapshot()
        if snapshot is not None and not refresh and self._clock() < snapshot.fresh_until:
            return snapshot.configuration
        self._asked += 1
        # Shielded: a client that gives up must not end the look that others are waiting for.
        return await asyncio.shield(asyncio.create_task(self._look(self._asked, refresh)))

    async def _snapshot(self) -> _Snapshot | None:
        snapshot: _Snapshot | None = await self._cache.get(_KEY)
        return snapshot

    async def _look(self, ticket: int, refresh: bool) -> Configuration:
        """Answer request number ``ticket``: by a look that began after it was made, or by a new one."""
        async with self._lock:
            snapshot = await self._snapshot()
            if snapshot is not None and ticket <= self._answered:
                return snapshot.configuration
            upto = self._asked
            present = snapshot.configuration if snapshot else None
            configuration = await asyncio.to_thread(self._reload, present, refresh)
            await self._cache.set(_KEY, _Snapshot(configuration, self._clock() + self._ttl))
            self._answered = upto
            return configuration

    def _reload(self, present: Configuration | None, refresh: bool) -> Configuration:
        """The configuration to use from now on. Runs in a thread: compiling long word lists takes a while."""
        if self._sources is not None and not self._sources.changed(thorough=refresh):
            if present is not None:
                return present
            if self._refused is not None:
                raise ConfigError(self._refused.problems)
        self._sources = SourceFiles(self._path)
        try:
            loaded = load_sources(self._sources, self._environ, self._open_backends)
            _check_replacement(present, loaded)
        except ConfigError as error:
            self._refused = error
            for problem in error.problems:
                _LOG.error("configuration refused: %s", problem)
            if present is None:
                raise
            return present
        self._refused = None
        if present is not None:
            _LOG.info("configuration reloaded")
        return loaded


def _check_replacement(present: Configuration | None, loaded: Configuration) -> None:
    """The address was chosen for a server with keys; without them, it might be open to a network."""
    if present is not None and loaded.server.allow_anonymous and not present.server.allow_anonymous:
        raise ConfigError(["server.allow_anonymous: cannot be turned on while the server runs; start it anew"])
