"""``keyword_detector``: banned words, found whole in the folded view of the text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from proxy.guard.checks import Backends, Exchange
from proxy.guard.detector import DetectorReport, Evidence, RuleReport
from proxy.guard.detectors.compliance import mapping
from proxy.guard.detectors.options import known, strings
from proxy.guard.findings import Match
from proxy.guard.folding import Folder, fold
from proxy.guard.runner import Runner, Settled
from proxy.guard.text_buffer import TextBuffer
from proxy.guard.words import WordTrie

MAX_KEYWORDS = 100_000
MAX_KEYWORD_CHARACTERS = 256


class KeywordDetector:
    """Finds banned words. Immutable; one serves all lanes."""

    name = "keyword_detector"
    asks = False

    def __init__(self, keywords: Sequence[str]) -> None:
        """Take the words as the operator wrote them; of words that fold alike the first is kept.

        Raises:
            ValueError: there are too many words, or one is empty once folded, or too long.
        """
        if len(keywords) > MAX_KEYWORDS:
            raise ValueError(f"banned_keywords: expected at most {MAX_KEYWORDS} words, got {len(keywords)}")
        self.written: dict[str, str] = {}
        for index, keyword in enumerate(keywords):
            folded = fold(keyword)
            if not 0 < len(folded) <= MAX_KEYWORD_CHARACTERS:
                raise ValueError(f"banned_keywords[{index}]: expected 1 to {MAX_KEYWORD_CHARACTERS} visible characters")
            self.written.setdefault(folded, keyword)
        self.trie = WordTrie(sorted(self.written))

    @classmethod
    def from_config(cls, config: Mapping[str, object], backends: Backends) -> KeywordDetector:
        """Build the detector from its entry in a policy's ``detectors``.

        Raises:
            ValueError: the entry is not as specified; the message names the field.
        """
        known(config, cls.name, ("banned_keywords",))
        return cls(strings(config, "banned_keywords"))

    def rules(self) -> Sequence[RuleReport]:
        """Return one line for the whole list: the longest word is withheld until the character after it."""
        return (RuleReport(f"{len(self.written)} banned keywords", max(map(len, self.written), default=0)),)

    def scanner(self, exchange: Exchange | None) -> KeywordScanner:
        """Return a scanner for one lane."""
        return KeywordScanner(self)

    def placeholder(self, label: str, index: int) -> str:
        """Return ``[KEYWORD_n]``, counted from 1 in the order in which the words first appear."""
        return f"[{label}_{index + 1}]"

    def report(self, evidence: Evidence) -> DetectorReport:
        """Return ``detected_keywords`` and ``detected_counts``; withheld words show as placeholders."""
        shown = (finding.placeholder if finding.value is None else finding.value for finding in evidence.findings)
        counts = Counter(shown)
        details: dict[str, object] = {
            "detected_keywords": list(counts),
            "detected_counts": dict(counts),
            "redacted_text": evidence.redacted_text,
            "compliance_mapping": mapping(self.name, bool(counts)),
        }
        return DetectorReport({"keyword_detected": int(bool(counts))}, details)


_NO_MATCHES: list[Match] = []


class KeywordScanner:
    """Finds the words of one :class:`KeywordDetector` in one lane."""

    __slots__ = ("_base", "_detector", "_folded", "_folder", "_length", "_origins", "_reached", "_runner", "safe")

    def __init__(self, detector: KeywordDetector) -> None:
        self._detector = detector
        self._folder = Folder()
        self._runner = Runner(detector.trie.starts, (False,))
        self._folded = TextBuffer()
        self._origins: list[int] = []
        """The position in the lane of each folded character from ``_base`` on."""
        self._base = 0
        self._length = 0
        self._reached = 0
        self.safe = 0

    def feed(self, text: str) -> list[Match]:
        """Take the next characters; return the matches that became settled."""
        folded, origins = self._folder.feed(text)
        length = self._length
        self._length = length + len(text)
        runner = self._runner
        settled = runner.feed(folded)
        if not settled and runner.safe == runner.position:
            self._forget()
            return _NO_MATCHES
        self._folded.append(folded)
        self._origins.extend(range(length, self._length) if origins is None else origins)
        matches = self._matches(settled) if settled else _NO_MATCHES
        if runner.safe == runner.position:
            self._forget()
        else:
            self._trim(runner.safe - self._base)
        return matches

    def finish(self) -> list[Match]:
        """Return the remaining matches."""
        matches = self._matches(self._runner.finish())
        self.safe = self._length
        return matches

    def _forget(self) -> None:
        self.safe = self._length
        self._base = self._runner.position
        self._folded.clear(self._base)
        self._origins.clear()

    def _trim(self, drop: int) -> None:
        self.safe = self._origins[drop]
        if drop:
            del self._origins[:drop]
            self._base += drop
            self._folded.forget(self._base)

    def _matches(self, settled: Sequence[Settled]) -> list[Match]:
        found: list[Match] = []
        for start, ends in settled:
            first, after = start - self._base, ends[0][-1] - self._base
            if ends[0][-1] <= self._reached:
                continue
            self._reached = ends[0][-1]
            key = self._folded.slice(start, ends[0][-1])
            # Invisible characters behind the last one belong to the match; part of a character never does.
            following = self._origins[after] if after < len(self._origins) else self._length
            end = max(self._origins[after - 1] + 1, following)
            found.append(Match(self._origins[first], end, "KEYWORD", "", self._detector.written[key]))
        return found
