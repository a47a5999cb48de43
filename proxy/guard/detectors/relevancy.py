"""``relevancy``: whether an answer is about what was asked.

A judge scores each fact of the answer with 1 or 0. Without a judge the facts are sentences, compared with the question
by the cosine of their embeddings: that finds answers about something else, but not near misses, and it misjudges
questions that say nothing by themselves ("and the other one?"). The score is the mean over the facts; 1 is good.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from proxy.guard.checks import Backend, Backends, Brief, Exchange, Reading
from proxy.guard.detectors.classifying import Classifier, windows_option
from proxy.guard.detectors.judging import MAX_FACTS, WHOLE_ANSWER, FactCheck, facts_schema
from proxy.guard.detectors.options import known, probability, string

_TASK: Final = f"""\
The TEXT is an assistant's answer, or a piece of one, to the QUESTION. Take it apart into the statements that it \
makes, at most {MAX_FACTS} (the most important ones where there are more), and decide of each whether it helps to \
answer the QUESTION. Whether it is true does not matter. Greetings and offers of help are no statements; a \
refusal, or a question back that is needed, helps."""
_MEANING: Final = "1: it is about what the question asks for; 0: it is not"
_RELEVANT: Final = 1
_THRESHOLD: Final = 0.5
_SIMILAR: Final = 0.2
"""The default least cosine: sentences of fitting answers had .22 to .73, of unfitting ones -.09 to .19."""

_END: Final = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|\n+")
_SHORT: Final = 30
"""Sentences below this, in characters, are read together with the next one: they say little on their own."""
_LONG: Final = 600
"""Sentences are cut after this many characters: embedding models read no more."""


class Relevancy(FactCheck):
    """Finds answers to something that was not asked. Immutable; one serves all lanes."""

    name = "relevancy"

    @classmethod
    def from_config(cls, config: Mapping[str, object], backends: Backends) -> Relevancy:
        """Build the detector from its options.

        Options: ``threshold`` (answers whose score is below it are found), ``backend`` (a judge; left out, the only
        one there is, or else the local embeddings), ``similarity`` (the least cosine of a fitting sentence),
        ``windows``.

        Raises:
            ValueError: an option is not as specified, or there is neither a judge nor a local model; the message names
                the option.
        """
        known(config, cls.name, ("threshold", "backend", "similarity", "windows"))
        backend = _backend(string(config, "backend") or None, probability(config, "similarity", _SIMILAR), backends)
        return cls(
            Classifier(cls.name, backend, windows_option(config, WHOLE_ANSWER)),
            lambda exchange: exchange.question,
            "the request has no question",
            label="NOT_RELEVANT",
            best=_RELEVANT,
            threshold=probability(config, "threshold", _THRESHOLD),
            keys=("relevancy_list", "relevancy"),
        )


def _backend(name: str | None, least: float, backends: Backends) -> Backend:
    try:
        return backends.judge(Brief(_TASK, facts_schema(_RELEVANT, _MEANING), question=True), name)
    except ValueError:
        if name is not None:
            raise
    return SentenceSimilarity(backends.similarity(lambda exchange: (exchange.question,)), least)


class SentenceSimilarity:
    """Answers as a judge would, by comparing each sentence with the question, of which the beginning counts."""

    def __init__(self, similarity: Backend, least: float) -> None:
        """Take what compares a text with the question, and from which cosine on it fits."""
        self._similarity, self._least = similarity, least

    @property
    def timeout(self) -> float:
        """Seconds after which its answer is not awaited any longer."""
        return self._similarity.timeout

    async def read(self, text: str, exchange: Exchange) -> Reading:
        """Return the sentences as ``facts``. Raises what the comparison raises."""
        facts: list[object] = []
        for sentence in sentences(text):
            cosine = (await self._similarity.read(sentence, exchange)).scores["0"]
            facts.append({"fact": sentence, "score": int(cosine >= self._least)})
        return Reading(notes={"facts": facts})


def sentences(text: str) -> list[str]:
    """Cut a text after sentences, at line ends, and where one is too long; short ones are joined to others."""
    found: list[str] = []
    for piece in _pieces(text):
        if found and len(found[-1]) < _SHORT and len(found[-1]) + len(piece) < _LONG:
            found[-1] += f" {piece}"
        else:
            found.append(piece)
    if len(found) > 1 and len(found[-1]) < _SHORT and len(found[-2]) + len(found[-1]) < _LONG:
        last = found.pop()
        found[-1] += f" {last}"
    return found


def _pieces(text: str) -> Iterator[str]:
    for sentence in _END.split(text):
        piece = " ".join(sentence.split())
        for start in range(0, len(piece), _LONG):
            if any(ch.isalnum() for ch in piece[start : start + _LONG]):
                yield piece[start : start + _LONG]
