"""The interface of a store, and its simplest implementation."""

from __future__ import annotations

from typing import Protocol

from proxy.config.deployment import Configuration


class Store(Protocol):
    """Something that knows the present configuration."""

    async def configuration(self, refresh: bool = False) -> Configuration:
        """The present configuration; ``refresh`` asks the source instead of trusting what is cached.

        Raises :class:`proxy.config.problems.ConfigError` where there has never been a usable one.
        """


class StaticStore:
    """A store that always has the same configuration."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration

    async def configuration(self, refresh: bool = False) -> Configuration:
        """The configuration given at the start."""
        return self._configuration
