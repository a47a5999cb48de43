"""Backends: the classifiers, services and judges that detectors may name, compiled to what asking them needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from proxy.config.decoding import decode
from proxy.config.deployment import UpstreamModel
from proxy.config.document import describe
from proxy.config.headers import sendable
from proxy.config.problems import Problems, did_you_mean
from proxy.config.shapes import (
    BackendEntry,
    DetectorServiceEntry,
    JudgeEntry,
    ModerationEntry,
    OnnxEntry,
    ServiceEntry,
)
from proxy.guard.checks import Backends, NoBackends

ModelFinder = Callable[[str, str, str], UpstreamModel | None]
"""Finds a saved model by name, version and the path of the entry that refers to it. None is noted as a problem."""

CONTENTS_PATH = "/api/v1/text/contents"
"""Where the detector API takes texts."""

_JUDGE_OPTIONS = (
    "timeout", "structured", "max_concurrency", "max_characters", "max_tokens", "cache_entries", "cache_ttl"
)  # fmt: skip

_SHAPES: Mapping[str, type[BackendEntry]] = {
    "onnx": OnnxEntry,
    "judge": JudgeEntry,
    "moderation": ModerationEntry,
    "http": DetectorServiceEntry,
}


TIMEOUT = 10.0
"""Seconds after which the answer of a classifier is not awaited any longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxSettings:
    """A model in a directory."""

    name: str
    path: Path
    timeout: float = TIMEOUT


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """What is asked by HTTP."""

    name: str
    timeout: float = TIMEOUT
    url: str = field(repr=False)
    """Where texts are posted to. It may carry a key in its query."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Sent with each request. Secret."""
    max_concurrency: int = 32
    """Requests at once, per process; more of them wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModerationSettings(ServiceSettings):
    """An endpoint in the shape of OpenAI's moderations."""

    model: str = ""
    """The model to ask for; "" leaves the choice to the endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorServiceSettings(ServiceSettings):
    """A detector behind the detector API of the FMS guardrails orchestrator; ``headers`` name it."""

    detector_params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeBackendSettings:
    """A chat model that is asked for verdicts."""

    name: str
    model: UpstreamModel
    options: tuple[tuple[str, float | str], ...] = ()
    """Fields of :class:`proxy.inference.judge.JudgeSettings` that are not left at their defaults."""


BackendSettings = OnnxSettings | ModerationSettings | DetectorServiceSettings | JudgeBackendSettings
"""One backend, compiled."""

OpenBackends = Callable[[Mapping[str, BackendSettings | None]], Backends]
"""Makes what detectors ask out of the configured backends; None stands for one that is there but was refused."""


def kind_of(settings: BackendSettings) -> str:
    """What the file calls this kind of backend."""
    kinds = {OnnxSettings: "onnx", JudgeBackendSettings: "judge", ModerationSettings: "moderation"}
    return kinds.get(type(settings), "http")


def compile_backends(
    items: Sequence[object], base: Path | None, find_model: ModelFinder, problems: Problems
) -> dict[str, BackendSettings | None]:
    """The ``backends`` of a file by name, with their problems noted; None where one was refused.

    Paths are relative to ``base``; without it, only absolute ones can be used.
    """
    compiled: dict[str, BackendSettings | None] = {}
    for index, item in enumerate(items):
        path = f"backends[{index}]"
        before = len(problems)
        entry = _decode(item, path, problems)
        settings = _compile(entry, path, base, find_model, problems) if entry is not None else None
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str):
            continue
        if name in compiled:
            problems.add(f"{path}.name", f"{problems.quote(name)} is already the name of a backend")
        else:
            compiled[name] = settings if len(problems) == before else None
    return compiled


def _decode(item: object, path: str, problems: Problems) -> BackendEntry | None:
    if not isinstance(item, dict):
        problems.add(path, f"expected mapping, got {describe(item)}")
        return None
    kind = item.get("kind")
    if not isinstance(kind, str) or kind not in _SHAPES:
        got = "is required" if kind is None else "expected one of " + ", ".join(f"`{each}`" for each in _SHAPES)
        hint = did_you_mean(kind, _SHAPES) if isinstance(kind, str) else ""
        problems.add(f"{path}.kind", got + (hint if "did you" in hint else ""))
        return None
    return decode(_SHAPES[kind], item, path, problems)


def _compile(
    entry: BackendEntry, path: str, base: Path | None, find_model: ModelFinder, problems: Problems
) -> BackendSettings | None:
    common: dict[str, Any] = _given(entry, "name", "timeout")
    match entry:
        case OnnxEntry():
            if base is None and not Path(entry.path).is_absolute():
                problems.add(f"{path}.path", "can only be relative in a configuration file, whose place it starts from")
            return OnnxSettings(**common, path=(base or Path()) / entry.path)
        case ModerationEntry():
            service = _service(entry, path, "", problems)
            return ModerationSettings(**common, **service, model=entry.model) if service else None
        case DetectorServiceEntry():
            service = _service(entry, path, CONTENTS_PATH, problems)
            own = _given(entry, "detector_params")
            return DetectorServiceSettings(**common, **service, **own) if service else None
        case JudgeEntry():
            model = find_model(entry.model_saved_name, entry.model_version, path)
            options = tuple(_given(entry, *_JUDGE_OPTIONS).items())
            return JudgeBackendSettings(name=entry.name, model=model, options=options) if model else None
    raise AssertionError("every shape has its case")


def _service(entry: ServiceEntry, path: str, below: str, problems: Problems) -> dict[str, Any] | None:
    before = len(problems)
    url = _address(entry.url, below)
    if url is None:
        problems.add(f"{path}.url", "expected a URL such as https://host/path, without user and fragment")
    headers = tuple(sendable(_wanted(entry, path), problems))
    if url is None or len(problems) > before:
        return None
    return {"url": url, "headers": headers, **_given(entry, "max_concurrency")}


def _wanted(entry: ServiceEntry, path: str) -> Iterator[tuple[str, str, str]]:
    """Path, name and value of each header that the entry asks for."""
    if entry.api_key is not None:
        # An empty key must not hide behind its prefix.
        yield f"{path}.api_key", "authorization", f"Bearer {entry.api_key}" if entry.api_key else ""
    if isinstance(entry, DetectorServiceEntry):
        yield f"{path}.detector_id", "detector-id", entry.detector_id
    for index, header in enumerate(entry.headers):
        yield f"{path}.headers[{index}]", header.key, header.value


def _address(url: str, below: str) -> str | None:
    """``url`` with ``below`` at the end of its path, or None where it is not one that can be called."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        return None
    if not usable or "@" in parts.netloc or parts.fragment or any(ch <= " " or ch > "~" for ch in url):
        return None
    path = parts.path.rstrip("/") if below else parts.path
    return parts._replace(path=path if path.endswith(below) else path + below).geturl()


def _given(entry: BackendEntry, *names: str) -> dict[str, Any]:
    """Only what was given, so that the defaults stay where they are defined."""
    values = {name: getattr(entry, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def no_backends(settings: Mapping[str, BackendSettings | None]) -> Backends:
    """Open none of them: for a configuration that is looked at without anything to ask."""
    return NoBackends()
