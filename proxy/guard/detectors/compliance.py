"""``compliance_mapping``: which rules and catalogues a finding of each detector touches.

The values of ``injection_attack``, ``toxicity``, ``pii`` and ``relevancy`` are those of the API's documentation. The
others name entries of the same sources: OWASP Top 10 for LLM Applications 2025, MITRE ATLAS, NIST AI 100-1 (the AI Risk
Management Framework 1.0), Regulation (EU) 2024/1689, ISO/IEC 42001:2023, ISO/IEC 27001:2022 and ISO/IEC TR 24027:2021.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class _Mapping(NamedTuple):
    owasp_llm_2025: tuple[str, ...]
    mitre_atlas: tuple[str, ...]
    nist_ai_rmf: tuple[str, ...]
    eu_ai_act: tuple[str, ...]
    iso_iec_standards: tuple[str, ...]


_MISINFORMATION: Final = "LLM09:2025 Misinformation"
_OUTPUT_HANDLING: Final = "LLM05:2025 Improper Output Handling"

_MAPPINGS: Final[Mapping[str, _Mapping]] = {
    "injection_attack": _Mapping(
        ("LLM01:2025 Prompt Injection",),
        ("AML.T0051: LLM Prompt Injection", "AML.T0054: LLM Jailbreaking"),
        ("MAP 2.3, MEASURE 2.3 (Input manipulation & adversarial attacks)",),
        ("Article 15(4) (Robustness against manipulation)",),
        ("ISO/IEC 42001: 6.4.3", "ISO/IEC 27001: A.14.2"),
    ),
    "toxicity": _Mapping(
        (_MISINFORMATION, _OUTPUT_HANDLING),
        ("AML.T0056: LLM Meta Prompt Extraction (Eliciting toxic responses)",),
        ("MANAGE 2.3, MEASURE 2.7 (Harmful bias & toxicity management)",),
        ("Article 15(1) (Accuracy, robustness & safety)",),
        ("ISO/IEC 42001: 6.4.3",),
    ),
    "pii": _Mapping(
        ("LLM02:2025 Sensitive Information Disclosure",),
        (),
        ("MAP 1.6, GOVERN 1.6 (Privacy protection & data governance)",),
        ("Article 10(5) (Data governance & personal data protection)",),
        ("ISO/IEC 27701: 5.2.1, 6.1.1", "ISO/IEC 42001: 6.1.3"),
    ),
    "relevancy": _Mapping(
        (_MISINFORMATION,),
        (),
        ("MEASURE 2.6, MEASURE 2.13 (Output quality & appropriateness)",),
        ("Article 15(1) (Accuracy & performance requirements)",),
        ("ISO/IEC 25024: 6.2.2",),
    ),
    "nsfw": _Mapping(
        (_OUTPUT_HANDLING,),
        ("AML.T0048: External Harms",),
        ("MEASURE 2.6, MANAGE 2.3 (Safety & harmful content)",),
        ("Article 9(2) (Risk management)",),
        ("ISO/IEC 42001: A.5.4, A.9.2",),
    ),
    "keyword_detector": _Mapping(
        (_OUTPUT_HANDLING,),
        (),
        ("GOVERN 1.2, MANAGE 1.3 (Organizational policy & risk response)",),
        ("Article 26(1) (Use according to instructions)",),
        ("ISO/IEC 42001: A.9.2, A.9.4",),
    ),
    "topic_detector": _Mapping(
        (_OUTPUT_HANDLING,),
        (),
        ("MAP 1.1, MAP 3.3 (Intended purpose & application scope)",),
        ("Article 26(1) (Use according to instructions)",),
        ("ISO/IEC 42001: A.9.4",),
    ),
    "policy_violation": _Mapping(
        ("LLM01:2025 Prompt Injection", _OUTPUT_HANDLING),
        ("AML.T0054: LLM Jailbreaking",),
        ("GOVERN 1.2, MANAGE 1.3 (Organizational policy & risk response)",),
        ("Article 9(2) (Risk management)", "Article 26(1) (Use according to instructions)"),
        ("ISO/IEC 42001: 5.2, A.9.2",),
    ),
    "bias": _Mapping(
        (_MISINFORMATION,),
        ("AML.T0048: External Harms",),
        ("MEASURE 2.11 (Fairness & bias)",),
        ("Article 10(2)(f), 10(2)(g) (Examination & mitigation of biases)",),
        ("ISO/IEC TR 24027: 7, 8", "ISO/IEC 42001: A.5.4"),
    ),
    "copyright_ip": _Mapping(
        ("LLM02:2025 Sensitive Information Disclosure",),
        ("AML.T0057: LLM Data Leakage",),
        ("GOVERN 6.1, MAP 4.1 (Third-party intellectual property)",),
        ("Article 53(1)(c) (Compliance with copyright law)",),
        ("ISO/IEC 27001: A.5.32", "ISO/IEC 42001: A.7.5"),
    ),
    "system_prompt": _Mapping(
        ("LLM07:2025 System Prompt Leakage",),
        ("AML.T0056: LLM Meta Prompt Extraction",),
        ("MEASURE 2.7 (Security & resilience)",),
        ("Article 15(5) (Cybersecurity & confidentiality)",),
        ("ISO/IEC 27001: A.8.12",),
    ),
    "sponge_attack": _Mapping(
        ("LLM10:2025 Unbounded Consumption",),
        ("AML.T0029: Denial of ML Service", "AML.T0034: Cost Harvesting"),
        ("MEASURE 2.7, MANAGE 2.4 (Security, resilience & disengagement)",),
        ("Article 15(4), 15(5) (Resilience & cybersecurity)",),
        ("ISO/IEC 27001: A.8.6", "ISO/IEC 42001: A.6.2.6"),
    ),
    "hallucination": _Mapping(
        (_MISINFORMATION,),
        ("AML.T0048: External Harms",),
        ("MEASURE 2.5, MAP 2.2 (Validity, reliability & knowledge limits)",),
        ("Article 15(1) (Accuracy & performance requirements)",),
        ("ISO/IEC 42001: A.6.2.4",),
    ),
    "adherence": _Mapping(
        (_MISINFORMATION,),
        (),
        ("MEASURE 2.5 (Validity & reliability)",),
        ("Article 15(1) (Accuracy & performance requirements)",),
        ("ISO/IEC 42001: A.6.2.4",),
    ),
}


def mapping(detector: str, fired: bool) -> dict[str, list[str]]:
    """Return the five lists of ``detector``, or nothing at all where it has not ``fired``.

    Raises:
        KeyError: there is no detector of that name.
    """
    entries = _MAPPINGS[detector]._asdict()
    return {source: list(texts) for source, texts in entries.items()} if fired else {}
