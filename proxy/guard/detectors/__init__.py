"""The detectors, one file each. A new detector is a new file and one entry in ``FACTORIES``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from proxy.guard.detector import Detector
from proxy.guard.detectors.keyword_detector import KeywordDetector
from proxy.guard.detectors.pii import Pii

FACTORIES: Final[Mapping[str, Callable[[Mapping[str, object]], Detector]]] = {
    "keyword_detector": KeywordDetector.from_config,
    "pii": Pii.from_config,
}
"""By the name used in policies: what builds the detector from its options. Raises ValueError on bad options."""
