"""One choice of an answer: its lanes, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from proxy.guard.checks import Exchange, Placed
from proxy.guard.findings import Finding, LaneKey
from proxy.guard.holds import Hold
from proxy.guard.inquiry import Wait
from proxy.guard.lane import Asked, Lane
from proxy.guard.logprobs import TokenQueue
from proxy.guard.policy import Policy
from proxy.guard.record import Record
from proxy.guard.vault import Vault
from proxy.protocol.chunks import Slot, place, slots

Json = dict[str, Any]
Clock = Callable[[], float]
"""The time of what is being taken, in seconds of the caller's monotonic clock."""

CANONICAL = ("reasoning_content", "reasoning", "content", "refusal", "audio", "function_call", "tool_calls")
"""The order in which the texts of a whole message speak."""


def _canonical(lane: Lane) -> tuple[int, int, bool]:
    """Sort lanes by kind, then by the number of the tool call; a function's name comes before its arguments."""
    name = lane.key.lane
    outer = name.partition(".")[0].partition("[")[0]
    index = name.partition("[")[2].partition("]")[0]
    return CANONICAL.index(outer), int(index) if index.isdigit() else 0, not name.endswith(".name")


class Choice:
    """The lanes of one choice. A block in one of them ends the choice."""

    def __init__(
        self,
        index: int,
        *,
        policy: Policy,
        vault: Vault | None,
        tool_names: frozenset[str],
        holds: list[Hold],
        exchange: Exchange,
        asked: list[Asked],
    ) -> None:
        self.index = index
        self._policy = policy
        self._vault = vault
        self._tool_names = tool_names
        self._holds = holds
        self._exchange = exchange
        self._asked = asked
        self._lanes: dict[str, Lane] = {}
        self._tokens: dict[str, TokenQueue] = {}
        self._speaker: Lane | None = None
        self._blocked: Lane | None = None
        self.record = Record() if index == 0 and policy.enforcements else None
        """What the main text of the answer became; kept for the first choice."""
        self.over = False
        self.blocked_by: str | None = None
        """The name of the detector that ended this choice."""
        self.ahead: Json = {}
        """A delta to be sent before the one that was fed: what an earlier speaker had yet to say."""

    def feed(self, fields: Json, clock: Clock, *, whole: bool = False) -> Generator[Wait, None, bool]:
        """Guard the texts of a delta, or of a ``whole`` message, in place; return whether anything about them changed.

        When a block ends the choice, the texts behind it are removed, and ``blocked_by`` says so. What one lane has
        asked is answered before the next one speaks, since a block in it would have kept the other from speaking.
        """
        changed = False
        for slot in list(slots(fields, tool_names=self._tool_names)):
            text = slot.holder[slot.key]
            if not text and slot.lane not in self._lanes:
                continue
            if self.blocked_by is None:
                yield from self._hear_out(slot.lane, clock)
            if self.blocked_by is not None:
                _remove(fields, slot)
                changed = True
                continue
            lane = self._speaker = self._lane(slot.lane, slot.arguments)
            if whole and self._policy.awaiting:
                # Even what is chased need not leave before it is judged.
                lane.read(text)
                yield Wait.VERDICTS
                released = lane.feed("", clock())
            else:
                released = lane.feed(text, clock())
            if released != text:
                slot.holder[slot.key] = released
                changed = True
            changed |= self._note_block(lane)
        return changed

    def _hear_out(self, lane: str, clock: Clock) -> Generator[Wait, None, None]:
        """Let the last speaker finish what it can before ``lane`` speaks."""
        last = self._speaker
        if last is None or last.key.lane == lane or not self._policy.awaiting:
            return
        yield Wait.VERDICTS
        self._place_ahead(last, clock())

    def settle(self, lane: Lane, now: float) -> Json:
        """Return a delta with what a lane may say now that it has been answered."""
        self._place_ahead(lane, now)
        return self.take_ahead()

    def _place_ahead(self, lane: Lane, now: float) -> None:
        # A text is as good as said when its choice has been ended by another lane.
        text = "" if self.over else lane.feed("", now)
        if text:
            place(self.ahead, lane.key.lane, text)
        self._note_block(lane)

    def take_ahead(self) -> Json:
        """Return what has to be sent first."""
        ahead, self.ahead = self.ahead, {}
        return ahead

    def feed_content(self, text: str, now: float) -> str:
        """Guard a delta that is nothing but ``content``: the usual one, on the shortest way."""
        lane = self._lanes.get("content") or self._lane("content", False)
        released = lane.feed(text, now)
        if lane.blocked_by is not None:
            self._note_block(lane)
        return released

    @property
    def in_content(self) -> bool:
        """Whether ``content`` is what this choice is saying."""
        return self._speaker is not None and self._speaker.key.lane == "content"

    @property
    def counts_tokens(self) -> bool:
        """Whether log probabilities are being followed."""
        return bool(self._tokens)

    def _lane(self, name: str, arguments: bool) -> Lane:
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = Lane(
                LaneKey(self.index, name),
                self._policy,
                arguments=arguments,
                vault=self._vault,
                record=self.record if name == "content" else None,
                holds=self._holds,
                exchange=self._exchange,
                asked=self._asked,
            )
        return lane

    def _note_block(self, lane: Lane) -> bool:
        """The first lane that is blocked ends the choice; the reason may still change while it is settled."""
        if lane.blocked_by is None or self._blocked not in (None, lane):
            return False
        self._blocked = lane
        self.blocked_by = lane.blocked_by.name
        return True

    def end(self) -> None:
        """The choice's texts have ended: ask the last questions. May be called again."""
        for lane in self._lanes.values():
            lane.end()

    def finish(self, clock: Clock, *, whole: bool = False) -> Generator[Wait, None, Json]:
        """The choice's texts have ended: return a delta with what was still held."""
        self.end()
        yield Wait.VERDICTS if whole else Wait.LAST_VERDICTS
        self.over = True
        rest: Json = {}
        for lane in sorted(self._lanes.values(), key=_canonical):
            text = lane.finish(clock())
            if text:
                place(rest, lane.key.lane, text)
            self._note_block(lane)
        return rest

    def abandon(self) -> None:
        """The upstream is gone: what is held stays held."""
        self.over = True

    def trim_logprobs(self, choice: Json, texts: dict[str, str]) -> bool:
        """Keep, in place, only the log probabilities of released text; ``texts`` is what each lane was fed.

        Returns whether anything changed.
        """
        if not self._policy.enforcing and self._vault is None:
            return False
        logprobs = choice.get("logprobs")
        present = logprobs if isinstance(logprobs, dict) else {}
        kept: Json = {}
        for name in ("content", "refusal"):
            lane = self._lanes.get(name)
            if name in present and not present[name]:
                kept[name] = present[name]
            if lane is None:
                continue
            tokens = self._tokens.get(name)
            if tokens is None:
                if not present.get(name):
                    continue
                tokens = TokenQueue(lane, aligned=lane.received <= len(texts.get(name, "")))
                self._tokens[name] = tokens
            if self._vault is None:
                tokens.feed(present.get(name), texts.get(name, ""))
            taken = tokens.take()
            if taken or present.get(name):
                kept[name] = taken
        if logprobs is None and not any(kept.values()):
            return False
        value = kept if any(kept.values()) or kept == logprobs else None
        changed = value != logprobs
        if changed:
            choice["logprobs"] = value
        return changed

    @property
    def held(self) -> int:
        """Characters received and not settled, over all lanes."""
        return 0 if self.over else sum(lane.held for lane in self._lanes.values() if not lane.blocked)

    @property
    def released(self) -> int:
        """Characters that have left, over all lanes."""
        return sum(lane.released for lane in self._lanes.values())

    @property
    def received(self) -> int:
        """Characters that the upstream has sent, over all lanes."""
        return sum(lane.received for lane in self._lanes.values())

    @property
    def has_content(self) -> bool:
        """Whether any of ``content`` has left or was replaced."""
        lane = self._lanes.get("content")
        return lane is not None and lane.released > 0

    @property
    def unscanned(self) -> int:
        """Characters that have left although a detector had failed."""
        return sum(lane.unscanned for lane in self._lanes.values())

    def failures(self) -> list[str]:
        """Return the detectors that failed, once for each lane in which they did."""
        return [name for lane in self._lanes.values() for name in lane.failures]

    def findings(self) -> list[Finding]:
        """Return the findings of all lanes, lanes in canonical order."""
        return [f for lane in sorted(self._lanes.values(), key=_canonical) for f in lane.findings + lane.observed()]

    def readings(self) -> list[tuple[str, Placed]]:
        """Return what detectors measured in all lanes, lanes in canonical order."""
        return [r for lane in sorted(self._lanes.values(), key=_canonical) for r in lane.readings()]

    def observed_content(self) -> list[Finding]:
        """Return the observing detectors' findings in ``content``."""
        lane = self._lanes.get("content")
        return lane.observed() if lane else []


def _remove(fields: Json, slot: Slot) -> None:
    """Remove a text that comes after a block, and the tool call it belongs to."""
    if slot.lane.startswith("tool_calls["):
        fields["tool_calls"] = [c for c in fields["tool_calls"] if c.get("function") is not slot.holder]
        if not fields["tool_calls"]:
            del fields["tool_calls"]
    elif slot.lane.startswith("function_call."):
        fields.pop("function_call", None)
    elif slot.key == "content":
        slot.holder["content"] = None
    else:
        slot.holder.pop(slot.key, None)
