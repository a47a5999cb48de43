"""Where detectors get their backends from: one workshop for each process, whatever configurations come and go."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from proxy.config.backends import (
    TIMEOUT,
    BackendSettings,
    DetectorServiceSettings,
    JudgeBackendSettings,
    ModerationSettings,
    OnnxSettings,
)
from proxy.guard.checks import Backend, Brief, Exchange, Reading
from proxy.guard.fingerprints import Fingerprints
from proxy.inference.batcher import Batcher
from proxy.inference.embedding import References, Similarity, embedding
from proxy.inference.http_detector import http_detector
from proxy.inference.index.file import IndexFile
from proxy.inference.judge import Judge, JudgeSettings
from proxy.inference.local import Head, OnnxModel, classification, recognition
from proxy.inference.locations import models_dir
from proxy.inference.moderation import moderation
from proxy.inference.onnx_directory import BUILD, INSTALL, ModelDirectory, Task, describe_directory
from proxy.inference.remote import Client, RemoteBackend

LOCAL_MODELS: Mapping[str, str] = {
    "injection_attack": "injection",
    "toxicity": "safety",
    "nsfw": "safety",
    "pii": "names",
}
"""The directory of the model that a detector asks where its policy names no backend."""
EMBEDDING_MODEL = "embedding"

Caller = TypeVar("Caller", RemoteBackend, Judge)

HEADS: Mapping[Task, Head[Any]] = {
    Task.SEQUENCE: classification,
    Task.TOKEN: recognition,
    Task.FEATURES: embedding,
}
"""What a model's outputs become."""


class LocalBackend:
    """A local model as a :class:`~proxy.guard.checks.Backend`. Also keeps its batcher alive."""

    def __init__(self, answers: Batcher[Reading], timeout: float) -> None:
        self._answers, self.timeout = answers, timeout

    async def read(self, text: str, exchange: Exchange) -> Reading:
        """Judge a text. Raises what :meth:`Batcher.ask` does."""
        return await self._answers.ask(text, self.timeout)


class Workshop:
    """The models of this process, and the connections to services and judges.

    A model is loaded once, when it is first asked, however many detectors, deployments and configurations use it. It
    goes when the last configuration that uses it goes, or when its files are replaced.
    """

    def __init__(self, client: Client, models: Path | None = None, threads: int | None = None) -> None:
        """``client`` asks services and judges; ``models`` has the local models' directories; ``threads`` is how many
        inferences may run at once, by default one for each core."""
        self._client = client
        self._models = models_dir() if models is None else models
        self._threads = threads or _cores()
        self._executor = ThreadPoolExecutor(self._threads, thread_name_prefix="tidegate-inference")
        # Configurations are compiled in threads.
        self._lock = threading.Lock()
        self._batchers: weakref.WeakValueDictionary[ModelDirectory, Batcher[Any]] = weakref.WeakValueDictionary()
        self._callers: weakref.WeakSet[RemoteBackend | Judge] = weakref.WeakSet()
        self._indexes: weakref.WeakValueDictionary[object, IndexFile] = weakref.WeakValueDictionary()

    def open(self, settings: Mapping[str, BackendSettings | None]) -> ConfiguredBackends:
        """Return the backends of a configuration. Nothing is loaded or called yet.

        None stands for a backend that was refused; whoever names it is refused as well.
        """
        return ConfiguredBackends(self, settings)

    def local_directory(self, model: str, purpose: str) -> ModelDirectory:
        """Describe the local model called ``model``. Raises ValueError, with the remedy, where it is not installed."""
        try:
            return describe_directory(self._models / model)
        except ValueError as error:
            raise ValueError(
                f"the local model for {purpose} cannot be used ({error}); {INSTALL} and then `{BUILD}` install it"
            ) from None

    def batcher(self, directory: ModelDirectory) -> Batcher[Any]:
        """Return what answers texts with the model in ``directory``: readings, or vectors."""
        with self._lock:
            batcher = self._batchers.get(directory)
            if batcher is None:
                model, head = OnnxModel(directory), HEADS[directory.task]
                batcher = self._batchers[directory] = Batcher(
                    lambda texts: model.read(texts, head),
                    self._executor,
                    parallel=self._threads,
                    largest=lambda: model.most_together,
                )
            return batcher

    def service(self, settings: ModerationSettings | DetectorServiceSettings) -> RemoteBackend:
        """Return a classifier that is asked by HTTP."""
        if isinstance(settings, ModerationSettings):
            return self._known(moderation(settings, self._client))
        return self._known(http_detector(settings, self._client))

    def judge(self, settings: JudgeBackendSettings) -> Judge:
        """Return a judge."""
        model = settings.model
        options: dict[str, Any] = dict(settings.options)
        judge = JudgeSettings(
            name=settings.name,
            url=model.url,
            model=model.model_name,
            headers=model.headers,
            payload=model.payload_defaults,
            **options,
        )
        return self._known(Judge(judge, self._client))

    def index(self, path: Path) -> IndexFile:
        """Open an index of protected texts. Raises ValueError where it is none."""
        try:
            found = path.stat()
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror}") from None
        key = path, found.st_mtime_ns, found.st_size, found.st_ino
        with self._lock:
            index = self._indexes.get(key)
            if index is None:
                index = self._indexes[key] = IndexFile(path)
            return index

    async def aclose(self) -> None:
        """End what is under way and free the threads; what is asked afterwards fails."""
        with self._lock:
            closing = [*self._batchers.values(), *self._callers]
        await asyncio.gather(*(each.aclose() for each in closing))
        await asyncio.to_thread(self._executor.shutdown)

    def _known(self, caller: Caller) -> Caller:
        with self._lock:
            self._callers.add(caller)
        return caller


class ConfiguredBackends:
    """The backends of one configuration: :class:`~proxy.guard.checks.Backends`."""

    def __init__(self, workshop: Workshop, settings: Mapping[str, BackendSettings | None]) -> None:
        self._workshop, self._settings = workshop, settings
        self._services: dict[str, RemoteBackend] = {}
        self._judges: dict[str, Judge] = {}

    def classifier(self, detector: str, name: str | None) -> Backend:
        """Return the backend called ``name``, or the local model for ``detector``. Raises ValueError."""
        task = Task.TOKEN if detector == "pii" else Task.SEQUENCE
        if name is None:
            if detector not in LOCAL_MODELS:
                raise ValueError(f"backend: there is no local model for `{detector}`; name a backend")
            directory = self._workshop.local_directory(LOCAL_MODELS[detector], f"`{detector}`")
            return self._local(directory, task, TIMEOUT)
        settings = self._named(name)
        match settings:
            case OnnxSettings():
                try:
                    return self._local(describe_directory(settings.path), task, settings.timeout)
                except ValueError as error:
                    raise ValueError(f"backend: `{name}`: {error}") from None
            case JudgeBackendSettings():
                raise ValueError(f"backend: `{name}` is a judge, and a classifier is needed")
            case ModerationSettings() if task is Task.TOKEN:
                raise ValueError(f"backend: `{name}` is of kind moderation, which names no entities in a text")
        if name not in self._services:
            self._services[name] = self._workshop.service(settings)
        return self._services[name]

    def judge(self, brief: Brief, name: str | None) -> Backend:
        """Return the judge called ``name``, or the only one there is. Raises ValueError."""
        if name is None:
            judges = [
                each for each, one in self._settings.items() if one is None or isinstance(one, JudgeBackendSettings)
            ]
            if len(judges) != 1:
                known = f"name one of {', '.join(judges)}" if judges else "add one to `backends`, of kind `judge`"
                raise ValueError(f"backend: a judge is needed; {known}")
            name = judges[0]
        settings = self._named(name)
        if not isinstance(settings, JudgeBackendSettings):
            raise ValueError(f"backend: `{name}` is no judge")
        if name not in self._judges:
            self._judges[name] = self._workshop.judge(settings)
        return self._judges[name].ask(brief)

    def similarity(self, references: References) -> Backend:
        """Return what compares a text to references. Raises ValueError."""
        directory = self._workshop.local_directory(EMBEDDING_MODEL, "similarity")
        if directory.task is not Task.FEATURES:
            raise ValueError(f"{directory.path} is a model for {directory.task}, and one for {Task.FEATURES} is needed")
        return Similarity(self._workshop.batcher(directory), references, TIMEOUT)

    def fingerprints(self, path: str) -> Fingerprints:
        """Return the index of protected texts in the file at ``path``. Raises ValueError."""
        return self._workshop.index(Path(path))

    def _local(self, directory: ModelDirectory, task: Task, timeout: float) -> Backend:
        if directory.task is not task:
            raise ValueError(f"{directory.path} is a model for {directory.task}, and one for {task} is needed")
        return LocalBackend(self._workshop.batcher(directory), timeout)

    def _named(self, name: str) -> BackendSettings:
        if name not in self._settings:
            known = f"; known: {', '.join(self._settings)}" if self._settings else "; `backends` has none"
            raise ValueError(f"backend: there is no backend `{name}`{known}")
        settings = self._settings[name]
        if settings is None:
            raise ValueError(f"backend: `{name}` has problems of its own")
        return settings


def _cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
