"""Detectors behind the detector API of the FMS guardrails orchestrator (``POST /api/v1/text/contents``).

https://github.com/foundation-model-stack/fms-guardrails-orchestrator/blob/main/docs/api/openapi_detector_api.yaml
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from proxy.config.backends import DetectorServiceSettings
from proxy.guard.checks import Entity, Reading
from proxy.inference.remote import Client, RemoteBackend

MAX_DETECTIONS = 10_000


class _Detection(Struct):
    start: Annotated[int, Meta(ge=0)]
    end: int
    detection: str
    detection_type: str
    score: Annotated[float, Meta(ge=0, le=1)]


_ANSWER = msgspec.json.Decoder(
    Annotated[list[Annotated[list[_Detection], Meta(max_length=MAX_DETECTIONS)]], Meta(min_length=1, max_length=1)]
)


def http_detector(settings: DetectorServiceSettings, client: Client) -> RemoteBackend:
    """Return the backend. A reading has the pieces that the service named as entities, and scores by ``detection`` and
    by ``detection_type``, each the greatest: which of the two names the class is up to the detector."""

    def encode(text: str) -> bytes:
        return msgspec.json.encode({"contents": [text], "detector_params": settings.detector_params})

    return RemoteBackend(settings, client, encode, _reading)


def _reading(data: bytes, text: str) -> Reading:
    scores: dict[str, float] = {}
    entities = []
    for found in _ANSWER.decode(data)[0]:
        if not found.start <= found.end <= len(text):
            raise ValueError("a detection is not within the text")
        for name in (found.detection, found.detection_type):
            scores[name] = max(scores.get(name, 0.0), found.score)
        entities.append(Entity(found.start, found.end, found.detection, found.score))
    return Reading(scores=scores, entities=tuple(sorted(entities)))
