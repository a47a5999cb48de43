"""What happens to a request, as values: the vocabulary that metrics, logs and tests share.

The relay tells an :class:`Observer` about each event; nothing in this package knows who listens.
All durations are seconds of a monotonic clock, all sizes are characters of decoded text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol


class StreamOutcome(StrEnum):
    """How an answer ended; exactly one for every request that reached an upstream."""

    COMPLETED = "completed"
    BLOCKED = "blocked"
    UPSTREAM_ERROR = "upstream_error"
    TIMEOUT = "timeout"
    DISCONNECTED = "disconnected"
    CANCELLED = "cancelled"


class Stage(StrEnum):
    """Which side of the model a policy stands on."""

    INPUT = "input"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class RequestFinished:
    """A request was answered: the route's name, the deployment ("" when none was resolved), the status."""

    route: str
    deployment: str
    status: int
    seconds: float


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """An upstream answer began to be relayed; always followed by one :class:`StreamClosed`."""

    deployment: str
    streamed: bool


@dataclass(frozen=True, slots=True)
class FirstToken:
    """The first text arrived from the upstream (side "upstream") or left for the client (side "client")."""

    deployment: str
    side: str
    seconds: float


class Held(NamedTuple):
    """Text that was withheld and then settled: for which detector's sake, how much, and for how long."""

    detector: str
    characters: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Flowed:
    """How text flowed since the last such event of the stream; told about once a second and at the end."""

    deployment: str
    gaps: tuple[float, ...]
    """Seconds between successive writes of text to the client."""
    holds: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class FindingMade:
    """A detector found something and its policy acted on it."""

    deployment: str
    stage: Stage
    detector: str
    action: str
    count: int


@dataclass(frozen=True, slots=True)
class DetectorFailed:
    """A detector raised; if it enforces, its policy's ``on_error`` decided what became of the text."""

    deployment: str
    stage: Stage
    detector: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A backend was asked about a piece of text, and answered or failed, so many seconds later."""

    deployment: str
    stage: Stage
    detector: str
    answered: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class FieldsDropped:
    """Text-bearing fields that no lane covers were withheld under an enforcing policy."""

    deployment: str
    count: int


@dataclass(frozen=True, slots=True)
class Scanned:
    """Characters released to the client after, or without, every enforcing detector having seen them."""

    deployment: str
    scanned: int
    unscanned: int


@dataclass(frozen=True, slots=True)
class StreamClosed:
    """An answer ended. The last event of its request apart from :class:`RequestFinished`."""

    deployment: str
    streamed: bool
    outcome: StreamOutcome
    seconds: float


Event = (
    RequestFinished
    | StreamOpened
    | FirstToken
    | Flowed
    | FindingMade
    | DetectorFailed
    | Checked
    | FieldsDropped
    | Scanned
    | StreamClosed
)


class Observer(Protocol):
    """Something that wants to know. It must neither block nor raise."""

    def notify(self, event: Event) -> None:
        """Take one event."""


class Observers:
    """Several observers behind the face of one."""

    def __init__(self, observers: Iterable[Observer]) -> None:
        self._observers = tuple(observers)

    def notify(self, event: Event) -> None:
        """Pass the event on to each, in order."""
        for observer in self._observers:
            observer.notify(event)
