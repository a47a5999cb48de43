"""Policies of the file compiled to detectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from proxy.config.document import describe
from proxy.config.problems import Problems, did_you_mean
from proxy.config.shapes import PolicyEntry
from proxy.config.sources import SourceFiles
from proxy.guard.checks import Backends
from proxy.guard.detector import Detector

Factory = Callable[[Mapping[str, object], Backends], Detector]
"""Builds a detector from its options; raises ValueError, naming the option, where they are wrong."""

DOCUMENTED = (
    "topic_detector",
    "nsfw",
    "toxicity",
    "pii",
    "injection_attack",
    "keyword_detector",
    "policy_violation",
    "bias",
    "copyright_ip",
    "system_prompt",
    "sponge_attack",
)
"""The detectors that the API's policies know."""
OUTPUT_ONLY = ("hallucination", "adherence", "relevancy")
"""Detectors that the API knows for the answer only, as switches of a deployment's output section."""


@dataclass(frozen=True, slots=True)
class ConfiguredDetector:
    """An enabled detector of a policy."""

    detector: Detector
    block_message: str | None = None


@dataclass(frozen=True, slots=True)
class DetectorSet:
    """A compiled policy: its enabled detectors by name, in the order of the file."""

    name: str
    detectors: dict[str, ConfiguredDetector] = field(default_factory=dict)


class PolicyCompiler:
    """Compiles policies with the detectors that this version implements."""

    def __init__(
        self,
        factories: Mapping[str, Factory],
        sources: SourceFiles | None,
        problems: Problems,
        backends: Backends,
    ) -> None:
        self._factories = factories
        self._backends = backends
        self._sources = sources
        self._problems = problems

    def compile(self, entry: PolicyEntry, path: str) -> DetectorSet:
        """The enabled detectors of ``entry``; what is wrong with it is noted under ``path``."""
        detectors: dict[str, ConfiguredDetector] = {}
        for name, options in entry.detectors.items():
            found = self._detector(name, options, f"{path}.detectors.{name}")
            if found is not None:
                detectors[name] = found
        return DetectorSet(entry.name, detectors)

    def build(self, name: str, options: Mapping[str, object], path: str) -> Detector | None:
        """The detector ``name``, or None where it cannot be had and that was noted."""
        factory = self._factories.get(name)
        if factory is None:
            implemented = ", ".join(sorted(self._factories))
            self._problems.add(path, f"`{name}` is not implemented yet; implemented: {implemented}")
            return None
        try:
            return factory(options, self._backends)
        except ValueError as error:
            self._problems.add(path, self._problems.scrub(str(error)))
            return None

    def _detector(self, name: str, given: object, path: str) -> ConfiguredDetector | None:
        known = tuple(dict.fromkeys((*DOCUMENTED, *self._factories)))
        if name in OUTPUT_ONLY:
            where = f"output_guardrails_policy.additional_config.{name}"
            self._problems.add(path, f"is no part of a policy: it is switched on by a deployment's `{where}`")
            return None
        if name not in known:
            self._problems.add(path, f"unknown detector{did_you_mean(name, known)}")
            return None
        if not isinstance(given, dict):
            self._problems.add(path, f"expected mapping, got {describe(given)}")
            return None
        options: dict[str, object] = dict(given)
        # Left out, it could mean either; guessing wrong would leave traffic unguarded.
        enabled = self._switch(options.pop("enabled", None), f"{path}.enabled")
        message = self.block_message(options, path)
        if not enabled or not self._include_file(name, options, path):
            return None
        self._locate_index(name, options)
        detector = self.build(name, options, path)
        if detector is None:
            return None
        return ConfiguredDetector(detector, message)

    def block_message(self, options: dict[str, object], path: str) -> str | None:
        """Take ``block_message`` out of a detector's options; None where there is none."""
        message = options.pop("block_message", None)
        if message is not None and not isinstance(message, str):
            self._problems.add(f"{path}.block_message", f"expected string, got {describe(message)}")
            return None
        return message or None

    def _switch(self, value: object, path: str) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and self._problems.was_substituted(value) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        self._problems.add(path, "is required" if value is None else f"expected true or false, got {describe(value)}")
        return False

    def _locate_index(self, name: str, options: dict[str, object]) -> None:
        """The path of an index is relative to the configuration file."""
        index = options.get("index")
        if name == "copyright_ip" and isinstance(index, str) and self._sources is not None:
            options["index"] = str(self._sources.root.parent / index)

    def _include_file(self, name: str, options: dict[str, object], path: str) -> bool:
        """Add the words of ``banned_keywords_file`` to ``banned_keywords``; False where it cannot be read."""
        if name != "keyword_detector" or "banned_keywords_file" not in options:
            return True
        where = f"{path}.banned_keywords_file"
        file = options.pop("banned_keywords_file")
        listed = options.get("banned_keywords", [])
        if not isinstance(file, str) or not isinstance(listed, list):
            wrong = (
                (where, "string", file) if not isinstance(file, str) else (f"{path}.banned_keywords", "list", listed)
            )
            self._problems.add(wrong[0], f"expected {wrong[1]}, got {describe(wrong[2])}")
            return False
        if self._sources is None:
            self._problems.add(where, "can only stand in a configuration file, which it is relative to")
            return False
        try:
            # Not splitlines: it would also split at the separators U+2028 and U+0085 inside a word.
            lines = [line.strip() for line in self._sources.read(file).split("\n")]
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            self._problems.add(where, f"cannot be read: {reason}")
            return False
        options["banned_keywords"] = [*listed, *(line for line in lines if line)]
        return True
