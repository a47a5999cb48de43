"""The files a configuration was read from, and whether they have changed since."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class _State:
    """What a file looked like; an unreadable one has no stamp and no digest."""

    stamp: tuple[int, int, int] | None
    digest: bytes | None


class SourceFiles:
    """A configuration file and what it refers to. Each read is remembered, failed ones too."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._states: dict[Path, _State] = {}

    def read(self, name: str | Path) -> str:
        """The text of ``name``, relative to the configuration file's directory, in UTF-8.

        Raises :class:`OSError` or :class:`UnicodeDecodeError`.
        """
        path = self.root.parent / name
        self._states[path] = _State(None, None)
        stamp = _stamp(path)
        data = path.read_bytes()
        self._states[path] = _State(stamp, _digest(data))
        return data.decode("utf-8-sig")

    def changed(self, *, thorough: bool = False) -> bool:
        """True where a file's contents differ from what was read.

        Contents are only looked at where size, time or identity differ, or where ``thorough``.
        """
        return any(self._differs(path, state, thorough) for path, state in self._states.items())

    def _differs(self, path: Path, state: _State, thorough: bool) -> bool:
        stamp = _stamp(path)
        if stamp == state.stamp and not thorough:
            return False
        try:
            digest = _digest(path.read_bytes())
        except OSError:
            digest = None
        if digest != state.digest:
            return True
        self._states[path] = _State(stamp, digest)
        return False


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
