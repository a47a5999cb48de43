"""``copyright_ip``: passages that an answer has in common with texts that the operator protects.

A *run* is a chain of grams that the index has, each beginning at most k + w words after the one before: what was copied
word for word, also with single words changed. A run is found when it is ``min_words`` long, from its last gram on: the
words before that are a quotation, which may leave, so that nothing is held of a text that has no long run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

from proxy.guard.checks import Backends, Exchange, Placed, Reading
from proxy.guard.detector import DetectorReport, Evidence, RuleReport, Scanner
from proxy.guard.detectors.compliance import mapping
from proxy.guard.detectors.options import known, positive, string
from proxy.guard.findings import Match
from proxy.guard.fingerprints import Fingerprints, fingerprint
from proxy.guard.windows import SilentScanner
from proxy.guard.word_reader import LONGEST_WORD, Runs, Word, WordReader

MIN_WORDS: Final = 20
"""The default length of a run that is found."""

_LABEL: Final = "PROTECTED_TEXT"
_SIMILARITY: Final = "similarity"


class CopyrightDetector:
    """Finds long runs of protected text. Immutable; one serves all lanes."""

    name = "copyright_ip"
    asks = False

    def __init__(self, fingerprints: Fingerprints | None, min_words: int = MIN_WORDS) -> None:
        """Take the index, or None where nothing is protected, and the words of the shortest run that is found.

        A passage copied word for word is found if it has ``min_words + 2 * (w - 1)`` words.

        Raises:
            ValueError: a run of so few words cannot be told, since the index has longer grams.
        """
        if fingerprints is not None and min_words <= fingerprints.gram:
            raise ValueError(f"min_words: expected more than {fingerprints.gram}, the words of the index's grams")
        self._fingerprints, self._min_words = fingerprints, min_words

    @classmethod
    def from_config(cls, config: Mapping[str, object], backends: Backends) -> CopyrightDetector:
        """Build the detector from its entry in a policy's ``detectors``.

        Options: ``index``, the path of a file made by ``tidegate index build`` (without it nothing is protected), and
        ``min_words``.

        Raises:
            ValueError: the entry is not as specified, or the index cannot be read; the message names the option.
        """
        known(config, cls.name, ("index", "min_words"))
        path = string(config, "index")
        min_words = positive(config, "min_words", MIN_WORDS)
        try:
            fingerprints = backends.fingerprints(path) if path else None
        except ValueError as error:
            raise ValueError(f"index: {error}") from error
        return cls(fingerprints, min_words)

    def rules(self) -> Sequence[RuleReport]:
        """Return one line: what is held of a run that is nearly long enough."""
        if self._fingerprints is None:
            return ()
        held = self._fingerprints.gram * (LONGEST_WORD + 1)
        return (RuleReport(f"{self._min_words} words of protected texts", held),)

    def scanner(self, exchange: Exchange | None) -> Scanner:
        """Return a scanner for one lane."""
        if self._fingerprints is None:
            return SilentScanner()
        return FingerprintScanner(self._fingerprints, self._min_words)

    def placeholder(self, label: str, index: int) -> str:
        """Return ``[PROTECTED_TEXT_n]``, counted from 1."""
        return f"[{label}_{index + 1}]"

    def report(self, evidence: Evidence) -> DetectorReport:
        """Return whether there was a finding, and the similarity of the run that is most similar.

        A run's similarity is the share of its words that are in grams of the index; what it lacks of ``min_words``
        counts as not shared.
        """
        fired = bool(evidence.findings)
        similarity = max((reading.scores[_SIMILARITY] for reading in evidence.readings), default=0.0)
        return DetectorReport(
            {"copyright_ip_similarity": int(fired)},
            {"similarity_score": round(similarity, 6), "compliance_mapping": mapping(self.name, fired)},
        )


class FingerprintScanner:
    """Finds the runs of one lane. Words are numbered from 0."""

    def __init__(self, fingerprints: Fingerprints, min_words: int) -> None:
        """Look for runs of at least ``min_words`` words."""
        self._fingerprints = fingerprints
        self._gram, self._min_words = fingerprints.gram, min_words
        self._reach = fingerprints.gram + fingerprints.window
        self._reader = WordReader()
        self._runs = Runs(_LABEL)
        self._last: deque[Word] = deque(maxlen=self._gram)
        self._count = 0
        self._received = 0
        self._first = 0
        """The first word of the run."""
        self._latest = -1 - self._reach
        """The first word of its last gram."""
        self._shared = 0
        """How many of its words are in grams of the index."""
        self._best = 0.0
        self.placed: list[Placed] = []
        self.safe = 0

    def feed(self, text: str) -> Sequence[Match]:
        """Take the next characters; return the matches that became settled."""
        self._received += len(text)
        found: list[Match] = []
        for word in self._reader.feed(text):
            self._take(word, found)
        self._settle(self._earliest(), found)
        return found

    def finish(self) -> Sequence[Match]:
        """Return the remaining matches."""
        found: list[Match] = []
        for word in self._reader.finish():
            self._take(word, found)
        self._settle(self._received, found)
        return found

    def _take(self, word: Word, found: list[Match]) -> None:
        self._last.append(word)
        self._count += 1
        if len(self._last) < self._gram or fingerprint([word.text for word in self._last]) not in self._fingerprints:
            return
        start, begins = self._count - self._gram, self._last[0].start
        if start - self._latest > self._reach:
            self._first, self._shared = start, self._gram
        else:
            self._shared += min(start - self._latest, self._gram)
        self._latest = start
        length = self._count - self._first
        similarity = self._shared / max(length, self._min_words)
        if similarity > self._best:
            self._best = similarity
            self.placed.append(Placed(begins, word.known, Reading({_SIMILARITY: similarity})))
        if length >= self._min_words:
            found += self._runs.add(begins, word.end)

    def _earliest(self) -> int:
        """Return where the next match may begin, at the earliest; no word has ended behind ``_last``."""
        # The next gram ends with a word that has not ended, and makes the run long enough or keeps it so.
        start = max(self._count + 1 - self._gram, self._latest + 1, self._first + self._min_words - self._gram)
        if start - self._latest > self._reach:
            return self._received
        if start < self._count:
            return self._last[start - self._count].start
        return self._reader.partial_start if start == self._count and self._reader.partial else self._received

    def _settle(self, earliest: int, found: list[Match]) -> None:
        found += self._runs.before(earliest)
        self.safe = self._runs.safe(earliest)
