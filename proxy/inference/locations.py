"""Where files of this installation are."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

MODELS_VARIABLE: Final = "TIDEGATE_MODELS"


def models_dir() -> Path:
    """Return the folder that holds a directory for each local model; it need not exist.

    It is the value of the environment variable ``TIDEGATE_MODELS``, else ``share/tidegate/models`` of the Python
    environment that runs.
    """
    chosen = os.environ.get(MODELS_VARIABLE)
    return Path(chosen) if chosen else Path(sys.prefix, "share", "tidegate", "models")
