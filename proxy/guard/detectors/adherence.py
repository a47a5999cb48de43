"""``adherence``: whether an answer keeps to the context that came with the request. Only a judge can say.

A fact scores 2 where the context supports it, 1 where it follows from the context, and 0 otherwise; the score of an
answer is what its facts reach of the most that they could, so that ``[2, 0]`` gives 0.5. 1 is good.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from proxy.guard.checks import Backends, Brief
from proxy.guard.detectors.classifying import Classifier, windows_option
from proxy.guard.detectors.judging import MAX_FACTS, WHOLE_ANSWER, FactCheck, facts_schema
from proxy.guard.detectors.options import known, probability, string

_TASK: Final = f"""\
The TEXT is an assistant's answer, or a piece of one, to the QUESTION; it should keep to the CONTEXT. Take it \
apart into the facts that it states, at most {MAX_FACTS} (the most important ones where there are more), and \
compare each with the CONTEXT alone, not with what you know. Greetings, offers of help and questions back are no \
facts. An answer that states nothing has none."""
_MEANING: Final = "2: the context says so; 1: it follows from the context; 0: the context does not say so, or denies it"
_SUPPORTED: Final = 2
_THRESHOLD: Final = 0.5


class Adherence(FactCheck):
    """Finds answers that leave their context. Immutable; one serves all lanes."""

    name = "adherence"

    @classmethod
    def from_config(cls, config: Mapping[str, object], backends: Backends) -> Adherence:
        """Build the detector from its options: ``threshold`` (answers below it are found), ``backend``, ``windows``.

        Raises:
            ValueError: an option is not as specified, or there is no judge; the message names the option.
        """
        known(config, cls.name, ("threshold", "backend", "windows"))
        brief = Brief(_TASK, facts_schema(_SUPPORTED, _MEANING), question=True, context=True)
        judge = backends.judge(brief, string(config, "backend") or None)
        return cls(
            Classifier(cls.name, judge, windows_option(config, WHOLE_ANSWER)),
            lambda exchange: exchange.context,
            "the request has no enkrypt_context",
            label="NOT_ADHERENT",
            best=_SUPPORTED,
            threshold=probability(config, "threshold", _THRESHOLD),
            keys=("adherence_list", "faithfulness"),
        )
