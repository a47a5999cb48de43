"""The shapes of a configuration file.

``models``, ``policies`` and ``deployments`` have the shapes in which the public API of the same vocabulary
takes and gives them (the bodies of its add-model, add-policy and add-deployment calls), so that an object
fetched there can be pasted here. Fields marked *ours* are additions.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Name = Annotated[str, Meta(pattern=r"^[!-~](?:[ -~]{0,126}[!-~])?$")]
"""Has to fit into a header. The only shape with a pattern, so that its rule can be said in words."""
NAME_RULE = "1 to 128 printable ASCII characters without surrounding blanks"
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Bytes = Annotated[int, Meta(ge=1, le=1 << 40)]
Port = Annotated[int, Meta(ge=1, le=65_535)]
Concurrency = Annotated[int, Meta(ge=1, le=10_000)]

Provider = Literal[
    "openai", "azure_openai", "anthropic", "cohere", "mistral", "llama", "bedrock", "gemini", "huggingface",
    "together", "groq", "ai21", "fireworks", "alibaba", "portkey", "deepseek", "openai_compatible",
    "cohere_compatible", "anthropic_compatible", "custom", "hr", "url", "enkryptai", "sierra", "boxai",
    "nutanix", "sofitest", "xactly", "xactly-cortex", "xactly-intelligence", "mattel", "kastle", "vg-curl",
    "vg-login", "marriott", "supermoon",
]  # fmt: skip


class Record(Struct, kw_only=True, frozen=True):
    """What the API adds to every stored object; accepted and not used."""

    project_name: object = None
    is_sample: object = None
    created_at: object = None
    created_by: object = None
    updated_at: object = None
    updated_by: object = None


class Endpoint(Struct, kw_only=True, frozen=True):
    """Where a provider listens."""

    host: str
    scheme: Literal["https", "http"] = "https"
    port: Port | None = None
    base_path: str = ""


class Paths(Struct, kw_only=True, frozen=True):
    """Paths below ``base_path``; only ``chat`` is called."""

    chat: str = ""
    completions: str = ""


class AuthData(Struct, kw_only=True, frozen=True):
    """How the provider's key is sent."""

    header_name: str = "Authorization"
    header_prefix: str = "Bearer"
    space_after_prefix: bool = True


class Header(Struct, kw_only=True, frozen=True):
    """One custom request header."""

    key: str
    value: str


class ModelConfig(Struct, kw_only=True, frozen=True):
    """``model_config`` of a model. ``endpoint_url`` stands for ``endpoint`` and ``paths`` together."""

    model_provider: Provider = "openai_compatible"
    endpoint_url: str = ""
    endpoint: Endpoint | None = None
    paths: Paths = Paths()
    auth_data: AuthData = AuthData()
    model_auth_type: Literal["apikey", "jwt"] = "apikey"
    model_jwt_config: object = None
    apikeys: list[str] = []
    system_prompt: str = ""
    custom_headers: list[Header] = []
    custom_payload: dict[str, object] = {}
    default_request_options: dict[str, object] = {}
    tools: list[object] = []
    custom_curl_command: str | None = None
    custom_response_format: str = ""
    custom_response_content_type: str = ""
    hosting_type: object = None
    model_source: object = None
    input_modalities: object = None
    output_modalities: object = None
    metadata: object = None


class ModelEntry(Record, kw_only=True, frozen=True):
    """One of ``models``, known by its saved name and its version."""

    model_saved_name: Name
    model_config: ModelConfig
    model_version: Name = "v1"
    model_name: str = ""
    model_id: object = None
    testing_for: object = None
    certifications: object = None


class PolicyEntry(Record, kw_only=True, frozen=True):
    """One of ``policies``; each detector is ``enabled`` or not and has options of its own."""

    name: Name
    detectors: dict[str, object]
    description: str = ""
    policy_id: object = None


class InputOptions(Struct, kw_only=True, frozen=True):
    """``additional_config`` of an input section; ``messages`` is ours."""

    pii_redaction: bool = False
    messages: Literal["last_user", "tool_results", "all"] = "last_user"


class OutputOptions(Struct, kw_only=True, frozen=True):
    """``additional_config`` of an output section. A mapping (ours) switches a detector on, with options."""

    hallucination: bool | dict[str, object] = False
    adherence: bool | dict[str, object] = False
    relevancy: bool | dict[str, object] = False


class InputSection(Struct, kw_only=True, frozen=True):
    """``input_guardrails_policy`` of a deployment; ``redact`` and ``modes`` are ours."""

    enabled: bool
    policy_name: str = ""
    block: list[str] = []
    redact: list[str] = []
    modes: dict[str, str] = {}
    additional_config: InputOptions = InputOptions()


class OutputSection(Struct, kw_only=True, frozen=True):
    """``output_guardrails_policy`` of a deployment; ``redact`` and ``modes`` are ours."""

    enabled: bool
    policy_name: str = ""
    block: list[str] = []
    redact: list[str] = []
    modes: dict[str, str] = {}
    additional_config: OutputOptions = OutputOptions()


class TimeoutsEntry(Struct, kw_only=True, frozen=True):
    """The clocks of an upstream request, in seconds; None leaves the default."""

    connect: Seconds | None = None
    first_byte: Seconds | None = None
    idle: Seconds | None = None
    lifetime: Seconds | None = None


class DeploymentEntry(Record, kw_only=True, frozen=True):
    """One of ``deployments``. Everything from ``expose_findings`` on is ours; None leaves the default."""

    name: Name
    model_saved_name: str
    model_version: str = "v1"
    deployment_id: object = None
    input_guardrails_policy: InputSection | None = None
    output_guardrails_policy: OutputSection | None = None
    expose_findings: Literal["masked", "full"] = "masked"
    block_notice: Literal["message", "none"] = "message"
    on_error: Literal["block", "allow"] = "block"
    unseen_content: Literal["refuse", "allow"] = "refuse"
    strict_schema: bool = False
    timeouts: TimeoutsEntry = TimeoutsEntry()
    keepalive: Seconds | None = None
    max_event_bytes: Bytes | None = None
    max_answer_bytes: Bytes | None = None


class KeyEntry(Struct, kw_only=True, frozen=True):
    """One of ``api_keys`` (ours): the key itself, or its SHA-256 digest in hexadecimal."""

    name: Name
    key: str | None = None
    key_sha256: str | None = None


class ServerEntry(Struct, kw_only=True, frozen=True):
    """``server`` (ours); None leaves the default."""

    max_body_bytes: Bytes | None = None
    max_active_streams: Annotated[int, Meta(ge=1)] | None = None
    shutdown_grace: Annotated[float, Meta(ge=0, le=86_400)] | None = None
    allow_anonymous: bool = False


class BackendEntry(Struct, kw_only=True, frozen=True):
    """What all ``backends`` (ours) have; ``kind`` says which of the shapes below an item has."""

    name: Name
    kind: str
    timeout: Seconds | None = None
    """After so many seconds an answer is not awaited any longer; None leaves the default."""


class OnnxEntry(BackendEntry, kw_only=True, frozen=True):
    """A model in a directory, relative to the configuration file's."""

    path: str


class ServiceEntry(BackendEntry, kw_only=True, frozen=True):
    """What backends that are asked by HTTP have."""

    url: str
    api_key: str | None = None
    headers: list[Header] = []
    max_concurrency: Concurrency | None = None


class ModerationEntry(ServiceEntry, kw_only=True, frozen=True):
    """An endpoint in the shape of OpenAI's moderations; ``url`` is the whole address."""

    model: str = ""


class DetectorServiceEntry(ServiceEntry, kw_only=True, frozen=True):
    """A server of the detector API of the FMS guardrails orchestrator; ``url`` is its base address."""

    detector_id: str
    detector_params: dict[str, object] = {}


class JudgeEntry(BackendEntry, kw_only=True, frozen=True):
    """One of ``models`` that is asked for verdicts; None leaves the judge's defaults."""

    model_saved_name: str
    model_version: str = "v1"
    structured: Literal["json_schema", "json_object", "none"] | None = None
    max_concurrency: Concurrency | None = None
    max_characters: Annotated[int, Meta(ge=1)] | None = None
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    cache_entries: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    cache_ttl: Seconds | None = None


class Root(Struct, kw_only=True, frozen=True):
    """The file as a whole; its items are decoded one by one."""

    models: list[object]
    deployments: list[object]
    backends: list[object] = []
    policies: list[object] = []
    api_keys: list[object] = []
    server: ServerEntry = ServerEntry()
