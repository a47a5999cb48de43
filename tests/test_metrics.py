"""What the Prometheus observer counts, read back through the exposition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Histogram
from prometheus_client.parser import text_string_to_metric_families

from proxy.events import (
    DetectorFailed,
    Event,
    FieldsDropped,
    FindingMade,
    FirstToken,
    Flowed,
    Held,
    RequestFinished,
    Scanned,
    Stage,
    StreamClosed,
    StreamOpened,
    StreamOutcome,
)
from proxy.metrics import METRICS, BulkHistogram, Metric, Metrics

EVENTS: list[tuple[Event, str, dict[str, str], float]] = [
    (
        RequestFinished("models", "", 200, 0.1),
        "tidegate_requests_total",
        {"route": "models", "deployment": "none", "status": "200"},
        1,
    ),
    (RequestFinished("models", "d", 200, 0.25), "tidegate_request_seconds_sum", {"route": "models"}, 0.25),
    (StreamOpened("d", True), "tidegate_active_streams", {"deployment": "d"}, 1),
    (StreamClosed("d", True, StreamOutcome.BLOCKED, 1.0), "tidegate_active_streams", {"deployment": "d"}, -1),
    (
        StreamClosed("d", False, StreamOutcome.BLOCKED, 1.0),
        "tidegate_streams_total",
        {"deployment": "d", "streamed": "false", "outcome": "blocked"},
        1,
    ),
    (
        StreamClosed("d", True, StreamOutcome.TIMEOUT, 1.5),
        "tidegate_stream_seconds_sum",
        {"deployment": "d", "streamed": "true"},
        1.5,
    ),
    (
        FirstToken("d", "client", 0.5),
        "tidegate_time_to_first_token_seconds_sum",
        {"deployment": "d", "side": "client"},
        0.5,
    ),
    (Flowed("d", (0.02,), ()), "tidegate_inter_token_seconds_sum", {"deployment": "d"}, 0.02),
    (
        Flowed("d", (), (Held("pii", 12, 0.5),)),
        "tidegate_hold_back_characters_sum",
        {"deployment": "d", "detector": "pii"},
        12,
    ),
    (
        Flowed("d", (), (Held("pii", 12, 0.5),)),
        "tidegate_hold_back_seconds_sum",
        {"deployment": "d", "detector": "pii"},
        0.5,
    ),
    (
        FindingMade("d", Stage.OUTPUT, "pii", "redact", 3),
        "tidegate_findings_total",
        {"deployment": "d", "stage": "output", "detector": "pii", "action": "redact"},
        3,
    ),
    (Scanned("d", 70, 5), "tidegate_characters_total", {"deployment": "d", "scanned": "true"}, 70),
    (Scanned("d", 70, 5), "tidegate_characters_total", {"deployment": "d", "scanned": "false"}, 5),
    (
        DetectorFailed("d", Stage.OUTPUT, "pii"),
        "tidegate_detector_failures_total",
        {"deployment": "d", "stage": "output", "detector": "pii"},
        1,
    ),
    (FieldsDropped("d", 2), "tidegate_dropped_fields_total", {"deployment": "d"}, 2),
]


def samples(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    _, body = metrics.exposition()
    families = text_string_to_metric_families(body.decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


@pytest.mark.parametrize(("event", "name", "labels", "value"), EVENTS)
def test_an_event_is_counted(event: Event, name: str, labels: dict[str, str], value: float) -> None:
    metrics = Metrics()
    metrics.notify(event)
    assert samples(metrics)[name, frozenset(labels.items())] == pytest.approx(value)


def test_events_add_up() -> None:
    metrics = Metrics()
    for _ in range(3):
        metrics.notify(Flowed("d", (0.5,), ()))
    assert samples(metrics)["tidegate_inter_token_seconds_count", frozenset({("deployment", "d")})] == 3


def test_two_servers_in_one_process_count_apart() -> None:
    first, second = Metrics(), Metrics()
    first.notify(Flowed("d", (0.5,), ()))
    assert not any(name.startswith("tidegate_inter_token_seconds_count") for name, _ in samples(second))


def test_every_metric_is_exposed_under_its_name_with_its_help() -> None:
    metrics = Metrics()
    for event, *_ in EVENTS:
        metrics.notify(event)
    text = metrics.exposition()[1].decode()
    for metric in METRICS:
        assert f"# HELP {metric.name} {metric.help}\n" in text


def test_openmetrics_is_spoken_where_it_is_asked_for() -> None:
    content_type, body = Metrics().exposition("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


@given(st.lists(st.floats(0, 700), max_size=40))
def test_many_observations_at_once_are_those_observations(values: list[float]) -> None:
    metric = Metric("m", "help", (), (0.1, 1.0, 10.0, 600.0))
    one_by_one = Histogram("m", "help", buckets=metric.buckets, registry=None)
    at_once = Histogram("m", "help", buckets=metric.buckets, registry=None)
    for value in values:
        one_by_one.observe(value)
    BulkHistogram(metric, at_once).observe(values)
    (expected,), (found,) = one_by_one.collect(), at_once.collect()
    kept = [s for s in expected.samples if not s.name.endswith(("_created", "_sum"))]
    assert [s for s in found.samples if not s.name.endswith(("_created", "_sum"))] == kept
    sums = [s.value for family in (expected, found) for s in family.samples if s.name.endswith("_sum")]
    assert sums[0] == pytest.approx(sums[1])
