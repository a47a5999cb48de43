"""Detectors behind the detector API, against a real server."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.config.backends import DetectorServiceSettings
from proxy.guard.checks import Entity, Exchange, Reading
from proxy.inference.http_detector import MAX_DETECTIONS, http_detector
from proxy.inference.remote import BackendFailure
from proxy.upstream.client import UpstreamClient
from tests.inference.services import Service, always, serving

TEXT = "Write to ann@example.com \U0001f600 now"
EMAIL = {
    "start": 9,
    "end": 24,
    "text": "ann@example.com",
    "detection": "EmailAddress",
    "detection_type": "pii",
    "score": 0.9,
}


async def read(answer: object, **fields: Any) -> tuple[Reading, Service]:
    async with serving(always(answer)) as service, UpstreamClient() as client:
        settings = DetectorServiceSettings(
            name="hap", url=f"{service.url}/api/v1/text/contents", headers=(("detector-id", "en-pii"),), **fields
        )
        return await http_detector(settings, client).read(TEXT, Exchange()), service


async def test_the_request_has_the_specified_form() -> None:
    _, service = await read([[]], detector_params={"threshold": 0.5})
    assert service.paths == ["/api/v1/text/contents"]
    assert service.headers[0]["detector-id"] == "en-pii"
    assert service.asked == [{"contents": [TEXT], "detector_params": {"threshold": 0.5}}]


async def test_detections_become_entities_and_scores() -> None:
    emoji = {"start": 25, "end": 26, "detection": "Emoji", "detection_type": "pii", "score": 0.95, "evidences": None}
    weaker = {**emoji, "score": 0.2, "start": 0, "end": 5}
    reading, _ = await read([[EMAIL, emoji, weaker]])
    assert reading.entities == (
        Entity(0, 5, "Emoji", 0.2),
        Entity(9, 24, "EmailAddress", 0.9),
        Entity(25, 26, "Emoji", 0.95),
    )
    assert reading.scores == {"EmailAddress": 0.9, "Emoji": 0.95, "pii": 0.95}


async def test_nothing_detected_is_no_failure() -> None:
    assert (await read([[]]))[0] == Reading()


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        [[], []],
        [[{**EMAIL, "end": 1_000}]],
        [[{**EMAIL, "start": -1}]],
        [[{**EMAIL, "start": 20, "end": 10}]],
        [[{**EMAIL, "score": 1.1}]],
        [[{**EMAIL, "score": None}]],
        [[{"detection": "x", "detection_type": "y", "score": 0.5}]],
        [[EMAIL] * (MAX_DETECTIONS + 1)],
        {"code": 404, "message": "not found"},
    ],
)
async def test_another_form_is_a_failure(answer: object) -> None:
    with pytest.raises(BackendFailure, match="backend `hap`: "):
        await read(answer)
