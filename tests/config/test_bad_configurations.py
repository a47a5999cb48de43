"""Each mistake is reported under the path of the value that is wrong, and without showing secrets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from proxy.config.deployment import Configuration
from proxy.config.loader import parse
from proxy.config.problems import ConfigError

MODEL = ("models", 0)
CONFIG = ("models", 0, "model_config")
DETECTORS = ("policies", 0, "detectors")
DEPLOYMENT = ("deployments", 0)
INPUT = (*DEPLOYMENT, "input_guardrails_policy")
OUTPUT = (*DEPLOYMENT, "output_guardrails_policy")
ANOTHER_MODEL = {"model_saved_name": "gpt", "model_config": {"endpoint_url": "http://h/v1"}}

# What is put where, the path that is reported, and a part of what is said.
TABLE: list[tuple[tuple[str | int, ...], object, str, str]] = [
    (("modles",), [], "modles", "did you mean `models`?"),
    (("models",), None, "models", "expected list, got nothing"),
    (("models",), {}, "models", "expected list, got mapping"),
    (("models", 0), "gpt", "models[0]", "expected mapping, got string"),
    (("deployments",), [], "deployments", "at least one"),
    ((*MODEL, "model_saved_name"), "", "models[0].model_saved_name", "printable ASCII"),
    ((*MODEL, "model_saved_name"), 7, "models[0].model_saved_name", "expected string, got whole number"),
    ((*MODEL, "model_config"), None, "models[0].model_config", "expected mapping"),
    ((*CONFIG, "apikey"), "x", "models[0].model_config.apikey", "did you mean `apikeys`?"),
    ((*CONFIG, "apikeys"), "x", "models[0].model_config.apikeys", "expected list, got string"),
    ((*CONFIG, "apikeys"), [True], "models[0].model_config.apikeys[0]", "put it in quotes"),
    ((*CONFIG, "apikeys"), ["two\nlines"], "models[0].model_config.apikeys[0]", "line breaks"),
    ((*CONFIG, "apikeys"), [""], "models[0].model_config.apikeys[0]", "empty"),
    ((*CONFIG, "apikeys"), ["${NO_KEY}"], "models[0].model_config.apikeys[0]", "NO_KEY is not set"),
    ((*CONFIG, "model_provider"), "opneai", "models[0].model_config.model_provider", "did you mean `openai`?"),
    ((*CONFIG, "model_provider"), "bedrock", "models[0].model_config.model_provider", "not supported yet"),
    ((*CONFIG, "model_auth_type"), "jwt", "models[0].model_config.model_auth_type", "not supported yet"),
    ((*CONFIG, "tools"), [{}], "models[0].model_config.tools", "not supported yet"),
    ((*CONFIG, "endpoint_url"), "http://h/v1", "models[0].model_config", "exactly one of"),
    ((*CONFIG, "endpoint"), None, "models[0].model_config", "exactly one of"),
    ((*CONFIG, "endpoint", "host"), "a b", "models[0].model_config.endpoint.host", "host name"),
    ((*CONFIG, "endpoint", "host"), "user@h", "models[0].model_config.endpoint.host", "host name"),
    ((*CONFIG, "endpoint", "port"), 0, "models[0].model_config.endpoint.port", ">= 1"),
    ((*CONFIG, "endpoint", "port"), "443", "models[0].model_config.endpoint.port", "got string"),
    ((*CONFIG, "endpoint", "scheme"), "ftp", "models[0].model_config.endpoint.scheme", "`https`, `http`; got `ftp`"),
    ((*CONFIG, "auth_data"), {"header_name": "a b"}, "models[0].model_config.auth_data.header_name", "header name"),
    ((*CONFIG, "custom_headers"), [{"key": "Host", "value": "x"}], "models[0].model_config.custom_headers[0]",
     "belongs to the connection"),
    ((*CONFIG, "custom_headers"), [{"key": "authorization", "value": "x"}],
     "models[0].model_config.custom_headers[0]", "already set"),
    ((*CONFIG, "custom_payload"), {"stream": True}, "models[0].model_config.custom_payload.stream", "no default"),
    ((*CONFIG, "default_request_options"), {"n": 2}, "models[0].model_config.default_request_options.n", "no default"),
    (("models",), [ANOTHER_MODEL, ANOTHER_MODEL], "models[1].model_saved_name", "already the name of models[0]"),
    (("policies", 1, "name"), "strict", "policies[1].name", "already the name of policies[0]"),
    ((*DETECTORS, "pi"), {"enabled": True}, "policies[0].detectors.pi", "did you mean `pii`?"),
    ((*DETECTORS, "pii"), True, "policies[0].detectors.pii", "expected mapping, got true or false"),
    ((*DETECTORS, "pii"), {}, "policies[0].detectors.pii.enabled", "is required"),
    ((*DETECTORS, "pii"), {"enabled": "yes"}, "policies[0].detectors.pii.enabled", "true or false, got string"),
    ((*DETECTORS, "nsfw"), {"enabled": True}, "policies[0].detectors.nsfw",
     "`nsfw` is not implemented yet; implemented: keyword_detector, pii"),
    ((*DETECTORS, "pii", "block_message"), 1, "policies[0].detectors.pii.block_message", "got whole number"),
    ((*DETECTORS, "pii", "entities"), ["${UPSTREAM_KEY}"], "policies[0].detectors.pii",
     "unknown entity ${UPSTREAM_KEY}"),
    ((*DETECTORS, "keyword_detector", "banned_keywords_file"), "w.txt",
     "policies[0].detectors.keyword_detector.banned_keywords_file", "configuration file"),
    ((*DEPLOYMENT, "model_saved_name"), "gtp", "deployments[0].model_saved_name", "did you mean `gpt`?"),
    ((*DEPLOYMENT, "model_version"), "v2", "deployments[0].model_version", "has `v1`"),
    ((*DEPLOYMENT, "name"), "größe", "deployments[0].name", "printable ASCII"),
    ((*DEPLOYMENT, "on_error"), "allowed", "deployments[0].on_error", "did you mean `allow`?"),
    ((*DEPLOYMENT, "timeouts"), {"idle": 0}, "deployments[0].timeouts.idle", "> 0"),
    ((*DEPLOYMENT, "timeouts"), {"conect": 1}, "deployments[0].timeouts.conect", "did you mean `connect`?"),
    ((*DEPLOYMENT, "keepalive"), -1, "deployments[0].keepalive", "> 0"),
    ((*DEPLOYMENT, "max_event_bytes"), 1.5, "deployments[0].max_event_bytes", "whole number"),
    ((*INPUT, "policy_name"), "strikt", "deployments[0].input_guardrails_policy.policy_name", "did you mean `strict`?"),
    ((*INPUT, "policy_name"), "", "deployments[0].input_guardrails_policy.policy_name", "is required"),
    ((*OUTPUT, "enabled"), None, "deployments[0].output_guardrails_policy.enabled", "true or false"),
    ((*OUTPUT, "block"), ["keyword_detector", "nsfw"], "deployments[0].output_guardrails_policy.block[1]",
     "`nsfw` is not enabled in policy `strict`"),
    ((*OUTPUT, "block"), ["keyword_dtector"], "deployments[0].output_guardrails_policy.block[0]",
     "did you mean `keyword_detector`?"),
    ((*OUTPUT, "block"), ["adherence"], "deployments[0].output_guardrails_policy.block[0]", "not switched on"),
    ((*OUTPUT, "redact"), ["pii", "pii"], "deployments[0].output_guardrails_policy.redact[1]", "already"),
    ((*OUTPUT, "redact"), ["keyword_detector"], "deployments[0].output_guardrails_policy.redact[0]", "`block` too"),
    ((*OUTPUT, "additional_config"), {"relevancy": True},
     "deployments[0].output_guardrails_policy.additional_config.relevancy", "not implemented yet"),
    ((*OUTPUT, "additional_config"), {"messages": "all"},
     "deployments[0].output_guardrails_policy.additional_config.messages", "unknown field"),
    ((*INPUT, "additional_config"), {"pii_redaction": True},
     "deployments[0].input_guardrails_policy.additional_config.pii_redaction", "`pii` is in `block`"),
    (INPUT, {"enabled": False, "additional_config": {"pii_redaction": True}},
     "deployments[0].input_guardrails_policy.additional_config.pii_redaction", "not enabled"),
    (("api_keys",), [], "api_keys", "allow_anonymous"),
    (("api_keys", 0, "key"), "short", "api_keys[0].key", "has 5 characters; at least 16"),
    (("api_keys", 0, "key"), "sixteen chars in", "api_keys[0].key", "blanks"),
    (("api_keys", 0, "key_sha256"), "0" * 64, "api_keys[0]", "exactly one of"),
    (("api_keys",), [{"name": "a", "key_sha256": "abc"}], "api_keys[0].key_sha256", "64 hexadecimal"),
    (("api_keys",), [{"name": "a", "key": "x" * 16}, {"name": "a", "key": "y" * 16}], "api_keys[1].name",
     "already the name of api_keys[0]"),
    (("api_keys",), [{"name": "a", "key": "x" * 16}, {"name": "b", "key": "x" * 16}], "api_keys[1]",
     "same key as api_keys[0]"),
    (("server",), {"allow_anonymous": True}, "server.allow_anonymous", "contradicts"),
    (("server",), {"max_body_bytes": 0}, "server.max_body_bytes", ">= 1"),
]  # fmt: skip


@pytest.mark.parametrize(("where", "value", "path", "message"), TABLE)
def test_a_mistake_is_reported_with_its_path(
    configure: Callable[..., Configuration],
    where: tuple[str | int, ...],
    value: object,
    path: str,
    message: str,
) -> None:
    with pytest.raises(ConfigError) as caught:
        configure((where, value))
    problem = caught.value.problems[0]
    assert problem.startswith(f"{path}: ")
    assert message in problem
    # A model whose name cannot be read is missed by the deployment that uses it; nothing else follows.
    assert all("no model `gpt`" in other for other in caught.value.problems[1:])
    assert "sk-upstream-secret" not in problem
    assert "client-key-of-20-chars" not in problem


@pytest.mark.parametrize(
    ("where", "path"),
    [
        (("models",), "models"),
        (("deployments",), "deployments"),
        ((*DEPLOYMENT, "name"), "deployments[0].name"),
        ((*OUTPUT, "enabled"), "deployments[0].output_guardrails_policy.enabled"),
        ((*CONFIG, "endpoint", "host"), "models[0].model_config.endpoint.host"),
    ],
)
def test_what_is_required_is_missed(
    configure: Callable[..., Configuration], delete: object, where: tuple[str | int, ...], path: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        configure((where, delete))
    assert caught.value.problems == [f"{path}: is required"]


def test_problems_are_reported_together(configure: Callable[..., Configuration]) -> None:
    with pytest.raises(ConfigError) as caught:
        configure(
            ((*CONFIG, "apikeys"), ["${FIRST}${SECOND}"]),
            ((*CONFIG, "tools"), [1]),
            ((*DETECTORS, "nsfw"), {"enabled": True}),
            ((*DEPLOYMENT, "timeouts"), {"idle": 0, "connect": "x"}),
            (("api_keys", 0, "key"), "${CLIENT_KEI}"),
        )
    paths = [problem.partition(": ")[0] for problem in caught.value.problems]
    assert sorted(paths) == [
        "api_keys[0].key",
        "deployments[0].timeouts.connect",
        "deployments[0].timeouts.idle",
        "models[0].model_config.apikeys[0]",
        "models[0].model_config.tools",
        "policies[0].detectors.nsfw",
    ]
    assert str(caught.value) == "\n".join(caught.value.problems)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("models: [", "not valid YAML: line "),
        ("a: !!python/object/apply:os.system [x]", "not valid YAML: line 1"),
        ("a: b\n---\nc: d", "not valid YAML: line"),
        ("a: 2026-02-30", "a date is impossible"),
        ("a: \x00", "not valid YAML"),
        ("", ": expected mapping, got nothing"),
        ("[]", "expected mapping, got list"),
        ("models: []\nmodels: []", "models: given twice, in line 1 and in line 2"),
        ("server: {a: 1, a: 2}", "server.a: given twice"),
        ("models: [{b: 1, b: 2}]", "models[0].b: given twice"),
        ("1: a", "1: the key is not a string"),
        ("server: {shutdown_grace: .inf}", "server.shutdown_grace: expected a finite number"),
        ("models: [2026-01-02]", "models[0]: YAML reads this as a date; put it in quotes"),
        ("models: &a [*a]", "models[0]: an alias here refers to something that contains it"),
    ],
)
def test_unreadable_text(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, {})
    assert any(problem in f": {each}" for each in caught.value.problems)


def test_broken_yaml_is_not_quoted() -> None:
    with pytest.raises(ConfigError) as caught:
        parse("key: secret-value-of-mine\n: [", {})
    assert "secret-value-of-mine" not in str(caught.value)


def test_a_refused_policy_is_not_reported_again_where_it_is_used(
    configure: Callable[..., Configuration],
) -> None:
    with pytest.raises(ConfigError) as caught:
        configure(((*DETECTORS, "pii"), {"enabled": 1}), (("models", 0, "model_name"), 3))
    assert len(caught.value.problems) == 2
