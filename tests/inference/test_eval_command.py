"""``tidegate eval`` as it is called: with a configuration, models and files, to tables and reports."""

from __future__ import annotations

import argparse
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from proxy.inference.evaluation import command
from tests.inference.small_models import two_labels

CONFIG: dict[str, Any] = {
    "models": [
        {
            "model_saved_name": "m",
            "model_name": "m",
            "model_config": {
                "model_provider": "openai",
                "endpoint": {"scheme": "http", "host": "127.0.0.1", "port": 9, "base_path": "/v1"},
                "paths": {"chat": "/chat/completions"},
            },
        }
    ],
    "policies": [
        {
            "name": "all",
            "detectors": {
                "toxicity": {"enabled": True, "labels": {"bad": "toxicity"}},
                "pii": {"enabled": True},
                "keyword_detector": {"enabled": True, "banned_keywords": ["ugly"]},
            },
        }
    ],
    "deployments": [
        {
            "name": "d",
            "model_saved_name": "m",
            "input_guardrails_policy": {"policy_name": "all", "enabled": True, "block": ["toxicity"]},
            "output_guardrails_policy": {"policy_name": "all", "enabled": True, "redact": ["pii", "keyword_detector"]},
        }
    ],
    "server": {"allow_anonymous": True},
}
ROWS = (
    {"text": "bad and bad", "labels": {"toxicity": 1}},
    {"text": "good <b>Rome</b>", "labels": {"toxicity": 0, "keyword_detector": 0}},
    {"text": "bad Ann in Rome", "labels": {"toxicity": 0}},
    {"text": "good and good", "labels": {"toxicity": 1}},
    {"text": "is ugly", "labels": {"keyword_detector": 1}, "set": "words"},
    {"text": "met a@b.example", "labels": {"pii": [[4, 15, "EMAIL_ADDRESS"]]}},
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    two_labels(tmp_path / "models" / "safety")
    monkeypatch.setenv("TIDEGATE_MODELS", str(tmp_path / "models"))
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False), "utf-8")
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    return tmp_path


def _run(folder: Path, *more: str, data: str = "mine.jsonl", policy: str = "all") -> int:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    line = ["eval", "--config", str(folder / "c.yaml"), "--policy", policy, str(folder / data), *more]
    arguments = parser.parse_args(line)
    status: int = arguments.handler(arguments)
    return status


def test_the_table_has_a_line_for_each_detector_and_set(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(folder, "--concurrency", "4") == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split()[:4] == ["detector", "set", "n", "positive"]
    cells = [line.split() for line in lines]
    assert cells[0][:9] == ["toxicity", "mine", "4", "2", "0.500", "0.500", "0.500", "0.500", "0.500"]
    assert cells[1][:4] == ["pii", "mine", "1", "1"]
    assert cells[2][:7] == ["pii", "(entities)", "mine", "-", "1", "1.000", "1.000"]
    assert [line[:4] for line in cells[3:5]] == [
        ["keyword_detector", "mine", "1", "0"],
        ["keyword_detector", "words", "1", "1"],
    ]
    numbers = [line.rindex(word) + len(word) for line, word in ((lines[0], "-"), (lines[1], "-"))]
    assert numbers[0] == numbers[1]


def test_answers_have_hold_back(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(folder, "--stage", "output", "--json", "-") == 0
    by_name = {(each["detector"], each["set"]): each for each in json.loads(capsys.readouterr().out)["results"]}
    assert by_name["keyword_detector", "words"]["held_characters"]["max"] > 0
    # Of the output policy nothing but reports is asked here.
    assert by_name["toxicity", "mine"]["held_characters"] == {"p50": 0, "max": 0}


def test_figures_are_those_of_the_json(folder: Path) -> None:
    assert _run(folder, "--json", str(folder / "o.json"), "--detector", "toxicity") == 0
    [result] = json.loads((folder / "o.json").read_text("utf-8"))["results"]
    assert (result["texts"], result["positives"], result["failed"]) == (4, 2, 0)
    assert (result["recall"], result["false_positive_rate"], result["auc"]) == (0.5, 0.5, 0.5)
    assert result["auc_of"] == "score"
    assert result["mistakes"] == []
    assert sum(each["positives"] + each["negatives"] for each in result["histogram"]) == 4


class _Page(HTMLParser):
    """Notes every tag with its attributes, and fails on those that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def close(self) -> None:
        super().close()
        assert not self._open


def _page(text: str) -> _Page:
    page = _Page()
    page.feed(text)
    page.close()
    return page


def test_the_page_stands_alone_and_is_described(folder: Path) -> None:
    assert _run(folder, "--html", str(folder / "o.html")) == 0
    text = (folder / "o.html").read_text("utf-8")
    page = _page(text)
    tags = [tag for tag, _ in page.tags]
    assert {"script", "link", "img", "iframe"}.isdisjoint(tags)
    assert not [name for _, attributes in page.tags for name in attributes if name in ("src", "href", "onload")]
    assert "url(" not in text
    assert "@import" not in text
    assert tags.count("svg") == tags.count("title") - 1 == 3
    assert all(attributes.get("aria-label") for tag, attributes in page.tags if tag == "svg")
    assert tags.count("table") == tags.count("caption")
    assert "false-positive rate" in text
    assert "prefers-color-scheme: dark" in text


def test_texts_are_shown_only_where_that_is_asked_for_and_then_as_text(folder: Path) -> None:
    made = folder / "o.html", folder / "o.json"
    arguments = ("--html", str(made[0]), "--json", str(made[1]))
    assert _run(folder, *arguments) == 0
    assert not [path for path in made for row in ROWS if str(row["text"]) in path.read_text("utf-8")]
    assert _run(folder, *arguments, "--show-texts") == 0
    shown = made[0].read_text("utf-8")
    _page(shown)
    assert "bad Ann in Rome" in shown
    assert "good and good" in shown
    assert "bad and bad" not in shown
    mistakes = json.loads(made[1].read_text("utf-8"))["results"][0]["mistakes"]
    assert [(each["text"], each["label"]) for each in mistakes] == [("bad Ann in Rome", 0), ("good and good", 1)]


def test_a_limit_is_per_set_and_is_stated(folder: Path) -> None:
    made = folder / "o.html", folder / "o.json"
    for limit, count in ((1, 2), (9, len(ROWS))):
        drawn = ("--limit", str(limit), "--seed", "3")
        assert _run(folder, *drawn, "--html", str(made[0]), "--json", str(made[1])) == 0
        stated = json.loads(made[1].read_text("utf-8"))
        assert (stated["limit"], stated["seed"], stated["rows"]) == (limit, 3, count)
        assert f"limit {limit}, seed 3" in made[0].read_text("utf-8")


@pytest.mark.parametrize(
    ("more", "data", "policy", "said"),
    [
        ((), "mine.jsonl", "al", "no deployment applies a policy `al`; did you mean `all`?"),
        (("--detector", "toxicty"), "mine.jsonl", "all", "did you mean `toxicity`?"),
        ((), "none.jsonl", "all", "none.jsonl: cannot be read"),
        ((), "bad.jsonl", "all", "bad.jsonl:2: "),
        ((), "empty.jsonl", "all", "no row has a label"),
    ],
)
def test_unusable_input_is_said_in_words(
    folder: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], data: str, policy: str, said: str
) -> None:
    (folder / "bad.jsonl").write_text('{"text": "a", "label": 1}\n{"text": "a", "label": 3}\n', "utf-8")
    (folder / "empty.jsonl").write_text("\n", "utf-8")
    assert _run(folder, *more, data=data, policy=policy) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_a_missing_model_is_said_with_its_remedy(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEGATE_MODELS", str(folder / "nowhere"))
    assert _run(folder) == 2
    assert "tidegate models" in capsys.readouterr().err


def test_a_detector_that_fails_is_said_and_fails_the_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = {**CONFIG, "policies": [{"name": "all", "detectors": {"toxicity": {"enabled": True}}}]}
    config["deployments"] = [
        {
            "name": "d",
            "model_saved_name": "m",
            "input_guardrails_policy": {"policy_name": "all", "enabled": True, "block": ["toxicity"]},
        }
    ]
    # Without `labels` the model's labels mean nothing to the detector.
    (folder / "c.yaml").write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
    assert _run(folder) == 1
    assert "toxicity failed on 4 texts of mine" in capsys.readouterr().out
