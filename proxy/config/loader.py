"""From the text of a configuration file to a compiled :class:`Configuration`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from proxy.config import document, shapes
from proxy.config.assembly import DeploymentCompiler, Library, ModelId, given_values
from proxy.config.backends import BackendSettings, OpenBackends, compile_backends, no_backends
from proxy.config.decoding import decode, decode_each
from proxy.config.deployment import Configuration, Deployment, ServerSettings, UpstreamModel
from proxy.config.keys import compile_keys
from proxy.config.models import compile_model
from proxy.config.policies import DetectorSet, Factory, PolicyCompiler
from proxy.config.problems import ConfigError, Problems, did_you_mean
from proxy.config.sources import SourceFiles
from proxy.config.substitution import substitute
from proxy.guard.detectors import FACTORIES

Key = TypeVar("Key", str, ModelId)


def load(path: Path, environ: Mapping[str, str], open_backends: OpenBackends = no_backends) -> Configuration:
    """Read and compile the file at ``path``; ``environ`` is what ``${NAME}`` refers to.

    ``open_backends`` makes what the detectors ask. Raises :class:`ConfigError` with every problem found; no message
    shows a value from the environment.
    """
    return load_sources(SourceFiles(path), environ, open_backends)


def load_sources(
    sources: SourceFiles, environ: Mapping[str, str], open_backends: OpenBackends = no_backends
) -> Configuration:
    """As :func:`load`; ``sources`` then knows every file that was read, whether or not loading succeeded."""
    try:
        text = sources.read(sources.root.name)
    except OSError as error:
        raise ConfigError([f"{sources.root} cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{sources.root} cannot be read: it is not UTF-8"]) from None
    return parse(text, environ, sources=sources, open_backends=open_backends)


def parse(
    text: str,
    environ: Mapping[str, str],
    *,
    sources: SourceFiles | None = None,
    factories: Mapping[str, Factory] = FACTORIES,
    open_backends: OpenBackends = no_backends,
) -> Configuration:
    """Compile the text of a configuration file.

    ``sources`` reads the files that the text names; without it, naming one is a problem. ``factories`` are the
    detectors to choose from, and ``open_backends`` makes what they ask. Raises :class:`ConfigError` with every problem
    found.
    """
    problems = Problems()
    tree = substitute(document.read(text, problems), environ, problems)
    root = decode(shapes.Root, tree, "", problems)
    if root is None:
        problems.raise_if_any()
        raise AssertionError("what cannot be decoded has a problem")
    models = _models(root, problems)
    backends = _backends(root, models, sources, problems)
    compiler = PolicyCompiler(factories, sources, problems, open_backends(backends))
    library = Library(models, _policies(root, compiler, problems))
    configuration = Configuration(
        deployments=_deployments(root, DeploymentCompiler(library, compiler, problems), problems),
        keys=compile_keys(decode_each(shapes.KeyEntry, root.api_keys, "api_keys", problems), problems),
        server=_server(root, problems),
        backends=tuple(each for each in backends.values() if each is not None),
    )
    problems.raise_if_any()
    return configuration


def _models(root: shapes.Root, problems: Problems) -> dict[ModelId, UpstreamModel | None]:
    models: dict[ModelId, UpstreamModel | None] = dict.fromkeys(
        (name, _text(item, "model_version", "v1")) for item, name in _named(root.models, "model_saved_name")
    )
    paths: dict[ModelId, str] = {}
    for path, entry in decode_each(shapes.ModelEntry, root.models, "models", problems):
        identity = (entry.model_saved_name, entry.model_version)
        compiled = compile_model(entry, path, problems)
        if _is_first(identity, f"{path}.model_saved_name", paths, problems):
            models[identity] = compiled
    return models


def _backends(
    root: shapes.Root, models: Mapping[ModelId, UpstreamModel | None], sources: SourceFiles | None, problems: Problems
) -> dict[str, BackendSettings | None]:
    def find(name: str, version: str, path: str) -> UpstreamModel | None:
        if (name, version) not in models:
            known = [_shown(*each, problems) for each in models]
            shown = _shown(name, version, problems)
            problems.add(f"{path}.model_saved_name", f"no model `{shown}`{did_you_mean(shown, known)}")
            return None
        model = models[name, version]
        if model is None:
            problems.add(f"{path}.model_saved_name", f"the model {problems.quote(name)} has problems of its own")
        return model

    return compile_backends(root.backends, sources.root.parent if sources else None, find, problems)


def _shown(name: str, version: str, problems: Problems) -> str:
    """A model's name and version without what came from the environment."""
    return f"{problems.quote(name)} ({problems.quote(version)})".replace("`", "")


def _policies(root: shapes.Root, compiler: PolicyCompiler, problems: Problems) -> dict[str, DetectorSet | None]:
    policies: dict[str, DetectorSet | None] = dict.fromkeys(name for _, name in _named(root.policies, "name"))
    paths: dict[str, str] = {}
    for path, entry in decode_each(shapes.PolicyEntry, root.policies, "policies", problems):
        before = len(problems)
        compiled = compiler.compile(entry, path)
        # A detector that was refused is already reported; it must not be reported again as not enabled.
        usable = compiled if len(problems) == before else None
        if _is_first(entry.name, f"{path}.name", paths, problems):
            policies[entry.name] = usable
    return policies


def _deployments(root: shapes.Root, compiler: DeploymentCompiler, problems: Problems) -> dict[str, Deployment]:
    if not root.deployments:
        problems.add("deployments", "at least one is needed")
    paths: dict[str, str] = {}
    deployments: dict[str, Deployment] = {}
    for path, entry in decode_each(shapes.DeploymentEntry, root.deployments, "deployments", problems):
        deployment = compiler.compile(entry, path)
        if _is_first(entry.name, f"{path}.name", paths, problems) and deployment is not None:
            deployments[deployment.name] = deployment
    return deployments


def _server(root: shapes.Root, problems: Problems) -> ServerSettings:
    given = root.server
    if not root.api_keys and not given.allow_anonymous:
        problems.add("api_keys", "at least one is needed, or `server.allow_anonymous: true` for local use")
    if root.api_keys and given.allow_anonymous:
        problems.add("server.allow_anonymous", "contradicts `api_keys`: with keys, each request needs one")
    return ServerSettings(**given_values(msgspec.structs.asdict(given)))


def _named(items: Sequence[object], field: str) -> list[tuple[dict[str, object], str]]:
    """The items that say their name, in whatever state the rest of them is, each with the name."""
    mappings = [item for item in items if isinstance(item, dict)]
    return [(item, item[field]) for item in mappings if isinstance(item.get(field), str)]


def _text(item: Mapping[str, object], field: str, default: str) -> str:
    value = item.get(field, default)
    return value if isinstance(value, str) else default


def _is_first(key: Key, path: str, paths: dict[Key, str], problems: Problems) -> bool:
    """True where ``key`` is new; otherwise that is noted as a problem of the value at ``path``."""
    if key in paths:
        problems.add(path, f"is already the name of {paths[key].rpartition('.')[0]}")
        return False
    paths[key] = path
    return True
