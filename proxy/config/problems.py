"""Everything that is wrong with a configuration, collected before anything is said."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_LEAST_SCRUBBED = 4
"""Substituted values shorter than this, in characters, are left in third-party messages: they are words."""


class ConfigError(Exception):
    """A configuration that cannot be used; ``problems`` has one line for each thing wrong with it."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


class Problems:
    """Collects problems by the path of the value they are about; the first one of a path is kept.

    A value that failed once (a missing variable, say) is often wrong in a second way as a consequence,
    which would only distract.
    """

    def __init__(self) -> None:
        self._found: dict[str, str] = {}
        self._origins: dict[str, str] = {}
        self._reports = 0

    def __len__(self) -> int:
        """How many have been reported, those included that repeat a path: each means that something is unusable."""
        return self._reports

    def add(self, path: str, message: str) -> None:
        """Note that the value at ``path`` (such as ``models[0].model_name``; "" is the whole) is wrong."""
        self._reports += 1
        self._found.setdefault(path, message)

    def substituted(self, result: str, template: str) -> None:
        """Remember that ``result`` came out of ``template``, so that it is never shown."""
        self._origins[result] = template

    def was_substituted(self, value: object) -> bool:
        """True where ``value`` is a string that came out of a template."""
        return isinstance(value, str) and value in self._origins

    def quote(self, value: str) -> str:
        """``value`` in backticks; where it came from the environment, its template instead."""
        return f"`{self._origins.get(value, value)}`"

    def suggest(self, name: str, known: Iterable[str]) -> str:
        """As :func:`did_you_mean`; known names that came from the environment are shown as their templates."""
        return did_you_mean(name, [self._origins.get(each, each) for each in known])

    def scrub(self, message: str) -> str:
        """A message written elsewhere, with every substituted value put back to its template."""
        for result in sorted(self._origins, key=len, reverse=True):
            if len(result) >= _LEAST_SCRUBBED:
                message = message.replace(result, self._origins[result])
        return message

    def raise_if_any(self) -> None:
        """Raise :class:`ConfigError` with everything collected, if anything was."""
        if self._found:
            raise ConfigError(f"{path}: {text}" if path else text for path, text in self._found.items())


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint to append to a message: the known name nearest to ``name``, or else all of them."""
    names = list(known)
    near = get_close_matches(name, names, n=1)
    if near:
        return f"; did you mean `{near[0]}`?"
    return f"; known: {', '.join(names)}" if names else ""


def join(path: str, name: str) -> str:
    """The path of the member ``name`` of the mapping at ``path``."""
    return f"{path}.{name}" if path else name
