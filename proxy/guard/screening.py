"""The request side: what the input policy makes of a chat completion request before it goes upstream."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from proxy.guard.findings import Action, Finding, LaneKey
from proxy.guard.lane import Lane
from proxy.guard.policy import Enforcement, Judged, Policy, Unseen
from proxy.guard.record import Record
from proxy.guard.sections import Section, block_message, empty_section, section
from proxy.guard.vault import HidingNumbering, Numbering, Vault, look_alikes
from proxy.protocol.request import OWN_FIELD_PREFIX

Json = dict[str, Any]

PERSONAL_DATA: Final = "pii"
"""The detector whose findings ``pii_redaction`` hides from the upstream."""

_BESIDE: Final = -1
"""The message number of what no message says."""
_CONTROLS: Final = frozenset(("messages", "model", "tool_choice", "function_call", "stream_options", "modalities"))
"""Fields of a request that say nothing, besides those that never go upstream."""
_SPOKEN: Final = frozenset(("content", "refusal", "reasoning_content", "reasoning", "tool_calls", "function_call"))
_LABELS: Final = frozenset(("role", "type", "tool_call_id", "format", "$ref", "$schema"))
"""Members that programs tell things apart by."""


class UnseenContent(Exception):
    """A request has content whose text no detector can read, and the policy does not let that pass."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(message)
        self.param = param
        self.message = message


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


class _Text(NamedTuple):
    """A text of a request: its path, where it is, and whether it is JSON."""

    path: str
    holder: Any
    key: str | int
    arguments: bool
    message: int
    """The message it belongs to, or ``_BESIDE`` for none."""


def screen(body: Json, policy: Policy, *, pii_redaction: bool = False) -> Screening:
    """Judge and rewrite a validated request.

    Redactions apply to all messages, since a chat resends its history, and to the other texts of a request, such as
    names and the descriptions of tools; blocks and the reported findings come from the messages that the policy
    judges, and from what stands beside them where it judges all. With ``pii_redaction`` redacted personal data can be
    restored in the answer.

    Raises:
        UnseenContent: an enforcing policy meets content that it cannot read.
    """
    if not policy.enforcements and not pii_redaction:
        return Screening(body, empty_section(), characters=sum(len(t.holder[t.key]) for t in _texts(body)))
    if policy.enforcing and policy.unseen is Unseen.REFUSE:
        _refuse_unseen(body)
    return _rewritten(copy.deepcopy(body), policy, pii_redaction=pii_redaction)


def _rewritten(body: Json, policy: Policy, *, pii_redaction: bool) -> Screening:
    """Screen a body in place."""
    spoken = list(_texts(body))
    texts = [*spoken, *_asides(body)]
    judged = _judged(body, policy)
    vault = _vault(texts) if pii_redaction else None
    numbering = HidingNumbering(vault) if vault else Numbering()
    result = Screening(body, empty_section(), vault=vault, characters=sum(len(t.holder[t.key]) for t in spoken))
    record, main = Record(), _main_text(spoken, judged)
    observed: list[Finding] = []
    blocked_by: str | None = None
    for text in texts:
        lane = Lane(
            LaneKey(0, "content" if text is main else text.path),
            _effective(policy, hiding=pii_redaction, judging=text.message in judged),
            arguments=text.arguments,
            numbering=numbering,
            record=record if text is main else None,
        )
        text.holder[text.key] = lane.feed(text.holder[text.key], 0.0) + lane.finish(0.0)
        result.failures += lane.failures
        if text.message in judged:
            seen = lane.observed()
            observed += seen if text is main else []
            result.findings += lane.findings + seen
        if blocked_by is None and lane.blocked_by is not None:
            blocked_by, result.unjudged = lane.blocked_by.name, lane.failed
    if blocked_by is None:
        blocked_by = _blocked_across_parts(body, policy, judged, result)
    _report(result, policy, record, observed, blocked_by)
    return result


def _blocked_across_parts(body: Json, policy: Policy, judged: set[int], result: Screening) -> str | None:
    """Return the detector that blocks a message whose parts are harmless one by one: a model reads them as one text."""
    blocks = replace(policy, enforcements=tuple(e for e in policy.enforcements if e.action is Action.BLOCK))
    for index in sorted(judged - {_BESIDE}) if blocks.enforcing else ():
        message = body["messages"][index]
        parts = [text.holder[text.key] for text in _content("", message, "content", index)]
        if len(parts) > 1:
            lane = Lane(LaneKey(0, f"messages[{index}].content"), blocks)
            lane.feed("".join(parts), 0.0)
            lane.finish(0.0)
            result.findings += lane.findings
            if lane.blocked_by is not None:
                return lane.blocked_by.name
    return None


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


def _report(result: Screening, policy: Policy, record: Record, observed: list[Finding], blocked_by: str | None) -> None:
    result.section = section(policy, result.findings, record, observed, blocked_by)
    if blocked_by is not None:
        result.blocked = True
        result.message = block_message(policy, blocked_by)


def clean(text: str, policy: Policy) -> str:
    """Return ``text`` redacted by a policy; the built-in message where the policy blocks it."""
    if not policy.enforcing:
        return text
    lane = Lane(LaneKey(0, "content"), policy)
    cleaned = lane.feed(text, 0.0) + lane.finish(0.0)
    return block_message(policy, lane.blocked_by.name) if lane.blocked_by else cleaned


def _texts(body: Json) -> Iterator[_Text]:
    for index, message in enumerate(body["messages"]):
        path = f"messages[{index}]"
        yield from _content(f"{path}.content", message, "content", index)
        if isinstance(message.get("refusal"), str):
            yield _Text(f"{path}.refusal", message, "refusal", False, index)
        for name in ("reasoning_content", "reasoning"):
            if isinstance(message.get(name), str):
                yield _Text(f"{path}.{name}", message, name, False, index)
        for call, holder in enumerate(message.get("tool_calls") or ()):
            if isinstance(holder, dict) and isinstance(holder.get("function"), dict):
                yield from _arguments(f"{path}.tool_calls[{call}].function", holder["function"], index)
            custom = holder.get("custom") if isinstance(holder, dict) else None
            if isinstance(custom, dict) and isinstance(custom.get("input"), str):
                yield _Text(f"{path}.tool_calls[{call}].custom.input", custom, "input", False, index)
        if isinstance(message.get("function_call"), dict):
            yield from _arguments(f"{path}.function_call", message["function_call"], index)


def _asides(body: Json) -> Iterator[_Text]:
    """The texts of a request that no message says: a model may read them all the same."""
    for index, message in enumerate(body["messages"]):
        named = message.get("role") in ("tool", "function")
        for key in message:
            if key not in _SPOKEN and not (named and key == "name"):
                yield from _within(f"messages[{index}]", message, key, index)
        content = message.get("content")
        for position, part in enumerate(content if isinstance(content, list) else ()):
            if isinstance(part, dict) and part.get("type") in ("text", "refusal"):
                for key in [key for key in part if key not in ("text", "refusal")]:
                    yield from _within(f"messages[{index}].content[{position}]", part, key, index)
    for key in body:
        if key not in _CONTROLS and not key.startswith(OWN_FIELD_PREFIX):
            yield from _within("", body, key, _BESIDE)


def _within(path: str, holder: Any, key: str | int, index: int) -> Iterator[_Text]:
    value = holder[key]
    path = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}".removeprefix(".")
    if isinstance(value, str):
        if key not in _LABELS:
            yield _Text(path, holder, key, False, index)
    elif isinstance(value, list):
        for position in range(len(value)):
            yield from _within(path, value, position, index)
    elif isinstance(value, dict):
        # The name of a function is what its calls are told apart by.
        declares = "parameters" in value or "description" in value or "schema" in value
        for member in value:
            if not (declares and member == "name"):
                yield from _within(path, value, member, index)


def _vault(texts: list[_Text]) -> Vault:
    return Vault(PERSONAL_DATA, frozenset(found for text in texts for found in look_alikes(text.holder[text.key])))


def _arguments(path: str, function: Json, index: int) -> Iterator[_Text]:
    if isinstance(function.get("arguments"), str):
        yield _Text(f"{path}.arguments", function, "arguments", True, index)


def _content(path: str, holder: Json, key: str, index: int) -> Iterator[_Text]:
    content = holder.get(key)
    if isinstance(content, str):
        yield _Text(path, holder, key, False, index)
    elif isinstance(content, list):
        for position, part in enumerate(content):
            for name in ("text", "refusal"):
                if isinstance(part, dict) and isinstance(part.get(name), str):
                    yield _Text(f"{path}[{position}].{name}", part, name, False, index)


def _refuse_unseen(body: Json) -> None:
    for index, message in enumerate(body["messages"]):
        content = message.get("content")
        for position, part in enumerate(content if isinstance(content, list) else ()):
            kind = part.get("type") if isinstance(part, dict) else None
            if kind not in ("text", "refusal"):
                raise UnseenContent(
                    f"messages[{index}].content[{position}]",
                    "This deployment's policy has to read all content, and this content part is not text. "
                    "Send text parts only, or set unseen_content: allow on the deployment.",
                )
        if message.get("audio") is not None:
            raise UnseenContent(
                f"messages[{index}].audio",
                "This deployment's policy has to read all content, and a reference to audio cannot be read.",
            )


def _judged(body: Json, policy: Policy) -> set[int]:
    messages = body["messages"]
    if policy.judged is Judged.ALL:
        return {_BESIDE, *range(len(messages))}
    users = [index for index, message in enumerate(messages) if message.get("role") == "user"]
    # A request without a user message is judged whole rather than not at all.
    return {users[-1]} if users else set(range(len(messages)))


def _main_text(texts: list[_Text], judged: set[int]) -> _Text | None:
    return next((text for text in reversed(texts) if text.message in judged and not text.arguments), None)
