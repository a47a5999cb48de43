"""Starting and stopping real processes, and what to do where something needed for that is missing."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)\s")
_POLL = 0.02
_STARTUP = 20.0
_FAREWELL = 5.0


def missing(what: str) -> None:
    """Fail the test where everything has to be there (``CI=true``); skip it elsewhere."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing")


def require_packages(*modules: str) -> None:
    """Go on only where all these Python modules can be imported."""
    for module in modules:
        if importlib.util.find_spec(module) is None:
            missing(f"the Python package for `{module}` (extra `conformance`)")


def require_program(name: str) -> str:
    """The path of a program on PATH."""
    path = shutil.which(name)
    if path is None:
        missing(f"the program `{name}`")
    assert path is not None
    return path


@contextlib.contextmanager
def listening(arguments: Sequence[str]) -> Iterator[int]:
    """Run this Python with ``arguments`` until the block is left; gives the loopback port that it says it listens on.

    Raises RuntimeError, with what the process wrote, where it does not come up, or logs an exception while it runs.
    """
    with tempfile.TemporaryDirectory(prefix="tidegate-conformance-") as folder:
        output = Path(folder, "output")
        with output.open("wb") as sink:
            process = subprocess.Popen(
                [sys.executable, *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT
            )
        try:
            yield _announced(process, output)
        finally:
            process.terminate()
            try:
                process.wait(_FAREWELL)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if "Traceback" in (written := output.read_text(errors="replace")):
            raise RuntimeError(written)


def _announced(process: subprocess.Popen[bytes], output: Path) -> int:
    deadline = time.monotonic() + _STARTUP
    while process.poll() is None and time.monotonic() < deadline:
        if announced := _ADDRESS.search(output.read_text(errors="replace")):
            return int(announced[1])
        time.sleep(_POLL)
    raise RuntimeError(f"not listening (exit status {process.returncode}): {output.read_text(errors='replace')}")
