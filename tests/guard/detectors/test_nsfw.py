"""``nsfw``: one score and its opposite."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.guard.detector import DetectorReport, Evidence
from proxy.guard.detectors.nsfw import Nsfw
from tests.support.backends import PROMPT, FakeBackends, scan, scoring


def _report(scores: dict[str, float], text: str = "some words", **config: Any) -> DetectorReport:
    detector = Nsfw.from_config(config, FakeBackends(scoring(lambda _: scores)))
    scanned = scan(detector.scanner(PROMPT), [text] if text else [])
    assert [match.label for match in scanned.matches] == ["NSFW"] * len(scanned.matches)
    report = detector.report(Evidence(readings=scanned.readings))
    assert report.summary == {"nsfw": int(bool(scanned.matches))}
    return report


@pytest.mark.parametrize(
    ("scores", "sfw", "nsfw", "flag"),
    [
        ({"nsfw": 0.768, "toxicity": 0.9}, 0.232, 0.768, 1),
        ({"nsfw": 0.1446}, 0.8554, 0.1446, 0),
        ({"sfw": 0.3, "nsfw": 0.75}, 0.3, 0.75, 1),
        ({"LABEL_0": 0.2}, 0.2, 0.8, 1),
        ({"sexual": 0.2, "sexual/minors": 0.6, "violence": 0.9}, 0.4, 0.6, 1),
        ({}, 1.0, 0.0, 0),
    ],
)
def test_scores_become_the_two(scores: dict[str, float], sfw: float, nsfw: float, flag: int) -> None:
    report = _report(scores)
    assert report.summary == {"nsfw": flag}
    assert (report.details["sfw"], report.details["nsfw"]) == (sfw, nsfw)
    assert bool(report.details["compliance_mapping"]) is bool(flag)


def test_an_empty_text_is_safe_for_work() -> None:
    assert _report({"nsfw": 0.9}, text="").details == {"sfw": 1.0, "nsfw": 0.0, "compliance_mapping": {}}


def test_the_threshold_is_a_setting() -> None:
    assert _report({"nsfw": 0.7}, threshold=0.8).summary == {"nsfw": 0}


def test_unknown_labels_are_a_failure() -> None:
    with pytest.raises(ValueError, match="none of the backend's labels"):
        _report({"violence": 0.9})


@pytest.mark.parametrize("config", [{"thresholds": {}}, {"threshold": -1}, {"backend": 5}, {"backend": "missing"}])
def test_a_bad_configuration_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"threshold|backend"):
        _report({}, **config)
