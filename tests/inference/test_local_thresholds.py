"""What was chosen with a local model is noted in its directory, and it is what its detector goes by."""

from __future__ import annotations

from proxy.guard.detectors import injection_attack, nsfw, toxicity
from proxy.inference.building import injection, safety


def test_builders_and_detectors_agree() -> None:
    assert injection.THRESHOLD == injection_attack.LOCAL_THRESHOLD
    assert {"toxicity": toxicity.LOCAL_THRESHOLD, "nsfw": nsfw.LOCAL_THRESHOLD} == safety.THRESHOLDS
    assert (*toxicity.LABELS, "nsfw") == safety.LABELS
    assert injection.LABELS == injection_attack.LABELS
