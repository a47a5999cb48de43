"""The text of a configuration file as a tree of JSON values. YAML 1.1, of which JSON is a part."""

from __future__ import annotations

import math

import yaml

from proxy.config.problems import ConfigError, Problems, join

# The parser over libyaml reads a list of 100,000 words in about a second, the pure one needs ten.
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(text: str, problems: Problems) -> object:
    """Parse one YAML document. Keys that stand twice in a mapping are noted in ``problems``.

    Raises :class:`ConfigError` where the text is not YAML. The message names line and column and quotes
    nothing of the text, which may hold secrets.
    """
    try:
        loader = _LOADER(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _note_duplicates(node, "", problems, set())
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ConfigError([f"not valid YAML: {where}{error.problem or error.context}"]) from None
    except yaml.YAMLError:
        raise ConfigError(["not valid YAML: it contains characters that YAML does not allow"]) from None
    except (ValueError, RecursionError) as error:
        # A date such as 2026-02-30 fails in its constructor; deep nesting exhausts the stack.
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else "a date is impossible"
        raise ConfigError([f"not valid YAML: {reason}"]) from None


def _note_duplicates(node: yaml.Node, path: str, problems: Problems, seen: set[int]) -> None:
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            if not isinstance(item, yaml.ScalarNode):
                _note_duplicates(item, f"{path}[{index}]", problems, seen)
    elif isinstance(node, yaml.MappingNode):
        lines: dict[tuple[str, str], int] = {}
        for key, value in node.value:
            member = join(path, str(key.value)) if isinstance(key, yaml.ScalarNode) else path
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                line = key.start_mark.line + 1
                if (key.tag, key.value) in lines:
                    first = lines[key.tag, key.value]
                    problems.add(member, f"given twice, in line {first} and in line {line}")
                lines[key.tag, key.value] = line
            _note_duplicates(value, member, problems, seen)


def describe(value: object) -> str:
    """The kind of a parsed value in words, for messages."""
    if value is None:
        return "nothing (null)"
    kinds = {dict: "mapping", list: "list", str: "string", bool: "true or false", int: "whole number"}
    return kinds.get(type(value), "number" if isinstance(value, float) else type(value).__name__)


def unsuitable(value: object) -> str | None:
    """Why a scalar cannot be written as JSON, or None where it can."""
    if isinstance(value, float) and not math.isfinite(value):
        return "expected a finite number"
    if value is None or isinstance(value, (str, int, float)):
        return None
    return f"YAML reads this as a {describe(value)}; put it in quotes"
