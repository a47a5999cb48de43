"""The Prometheus observer. Every metric name, and what it means, is in :data:`METRICS`.

Label values come from the operator's configuration and from our own enumerations, never from requests, so
that the number of series stays bounded. Metrics follow https://prometheus.io/docs/practices/naming/.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import Counter as Counted
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from proxy.events import (
    Checked,
    DetectorFailed,
    Event,
    FieldsDropped,
    FindingMade,
    FirstToken,
    Flowed,
    Held,
    RequestFinished,
    Scanned,
    StreamClosed,
    StreamOpened,
)

MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable naming the directory that worker processes share; prometheus_client reads it too."""

_NO_NAME = "none"
_FAST = (
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    15.0,
)
_SLOW = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
_CHARACTERS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384)


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One metric: its full name as exposed (counters with ``_total``), its meaning, labels and buckets."""

    name: str
    help: str
    labels: tuple[str, ...]
    buckets: tuple[float, ...] = ()


REQUESTS = Metric("tidegate_requests_total", "Requests answered.", ("route", "deployment", "status"))
REQUEST_SECONDS = Metric(
    "tidegate_request_seconds", "Seconds from a request to the end of its answer.", ("route",), _SLOW
)
STREAMS = Metric(
    "tidegate_streams_total",
    "Answers that an upstream was asked for, by how they ended.",
    ("deployment", "streamed", "outcome"),
)
STREAM_SECONDS = Metric(
    "tidegate_stream_seconds",
    "Seconds from asking the upstream to the end of the answer.",
    ("deployment", "streamed"),
    _SLOW,
)
ACTIVE_STREAMS = Metric("tidegate_active_streams", "Answers in progress.", ("deployment",))
FIRST_TOKEN = Metric(
    "tidegate_time_to_first_token_seconds",
    "Seconds until the first text came from the upstream or left for the client, by side.",
    ("deployment", "side"),
    _SLOW,
)
INTER_TOKEN = Metric(
    "tidegate_inter_token_seconds",
    "Seconds between two successive writes of text to a client.",
    ("deployment",),
    _FAST,
)
HOLD_CHARACTERS = Metric(
    "tidegate_hold_back_characters",
    "Characters withheld at once on account of a detector.",
    ("deployment", "detector"),
    _CHARACTERS,
)
HOLD_SECONDS = Metric(
    "tidegate_hold_back_seconds",
    "Seconds that text was withheld on account of a detector.",
    ("deployment", "detector"),
    _FAST,
)
FINDINGS = Metric(
    "tidegate_findings_total",
    "Findings, by what became of them.",
    ("deployment", "stage", "detector", "action"),
)
CHARACTERS = Metric(
    "tidegate_characters_total",
    "Characters released to clients, by whether every enforcing detector had seen them.",
    ("deployment", "scanned"),
)
DETECTOR_FAILURES = Metric(
    "tidegate_detector_failures_total",
    "Texts on which a detector failed; if it enforces, the policy's on_error decided.",
    ("deployment", "stage", "detector"),
)
CHECK_SECONDS = Metric(
    "tidegate_check_seconds",
    "Seconds that a detector's model, judge or service took to answer or fail.",
    ("detector", "answered"),
    _FAST,
)
DROPPED_FIELDS = Metric(
    "tidegate_dropped_fields_total",
    "Text-bearing answer fields withheld because no detector reads them.",
    ("deployment",),
)

METRICS = (
    REQUESTS,
    REQUEST_SECONDS,
    STREAMS,
    STREAM_SECONDS,
    ACTIVE_STREAMS,
    FIRST_TOKEN,
    INTER_TOKEN,
    HOLD_CHARACTERS,
    HOLD_SECONDS,
    FINDINGS,
    CHARACTERS,
    DETECTOR_FAILURES,
    CHECK_SECONDS,
    DROPPED_FIELDS,
)
"""All of them."""

Amount = Callable[[float], None]


class Metrics:
    """An :class:`~proxy.events.Observer` that counts, and renders what it counted.

    With :data:`MULTIPROCESS_VARIABLE` in the environment, the exposition covers all processes that share that
    directory.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._children: dict[tuple[Metric, tuple[str, ...]], Amount] = {}
        self._families = {metric: _family(metric, self._registry) for metric in METRICS}
        self._histograms: dict[tuple[Metric, tuple[str, ...]], BulkHistogram] = {}

    def notify(self, event: Event) -> None:
        """Count one event."""
        match event:
            case Flowed(deployment, gaps, holds):
                self._flowed(deployment, gaps, holds)
            case RequestFinished(route, deployment, status, seconds):
                self._child(REQUESTS, route, deployment, str(status))(1)
                self._child(REQUEST_SECONDS, route)(seconds)
            case StreamOpened(deployment):
                self._child(ACTIVE_STREAMS, deployment)(1)
            case StreamClosed(deployment, streamed, outcome, seconds):
                self._child(ACTIVE_STREAMS, deployment)(-1)
                self._child(STREAMS, deployment, _boolean(streamed), outcome)(1)
                self._child(STREAM_SECONDS, deployment, _boolean(streamed))(seconds)
            case FirstToken(deployment, side, seconds):
                self._child(FIRST_TOKEN, deployment, side)(seconds)
            case FindingMade(deployment, stage, detector, action, count):
                self._child(FINDINGS, deployment, stage, detector, action)(count)
            case Scanned(deployment, scanned, unscanned):
                self._child(CHARACTERS, deployment, "true")(scanned)
                self._child(CHARACTERS, deployment, "false")(unscanned)
            case DetectorFailed(deployment, stage, detector):
                self._child(DETECTOR_FAILURES, deployment, stage, detector)(1)
            case Checked(_, _, detector, answered, seconds):
                self._child(CHECK_SECONDS, detector, str(answered).lower())(seconds)
            case FieldsDropped(deployment, count):
                self._child(DROPPED_FIELDS, deployment)(count)
            case _:
                assert_never(event)

    def _flowed(self, deployment: str, gaps: Sequence[float], holds: Sequence[Held]) -> None:
        if gaps:
            self._many(INTER_TOKEN, gaps, deployment)
        for detector in {hold.detector for hold in holds}:
            own = [hold for hold in holds if hold.detector == detector]
            self._many(HOLD_CHARACTERS, [hold.characters for hold in own], deployment, detector)
            self._many(HOLD_SECONDS, [hold.seconds for hold in own], deployment, detector)

    def exposition(self, accept: str = "") -> tuple[str, bytes]:
        """The content type and the body of a scrape, in the format that the ``Accept`` header asks for."""
        encode, content_type = choose_encoder(accept)
        registry = self._registry
        if os.environ.get(MULTIPROCESS_VARIABLE):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return content_type, encode(registry)

    def _many(self, metric: Metric, values: Sequence[float], *labels: str) -> None:
        histogram = self._histograms.get((metric, labels))
        if histogram is None:
            child = self._families[metric].labels(*(label or _NO_NAME for label in labels))
            assert isinstance(child, Histogram)
            histogram = self._histograms[metric, labels] = BulkHistogram(metric, child)
        histogram.observe(values)

    def _child(self, metric: Metric, *values: str) -> Amount:
        key = (metric, values)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = _amount(self._families[metric].labels(*(v or _NO_NAME for v in values)))
        return child


class BulkHistogram:
    """Observes many values of one histogram at once: one addition for each bucket they fall into.

    prometheus_client has no such call, so this adds to its value cells as its own ``observe`` does, one value at a
    time; a test holds the two together.
    """

    def __init__(self, metric: Metric, child: Histogram) -> None:
        self._bounds = metric.buckets
        self._buckets = child._buckets
        self._sum = child._sum

    def observe(self, values: Sequence[float]) -> None:
        """Count the values."""
        for bucket, count in Counted(bisect_left(self._bounds, value) for value in values).items():
            self._buckets[bucket].inc(count)
        self._sum.inc(sum(values))


def forget_process(pid: int) -> None:
    """A worker process has ended: its share of the gauges no longer counts."""
    if os.environ.get(MULTIPROCESS_VARIABLE):
        mark_process_dead(pid)  # type: ignore[no-untyped-call]


def _family(metric: Metric, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
    if metric is ACTIVE_STREAMS:
        return Gauge(metric.name, metric.help, metric.labels, registry=registry, multiprocess_mode="livesum")
    if metric.buckets:
        return Histogram(metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets)
    return Counter(metric.name, metric.help, metric.labels, registry=registry)


def _amount(child: Counter | Gauge | Histogram) -> Amount:
    return child.observe if isinstance(child, Histogram) else child.inc


def _boolean(value: bool) -> str:
    return "true" if value else "false"
