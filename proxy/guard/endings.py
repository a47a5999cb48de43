"""How a choice ends: what is put ahead of its last chunk, and what becomes of the chunk in which it was blocked."""

from __future__ import annotations

from typing import Any

from proxy.guard.choice import Choice
from proxy.guard.policy import Policy
from proxy.guard.sections import block_message
from proxy.protocol import deltas

Json = dict[str, Any]


def send_ahead(choice: Choice, fields: Json, rest: Json, before: list[Json]) -> None:
    """Add the text that was held until the end to ``before``: it leaves before the chunk that says so."""
    delta = fields.get("delta")
    if isinstance(delta, dict) and deltas.has_text(fields):
        before.append({"index": choice.index, "delta": dict(delta), "finish_reason": None})
        delta.clear()
    before.append({"index": choice.index, "delta": rest, "finish_reason": None})
    if fields.get("logprobs"):
        before[-1]["logprobs"] = fields["logprobs"]
        fields["logprobs"] = None


def end_blocked(choice: Choice, fields: Json, rest: Json, before: list[Json], words: str) -> None:
    """Add the safe prefix and the notice to ``before``, and make ``fields`` the end of a choice that was blocked."""
    delta = fields.get("delta")
    delta = delta if isinstance(delta, dict) else {}
    if any(value not in (None, "", []) for value in delta.values()):
        before.append(fields | {"index": choice.index, "delta": delta, "finish_reason": None})
    if rest:
        before.append({"index": choice.index, "delta": rest, "finish_reason": None})
    if words:
        before.append({"index": choice.index, "delta": {"content": words}, "finish_reason": None})
    fields.clear()
    fields.update({"index": choice.index, "delta": {}, "finish_reason": "content_filter"})


def text_ahead(fields: Json) -> list[Json]:
    """Take the text out of a choice of a chunk; return a choice that says it, to be sent before, or nothing."""
    if not isinstance(fields.get("delta"), dict) or not deltas.has_text(fields):
        return []
    said: Json = {"index": fields.get("index", 0), "delta": dict(fields["delta"]), "finish_reason": None}
    fields["delta"].clear()
    if fields.get("logprobs"):
        said["logprobs"], fields["logprobs"] = fields["logprobs"], None
    return [said]


def with_logprobs(fields: Json) -> dict[str, str]:
    """Return the texts of a delta or message that log probabilities may come with, by lane."""
    return {name: fields[name] for name in ("content", "refusal") if isinstance(fields.get(name), str)}


def notice(policy: Policy, choice: Choice) -> str:
    """Return what a person reads where a choice was blocked; "" where the policy wants none."""
    if not policy.block_notice or choice.blocked_by is None:
        return ""
    return ("\n\n" if choice.has_content else "") + block_message(policy, choice.blocked_by)
