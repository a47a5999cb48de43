"""What local detectors cost on this machine: the time of one window, what many streams gain, and memory."""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from typing import Final

from proxy.guard.checks import Backend, Exchange
from proxy.inference.evaluation.metrics import percentile
from proxy.inference.onnx_directory import TOKENIZER
from proxy.inference.workshop import EMBEDDING_MODEL, LOCAL_MODELS, Workshop
from proxy.upstream.client import UpstreamClient

TOKENS: Final = 64
STREAMS: Final = 16
_RUNS: Final = 60
_ROUNDS: Final = 5
_TEXT: Final = "the report was late again and nobody on the team could say why it had to wait until the next week"
_WORDS: Final = _TEXT.split()

Measured = tuple[float, int]
"""A figure, and what it is the outcome of: how many windows, or models."""


async def window_milliseconds(detector: str) -> Measured:
    """Return the median time of one window of :data:`TOKENS` tokens, with nothing else to do, on one thread."""
    async with UpstreamClient() as client:
        workshop = Workshop(client, threads=1)
        try:
            backend = workshop.open({}).classifier(detector, None)
            texts = _texts(workshop, detector, _RUNS)
            return (percentile([await _seconds(backend, [text]) for text in texts], 0.5) or 0.0) * 1000, _RUNS
        finally:
            await workshop.aclose()


async def gain_of_streams(detector: str) -> Measured:
    """Return how many times as many windows per second :data:`STREAMS` streams get together as one alone.

    Both have all cores; windows have :data:`TOKENS` tokens. The median of some rounds, each with texts of its own: one
    that was asked before is answered from memory.
    """
    async with UpstreamClient() as client:
        workshop = Workshop(client)
        try:
            backend = workshop.open({}).classifier(detector, None)
            gains: list[float] = []
            texts = _texts(workshop, detector, _ROUNDS * 4 * STREAMS)
            for first in range(0, len(texts), 4 * STREAMS):
                alone, together = texts[first : first + 2 * STREAMS], texts[first + 2 * STREAMS : first + 4 * STREAMS]
                seconds = sum([await _seconds(backend, [text]) for text in alone])
                gains.append(
                    seconds / sum([await _seconds(backend, together[at : at + STREAMS]) for at in (0, STREAMS)])
                )
            return percentile(gains, 0.5) or 0.0, len(texts)
        finally:
            await workshop.aclose()


async def megabytes() -> Measured:
    """Return the most memory this process has had (resident), with every local model loaded and asked, in MB of 10^6.

    It says what a server needs only where nothing else has been done in this process before.
    """
    async with UpstreamClient() as client:
        workshop = Workshop(client)
        try:
            backends = workshop.open({})
            asked = [backends.classifier(detector, None) for detector in LOCAL_MODELS]
            asked.append(backends.similarity(lambda _: ("a reference",)))
            long = " ".join(_WORDS * 4)[:384]
            await asyncio.gather(*(backend.read(long, Exchange()) for backend in asked for _ in range(STREAMS)))
        finally:
            await workshop.aclose()
    unit = 1 if sys.platform == "darwin" else 1024
    models = len({*LOCAL_MODELS.values(), EMBEDDING_MODEL})
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, models


async def _seconds(backend: Backend, texts: list[str]) -> float:
    began = time.perf_counter()
    await asyncio.gather(*(backend.read(text, Exchange()) for text in texts))
    return time.perf_counter() - began


def _texts(workshop: Workshop, detector: str, count: int) -> list[str]:
    """Different texts of about as many tokens, so that none is answered from memory."""
    from tokenizers import Tokenizer

    directory = workshop.local_directory(LOCAL_MODELS[detector], detector)
    tokenizer = Tokenizer.from_file(str(directory.path / TOKENIZER))
    tokenizer.no_padding()
    made: list[str] = []
    for number in range(count):
        words: list[str] = [f"note {number}"]
        while len(tokenizer.encode(" ".join(words)).ids) < TOKENS:
            words.append(_WORDS[(len(words) * 7 + number) % len(_WORDS)])
        made.append(" ".join(words))
    return made
