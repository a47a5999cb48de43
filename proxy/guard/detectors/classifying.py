"""What detectors that show windows of a text to a classifier share: their options, and how lanes are scanned."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from proxy.guard.checks import Backend, Check, Exchange, Reading
from proxy.guard.detector import RuleReport, Scanner
from proxy.guard.detectors.options import known, positive, probability
from proxy.guard.findings import Match
from proxy.guard.windows import Find, SilentScanner, Window, Windows, WindowScanner

MASK: Final = "***"
"""Stands for text that was withheld."""

MAX_WINDOW: Final = 65_536
"""The most characters that a window may be configured to have."""

_THRESHOLD: Final = 0.5
_SLIP: Final = 1e-3
"""By how much a probability may leave its range: sums of small floating point numbers do."""


def growing(first: int, size: int, overlap: int, lookahead: int = 0) -> Windows:
    """Return windows that double from ``first`` characters on until they have ``size``.

    Raises:
        ValueError: the sizes do not fit together.
    """
    growth: list[int] = []
    end = first
    while 0 < end < size:
        growth.append(end)
        end *= 2
    if first > size:
        raise ValueError("the first window cannot be larger than the others")
    return Windows(tuple(growth), size, overlap, lookahead)


def object_option(config: Mapping[str, object], key: str, expected: str) -> Mapping[str, object] | None:
    """Return an option that is an object and not empty, or None where it is left out.

    Raises:
        ValueError: it is not what is ``expected``, in words.
    """
    value = config.get(key)
    if value is None:
        return None
    if not isinstance(value, Mapping) or not value or not all(isinstance(name, str) for name in value):
        raise ValueError(f"{key}: expected {expected}")
    return value


def windows_option(config: Mapping[str, object], default: Windows) -> Windows:
    """Return the option ``windows``: ``first``, ``size`` and ``overlap`` in characters, by default as in ``default``.

    Raises:
        ValueError: it is something else, or the sizes do not fit together; the message names the option.
    """
    value = object_option(config, "windows", "an object with first, size and overlap, in characters")
    if value is None:
        return default
    try:
        known(value, "windows", ("first", "size", "overlap"))
        size = positive(value, "size", default.size)
        first = positive(value, "first", min(size, default.growth[0]) if default.growth else size)
        overlap = positive(value, "overlap", default.overlap)
    except ValueError as error:
        raise ValueError(f"windows.{error}") from None
    if size > MAX_WINDOW:
        raise ValueError(f"windows.size: expected at most {MAX_WINDOW} characters")
    try:
        return growing(first, size, overlap, default.lookahead)
    except ValueError as error:
        raise ValueError(f"windows: {error}") from None


class Labels:
    """Whose labels are whose: what a backend calls a thing, and what a detector does."""

    def __init__(self, ours: Sequence[str], aliases: Mapping[str, str]) -> None:
        """Take the detector's labels, and what else they may be called; case, spaces and hyphens do not matter."""
        self._ours = {_plain(label): label for label in ours} | {_plain(key): value for key, value in aliases.items()}

    @classmethod
    def from_config(cls, config: Mapping[str, object], ours: Sequence[str], aliases: Mapping[str, str]) -> Labels:
        """Return the option ``labels``, ``{theirs: ours}``, which says it all; without it, the aliases hold.

        Raises:
            ValueError: it is something else, or names a label that the detector does not have.
        """
        value = object_option(config, "labels", "an object from the backend's labels to ours")
        if value is None:
            return cls(ours, aliases)
        chosen: dict[str, str] = {}
        for theirs, own in value.items():
            if not isinstance(own, str) or own not in ours:
                raise ValueError(f"labels.{theirs}: expected one of {', '.join(ours)}")
            chosen[theirs] = own
        return cls((), chosen)

    def own(self, theirs: str) -> str | None:
        """Return what the detector calls a backend's label; None where it has no use for it."""
        return self._ours.get(_plain(theirs))

    def probabilities(self, scores: Mapping[str, float]) -> dict[str, float]:
        """Return the scores by the detector's labels, the greatest where several mean the same.

        Raises:
            ValueError: there are scores, but of no label that means anything here, or one is no probability.
        """
        found: dict[str, float] = {}
        for theirs, score in scores.items():
            own = self.own(theirs)
            if own is None:
                continue
            if not -_SLIP <= score <= 1 + _SLIP:
                raise ValueError(f"the score of {theirs} is not a probability")
            found[own] = max(found.get(own, 0.0), min(max(float(score), 0.0), 1.0))
        if scores and not found:
            raise ValueError(f"none of the backend's labels is known: {', '.join(sorted(scores)[:8])}")
        return found


def _plain(label: str) -> str:
    return label.casefold().replace("-", "_").replace(" ", "_")


Translate = Callable[[Reading, str], Reading]
"""What a detector makes of a backend's reading of a window with that text, before anybody else sees it."""


class TranslatingScanner(WindowScanner):
    """Shows windows to a backend, and speaks of its readings in the detector's own words."""

    def __init__(
        self,
        detector: str,
        backend: Backend,
        windows: Windows,
        exchange: Exchange,
        find: Find,
        translate: Translate,
    ) -> None:
        """As its base, with a function that ``find`` and ``placed`` see the results of; what it raises is a failure."""
        super().__init__(detector, backend, windows, exchange, find)
        self._translate = translate

    def reply(self, check: Check, reading: Reading) -> Sequence[Match]:
        """Take the answer to a question; return the matches in its segment."""
        return super().reply(check, self._translate(reading, check.text))


@dataclass(frozen=True, slots=True)
class Classifier:
    """A backend with the windows that it is shown. Immutable; one serves all lanes."""

    detector: str
    backend: Backend
    windows: Windows

    def rules(self) -> Sequence[RuleReport]:
        """Return one line: what waits for its window to be filled."""
        return (RuleReport(f"{self.detector} windows", self.windows.hold_back),)

    def scanner(self, exchange: Exchange | None, translate: Translate, verdict: Callable[[Reading], str]) -> Scanner:
        """Return a scanner whose match is a whole segment, under the label that ``verdict`` has for it unless empty."""
        if exchange is None:
            return SilentScanner()

        def find(reading: Reading, window: Window) -> Sequence[Match]:
            label = verdict(reading)
            return window.flagged(label) if label else ()

        return TranslatingScanner(self.detector, self.backend, self.windows, exchange, find, translate)


class ClassifierDetector(ABC):
    """What detectors have in common that show windows to a classifier. Immutable; one serves all lanes."""

    name: str
    asks: Final = True
    _classifier: Classifier

    def rules(self) -> Sequence[RuleReport]:
        """Return one line: what waits for its window to be filled."""
        return self._classifier.rules()

    def scanner(self, exchange: Exchange | None) -> Scanner:
        """Return a scanner for one lane."""
        return self._classifier.scanner(exchange, self._translate, self._verdict)

    def placeholder(self, label: str, index: int) -> str:
        """Return the label in square brackets, counted from 1."""
        return f"[{label}_{index + 1}]"

    @abstractmethod
    def _translate(self, reading: Reading, text: str) -> Reading:
        """Return what a backend says about ``text`` in this detector's words; ValueError where it is no answer."""

    @abstractmethod
    def _verdict(self, reading: Reading) -> str:
        """Return the label under which a window is found, "" where it is not."""


def threshold_option(config: Mapping[str, object], local: float) -> float:
    """Return the option ``threshold``: by default ``local`` for the local model, and one half for another backend.

    Raises:
        ValueError: it is no probability.
    """
    return probability(config, "threshold", _THRESHOLD if config.get("backend") else local)


def greatest(readings: Iterable[Reading], labels: Sequence[str]) -> dict[str, float]:
    """Return the greatest score of each label, rounded to six decimals; 0 where nothing was read."""
    found = dict.fromkeys(labels, 0.0)
    for reading in readings:
        for label in labels:
            found[label] = max(found[label], round(reading.scores[label], 6))
    return found
