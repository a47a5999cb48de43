"""The request side: what the input policy makes of a chat completion request before it goes upstream."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from proxy.guard.checks import Exchange, Placed, Reading
from proxy.guard.findings import Action, Finding, LaneKey
from proxy.guard.lane import Asked, Lane
from proxy.guard.policy import Enforcement, Policy, Unseen
from proxy.guard.record import Record
from proxy.guard.request_texts import BESIDE, Text, asides, judged, parts, refuse_unseen, texts
from proxy.guard.sections import Heard, Section, block_message, empty_section, section
from proxy.guard.vault import HidingNumbering, Numbering, Vault, look_alikes

Json = dict[str, Any]

PERSONAL_DATA: Final = "pii"
"""The detector whose findings ``pii_redaction`` hides from the upstream."""


@dataclass(slots=True)
class Screening:
    """The outcome of screening a request."""

    body: Json
    """What goes upstream."""
    section: Section
    blocked: bool = False
    message: str = ""
    """What a person reads when the request was blocked."""
    vault: Vault | None = None
    findings: list[Finding] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    """The detectors that failed, once for each text on which they did."""
    unjudged: bool = False
    """Whether it was blocked because a detector failed, and not for what it says."""
    characters: int = 0
    """Characters of text in the messages."""


IDENTIFIER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,127}")
"""What looks like a name that programs go by; it says too little for a classifier to judge it."""


class RequestGuard:
    """Judges and rewrites one validated request.

    Redactions apply to all messages, since a chat resends its history, and to the other texts of a request, such as
    names and the descriptions of tools; blocks and the reported findings come from the messages that the policy
    judges, and from what stands beside them where it judges all. With ``pii_redaction`` redacted personal data can be
    restored in the answer.
    """

    def __init__(
        self, body: Json, policy: Policy, *, pii_redaction: bool = False, exchange: Exchange | None = None
    ) -> None:
        """Read everything there is to read in ``body``, which stays as it is.

        Raises:
            UnseenContent: an enforcing policy meets content that it cannot read.
        """
        self._idle = not policy.enforcements and not pii_redaction
        if policy.enforcing and policy.unseen is Unseen.REFUSE:
            refuse_unseen(body)
        self._policy = policy
        self._body = body if self._idle else copy.deepcopy(body)
        spoken = list(texts(self._body))
        self._texts = [] if self._idle else [*spoken, *asides(self._body)]
        self._judged = judged(body, policy)
        self._main = _main_text(spoken, self._judged)
        self._characters = sum(len(text.value) for text in spoken)
        self._vault = _vault(self._texts) if pii_redaction else None
        self._numbering = HidingNumbering(self._vault) if self._vault else Numbering()
        self._exchange = exchange or Exchange()
        self._record = Record()
        self._asked: list[Asked] = []
        self._lanes = [self._lane(text, hiding=pii_redaction) for text in self._texts]
        self._across = self._across_parts()
        for text, lane in zip(self._texts, self._lanes, strict=True):
            _hear(lane, text.value)

    def _lane(self, text: Text, *, hiding: bool) -> Lane:
        return Lane(
            LaneKey(0, "content" if text is self._main else text.path),
            _effective(self._policy, hiding=hiding, judging=text.message in self._judged),
            arguments=text.arguments,
            numbering=self._numbering,
            record=self._record if text is self._main else None,
            exchange=self._exchange,
            asked=self._asked,
            known=True,
        )

    def _across_parts(self) -> list[Lane]:
        """Lanes of messages whose parts may be harmless one by one: a model reads them as one text."""
        judging = (
            e for e in self._policy.enforcements if e.action is Action.BLOCK or (e.detector.asks and not e.redacts)
        )
        blocks = replace(self._policy, enforcements=tuple(judging))
        lanes: list[Lane] = []
        for index in sorted(self._judged - {BESIDE}) if blocks.enforcements else ():
            texts = parts(self._body, index)
            if len(texts) > 1:
                key = LaneKey(0, f"messages[{index}].content")
                lanes.append(Lane(key, blocks, exchange=self._exchange, asked=self._asked))
                _hear(lanes[-1], "".join(texts))
        return lanes

    def take_asked(self) -> list[Asked]:
        """Return the questions that arose since the last call; all have to be answered before ``finish``."""
        taken, self._asked[:] = list(self._asked), ()
        return taken

    def answer(self, asked: Asked, reading: Reading | None) -> None:
        """Take the answer to a question, None where it failed."""
        asked.lane.answer(asked, reading)

    def settle(self) -> None:
        """Rewrite the request, now that everything was answered. Observers may have questions left after that."""
        for text, lane in zip(self._texts, self._lanes, strict=True):
            released = lane.feed("", 0.0) + lane.finish(0.0)
            if lane.rewrites:
                text.holder[text.key] = released
        for lane in self._across:
            lane.finish(0.0)

    def finish(self) -> Screening:
        """Return the outcome, now that everything was answered."""
        result = Screening(self._body, empty_section(), vault=self._vault, characters=self._characters)
        if self._idle:
            return result
        observed: list[Finding] = []
        readings: list[tuple[str, Placed]] = []
        blocked_by: str | None = None
        for text, lane in zip(self._texts, self._lanes, strict=True):
            result.failures += lane.failures
            if text.message in self._judged:
                seen = lane.observed()
                observed += seen if text is self._main else []
                result.findings += lane.findings + seen
                readings += lane.readings()
            if blocked_by is None and lane.blocked_by is not None:
                blocked_by, result.unjudged = lane.blocked_by.name, lane.failed
        for lane in self._across if blocked_by is None else ():
            result.findings += lane.findings + lane.observed()
            result.failures += lane.failures
            readings += lane.readings()
            if blocked_by is None and lane.blocked_by is not None:
                blocked_by, result.unjudged = lane.blocked_by.name, lane.failed
        heard = Heard(result.findings, [(name, placed.reading) for name, placed in readings], result.failures)
        result.section = section(self._policy, heard, self._record, observed, blocked_by)
        if blocked_by is not None:
            result.blocked, result.message = True, block_message(self._policy, blocked_by)
        return result


def _hear(lane: Lane, text: str) -> None:
    lane.read(text)
    lane.end()


def _effective(policy: Policy, *, hiding: bool, judging: bool) -> Policy:
    """Return what the policy means for one message.

    Personal data is hidden where it is not blocked. A message that is not judged can neither block nor be reported,
    but what is redacted in one message is redacted in all.
    """
    enforcements: list[Enforcement] = []
    for enforcement in policy.enforcements:
        blocks = enforcement.action is Action.BLOCK and judging
        if hiding and enforcement.detector.name == PERSONAL_DATA and not blocks:
            enforcements.append(replace(enforcement, action=Action.REDACT))
        elif judging or enforcement.action is Action.REDACT:
            enforcements.append(enforcement)
    return replace(policy, enforcements=tuple(enforcements))


def clean(text: str, policy: Policy) -> str:
    """Return ``text`` redacted by a policy; the built-in message where the policy blocks it.

    Nobody can be asked about such a text, so that nothing is left of it, unless it is a mere name, where somebody
    would have to be.
    """
    if not policy.enforcing:
        return text
    if policy.awaiting and not IDENTIFIER.fullmatch(text):
        return ""
    lane = Lane(LaneKey(0, "content"), policy)
    cleaned = lane.feed(text, 0.0) + lane.finish(0.0)
    return block_message(policy, lane.blocked_by.name) if lane.blocked_by else cleaned


def _vault(texts: Sequence[Text]) -> Vault:
    return Vault(PERSONAL_DATA, frozenset(found for text in texts for found in look_alikes(text.value)))


def _main_text(texts: Sequence[Text], judged: set[int]) -> Text | None:
    return next((text for text in reversed(texts) if text.message in judged and not text.arguments), None)
