"""What local models cost: `python tests/bench/bench_inference.py [DIRECTORY OF MODELS]`.

For each model: the median time of one window of 64 tokens, alone on one core; windows per second of 16 streams that ask
at once, through the batcher, against the same windows asked one after the other; and last the memory of this process
with all models loaded. The directory is by default the one that `tidegate models` fills.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import time
from itertools import pairwise
from pathlib import Path

from proxy.inference.batcher import Batcher
from proxy.inference.local import OnnxModel
from proxy.inference.locations import models_dir
from proxy.inference.onnx_directory import TOKENIZER, ModelDirectory, describe_directory
from proxy.inference.tokens import load_tokens
from proxy.inference.workshop import HEADS, Workshop
from proxy.upstream.client import UpstreamClient

TOKENS = 64
STREAMS = 16
WINDOWS = 8
"""Windows that each stream asks about, one after the other."""
REPEATS = 60
WORDS = tuple(
    word
    for line in (
        "the order was shipped on tuesday and should arrive within three days as we said when you called us please",
        "the box if anything is broken our shop can repair or replace it free of charge have a look at the manual",
    )
    for word in line.split()
)


def windows(directory: ModelDirectory, count: int) -> list[str]:
    """Different texts of 64 tokens each."""
    tokens, chance = load_tokens(directory.path / TOKENIZER, directory.max_tokens), random.Random(1)
    found = []
    while len(found) < count:
        words = chance.choices(WORDS, k=TOKENS)
        while len(tokens.pieces(" ".join(words))[0].ids) > TOKENS:
            words.pop()
        found.append(" ".join(words))
    return found


def one_window(directory: ModelDirectory) -> tuple[float, int]:
    """Median milliseconds of a window, tokenizing included, and how many texts an inference may have."""
    model, head = OnnxModel(directory), HEADS[directory.task]
    texts = windows(directory, REPEATS)
    model.read(texts[:1], head)
    taken = []
    for text in texts:
        began = time.perf_counter()
        model.read([text], head)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1e3, model.most_together


async def stream(batcher: Batcher[object], texts: list[str]) -> None:
    """Ask about each window when the one before is answered, as a stream does."""
    for text in texts:
        await batcher.ask(text, 600)


async def throughput(directory: ModelDirectory, workshop: Workshop) -> tuple[float, float, float, float]:
    """Windows per second one after the other, and of 16 streams at once; then the same per second of processor time,
    which says what a busy machine hides."""
    batcher = workshop.batcher(directory)
    total = STREAMS * WINDOWS
    texts = windows(directory, 2 * total + 1)
    await batcher.ask(texts.pop(), 600)
    marks = [(time.perf_counter(), time.process_time())]
    await stream(batcher, texts[:total])
    marks.append((time.perf_counter(), time.process_time()))
    await asyncio.gather(*(stream(batcher, texts[total + at : 2 * total : STREAMS]) for at in range(STREAMS)))
    marks.append((time.perf_counter(), time.process_time()))
    alone, together = ([total / (b - a) for a, b in zip(*pair, strict=True)] for pair in pairwise(marks))
    return alone[0], together[0], alone[1], together[1]


def resident() -> float:
    """Megabytes of memory that this process has now (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def described(folder: Path) -> list[ModelDirectory]:
    """The models in ``folder``."""
    directories = [describe_directory(path.parent) for path in sorted(folder.glob("*/config.json"))]
    if not directories:
        raise SystemExit(f"no models in {folder}: run `tidegate models`, or name their directory")
    return directories


async def main(folder: Path, directories: list[ModelDirectory]) -> None:
    """Print the table."""
    before = resident()
    workshop = Workshop(UpstreamClient(), folder)
    kept = [workshop.batcher(directory) for directory in directories]
    for directory, batcher in zip(directories, kept, strict=True):
        await batcher.ask(windows(directory, 1)[0], 600)
    loaded = resident()
    heads = ("model", "64 tokens ms", "alone /s", "16 streams /s", "ratio", "cpu ms alone", "16 streams", "texts a run")
    print("  ".join(f"{head:>13}" for head in heads))
    for directory in directories:
        median, most = one_window(directory)
        alone, together, cpu_alone, cpu_together = await throughput(directory, workshop)
        figures = (median, alone, together, together / alone, 1e3 / cpu_alone, 1e3 / cpu_together)
        cells = (f"{directory.path.name:>13}", *(f"{figure:13.2f}" for figure in figures), f"{most:13}")
        print("  ".join(cells), flush=True)
    print(f"memory: {before:.0f} MB before, {loaded:.0f} MB with all models loaded, {resident():.0f} MB after the load")
    await workshop.aclose()


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else models_dir()
    asyncio.run(main(chosen, described(chosen)))
