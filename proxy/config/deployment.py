"""The compiled configuration: immutable values that the server works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from proxy.guard.policy import NO_POLICY, Policy

if TYPE_CHECKING:
    from proxy.config.backends import BackendSettings


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Four clocks of one upstream request, in seconds."""

    connect: float = 10.0
    """From the start of the request to an established connection."""
    first_byte: float = 60.0
    """From the sent request to the first byte of the answer's body."""
    idle: float = 60.0
    """Between two reads of a streamed answer."""
    lifetime: float = 600.0
    """From the start of the request to the end of the answer."""


@dataclass(frozen=True, slots=True)
class UpstreamModel:
    """Where a deployment's requests go, and what the saved model adds to them."""

    url: str
    """The chat completions URL."""
    model_name: str
    """Replaces the request's ``model``; "" leaves the request's own."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Sent with each request: authentication and custom headers. Secret: kept out of every repr."""
    system_prompt: str = ""
    """Prepended as a system message; it replaces a leading system message of the request."""
    payload_defaults: tuple[tuple[str, object], ...] = ()
    """Request fields used where the client's request has none."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Strings that must never appear in anything a client or a log sees."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A named upstream model with its input and output policy."""

    name: str
    upstream: UpstreamModel
    input_policy: Policy = NO_POLICY
    output_policy: Policy = NO_POLICY
    pii_redaction: bool = False
    """Send placeholders upstream and restore the originals in the answer."""
    strict_schema: bool = False
    """Refuse values of open enums (``reasoning_effort``, ``service_tier``, …) outside the specification."""
    timeouts: Timeouts = Timeouts()
    max_event_bytes: int = 1_048_576
    """Largest upstream event accepted, in bytes."""
    max_answer_bytes: int = 16_777_216
    """Largest non-streamed answer accepted, in bytes."""
    keepalive: float = 15.0
    """Seconds of silence towards a streaming client after which a comment line is sent."""


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A client's API key: its name and the SHA-256 digest of the secret."""

    name: str
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Settings of the listening side."""

    max_body_bytes: int = 10_485_760
    """Largest request body accepted, in bytes; a larger one is answered 413."""
    max_active_streams: int = 10_000
    """Requests being answered at once, per worker; one more is answered 503."""
    shutdown_grace: float = 30.0
    """Seconds that streams in flight get to finish after SIGTERM."""
    allow_anonymous: bool = False
    """Serve requests without a key. True only where there are no keys; such a server binds loopback only."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything one configuration file says, compiled."""

    deployments: dict[str, Deployment]
    keys: tuple[ClientKey, ...]
    server: ServerSettings
    backends: tuple[BackendSettings, ...] = ()
    """What detectors may name, in the order of the file."""
