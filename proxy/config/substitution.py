"""``${NAME}`` in the strings of a configuration, replaced from the environment.

It works on the parsed tree, so that a value can never change the structure of the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from proxy.config.document import unsuitable
from proxy.config.problems import Problems, join

_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<body>[^}]*)(?P<close>\}?)")
_BODY = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)


def substitute(tree: object, environ: Mapping[str, str], problems: Problems) -> object:
    """A copy of ``tree`` (JSON values) with the references in its string values replaced; keys are left.

    ``${NAME}`` is the variable's value, ``${NAME:-default}`` falls back where it is unset or empty,
    ``$${`` stands for a literal ``${``. A string with a missing variable is noted and stays as it was.
    Values that JSON cannot hold are noted too.
    """
    return _Substitution(environ, problems).value(tree, "")


class _Substitution:
    def __init__(self, environ: Mapping[str, str], problems: Problems) -> None:
        self._environ = environ
        self._problems = problems
        # YAML aliases make the tree a graph: each container is copied once, whatever refers to it.
        self._copies: dict[int, object] = {}
        self._open: set[int] = set()

    def value(self, value: object, path: str) -> object:
        if isinstance(value, str):
            return self._text(value, path) if "${" in value else value
        if isinstance(value, (dict, list)):
            return self._container(value, path)
        if reason := unsuitable(value):
            self._problems.add(path, reason)
        return value

    def _container(self, value: dict[object, object] | list[object], path: str) -> object:
        if id(value) in self._open:
            self._problems.add(path, "an alias here refers to something that contains it")
            return None
        if id(value) not in self._copies:
            self._open.add(id(value))
            copy = self._list(value, path) if isinstance(value, list) else self._mapping(value, path)
            self._copies[id(value)] = copy
            self._open.discard(id(value))
        return self._copies[id(value)]

    def _list(self, value: list[object], path: str) -> list[object]:
        return [self.value(item, f"{path}[{index}]") for index, item in enumerate(value)]

    def _mapping(self, value: dict[object, object], path: str) -> dict[str, object]:
        copy: dict[str, object] = {}
        for key, item in value.items():
            if isinstance(key, str):
                copy[key] = self.value(item, join(path, key))
            else:
                self._problems.add(join(path, str(key)), "the key is not a string; put it in quotes")
        return copy

    def _text(self, template: str, path: str) -> str:
        faults: list[str] = []
        result = _REFERENCE.sub(lambda found: self._replacement(found, faults), template)
        if faults:
            self._problems.add(path, "; ".join(faults))
            return template
        if result != template:
            self._problems.substituted(result, template)
        return result

    def _replacement(self, found: re.Match[str], faults: list[str]) -> str:
        if found["body"] is None:
            return "${"
        body = _BODY.fullmatch(found["body"])
        if body is None or not found["close"]:
            faults.append("malformed reference: write ${NAME} or ${NAME:-default}, or $${ for a literal ${")
            return ""
        name, default = body["name"], body["default"]
        value = self._environ.get(name)
        if default is not None:
            return value or default
        if value is None:
            faults.append(f"environment variable {name} is not set")
            return ""
        return value
