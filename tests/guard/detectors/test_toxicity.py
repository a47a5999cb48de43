"""``toxicity``: the six kinds, their thresholds, and other services' names for them."""

from __future__ import annotations

import pytest

from proxy.guard.checks import Reading
from proxy.guard.detector import DetectorReport, Evidence
from proxy.guard.detectors.toxicity import LABELS, Toxicity
from tests.support.backends import ANSWER, PROMPT, FakeBackends, Scanned, scan, scoring

_HARMLESS = dict.fromkeys(LABELS, 0.01)


def _backends(bad: dict[str, float], mild: dict[str, float] | None = None) -> FakeBackends:
    return FakeBackends(scoring(lambda text: bad if "idiot" in text else (_HARMLESS if mild is None else mild)))


def _scan(text: str, backends: FakeBackends, **config: object) -> Scanned:
    return scan(Toxicity.from_config(config, backends).scanner(PROMPT), [text])


def _report(text: str, backends: FakeBackends, **config: object) -> DetectorReport:
    return Toxicity.from_config(config, backends).report(Evidence(readings=_scan(text, backends, **config).readings))


_INSULT = _backends({**_HARMLESS, "toxicity": 0.9, "insult": 0.95})


def test_kinds_over_their_threshold_are_named_and_all_are_scored() -> None:
    report = _report("you idiot", _INSULT)
    assert report.summary == {"toxicity": ["toxicity", "insult"]}
    mapping = report.details.pop("compliance_mapping")
    assert report.details == {**_HARMLESS, "toxicity": 0.9, "insult": 0.95}
    assert isinstance(mapping, dict)
    assert set(mapping) == {"owasp_llm_2025", "mitre_atlas", "nist_ai_rmf", "eu_ai_act", "iso_iec_standards"}


def test_the_likeliest_kind_is_the_findings_label() -> None:
    assert [match.label for match in _scan("you idiot", _INSULT).matches] == ["INSULT"]


@pytest.mark.parametrize("text", ["", "good morning"])
def test_harmless_text_has_an_empty_list(text: str) -> None:
    report = _report(text, _INSULT)
    assert report.summary == {"toxicity": []}
    assert report.details == {**dict.fromkeys(LABELS, 0.01 if text else 0.0), "compliance_mapping": {}}


def test_the_greatest_score_over_all_windows_is_reported() -> None:
    text = "good morning to you all " * 40 + "you idiot " + "good evening to you all " * 40
    detector = Toxicity.from_config({}, _INSULT)
    scanned = scan(detector.scanner(ANSWER), [text])
    assert len(scanned.readings) > 4
    assert detector.report(Evidence(readings=scanned.readings)).details["insult"] == 0.95
    # Windows overlap; each answers for its own segment.
    assert any(match.start <= text.index("idiot") < match.end for match in scanned.matches)


def test_thresholds_are_for_all_kinds_or_for_one() -> None:
    assert not _scan("you idiot", _INSULT, threshold=0.96).matches
    assert _report("you idiot", _INSULT, threshold=0.96, thresholds={"toxicity": 0.5}).summary == {
        "toxicity": ["toxicity"]
    }


@pytest.mark.parametrize(
    ("scores", "names"),
    [
        ({"toxic": 0.8, "severe_toxic": 0.1, "identity_hate": 0.7}, ["toxicity", "identity_hate"]),
        ({"hate": 0.8, "harassment/threatening": 0.7, "sexual": 0.9}, ["toxicity", "threat", "identity_hate"]),
        ({"LABEL_0": 0.1, "LABEL_1": 0.9}, ["toxicity"]),
        ({"profanity": 0.6}, ["toxicity", "obscene"]),
        ({"neutral": 0.9}, []),
        ({}, []),
    ],
)
def test_other_services_are_understood(scores: dict[str, float], names: list[str]) -> None:
    assert _report("you idiot", _backends(scores), backend="other").summary == {"toxicity": names}


def test_unknown_labels_are_a_failure() -> None:
    with pytest.raises(ValueError, match="none of the backend's labels"):
        _report("you idiot", _backends({"sexual": 0.9}))


def test_without_readings_everything_is_zero() -> None:
    report = Toxicity.from_config({}, _INSULT).report(Evidence())
    assert report.details == {**dict.fromkeys(LABELS, 0.0), "compliance_mapping": {}}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"thresholds": 0.5}, "thresholds: expected"),
        ({"thresholds": {"rude": 0.5}}, r"thresholds\.rude: unknown"),
        ({"thresholds": {"insult": 5}}, r"thresholds\.insult: expected"),
        ({"threshold": "high"}, "threshold: expected"),
        ({"limit": 1}, "limit: unknown option of toxicity"),
        ({"backend": "missing"}, "no backend"),
    ],
)
def test_a_bad_configuration_is_refused_by_name(config: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Toxicity.from_config(config, _INSULT)


def test_a_reading_is_told_in_our_labels_alone() -> None:
    scanned = _scan("you idiot", _backends({"toxic": 0.8, "nsfw": 0.9}))
    assert scanned.readings == [Reading({**dict.fromkeys(LABELS, 0.0), "toxicity": 0.8})]
