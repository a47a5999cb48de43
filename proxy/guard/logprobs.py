"""Log probabilities repeat the text token by token: they follow the text through the guard, or stay behind."""

from __future__ import annotations

from collections import deque
from typing import Any

from proxy.guard.lane import Lane
from proxy.guard.observing import touches


class TokenQueue:
    """The ``logprobs`` entries of one lane.

    An entry leaves when its token's text has been released unchanged. Alternatives (``top_logprobs``) are texts that
    nobody scanned, so only the chosen token's own remains.
    """

    def __init__(self, lane: Lane, *, aligned: bool) -> None:
        """Follow ``lane``; entries are ``aligned`` only where no text came before the first of them."""
        self._lane = lane
        self._entries: deque[tuple[int, int, dict[str, Any]]] = deque()
        self._position = 0
        self._aligned = aligned

    def feed(self, entries: object, text: str) -> None:
        """Take the entries that came with ``text``; where they do not spell it, none is passed from here on."""
        tokens = entries if isinstance(entries, list) else []
        start, self._position = self._position, self._position + len(text)
        if not tokens and not text:
            return
        if not all(isinstance(t, dict) and isinstance(t.get("token"), str) for t in tokens):
            self._aligned = False
        # Two halves of a surrogate pair are one character of the lane: positions would drift apart.
        if not text.isascii() and any("\ud800" <= ch <= "\udfff" for ch in text):
            self._aligned = False
        if not self._aligned or "".join(t["token"] for t in tokens) != text:
            self._aligned = False
            self._entries.clear()
            return
        for entry in tokens:
            end = start + len(entry["token"])
            self._entries.append((start, end, _chosen_only(entry)))
            start = end

    def take(self) -> list[dict[str, Any]]:
        """Return the entries whose text is out."""
        taken: list[dict[str, Any]] = []
        lane = self._lane
        while self._entries and self._entries[0][1] <= lane.released:
            start, end, entry = self._entries.popleft()
            if not touches(lane.withheld, start, end):
                taken.append(entry)
        return taken


def _chosen_only(entry: dict[str, Any]) -> dict[str, Any]:
    known = _measured(entry)
    if "top_logprobs" in entry:
        alternatives = entry["top_logprobs"] if isinstance(entry["top_logprobs"], list) else []
        chosen = (a for a in alternatives if isinstance(a, dict) and a.get("token") == entry["token"])
        known["top_logprobs"] = [_measured(a) for a in chosen]
    return known


def _measured(entry: dict[str, Any]) -> dict[str, Any]:
    """Keep a token and what is said about it, as far as that is a number, or its own bytes."""
    known: dict[str, Any] = {key: entry[key] for key in ("token", "logprob", "bytes") if key in entry}
    if not isinstance(known.get("logprob"), (int, float, type(None))):
        del known["logprob"]
    if known.get("bytes") != list(known["token"].encode(errors="surrogatepass")):
        known.pop("bytes", None)
    return known
