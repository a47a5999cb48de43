"""``system_prompt``: the deployment's own instructions, where an answer gives them away.

Verbatim leaks are found by shingles of words, as they stream. With ``paraphrase`` windows of the answer are compared
with the sentences of the instructions by embeddings as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from proxy.guard.checks import Backend, Backends, Exchange, Reading
from proxy.guard.detector import DetectorReport, Evidence, RuleReport, Scanner
from proxy.guard.detectors.compliance import mapping
from proxy.guard.detectors.options import flag, known, positive, probability, string
from proxy.guard.findings import Match
from proxy.guard.shingles import MAX_CHARACTERS, Shingles, ShingleScanner
from proxy.guard.windows import JoinedScanner, SilentScanner, Window, Windows, WindowScanner
from proxy.guard.word_reader import LONGEST_WORD, words_of

WORDS: Final = 5
"""The default number of words in a shingle."""
MIN_WORDS: Final = 3
MAX_WORDS: Final = 32
PARAPHRASE: Final = 0.7
"""The default threshold of a cosine. Answers to the point are as similar to instructions as many a paraphrase is: of
twenty of each, written for the purpose, 6 paraphrases and 1 harmless answer reach it, at .5 they are 18 and 6. Hence
``paraphrase`` has to be asked for."""
MAX_SENTENCES: Final = 64

_LABEL: Final = "SYSTEM_PROMPT"
_INDEX: Final = "system"
_SENTENCE_WORDS: Final = 4
"""Shorter sentences are similar to too much."""
_SENTENCE_ENDS: Final = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_WINDOWS: Final = Windows()


@dataclass(frozen=True, slots=True)
class _Paraphrase:
    backend: Backend
    threshold: float

    def find(self, reading: Reading, window: Window) -> Sequence[Match]:
        if max(reading.scores.values(), default=0.0) < self.threshold:
            return ()
        return window.flagged(_LABEL)


class SystemPromptDetector:
    """Finds pieces of :attr:`Exchange.system_prompt` in answers. Immutable; one serves all lanes.

    A request is measured only: its own system message would be found in it otherwise.
    """

    name = "system_prompt"

    def __init__(self, words: int = WORDS, paraphrase: tuple[Backend, float] | None = None) -> None:
        """Take the words of a shingle, and what compares sentences with the threshold from which on they are found."""
        self._words = words
        self._paraphrase = _Paraphrase(*paraphrase) if paraphrase else None

    @classmethod
    def from_config(cls, config: Mapping[str, object], backends: Backends) -> SystemPromptDetector:
        """Build the detector from its entry in a policy's ``detectors``.

        Options: ``words`` (of a shingle), ``paraphrase`` (whether sentences are compared by embeddings) and
        ``paraphrase_threshold``; ``index`` can only be ``system``, as in the API.

        Raises:
            ValueError: the entry is not as specified, or there is nothing to compare sentences with.
        """
        known(config, cls.name, ("index", "paraphrase", "paraphrase_threshold", "words"))
        if string(config, "index", _INDEX) != _INDEX:
            raise ValueError(f"index: expected {_INDEX}")
        words = positive(config, "words", WORDS)
        if not MIN_WORDS <= words <= MAX_WORDS:
            raise ValueError(f"words: expected {MIN_WORDS} to {MAX_WORDS}")
        threshold = probability(config, "paraphrase_threshold", PARAPHRASE)
        if not flag(config, "paraphrase", False):
            return cls(words)
        try:
            return cls(words, (backends.similarity(_sentences_of), threshold))
        except ValueError as error:
            raise ValueError(f"paraphrase: {error}") from error

    @property
    def asks(self) -> bool:
        """Whether sentences are compared by a backend."""
        return self._paraphrase is not None

    def rules(self) -> Sequence[RuleReport]:
        """Return one line for each of the two comparisons."""
        shingles = RuleReport(f"{self._words} words of the system prompt", self._words * (LONGEST_WORD + 1))
        if self._paraphrase is None:
            return (shingles,)
        return shingles, RuleReport("paraphrases of the system prompt", _WINDOWS.hold_back)

    def scanner(self, exchange: Exchange | None) -> Scanner:
        """Return a scanner for one lane."""
        if exchange is None:
            return SilentScanner()
        shingles = _shingles(exchange.system_prompt, self._words)
        exact = ShingleScanner(shingles, _LABEL) if shingles.total else SilentScanner()
        if not exchange.answering:
            return _Measuring(exact)
        if self._paraphrase is None or not _sentences(exchange.system_prompt):
            return exact
        asking = WindowScanner(self.name, self._paraphrase.backend, _WINDOWS, exchange, self._paraphrase.find)
        return JoinedScanner((exact, asking))

    def placeholder(self, label: str, index: int) -> str:
        """Return ``[SYSTEM_PROMPT_n]``, counted from 1."""
        return f"[{label}_{index + 1}]"

    def report(self, evidence: Evidence) -> DetectorReport:
        """Return whether there was a finding, and the greatest similarity measured.

        That of shingles is the share of the instructions' shingles that were seen, that of sentences a cosine.
        """
        fired = bool(evidence.findings)
        scores = (score for reading in evidence.readings for score in reading.scores.values())
        similarity = round(min(max(scores, default=0.0), 1.0), 6)
        return DetectorReport(
            {"system_prompt_similarity": int(fired)},
            {"similarity_score": max(similarity, 0.0), "compliance_mapping": mapping(self.name, fired)},
        )


class _Measuring:
    """Reads a lane like another scanner, and finds nothing."""

    def __init__(self, scanner: ShingleScanner | SilentScanner) -> None:
        self._scanner = scanner
        self.placed = scanner.placed if isinstance(scanner, ShingleScanner) else []
        self.safe = 0

    def feed(self, text: str) -> Sequence[Match]:
        self._scanner.feed(text)
        self.safe += len(text)
        return ()

    def finish(self) -> Sequence[Match]:
        self._scanner.finish()
        return ()


@lru_cache(maxsize=16)
def _shingles(system_prompt: str, words: int) -> Shingles:
    return Shingles(system_prompt, words)


@lru_cache(maxsize=16)
def _sentences(system_prompt: str) -> tuple[str, ...]:
    """Return the sentences, or lines, of instructions that say something."""
    pieces = (piece.strip() for piece in _SENTENCE_ENDS.split(system_prompt[:MAX_CHARACTERS]))
    return tuple(dict.fromkeys(piece for piece in pieces if len(words_of(piece)) >= _SENTENCE_WORDS))[:MAX_SENTENCES]


def _sentences_of(exchange: Exchange) -> Sequence[str]:
    return _sentences(exchange.system_prompt)
