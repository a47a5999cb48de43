"""The detectors, one file each. A new detector is a new file and one entry in ``FACTORIES``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from proxy.guard.checks import Backends
from proxy.guard.detector import Detector
from proxy.guard.detectors.adherence import Adherence
from proxy.guard.detectors.bias import Bias
from proxy.guard.detectors.copyright_ip import CopyrightDetector
from proxy.guard.detectors.hallucination import Hallucination
from proxy.guard.detectors.injection_attack import InjectionAttack
from proxy.guard.detectors.keyword_detector import KeywordDetector
from proxy.guard.detectors.nsfw import Nsfw
from proxy.guard.detectors.pii import Pii
from proxy.guard.detectors.policy_violation import PolicyViolation
from proxy.guard.detectors.relevancy import Relevancy
from proxy.guard.detectors.sponge_attack import SpongeAttack
from proxy.guard.detectors.system_prompt import SystemPromptDetector
from proxy.guard.detectors.topic_detector import TopicDetector
from proxy.guard.detectors.toxicity import Toxicity

FACTORIES: Final[Mapping[str, Callable[[Mapping[str, object], Backends], Detector]]] = {
    "topic_detector": TopicDetector.from_config,
    "nsfw": Nsfw.from_config,
    "toxicity": Toxicity.from_config,
    "pii": Pii.from_config,
    "injection_attack": InjectionAttack.from_config,
    "keyword_detector": KeywordDetector.from_config,
    "policy_violation": PolicyViolation.from_config,
    "bias": Bias.from_config,
    "copyright_ip": CopyrightDetector.from_config,
    "system_prompt": SystemPromptDetector.from_config,
    "sponge_attack": SpongeAttack.from_config,
    "hallucination": Hallucination.from_config,
    "adherence": Adherence.from_config,
    "relevancy": Relevancy.from_config,
}
"""By the name used in policies: what builds the detector from its options, and the backends that it may ask.

Each raises ValueError, naming the option, where its options are wrong.
"""
