"""Actions, matches and findings: what scanners report and what policies make of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Action(StrEnum):
    """What a policy does about a detector's findings."""

    REDACT = "redact"
    BLOCK = "block"
    OBSERVE = "observe"


class Match(NamedTuple):
    """One settled match of a scanner: ``text[start:end]`` of its lane, in characters, end exclusive."""

    start: int
    end: int
    label: str
    """The entity's name as it stands in a placeholder, such as ``EMAIL_ADDRESS``."""
    group: str
    """The heading it is reported under, such as ``pii``; "" where the detector has no groups."""
    key: str = ""
    """What makes two matches the same value; "" where that is the matched text itself."""


class LaneKey(NamedTuple):
    """Which text of which choice."""

    choice: int
    lane: str
    """``content``, ``refusal``, ``reasoning_content``, ``tool_calls[0].function.arguments``, …"""


@dataclass(frozen=True, slots=True)
class Finding:
    """A match, the lane it was made in, and what became of it."""

    detector: str
    label: str
    group: str
    lane: LaneKey
    start: int
    end: int
    action: Action
    placeholder: str
    value: str | None
    """The matched text, or None where it was withheld and must not be shown."""
