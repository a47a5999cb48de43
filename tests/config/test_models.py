"""Saved models: the URL that is called, and what is sent there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from proxy.config.deployment import Configuration, UpstreamModel

CONFIG = ("models", 0, "model_config")

Configure = Callable[..., Configuration]


def compiled(configure: Configure, **fields: object) -> UpstreamModel:
    changes = [((*CONFIG, name), value) for name, value in fields.items()]
    return configure(*changes).deployments["chat"].upstream


@pytest.mark.parametrize(
    ("endpoint", "chat", "url"),
    [
        ({"host": "h"}, "", "https://h/chat/completions"),
        ({"host": "h", "port": 443, "base_path": "/v1"}, "/chat/completions", "https://h/v1/chat/completions"),
        ({"host": "h", "scheme": "http", "port": 80}, "/c", "http://h/c"),
        ({"host": "h", "scheme": "http", "port": 443}, "/c", "http://h:443/c"),
        ({"host": "h", "port": 8000, "base_path": "/a/"}, "/b", "https://h:8000/a/b"),
        ({"host": "h", "base_path": "a"}, "b/c", "https://h/a/b/c"),
        ({"host": "h", "base_path": "/"}, "//b//c/", "https://h/b/c"),
        ({"host": "h", "base_path": "/openai"}, "/v1/chat/completions", "https://h/openai/v1/chat/completions"),
        ({"host": "h"}, "/c?api-version=2/1", "https://h/c?api-version=2/1"),
        ({"host": "::1", "port": 8000}, "/c", "https://[::1]:8000/c"),
        ({"host": "[::1]"}, "/c", "https://[::1]/c"),
        ({"host": "127.0.0.1", "port": "${PORT}"}, "/c", "https://127.0.0.1:8443/c"),
    ],
)
def test_endpoint_and_paths(configure: Configure, endpoint: object, chat: str, url: str) -> None:
    assert compiled(configure, endpoint=endpoint, paths={"chat": chat}).url == url


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1/chat/completions"),
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1/chat/completions"),
        ("https://h", "https://h/chat/completions"),
        ("https://h:443/v1/chat/completions", "https://h/v1/chat/completions"),
        ("https://h/v1/chat/completions/", "https://h/v1/chat/completions"),
        ("https://H.example/d/x/chat/completions?v=1", "https://h.example/d/x/chat/completions?v=1"),
        ("http://[::1]:9/v1", "http://[::1]:9/v1/chat/completions"),
    ],
)
def test_endpoint_url(configure: Configure, given: str, url: str) -> None:
    assert compiled(configure, endpoint=None, endpoint_url=given).url == url


@pytest.mark.parametrize("url", ["h/v1", "ftp://h", "https://", "https://u:p@h/v1", "https://h/#x", "http://h:99999"])
def test_what_is_no_endpoint_url(configure: Configure, url: str) -> None:
    with pytest.raises(Exception, match=r"^models\[0\]\.model_config\.endpoint_url: expected a URL"):
        compiled(configure, endpoint=None, endpoint_url=url)


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        ({}, ("Authorization", "Bearer sk-upstream-secret")),
        ({"space_after_prefix": False, "header_prefix": "Key="}, ("Authorization", "Key=sk-upstream-secret")),
        ({"header_name": "api-key", "header_prefix": ""}, ("api-key", "sk-upstream-secret")),
    ],
)
def test_the_first_key_is_sent_as_told(configure: Configure, auth: dict[str, object], header: tuple[str, str]) -> None:
    model = compiled(configure, auth_data=auth, apikeys=["${UPSTREAM_KEY}", "second-key"])
    assert model.headers == (header,)
    assert model.secrets == ("sk-upstream-secret", "second-key")


def test_without_a_key_nothing_is_sent(configure: Configure) -> None:
    assert compiled(configure, apikeys=[]).headers == ()


def test_custom_headers_are_sent_and_empty_pairs_ignored(configure: Configure) -> None:
    headers = [{"key": "", "value": ""}, {"key": "X-Team", "value": "a"}, {"key": "X-Token", "value": "tok-123456"}]
    model = compiled(configure, custom_headers=headers, apikeys=[])
    assert model.headers == (("X-Team", "a"), ("X-Token", "tok-123456"))
    assert model.secrets == ("tok-123456",)


def test_a_key_in_the_query_is_a_secret(configure: Configure) -> None:
    model = compiled(configure, paths={"chat": "/chat?v=1&key=${UPSTREAM_KEY}"}, apikeys=[])
    assert model.url.endswith("/v1/chat?v=1&key=sk-upstream-secret")
    assert model.secrets == ("sk-upstream-secret",)


def test_defaults_prompt_and_name(configure: Configure) -> None:
    model = compiled(
        configure,
        default_request_options={"temperature": 0, "top_p": 1},
        custom_payload={"temperature": 0.5},
        system_prompt="Be brief.",
    )
    assert dict(model.payload_defaults) == {"temperature": 0.5, "top_p": 1}
    assert model.system_prompt == "Be brief."
    assert model.model_name == "gpt-4o-mini"


def test_secrets_are_in_no_repr(configure: Configure) -> None:
    configuration = configure()
    assert "sk-upstream-secret" not in repr(configuration)
    assert "client-key-of-20-chars" not in repr(configuration)


def test_an_object_of_the_api_can_be_pasted(configure: Configure) -> None:
    fetched = {
        "testing_for": "foundationModels",
        "model_name": "m",
        "certifications": [],
        "model_saved_name": "gpt",
        "model_version": "v1",
        "created_at": "2026-01-01T00:00:00",
        "project_name": "default",
        "model_config": {
            "model_provider": "openai",
            "hosting_type": "External",
            "model_source": None,
            "system_prompt": "",
            "endpoint": {"scheme": "https", "host": "h", "port": 443, "base_path": "/v1"},
            "paths": {"completions": "/completions", "chat": "/chat/completions"},
            "auth_data": {"header_name": "Authorization", "header_prefix": "Bearer", "space_after_prefix": True},
            "model_auth_type": "apikey",
            "model_jwt_config": None,
            "apikeys": ["k"],
            "tools": [],
            "input_modalities": ["text"],
            "output_modalities": ["text"],
            "custom_curl_command": None,
            "custom_headers": [{"key": "", "value": ""}],
            "custom_payload": {},
            "custom_response_content_type": "",
            "custom_response_format": "",
            "metadata": {},
            "default_request_options": {},
        },
    }
    upstream = configure((("models", 0), fetched)).deployments["chat"].upstream
    assert upstream == UpstreamModel(
        url="https://h/v1/chat/completions",
        model_name="m",
        headers=(("Authorization", "Bearer k"),),
        secrets=("k",),
    )


def test_versions_of_a_model_are_told_apart(configure: Configure) -> None:
    second = {"model_saved_name": "gpt", "model_version": "v2", "model_config": {"endpoint_url": "http://h/v1"}}
    both = configure(
        (("models",), [{**second, "model_version": "v1", "model_name": "one"}, {**second, "model_name": "two"}]),
        (("deployments", 0, "model_version"), "v2"),
    )
    assert both.deployments["chat"].upstream.model_name == "two"
