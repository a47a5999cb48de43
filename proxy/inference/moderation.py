"""Endpoints in the shape of OpenAI's moderations: https://platform.openai.com/docs/api-reference/moderations."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from proxy.config.backends import ModerationSettings
from proxy.guard.checks import Reading
from proxy.inference.remote import Client, RemoteBackend

Probability = Annotated[float, Meta(ge=0, le=1)]


class _Result(Struct):
    category_scores: dict[str, Probability | None]
    """Some endpoints give null for categories that do not apply to the input."""


class _Answer(Struct):
    results: Annotated[list[_Result], Meta(min_length=1, max_length=1)]


_ANSWER = msgspec.json.Decoder(_Answer)


def moderation(settings: ModerationSettings, client: Client) -> RemoteBackend:
    """Return the backend: the scores of its readings are ``category_scores``."""

    def encode(text: str) -> bytes:
        body: dict[str, object] = {"input": text}
        if settings.model:
            body["model"] = settings.model
        return msgspec.json.encode(body)

    return RemoteBackend(settings, client, encode, _reading)


def _reading(data: bytes, text: str) -> Reading:
    result = _ANSWER.decode(data).results[0]
    scores = {name: score for name, score in result.category_scores.items() if score is not None}
    return Reading(scores=scores)
