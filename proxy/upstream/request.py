"""What is asked of the upstream: the client's request, plus what the saved model adds, minus what is ours."""

from __future__ import annotations

from collections.abc import Mapping

from proxy.config.deployment import UpstreamModel
from proxy.protocol.request import OWN_FIELD_PREFIX

FORWARDED_HEADERS = ("traceparent", "tracestate")
"""Client headers that go upstream. All others, credentials above all, stay here."""

_SYSTEM_ROLES = frozenset({"system", "developer"})


def build_body(body: Mapping[str, object], model: UpstreamModel) -> dict[str, object]:
    """The upstream's request body; ``body`` is left as it is.

    The saved model's name and system prompt win over the request's, its payload defaults fill what the
    request lacks, and every other field passes unchanged.
    """
    built = {name: value for name, value in body.items() if not name.startswith(OWN_FIELD_PREFIX)}
    for name, value in model.payload_defaults:
        built.setdefault(name, value)
    if model.model_name:
        built["model"] = model.model_name
    if model.system_prompt:
        built["messages"] = _with_system_prompt(built.get("messages"), model.system_prompt)
    return built


def build_headers(model: UpstreamModel, client: Mapping[str, str], request_id: str, *, stream: bool) -> dict[str, str]:
    """The upstream request's headers. Those of the saved model win over ours."""
    headers = {
        "content-type": "application/json",
        "accept": "text/event-stream" if stream else "application/json",
        "x-request-id": request_id,
    }
    if stream:
        # A compressing upstream gathers text before it sends any.
        headers["accept-encoding"] = "identity"
    for name in FORWARDED_HEADERS:
        if name in client:
            headers[name] = client[name]
    for name, value in model.headers:
        headers[name.lower()] = value
    return headers


def _with_system_prompt(messages: object, prompt: str) -> list[object]:
    rest = list(messages) if isinstance(messages, list) else []
    if rest and isinstance(rest[0], dict) and rest[0].get("role") in _SYSTEM_ROLES:
        rest = rest[1:]
    return [{"role": "system", "content": prompt}, *rest]
