"""The compliance mapping: five lists for every detector that fired."""

from __future__ import annotations

import re

import pytest

from proxy.guard.detectors.compliance import mapping

_DETECTORS = (
    *("injection_attack", "toxicity", "nsfw", "pii", "keyword_detector", "topic_detector", "policy_violation", "bias"),
    *("copyright_ip", "system_prompt", "sponge_attack", "hallucination", "adherence", "relevancy"),
)
_FORMS = {
    "owasp_llm_2025": r"LLM(0[1-9]|10):2025 [A-Z][A-Za-z ]+",
    "mitre_atlas": r"AML\.T00\d\d: [A-Z].+",
    "nist_ai_rmf": r"((GOVERN|MAP|MEASURE|MANAGE) \d\.\d{1,2}(, )?)+ \([A-Z].+\)",
    "eu_ai_act": r"Article \d+\(\d\).* \([A-Z].+\)",
    "iso_iec_standards": r"ISO/IEC (TR )?\d{5}: (A\.)?\d.*",
}


@pytest.mark.parametrize("detector", _DETECTORS)
def test_a_detector_that_fired_has_entries_of_each_sources_form(detector: str) -> None:
    fired = mapping(detector, True)
    assert list(fired) == list(_FORMS)
    for source, form in _FORMS.items():
        assert all(re.fullmatch(form, entry) for entry in fired[source])
    assert all(fired[source] for source in _FORMS if source != "mitre_atlas")


@pytest.mark.parametrize("detector", _DETECTORS)
def test_a_detector_that_did_not_fire_has_none(detector: str) -> None:
    assert mapping(detector, False) == {}


def test_the_lists_are_the_callers_own() -> None:
    mapping("bias", True)["owasp_llm_2025"].clear()
    assert mapping("bias", True)["owasp_llm_2025"]
