"""Questions that the pure core asks, and their answers: what a detector that has to be awaited is made of.

The guard never waits. It hands out :class:`Check` objects, goes on with what needs no answer, and is told the answers
later; who waits, and how long, is the server's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from proxy.guard.findings import Match

if TYPE_CHECKING:
    from proxy.guard.fingerprints import Fingerprints


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a text belongs to: what a detector may want to know beside the text itself."""

    question: str = ""
    """The last user message of the request."""
    context: str = ""
    """The request's ``enkrypt_context``."""
    system_prompt: str = ""
    """The instructions that go upstream: the saved model's, or else those of the request."""
    answering: bool = False
    """Whether the text is the model's answer, which comes piece by piece, and not a request's."""
    lane: str = "content"
    """Which text it is: ``content`` is what an answer, or the judged message of a request, says."""


class Entity(NamedTuple):
    """A piece of the judged text that a backend has named, in characters of that text, end exclusive."""

    start: int
    end: int
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What a backend says about one text."""

    scores: Mapping[str, float] = field(default_factory=dict)
    """By label; most are probabilities."""
    entities: tuple[Entity, ...] = ()
    notes: Mapping[str, object] = field(default_factory=dict)
    """What else it said, such as an explanation; JSON values."""


class Placed(NamedTuple):
    """A reading of ``start:end`` of a lane, in characters."""

    start: int
    end: int
    reading: Reading


class Backend(Protocol):
    """What answers checks: a local model, a service, a judge. One serves all requests."""

    @property
    def timeout(self) -> float:
        """Seconds after which its answer is not awaited any longer."""

    async def read(self, text: str, exchange: Exchange) -> Reading:
        """Judge a text.

        Any exception is a failure of the detector, and the policy's ``on_error`` says what follows from it. It is
        cancelled when nobody is interested in its answer any more.
        """


@dataclass(eq=False, slots=True)
class Check:
    """One question to a backend."""

    detector: str
    backend: Backend
    text: str
    exchange: Exchange


@runtime_checkable
class Asking(Protocol):
    """A scanner that has questions. Its ``safe`` stays before the text whose questions are not answered."""

    def asks(self) -> Sequence[Check]:
        """Return the questions that arose since the last call."""

    def reply(self, check: Check, reading: Reading) -> Sequence[Match]:
        """Take the answer to one of them, in any order; return the matches that became settled."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What a judge model is asked, whatever the text."""

    task: str
    """What it has to decide, in words; from the operator and us only, never from a user."""
    answer: Mapping[str, object]
    """The JSON Schema of its answer, an object; that object becomes the ``notes`` of the reading."""
    question: bool = False
    """Whether it is shown the request's question beside the text."""
    context: bool = False
    """Whether it is shown the request's context beside the text."""


class Backends(Protocol):
    """Where detectors get their backends from. Each call raises ValueError, in words, where there is none to be had."""

    def classifier(self, detector: str, name: str | None) -> Backend:
        """Return the backend called ``name``, or the local model for ``detector``: labels with scores, or entities."""

    def judge(self, brief: Brief, name: str | None) -> Backend:
        """Return the judge called ``name``, or the only one there is, asking it for what ``brief`` says."""

    def similarity(self, references: Callable[[Exchange], Sequence[str]]) -> Backend:
        """Return a backend whose score ``"i"`` is the cosine similarity of a text to the ``i``-th reference."""

    def fingerprints(self, path: str) -> Fingerprints:
        """Return the index of protected texts in the file at ``path``, opened once however many ask for it."""


class NoBackends:
    """Backends where there are none."""

    def classifier(self, detector: str, name: str | None) -> Backend:
        """Raise ValueError."""
        raise ValueError(f"{detector} needs a model, and there is none")

    def judge(self, brief: Brief, name: str | None) -> Backend:
        """Raise ValueError."""
        raise ValueError("this needs a judge, and there is none")

    def similarity(self, references: Callable[[Exchange], Sequence[str]]) -> Backend:
        """Raise ValueError."""
        raise ValueError("this needs a model of sentences, and there is none")

    def fingerprints(self, path: str) -> Fingerprints:
        """Raise ValueError."""
        raise ValueError(f"{path}: there is nothing that reads an index")
