"""A lane's released text, kept so that reports can show it with observed findings replaced as well."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from proxy.guard.findings import Finding

_Piece = tuple[int, str, bool]
"""Where a piece begins, what was released, and whether that is a placeholder."""


class Record:
    """What a lane released, piece by piece, in positions of its view."""

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []

    def released(self, start: int, text: str) -> None:
        """Note text that passed as it was."""
        self._pieces.append((start, text, False))

    def replaced(self, start: int, placeholder: str) -> None:
        """Note a placeholder that stands for withheld text."""
        self._pieces.append((start, placeholder, True))

    def cut(self, position: int) -> None:
        """Forget what was noted from ``position`` on."""
        while self._pieces and self._pieces[-1][0] >= position:
            self._pieces.pop()
        if self._pieces:
            start, text, replaced = self._pieces[-1]
            self._pieces[-1] = (start, text if replaced else text[: position - start], replaced)

    def render(self, findings: Sequence[Finding]) -> str:
        """Return the text with ``findings``, which are in text order, replaced by their placeholders."""
        if not findings:
            return "".join(text for _, text, _ in self._pieces)
        parts: list[str] = []
        spans = deque(_clusters(findings))
        for start, text, replaced in self._pieces:
            parts.append(text if replaced else _without(start, text, spans))
        return "".join(parts)


def _without(start: int, text: str, spans: deque[_Cluster]) -> str:
    """Return one piece with the clusters at the front of ``spans`` replaced; those that end in it are taken off."""
    parts: list[str] = []
    at, end = start, start + len(text)
    while spans and spans[0].start < end:
        low, high, placeholder = spans[0]
        if high > at:
            parts += (text[at - start : max(low, at) - start], placeholder)
            at = min(high, end)
        if high > end:
            # It goes on in the next piece, where it has been shown already.
            spans[0] = spans[0]._replace(placeholder="")
            break
        spans.popleft()
    parts.append(text[at - start :])
    return "".join(parts)


class _Cluster(NamedTuple):
    """Findings that overlap: where they begin and end, and what stands for them."""

    start: int
    end: int
    placeholder: str


def _clusters(findings: Sequence[Finding]) -> list[_Cluster]:
    clusters: list[_Cluster] = []
    for finding in findings:
        if clusters and finding.start < clusters[-1].end:
            clusters[-1] = clusters[-1]._replace(end=max(clusters[-1].end, finding.end))
        else:
            clusters.append(_Cluster(finding.start, finding.end, finding.placeholder))
    return clusters
