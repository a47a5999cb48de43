"""Where long computations go, so that the other answers of the process keep flowing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

LARGE = 32_768
"""Bytes of text from which guarding takes long enough (tens of milliseconds) to be noticed by everybody else."""

T = TypeVar("T")


async def aside(work: Callable[[], T], size: int) -> T:
    """Return what ``work`` on ``size`` bytes returns, or raise what it raises; in a thread where that takes long.

    A cancelled caller does not stop a thread that has begun: what it works on must be nobody else's.
    """
    return await asyncio.to_thread(work) if size >= LARGE else work()
