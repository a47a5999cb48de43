"""Token usage that a blocked upstream could not report any more."""

from __future__ import annotations

from typing import Final

CHARACTERS_PER_TOKEN: Final = 4
"""A common rule of thumb for English text."""


def estimated(prompt: int, completion: int) -> dict[str, object]:
    """Return the usage of so many characters by rule of thumb, marked as such: a blocked upstream is not waited for."""
    asked, answered = (-(-characters // CHARACTERS_PER_TOKEN) for characters in (prompt, completion))
    return {
        "prompt_tokens": asked,
        "completion_tokens": answered,
        "total_tokens": asked + answered,
        "tidegate_estimated": True,
    }
