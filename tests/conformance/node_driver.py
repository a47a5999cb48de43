"""Running the drivers of the JavaScript clients in ``node/``."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.conformance.processes import missing, require_program

_FOLDER = Path(__file__).parent / "node"
_SECONDS = 30.0


def drive(driver: str, package: str, **call: object) -> dict[str, Any]:
    """What the driver of one client prints about one call.

    Raises :class:`subprocess.CalledProcessError` where node ends badly, as it does for an exception that a client
    lets escape.
    """
    node = require_program("node")
    if not (_FOLDER / "node_modules" / package).is_dir():
        missing(f"the node package `{package}` (run `npm install` in tests/conformance/node)")
    command = [node, str(_FOLDER / driver), json.dumps(call)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=True)
    # Whatever a client has to say to a developer is a sign that it did not like what it saw.
    assert done.stderr == ""
    result: dict[str, Any] = json.loads(done.stdout)
    return result
