"""What a deployment asks of one stage: detectors, each with its action, and how findings are shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from proxy.guard.detector import Detector
from proxy.guard.findings import Action

DEFAULT_BLOCK_MESSAGE = "Your message does not comply with our usage policies. Please revise and try again."


class OnError(StrEnum):
    """What happens to a lane when a detector fails."""

    BLOCK = "block"
    ALLOW = "allow"


class Unseen(StrEnum):
    """What happens to content whose text no detector can read (images, audio, unknown parts)."""

    REFUSE = "refuse"
    ALLOW = "allow"


class Judged(StrEnum):
    """Which request messages the input policy judges."""

    LAST_USER = "last_user"
    TOOL_RESULTS = "tool_results"
    """The last user message, and all results of tools: where instructions come in by the back door."""
    ALL = "all"


class Mode(StrEnum):
    """When text leaves that a detector has yet to be asked about."""

    HOLD = "hold"
    """Once it is judged."""
    CHASE = "chase"
    """At once; a bad answer ends the text where the judged piece ends, or as soon after it as it comes."""
    OBSERVE = "observe"
    """At once, and whatever the answer: the action is not taken, as when a policy is tried out."""


@dataclass(frozen=True, slots=True)
class Enforcement:
    """One detector under one action."""

    detector: Detector
    action: Action
    block_message: str | None = None
    mode: Mode = Mode.HOLD

    @property
    def redacts(self) -> bool:
        """True where findings are replaced."""
        return self.action is Action.REDACT

    @property
    def chasing(self) -> bool:
        """True where text leaves before it is judged."""
        return self.mode is Mode.CHASE and self.action is Action.BLOCK and self.detector.asks

    @property
    def enforcing(self) -> bool:
        """True where findings change what passes."""
        return self.action is not Action.OBSERVE


@dataclass(frozen=True, slots=True)
class Policy:
    """The compiled guardrail policy of one stage of one deployment."""

    name: str = ""
    enforcements: tuple[Enforcement, ...] = ()
    expose_full: bool = False
    """Show withheld originals in the detections (``expose_findings: full``)."""
    block_notice: bool = True
    """Append the result message to a blocked answer (``block_notice: message``)."""
    on_error: OnError = OnError.BLOCK
    unseen: Unseen = Unseen.REFUSE
    judged: Judged = Judged.LAST_USER

    enforcing: bool = field(init=False, compare=False)
    """True where any detector may change what passes."""
    awaiting: bool = field(init=False, compare=False)
    """True where a detector that may change what passes has to be awaited."""

    def __post_init__(self) -> None:
        # Asked for with every chunk, so it is worked out once.
        object.__setattr__(self, "enforcing", any(e.enforcing for e in self.enforcements))
        object.__setattr__(self, "awaiting", any(e.enforcing and e.detector.asks for e in self.enforcements))


NO_POLICY = Policy()
