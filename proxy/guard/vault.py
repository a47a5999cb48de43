"""Placeholders: how values are numbered, and how placeholders become values again.

A :class:`Vault` belongs to one request and is never logged.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from proxy.guard.detector import Detector

_PLACEHOLDER = re.compile(r"<[A-Za-z0-9_]{1,64}>")


class Numbering:
    """Numbers distinct values per detector and label, in the order in which they are first asked for."""

    def __init__(self, taken: Vault | None = None, avoid: frozenset[str] = frozenset()) -> None:
        """Number from 0, or behind the placeholders that the request's vault has ``taken``; skip those to ``avoid``."""
        self._placeholders: dict[tuple[str, str], dict[str, str]] = {}
        self._next: dict[tuple[str, str], int] = {}
        self._taken = taken
        self._avoid = taken.avoid if taken else avoid

    def placeholder(self, detector: Detector, label: str, key: str) -> str:
        """Return the placeholder of the value ``key``."""
        kind = (detector.name, label)
        placeholders = self._placeholders.setdefault(kind, {})
        if key not in placeholders:
            index = self._next.get(kind, self._taken.count(label) if self._taken else 0)
            while (placeholder := detector.placeholder(label, index)).lower() in self._avoid:
                index += 1
            self._next[kind] = index + 1
            placeholders[key] = placeholder
        return placeholders[key]

    def count(self, detector: str, label: str) -> int:
        """Return the number that no placeholder of ``label`` has reached."""
        return self._next.get((detector, label), 0)

    def cover(self, detector: Detector, label: str, key: str, text: str) -> str:
        """Return what stands for ``text``: a value ``key`` and whatever overlaps it."""
        return self.placeholder(detector, label, key)


class HidingNumbering(Numbering):
    """Numbers a request's values so that those of one detector can be restored in the answer."""

    def __init__(self, vault: Vault) -> None:
        super().__init__()
        self._vault = vault

    def placeholder(self, detector: Detector, label: str, key: str) -> str:
        """Return the placeholder of ``key``; the vault remembers it where it is the detector's it hides."""
        if detector.name != self._vault.detector:
            return super().placeholder(detector, label, key)
        return self._vault.hide(detector, label, key)

    def cover(self, detector: Detector, label: str, key: str, text: str) -> str:
        """Return a placeholder from which exactly ``text`` can be restored."""
        return self.placeholder(detector, label, text)


class Run(NamedTuple):
    """What a restorer makes of the next ``length`` characters: the original to put in their place, or None."""

    length: int
    original: str | None


class Vault:
    """The originals that placeholders stand for in one request."""

    def __init__(self, detector: str, avoid: frozenset[str] = frozenset()) -> None:
        """Make an empty vault for the findings of the detector of that name.

        What :func:`look_alikes` finds in the request is to ``avoid``: it stands for nothing but itself.
        """
        self.detector = detector
        self.avoid = avoid
        self._numbering = Numbering(avoid=avoid)
        self._originals: dict[str, str] = {}
        self._hidden: set[str] = set()

    def hide(self, detector: Detector, label: str, original: str) -> str:
        """Return the placeholder of ``original``, the same one each time."""
        placeholder = self._numbering.placeholder(detector, label, original)
        self._originals[placeholder] = original
        self._hidden.add(original)
        return placeholder

    def count(self, label: str) -> int:
        """Return the number that no placeholder of ``label`` has reached."""
        return self._numbering.count(self.detector, label)

    def exempts(self, detector: str, text: str) -> bool:
        """Tell whether a finding is what the client itself sent, and is not to be acted on in its answer."""
        return detector == self.detector and text in self._hidden

    def restorer(self) -> Restorer:
        """Return a restorer for one lane."""
        # Some models answer in lower case.
        return Restorer(self._originals | {key.lower(): value for key, value in self._originals.items()})


def look_alikes(text: str) -> list[str]:
    """Return what looks like a placeholder in a client's own text, in lower case."""
    return [found.lower() for found in _PLACEHOLDER.findall(text)]


class Restorer:
    """Finds the placeholders of a text, delta by delta. What may become one is kept back, and no more."""

    def __init__(self, originals: dict[str, str]) -> None:
        self._originals = originals
        self._prefixes = {key[:length] for key in originals for length in range(1, len(key))}
        self._longest = max(map(len, originals), default=0)
        self.pending = ""

    def feed(self, text: str) -> list[Run]:
        """Return runs for the pending and the next characters, as far as they are decided."""
        text = self.pending + text
        self.pending = ""
        runs: list[Run] = []
        passed = at = 0
        while (at := text.find("<", at)) >= 0:
            end = text.find(">", at, at + self._longest) + 1
            original = self._originals.get(text[at:end]) if end else None
            if original is not None:
                runs += [Run(at - passed, None), Run(end - at, original)]
                at = passed = end
            elif not end and text[at:] in self._prefixes:
                self.pending = text[at:]
                break
            else:
                at += 1
        runs.append(Run(len(text) - len(self.pending) - passed, None))
        return [run for run in runs if run.length]

    def finish(self) -> list[Run]:
        """The text has ended: what was pending is no placeholder."""
        length, self.pending = len(self.pending), ""
        return [Run(length, None)] if length else []
