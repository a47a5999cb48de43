"""Deployments: a model, and the two policies with what each detector may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from proxy.config.deployment import Deployment, Timeouts, UpstreamModel
from proxy.config.policies import DOCUMENTED, OUTPUT_ONLY, ConfiguredDetector, DetectorSet, PolicyCompiler
from proxy.config.problems import Problems, did_you_mean
from proxy.config.shapes import DeploymentEntry, InputSection, OutputSection
from proxy.guard.findings import Action
from proxy.guard.policy import NO_POLICY, Enforcement, Judged, Mode, OnError, Policy, Unseen
from proxy.guard.screening import PERSONAL_DATA
from proxy.guard.sections import REVISING

_PARTLY_EXACT = (PERSONAL_DATA, "system_prompt")
"""Detectors of which only a part has to be awaited."""

ModelId = tuple[str, str]
"""A model's saved name and version."""


@dataclass(frozen=True, slots=True)
class Library:
    """What deployments can refer to. None stands for something that is there but was refused."""

    models: Mapping[ModelId, UpstreamModel | None]
    policies: Mapping[str, DetectorSet | None]


class DeploymentCompiler:
    """Compiles deployments against a library of models and policies."""

    def __init__(self, library: Library, policies: PolicyCompiler, problems: Problems) -> None:
        self._library = library
        self._policies = policies
        self._problems = problems

    def compile(self, entry: DeploymentEntry, path: str) -> Deployment | None:
        """``entry`` compiled, or None with its problems noted under ``path``."""
        before = len(self._problems)
        upstream = self._model(entry, path)
        given, asked = entry.input_guardrails_policy, entry.output_guardrails_policy
        input_policy = self._input(entry, given, f"{path}.input_guardrails_policy") if given else NO_POLICY
        output_policy = self._output(entry, asked, f"{path}.output_guardrails_policy") if asked else NO_POLICY
        if upstream is None or len(self._problems) > before:
            return None
        limits = {name: getattr(entry, name) for name in ("keepalive", "max_event_bytes", "max_answer_bytes")}
        return Deployment(
            name=entry.name,
            upstream=upstream,
            input_policy=input_policy,
            output_policy=output_policy,
            pii_redaction=given is not None and given.additional_config.pii_redaction,
            strict_schema=entry.strict_schema,
            timeouts=Timeouts(**given_values(msgspec.structs.asdict(entry.timeouts))),
            **given_values(limits),
        )

    def _model(self, entry: DeploymentEntry, path: str) -> UpstreamModel | None:
        models = self._library.models
        wanted = (entry.model_saved_name, entry.model_version)
        if wanted in models:
            return models[wanted]
        quote = self._problems.quote
        versions = [version for name, version in models if name == entry.model_saved_name]
        if versions:
            hint = f"; `model_saved_name` has {', '.join(map(quote, versions))}"
            self._problems.add(f"{path}.model_version", f"no version {quote(entry.model_version)}{hint}")
        else:
            hint = self._problems.suggest(entry.model_saved_name, dict.fromkeys(name for name, _ in models))
            self._problems.add(f"{path}.model_saved_name", f"no model {quote(entry.model_saved_name)}{hint}")
        return None

    def _input(self, entry: DeploymentEntry, section: InputSection, path: str) -> Policy:
        options = section.additional_config
        where = f"{path}.additional_config.pii_redaction"
        if options.pii_redaction and not section.enabled:
            self._problems.add(where, "does nothing while the section is not enabled")
        if options.pii_redaction and PERSONAL_DATA in section.block:
            self._problems.add(where, "does nothing while `pii` is in `block`: no such request is sent upstream")
        detectors = self._detectors(section, {}, path)
        if detectors is None:
            return NO_POLICY
        hidden: list[str] = []
        if options.pii_redaction:
            hidden = [PERSONAL_DATA]
            if PERSONAL_DATA not in detectors and (pii := self._policies.build(PERSONAL_DATA, {}, where)) is not None:
                detectors = {**detectors, PERSONAL_DATA: ConfiguredDetector(pii)}
        judged = Judged(options.messages)
        return _policy(entry, section.policy_name, _enforcements(detectors, section, hidden), judged)

    def _output(self, entry: DeploymentEntry, section: OutputSection, path: str) -> Policy:
        switched = self._switched(section, path) if section.enabled else {}
        detectors = self._detectors(section, switched, path)
        if detectors is None:
            return NO_POLICY
        return _policy(entry, section.policy_name, _enforcements(detectors, section), Judged.LAST_USER)

    def _switched(self, section: OutputSection, path: str) -> dict[str, ConfiguredDetector]:
        """The detectors that are no part of a policy but switches of the section."""
        switched: dict[str, ConfiguredDetector] = {}
        for name in OUTPUT_ONLY:
            given = getattr(section.additional_config, name)
            if given is False:
                continue
            options = {} if given is True else dict(given)
            where = f"{path}.additional_config.{name}"
            message = self._policies.block_message(options, where)
            detector = self._policies.build(name, options, where)
            if detector is not None:
                switched[name] = ConfiguredDetector(detector, message)
        return switched

    def _detectors(
        self, section: InputSection | OutputSection, switched: Mapping[str, ConfiguredDetector], path: str
    ) -> Mapping[str, ConfiguredDetector] | None:
        """The enabled detectors of the section's policy, and the switched ones; None where there is nothing to do."""
        if not section.policy_name and not section.enabled:
            return None
        policies = self._library.policies
        if section.policy_name not in policies:
            named = f"no policy {self._problems.quote(section.policy_name)}" if section.policy_name else "is required"
            self._problems.add(f"{path}.policy_name", named + self._problems.suggest(section.policy_name, policies))
            return None
        policy = policies[section.policy_name]
        if policy is None:
            return None
        detectors = {**policy.detectors, **switched}
        self._check_lists(section, DetectorSet(policy.name, detectors), path)
        return detectors if section.enabled else None

    def _check_lists(self, section: InputSection | OutputSection, policy: DetectorSet, path: str) -> None:
        for index, name in enumerate(section.block):
            self._check_name(name, policy, f"{path}.block[{index}]", section.block[:index])
        for index, name in enumerate(section.redact):
            where = f"{path}.redact[{index}]"
            self._check_name(name, policy, where, section.redact[:index])
            if name in section.block:
                self._problems.add(where, f"{self._problems.quote(name)} is in `block` too; one action is possible")
            elif name in policy.detectors and name not in REVISING:
                shown = self._problems.quote(name)
                self._problems.add(where, f"{shown} judges whole passages, which nothing can stand for; use `block`")
        for name, mode in section.modes.items():
            self._check_mode(name, mode, section, policy, f"{path}.modes.{self._problems.scrub(name)}")

    def _check_mode(
        self, name: str, mode: str, section: InputSection | OutputSection, policy: DetectorSet, where: str
    ) -> None:
        """A mode that could mean nothing is refused, since something was meant by it."""
        modes = ("hold", "chase", "observe") if isinstance(section, OutputSection) else ("hold", "observe")
        if mode not in modes:
            expected = f"{', '.join(modes[:-1])} or {modes[-1]}"
            self._problems.add(where, f"expected {expected}, got {self._problems.quote(mode)}")
        elif name not in section.block and name not in section.redact:
            self._problems.add(where, "has no effect: the detector is neither in `block` nor in `redact`")
        elif mode == Mode.CHASE and name not in section.block:
            self._problems.add(where, "`chase` needs `block`: what has left cannot be replaced")
        elif mode == Mode.CHASE and name in _PARTLY_EXACT:
            self._problems.add(where, "`chase` would also let go what this detector finds exactly; use `hold`")
        elif mode == Mode.CHASE and name in policy.detectors and not policy.detectors[name].detector.asks:
            self._problems.add(where, "`chase` has no effect: this detector needs no waiting for, and holds exactly")

    def _check_name(self, name: str, policy: DetectorSet, where: str, before: Sequence[str]) -> None:
        """An action on a detector that does not run would do nothing, silently."""
        shown = self._problems.quote(name)
        if name in before:
            self._problems.add(where, f"{shown} is in the list already")
        elif name in policy.detectors:
            if not policy.detectors[name].detector.rules():
                self._problems.add(where, f"{shown} has nothing to look for, as it is configured")
        elif name in OUTPUT_ONLY:
            self._problems.add(where, f"{shown} is not switched on in this section's `additional_config`")
        elif name in DOCUMENTED:
            self._problems.add(where, f"{shown} is not enabled in policy {self._problems.quote(policy.name)}")
        else:
            self._problems.add(where, f"unknown detector {shown}{did_you_mean(name, DOCUMENTED)}")


def given_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Only what was given, so that the defaults stay where they are defined."""
    return {name: value for name, value in values.items() if value is not None}


def _enforcements(
    detectors: Mapping[str, ConfiguredDetector], section: InputSection | OutputSection, hidden: Sequence[str] = ()
) -> tuple[Enforcement, ...]:
    """What each detector may do; the ``hidden`` ones redact, whatever the section says."""

    def action(name: str) -> Action:
        if section.modes.get(name) == "observe" and name not in hidden:
            return Action.OBSERVE
        if name in section.block:
            return Action.BLOCK
        return Action.REDACT if name in section.redact or name in hidden else Action.OBSERVE

    return tuple(
        Enforcement(
            configured.detector,
            action(name),
            configured.block_message,
            Mode.CHASE if section.modes.get(name) == "chase" else Mode.HOLD,
        )
        for name, configured in detectors.items()
    )


def _policy(entry: DeploymentEntry, name: str, enforcements: tuple[Enforcement, ...], judged: Judged) -> Policy:
    return Policy(
        name=name,
        enforcements=enforcements,
        expose_full=entry.expose_findings == "full",
        block_notice=entry.block_notice == "message",
        on_error=OnError(entry.on_error),
        unseen=Unseen(entry.unseen_content),
        judged=judged,
    )
