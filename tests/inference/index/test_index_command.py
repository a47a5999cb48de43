"""``tidegate index``: from texts to an index that a detector reads."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from proxy.guard.detectors.copyright_ip import CopyrightDetector
from proxy.inference.index.command import add_parser
from proxy.inference.index.file import IndexFile

STORY = " ".join(f"the keeper of lamp {number} climbed stair {number * 7} and sang" for number in range(12))


def tidegate(*arguments: str | Path) -> int:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers(required=True))
    parsed = parser.parse_args([str(argument) for argument in arguments])
    status: int = parsed.handler(parsed)
    return status


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    (folder / "deep").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    (folder / "story.txt").write_text(STORY)
    (folder / "deep" / "guide.md").write_text(
        f"# Guide\n\n{STORY.replace('keeper', '[warden](https://a.example/x)')}\n"
    )
    (folder / "short.txt").write_text("too short")
    (folder / "data.csv").write_text(STORY)
    (folder / ".hidden" / "notes.txt").write_text(STORY)
    return folder


class TestIndexCommand:
    def test_builds_what_a_detector_finds_passages_by(
        self, texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "ours.idx"
        assert tidegate("index", "build", "--out", out, texts) == 0
        printed = capsys.readouterr()
        assert printed.out.startswith(f"{out}: 3 texts, ")
        assert "texts/short.txt is too short" in printed.err
        detector = CopyrightDetector(IndexFile(out))
        for passage in (STORY[40:400], STORY.replace("keeper", "warden")[40:400]):
            scanner = detector.scanner(None)
            assert [*scanner.feed(passage), *scanner.finish()]

    def test_shows_an_index(self, texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        out = tmp_path / "ours.idx"
        tidegate("index", "build", "--out", out, "--gram", "4", "--window", "2", texts / "data.csv")
        capsys.readouterr()
        assert tidegate("index", "show", out) == 0
        shown = capsys.readouterr().out
        assert "1 texts, " in shown
        assert "every 5 words" in shown
        assert f"data.csv: {len(STORY.split())} words, " in shown
        assert "keeper" not in shown

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (("build", "--out", "{tmp}/a.idx", "{tmp}"), "no texts found"),
            (("build", "--out", "{tmp}/a.idx", "{tmp}/binary"), "not UTF-8 text"),
            (("build", "--out", "{tmp}/a.idx", "--window", "9", "{tmp}/binary"), "expected windows"),
            (("show", "{tmp}/binary"), "not an index"),
            (("show", "{tmp}/absent"), "No such file"),
        ],
    )
    def test_says_what_cannot_be_used(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], reason: str
    ) -> None:
        (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x01")
        assert tidegate("index", *(argument.format(tmp=tmp_path) for argument in arguments)) == 2
        assert reason in capsys.readouterr().err
        assert not (tmp_path / "a.idx").exists()

    def test_leaves_failures_of_the_machine_to_the_caller(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            tidegate("index", "build", "--out", tmp_path / "a.idx", tmp_path / "absent.txt")
