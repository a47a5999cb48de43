"""What the tests of all clients share: the configuration behind them, what is said, and what must become of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.conformance.scripted_model import ScriptedModel
from tests.conformance.wire import Wire

KEY = "tidegate-conformance-key"

EMAIL = "maria.lopez@example.com"
CARD = "4111 1111 1111 1111"
BANNED = "moonshine"
FORBIDDEN = (EMAIL, CARD, BANNED)
"""What no client may ever be sent."""

SAID = f"Write to {EMAIL} about card {CARD}, not about {BANNED}. Thanks! "
"""What a model says unless told otherwise. It ends so that nothing needs to be held for what may follow."""
REDACTED = "Write to <EMAIL_ADDRESS_0> about card <CREDIT_CARD_0>, not about [KEYWORD_1]. Thanks! "
"""What the deployment ``redact`` makes of it."""
NOTICE = "We don't talk about »that«."
BLOCKED = f"Write to <EMAIL_ADDRESS_0> about card <CREDIT_CARD_0>, not about \n\n{NOTICE}"
"""What the deployment ``block`` makes of it."""

PROMPT = "Whom do I write to?"
MESSAGES: Any = [{"role": "user", "content": PROMPT}]
BANNED_MESSAGES: Any = [{"role": "user", "content": f"Tell me about {BANNED}."}]

USER_EMAIL = "user@example.org"
"""What a user writes about, and gets back from the deployment ``restore``, which hides it from the model."""

TOOL: Any = {
    "type": "function",
    "function": {
        "name": "send_mail",
        "description": "Send an email.",
        "parameters": {
            "type": "object",
            "properties": {"to": {"type": "string"}, "body": {"type": "string"}},
            "required": ["to", "body"],
        },
    },
}
ARGUMENTS = f'{{"to": "{EMAIL}", "body": "The card is {CARD}."}}'
REDACTED_ARGUMENTS = {"to": "<EMAIL_ADDRESS_0>", "body": "The card is <CREDIT_CARD_0>."}

HELD = "Ask for maria"
"""The last word may yet turn out to begin an address, and is held until the model has finished."""

DEPLOYMENTS: Mapping[str, Mapping[str, Any]] = {
    "redact": {"output_guardrails_policy": {"redact": ["pii", "keyword_detector"]}},
    "block": {
        "input_guardrails_policy": {"block": ["keyword_detector"]},
        "output_guardrails_policy": {"block": ["keyword_detector"], "redact": ["pii"]},
    },
    "observe": {"output_guardrails_policy": {}},
    "restore": {"input_guardrails_policy": {"additional_config": {"pii_redaction": True}}},
    "restless": {"output_guardrails_policy": {"redact": ["pii"]}, "keepalive": 0.05},
}
"""What sets each deployment apart."""

COMMENT = b"\n:"
"""How a comment begins in an event stream."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Tidegate as a client sees it, through a tap."""

    wire: Wire
    model: ScriptedModel

    @property
    def openai_url(self) -> str:
        """The base URL for OpenAI clients."""
        return f"{self.wire.url}/v1"

    def hold_until(self, crossed: bytes) -> None:
        """Have the model say :data:`HELD`, and finish only when the client has been sent some bytes."""
        self.model.says(HELD, pause=lambda seconds: self.wire.crossed(crossed, seconds))


def assert_reported(output_section: Mapping[str, Any]) -> None:
    """The output's guardrail section tells what was found in :data:`SAID`, but not what it was."""
    assert output_section["summary"] == {"pii": 1, "keyword_detected": 1}
    personal = output_section["details"]["pii"]["pii"]
    assert personal.keys() == {"<EMAIL_ADDRESS_0>", "<CREDIT_CARD_0>"}
    assert set(personal.values()) == {"***"}
    assert output_section["details"]["keyword_detector"]["detected_counts"] == {"[KEYWORD_1]": 1}


def assert_refused(body: Mapping[str, Any]) -> None:
    """The body of the answer to :data:`BANNED_MESSAGES` says why there is no other."""
    assert body["error"]["code"] == "input_guardrails_violation"
    assert body["error"]["message"] == NOTICE
    assert body["enkrypt_policy_detections"]["input_guardrails"]["summary"]["keyword_detected"] == 1
    assert body["enkrypt_policy_detections"]["input_guardrails"]["result_message"] == NOTICE


def configuration(upstream: str, model_name: str) -> dict[str, object]:
    """A configuration file's content with one model; ``upstream`` is its base URL."""
    config = {"model_provider": "openai_compatible", "endpoint_url": upstream}
    detectors = {
        "pii": {"enabled": True, "entities": []},
        "keyword_detector": {"enabled": True, "banned_keywords": [BANNED], "block_message": NOTICE},
    }
    return {
        "api_keys": [{"name": "conformance", "key": KEY}],
        "models": [{"model_saved_name": "model", "model_name": model_name, "model_config": config}],
        "policies": [{"name": "policy", "detectors": detectors}],
        "deployments": [_deployment(name, fields) for name, fields in DEPLOYMENTS.items()],
    }


def _deployment(name: str, fields: Mapping[str, Any]) -> dict[str, object]:
    policies = {
        key: {"policy_name": "policy", "enabled": True, **value} if isinstance(value, dict) else value
        for key, value in fields.items()
    }
    return {"name": name, "model_saved_name": "model", **policies}
