"""Packages whose data the models are built from: which ones exactly, how they come here, and what is in them.

A list of packages is in the format of pip's requirement files, one a line: ``name==version --hash=sha256:…``.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import stat
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

PINS: Final = Path(__file__).with_name("packages.txt")
"""The packages of all models that come with Tidegate."""

MAX_UNPACKED: Final = 1 << 30
"""Bytes that a wheel may unpack to."""

_LINE: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9.!+]+) --hash=sha256:([0-9a-f]{64})")
_NETWORK_HINT: Final = (
    "without a network: download the wheels of packages.txt elsewhere with `pip download --no-deps`, and name their "
    "folder with --from"
)


class PackageError(Exception):
    """A package is not to be had or not what it should be; the text says it to a person."""


class Pin(NamedTuple):
    """One wheel: ``sha256`` is its digest in hexadecimal."""

    name: str
    version: str
    sha256: str

    @property
    def line(self) -> str:
        """The pin as a line of a requirement file."""
        return f"{self.name}=={self.version} --hash=sha256:{self.sha256}"


def read_pins(path: Path) -> dict[str, Pin]:
    """Read a list of packages, by their name; empty lines and those that begin with ``#`` do not count.

    Raises:
        OSError: it cannot be read.
        PackageError: a line is something else.
    """
    pins = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if match is None:
            raise PackageError(f"{path.name}, line {number}: expected name==version --hash=sha256:...")
        pins[match[1]] = Pin(*match.groups())
    return pins


def download(pins: Iterable[Pin], folder: Path) -> None:
    """Have pip put the wheels of ``pins`` into ``folder``, from wherever this machine's pip is told to look.

    Raises:
        OSError: ``folder`` cannot be written.
        PackageError: there is no pip, or it failed.
    """
    if importlib.util.find_spec("pip") is None:
        raise PackageError(f"this Python environment has no pip to download packages with; {_NETWORK_HINT}")
    requirements = folder / "packages.txt"
    requirements.write_text("".join(f"{pin.line}\n" for pin in pins), "utf-8")
    options = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--no-input", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", *options, "-r", str(requirements), "-d", str(folder)]
    # The command is ours, and the names and versions in the file have been matched.
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603
    if done.returncode:
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        errors = [line for line in said if line.startswith("ERROR")] or said or [f"exit status {done.returncode}"]
        raise PackageError(f"pip cannot download the packages: {errors[0]} ({_NETWORK_HINT})")


def find_wheels(pins: Iterable[Pin], folder: Path) -> dict[str, Path]:
    """Return the wheels of ``pins`` in ``folder``, by distribution name; what is in them has been checked.

    Raises:
        OSError: a file cannot be read.
        PackageError: one is missing or is another file than the pinned one.
    """
    present: dict[tuple[str, str], Path] = {}
    for path in sorted(folder.glob("*.whl")):
        name, _, rest = path.name.partition("-")
        present[_normal(name), rest.partition("-")[0]] = path
    wheels = {}
    for pin in pins:
        wheel = present.get((_normal(pin.name), pin.version))
        if wheel is None:
            raise PackageError(f"{folder} has no wheel of {pin.name} {pin.version}")
        with wheel.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != pin.sha256:
            raise PackageError(f"{wheel} is not the pinned file: its sha256 is {digest}, expected {pin.sha256}")
        wheels[pin.name] = wheel
    return wheels


def unpack(wheels: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    """Unpack each of ``wheels`` into a folder of its own in ``folder``; return these by distribution name.

    Raises:
        OSError: a file cannot be read or written.
        PackageError: a wheel is broken, or has a member that is no regular file or lies outside.
    """
    unpacked = {}
    for name, wheel in wheels.items():
        unpacked[name] = folder / _normal(name)
        unpack_wheel(wheel, unpacked[name])
    return unpacked


def unpack_wheel(wheel: Path, target: Path) -> None:
    """Write what is in ``wheel`` (a zip archive, PEP 427) into the new folder ``target``.

    Raises:
        OSError: a file cannot be read or written.
        PackageError: as for :func:`unpack`.
    """
    target.mkdir(parents=True)
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            if sum(info.file_size for info in members) > MAX_UNPACKED:
                raise PackageError(f"{wheel}: it would unpack to more than {MAX_UNPACKED} bytes")
            for info in members:
                place = target / _inside(info, wheel)
                place.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(info) as source, place.open("xb") as file:
                    shutil.copyfileobj(source, file)
    # Besides what zipfile means to raise: unknown compression, encryption, and two members where one is in the other.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise PackageError(f"{wheel} is a broken wheel: {error}") from None
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise PackageError(f"{wheel} is a broken wheel: two members in one place: {error.filename}") from None


def _inside(info: zipfile.ZipInfo, wheel: Path) -> PurePosixPath:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise PackageError(f"{wheel}: {info.filename!r} is no regular file")
    path = PurePosixPath(info.filename)
    if path.is_absolute() or ".." in path.parts or any(ch in info.filename for ch in "\\:\0"):
        raise PackageError(f"{wheel}: {info.filename!r} would lie outside")
    return path


def _normal(name: str) -> str:
    """The one spelling of a distribution's name in file names (PEP 503, PEP 427)."""
    return re.sub(r"[-_.]+", "_", name).lower()
