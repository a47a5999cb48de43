"""What a person has to know is written down: every metric, error code and setting is in the README."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from proxy.config import shapes
from proxy.config.deployment import ServerSettings, Timeouts
from proxy.guard.detectors import FACTORIES
from proxy.metrics import METRICS
from proxy.protocol.errors import CODES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("code", CODES)
def test_every_error_code_is_documented_as_it_is_described(code: str) -> None:
    row = next((line for line in README.splitlines() if re.match(rf"\| \d+ \| `{code}` \|", line)), "")
    assert CODES[code] in row


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_is_documented_with_its_labels(metric: object) -> None:
    row = next((line for line in README.splitlines() if line.startswith(f"| `{metric.name}` |")), "")
    assert metric.help in row
    assert re.findall(r"`(\w+)`", row.split("|")[2]) == list(metric.labels)


@pytest.mark.parametrize("name", FACTORIES)
def test_every_detector_is_documented(name: str) -> None:
    assert f"| `{name}` |" in README


@pytest.mark.parametrize("name", FACTORIES)
def test_every_detector_has_its_strengths_and_weaknesses_described(name: str) -> None:
    assert f"`{name}`" in (ROOT / "deploy" / "detectors.md").read_text()


BACKENDS = (shapes.OnnxEntry, shapes.ModerationEntry, shapes.DetectorServiceEntry, shapes.JudgeEntry)


@pytest.mark.parametrize("name", sorted({field.name for each in BACKENDS for field in msgspec.structs.fields(each)}))
def test_every_backend_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in README.partition("### `backends`")[2].partition("### `deployments`")[0]


SECTIONS = (shapes.InputSection, shapes.OutputSection, shapes.InputOptions, shapes.OutputOptions)


@pytest.mark.parametrize("name", sorted({field.name for each in SECTIONS for field in msgspec.structs.fields(each)}))
def test_every_section_setting_is_documented(name: str) -> None:
    assert re.search(rf"`(?:…|additional_config)?\.?{name}`", README)


@pytest.mark.parametrize("name", [field.name for field in msgspec.structs.fields(shapes.DeploymentEntry)])
def test_every_deployment_setting_is_documented(name: str) -> None:
    stored_by_the_api = {"deployment_id", *(field.name for field in msgspec.structs.fields(shapes.Record))}
    assert name in stored_by_the_api or f"`{name}`" in README


@pytest.mark.parametrize("name", [*ServerSettings.__dataclass_fields__, *Timeouts.__dataclass_fields__])
def test_every_server_setting_and_time_out_is_documented(name: str) -> None:
    assert f"`{name}`" in README


def test_the_changelog_tells_of_this_version() -> None:
    from proxy import __version__

    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text()
