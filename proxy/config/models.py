"""Saved models compiled to what a request to them needs: URL, headers, defaults."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from proxy.config.deployment import UpstreamModel
from proxy.config.headers import is_header_name, secrets, sendable
from proxy.config.problems import Problems
from proxy.config.shapes import Endpoint, ModelConfig, ModelEntry

OPENAI_COMPATIBLE = frozenset(
    {"openai", "openai_compatible", "azure_openai", "mistral", "together", "groq", "fireworks", "alibaba",
     "portkey", "deepseek", "huggingface", "nutanix"}
)  # fmt: skip
"""Providers with an endpoint that takes and gives chat completions in the OpenAI format."""

CHAT_PATH = "/chat/completions"

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_RESERVED_FIELDS = frozenset({"model", "messages", "stream", "stream_options", "n"})


def compile_model(entry: ModelEntry, path: str, problems: Problems) -> UpstreamModel | None:
    """``entry`` compiled, or None with its problems noted under ``path``."""
    before = len(problems)
    config, path = entry.model_config, f"{path}.model_config"
    _note_unsupported(config, path, problems)
    url = _url(config, path, problems)
    headers = tuple(sendable(_named_headers(config, path), problems))
    defaults = config.default_request_options | config.custom_payload
    for name in _RESERVED_FIELDS & defaults.keys():
        option = "custom_payload" if name in config.custom_payload else "default_request_options"
        problems.add(f"{path}.{option}.{name}", "is decided by each request and can have no default")
    if url is None or len(problems) > before:
        return None
    return UpstreamModel(
        url=url,
        model_name=entry.model_name,
        headers=headers,
        system_prompt=config.system_prompt,
        payload_defaults=tuple(defaults.items()),
        secrets=tuple(dict.fromkeys(_secrets(config, url))),
    )


def _note_unsupported(config: ModelConfig, path: str, problems: Problems) -> None:
    if config.model_provider not in OPENAI_COMPATIBLE:
        problems.add(
            f"{path}.model_provider",
            f"`{config.model_provider}` is not supported yet; use `openai_compatible` for an endpoint "
            "that takes OpenAI chat completions",
        )
    if config.model_auth_type == "jwt":
        problems.add(f"{path}.model_auth_type", "`jwt` is not supported yet")
    for name in ("tools", "custom_curl_command", "custom_response_format"):
        if getattr(config, name):
            problems.add(f"{path}.{name}", "is not supported yet")


def _url(config: ModelConfig, path: str, problems: Problems) -> str | None:
    if bool(config.endpoint_url) == (config.endpoint is not None):
        problems.add(path, "expected exactly one of `endpoint` and `endpoint_url`")
        return None
    if config.endpoint is not None:
        where, reason = f"{path}.endpoint.host", "expected a host name or an address"
        url = _from_endpoint(config.endpoint, config.paths.chat or CHAT_PATH)
    else:
        where, reason = (
            f"{path}.endpoint_url",
            "expected a URL such as https://host/v1, without user and fragment",
        )
        url = _from_url(config.endpoint_url)
    if url is None:
        problems.add(where, reason)
    return url


def _from_endpoint(endpoint: Endpoint, chat: str) -> str | None:
    host = _host(endpoint.host.removeprefix("[").removesuffix("]"))
    if host is None:
        return None
    default = {"http": 80, "https": 443}[endpoint.scheme]
    port = "" if endpoint.port in (None, default) else f":{endpoint.port}"
    route, mark, query = f"{endpoint.base_path}/{chat}".partition("?")
    segments = [segment for segment in route.split("/") if segment]
    return f"{endpoint.scheme}://{host}{port}/{'/'.join(segments)}{mark}{query}"


def _from_url(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.fragment:
        return None
    route = parts.path.rstrip("/")
    chat = route if route.endswith(CHAT_PATH) else route + CHAT_PATH
    endpoint = Endpoint(scheme="https" if parts.scheme == "https" else "http", host=parts.hostname, port=port)
    return _from_endpoint(endpoint, f"{chat}?{parts.query}" if parts.query else chat)


def _host(host: str) -> str | None:
    try:
        return f"[{ipaddress.IPv6Address(host)}]"
    except ValueError:
        return host if _HOST.fullmatch(host) else None


def _named_headers(config: ModelConfig, path: str) -> Iterator[tuple[str, str, str]]:
    """Path, name and value of each header that the entry asks for."""
    if config.apikeys:
        auth = config.auth_data
        blank = " " if auth.header_prefix and auth.space_after_prefix else ""
        # An empty key must not hide behind its prefix.
        value = f"{auth.header_prefix}{blank}{config.apikeys[0]}" if config.apikeys[0] else ""
        where = f"{path}.auth_data.header_name" if not is_header_name(auth.header_name) else f"{path}.apikeys[0]"
        yield where, auth.header_name, value
    for index, header in enumerate(config.custom_headers):
        # The API's own example carries one pair of empty strings.
        if header.key or header.value:
            yield f"{path}.custom_headers[{index}]", header.key, header.value


def _secrets(config: ModelConfig, url: str) -> Iterator[str]:
    yield from (key for key in config.apikeys if key)
    yield from secrets((header.value for header in config.custom_headers), url)
