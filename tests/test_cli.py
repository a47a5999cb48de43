"""The ``tidegate`` command: exit statuses, where messages go, and what reaches the server and the demo."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from proxy.cli import main
from proxy.config.deployment import Deployment, ServerSettings
from proxy.config.loader import load
from proxy.guard.policy import NO_POLICY
from proxy.inference.workshop import Workshop
from proxy.upstream.client import UpstreamClient

EXAMPLE = Path(__file__).parent.parent / "deploy" / "tidegate.example.yaml"
ENVIRON = {"TIDEGATE_FRONTEND_KEY": "frontend-key-0123456789", "OPENAI_API_KEY": "sk-upstream-0123456789"}

SMALL = """
models: [{model_saved_name: m, model_config: {endpoint_url: "http://127.0.0.1:9/v1", apikeys: ["${UPSTREAM}"]}}]
policies: [{name: p, detectors: {keyword_detector: {enabled: true, banned_keywords: [moonshine]}}}]
deployments:
  - name: chat
    model_saved_name: m
    output_guardrails_policy: {policy_name: p, enabled: true, redact: [keyword_detector]}
server: {allow_anonymous: true}
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UPSTREAM", "sk-upstream-secret")
    path = tmp_path / "tidegate.yaml"
    path.write_text(SMALL)
    return path


def calls_to(monkeypatch: pytest.MonkeyPatch, module: str, *names: str) -> list[tuple[Any, ...]]:
    """Put functions that only record their calls in the place of a module's; each returns 7."""
    calls: list[tuple[Any, ...]] = []
    package, _, leaf = module.rpartition(".")
    fake = ModuleType(module)

    def record(name: str, *arguments: object) -> int:
        calls.append((name, *arguments))
        return 7

    for name in names:
        setattr(fake, name, partial(record, name))
    monkeypatch.setitem(sys.modules, module, fake)
    __import__(package)
    monkeypatch.setattr(sys.modules[package], leaf, fake, raising=False)
    return calls


def test_check_reports(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--config", str(small)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("deployment chat -> http://127.0.0.1:9/v1/chat/completions\n")
    assert "keyword_detector" in out
    assert "sk-upstream-secret" not in out
    assert err == ""


def test_check_reports_as_json(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--config", str(small), "--json"]) == 0
    (deployment,) = json.loads(capsys.readouterr().out)["deployments"]
    (rule,) = deployment["rules"]
    assert (rule["detector"], rule["action"], rule["stage"]) == ("keyword_detector", "redact", "output")
    assert rule["hold_back"] == deployment["largest_hold_back"] > 0


def test_each_problem_has_a_line_on_stderr(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small.write_text(SMALL.replace("${UPSTREAM}", "${NO_SUCH}").replace("redact:", "readct:"))
    assert main(["check", "--config", str(small)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sorted(line.partition(": ")[0] for line in err.splitlines()) == [
        "deployments[0].output_guardrails_policy.readct",
        "models[0].model_config.apikeys[0]",
    ]


def test_a_missing_file_is_a_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--config", str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml cannot be read: No such file" in capsys.readouterr().err


def test_serve_passes_its_arguments_on(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = calls_to(monkeypatch, "proxy.server.workers", "serve")
    assert main(["serve", "--config", "a.yaml"]) == 7
    assert main(["serve", "--config", "a.yaml", "--host", "::1", "--port", "0", "--workers", "4"]) == 7
    assert calls == [
        ("serve", Path("a.yaml"), "127.0.0.1", 8080, 1),
        ("serve", Path("a.yaml"), "::1", 0, 4),
    ]


def test_demo_runs_or_shows_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = calls_to(monkeypatch, "proxy.demo.command", "run", "once")
    assert main(["demo", "--port", "9000"]) == 7
    assert main(["demo", "--once"]) == 7
    assert calls == [("run", "127.0.0.1", 9000), ("once",)]


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [(OSError(98, "Address already in use"), 1, "tidegate: Address already in use\n"), (KeyboardInterrupt(), 130, "")],
)
def test_failures_are_short(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
    message: str,
) -> None:
    def fail(*arguments: object) -> int:
        raise error

    calls_to(monkeypatch, "proxy.server.workers", "serve")
    monkeypatch.setattr(sys.modules["proxy.server.workers"], "serve", fail)
    assert main(["serve", "--config", "a.yaml"]) == status
    assert capsys.readouterr().err == message


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["serve"],
        ["check"],
        ["nonsense"],
        ["serve", "--config", "a", "--port", "65536"],
        ["serve", "--config", "a", "--port", "-1"],
        ["serve", "--config", "a", "--workers", "0"],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: tidegate" in capsys.readouterr().err


def test_hash_key_reads_stdin(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("a-key-of-enough-characters\n"))
    assert main(["hash-key"]) == 0
    assert capsys.readouterr().out.strip() == hashlib.sha256(b"a-key-of-enough-characters").hexdigest()


@pytest.mark.parametrize("key", ["", "short-key\n", "key with blanks in it\n"])
def test_hash_key_refuses_weak_keys(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(key))
    assert main(["hash-key"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("tidegate: the key has ")


def test_generated_keys_differ_and_fit_their_hash(capsys: pytest.CaptureFixture[str]) -> None:
    keys = set()
    for _ in range(3):
        assert main(["hash-key", "--generate"]) == 0
        key, hashed = (line.partition(": ")[2] for line in capsys.readouterr().out.splitlines())
        assert hashed == hashlib.sha256(key.encode()).hexdigest()
        keys.add(key)
    assert len(keys) == 3


def test_the_package_is_the_command() -> None:
    command = [sys.executable, "-m", "proxy", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "tidegate 0.1.0\n")


def test_the_example_is_accepted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    assert main(["check", "--config", str(EXAMPLE)]) == 0
    out = capsys.readouterr().out
    assert "deployment support-chat" in out
    assert "deployment internal-chat" in out


def test_the_example_states_the_defaults() -> None:
    stated = load(EXAMPLE, ENVIRON, Workshop(UpstreamClient()).open)
    deployment = stated.deployments["support-chat"]
    settings = ("strict_schema", "timeouts", "keepalive", "max_event_bytes", "max_answer_bytes")
    default = Deployment(name="", upstream=deployment.upstream)
    assert [getattr(deployment, name) for name in settings] == [getattr(default, name) for name in settings]
    choices = ("expose_full", "block_notice", "on_error", "unseen", "judged")
    for policy in (deployment.input_policy, deployment.output_policy):
        assert [getattr(policy, name) for name in choices] == [getattr(NO_POLICY, name) for name in choices]
    assert stated.server == ServerSettings()
