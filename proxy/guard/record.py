"""A lane's released text, kept so that reports can show it with observed findings replaced as well."""

from __future__ import annotations

from collections.abc import Sequence

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

    def render(self, findings: Sequence[Finding]) -> str:
        """Return the text with ``findings``, which are in text order, replaced by their placeholders."""
        if not findings:
            return "".join(text for _, text, _ in self._pieces)
        parts: list[str] = []
        spans = _clusters(findings)
        shown = -1
        for start, text, replaced in self._pieces:
            if replaced:
                parts.append(text)
                continue
            at = start
            for index, (low, high, placeholder) in enumerate(spans):
                if high <= at or low >= start + len(text):
                    continue
                parts.append(text[at - start : max(low - start, at - start)])
                if index > shown:
                    parts.append(placeholder)
                    shown = index
                at = min(high, start + len(text))
            parts.append(text[at - start :])
        return "".join(parts)


def _clusters(findings: Sequence[Finding]) -> list[tuple[int, int, str]]:
    clusters: list[tuple[int, int, str]] = []
    for finding in findings:
        if clusters and finding.start < clusters[-1][1]:
            low, high, placeholder = clusters[-1]
            clusters[-1] = (low, max(high, finding.end), placeholder)
        else:
            clusters.append((finding.start, finding.end, finding.placeholder))
    return clusters
