"""The two chat completion routes: validate, screen, ask, relay."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from aiohttp import web

from proxy.config.deployment import Configuration, Deployment
from proxy.events import Stage
from proxy.guard.answer import AnswerGuard
from proxy.guard.checks import Exchange as GuardedExchange
from proxy.guard.policy import Policy
from proxy.guard.request_texts import UnseenContent, exchange_of
from proxy.guard.screening import RequestGuard, Screening
from proxy.guard.sections import empty_section
from proxy.protocol.errors import ApiError, ErrorCode, api_error
from proxy.protocol.request import (
    choices_requested,
    decode_request,
    encode_request,
    include_usage,
    is_stream,
    tool_names,
)
from proxy.server.admission import Slot
from proxy.server.aside import aside
from proxy.server.inquiries import Inquiries
from proxy.server.intake import admit, modelled_deployment, named_deployment, read_body
from proxy.server.relay import Exchange, Relay
from proxy.server.services import REQUEST_ID, SERVICES
from proxy.server.tracking import Tracker
from proxy.upstream.request import build_body, build_headers

Body = dict[str, object]


async def proxy_chat(request: web.Request) -> web.StreamResponse:
    """``POST /ai-proxy/chat/completions``: the deployment is named by the header, and only there."""
    configuration = await admit(request)
    deployment = named_deployment(request, configuration, required=True)
    return await _answer(request, configuration, deployment)


async def openai_chat(request: web.Request) -> web.StreamResponse:
    """``POST /v1/chat/completions``: the deployment is named by the header or else by ``model``."""
    configuration = await admit(request)
    deployment = named_deployment(request, configuration, required=False)
    return await _answer(request, configuration, deployment)


async def _answer(
    request: web.Request, configuration: Configuration, deployment: Deployment | None
) -> web.StreamResponse:
    # The slot is held until the answer has ended: what it bounds is work in progress, not arrivals.
    with request.app[SERVICES].admission.slot(configuration.server.max_active_streams) as slot:
        raw = await read_body(request, configuration.server.max_body_bytes)
        deployment, body = _decoded(request, configuration, deployment, raw)
        tracker = _tracker(request, deployment, body)
        screening = await _screened_in_time(request, deployment, body, tracker, len(raw), slot)
        return await Relay(request, _exchange(request, deployment, body, screening, tracker, slot)).run()


def _decoded(
    request: web.Request, configuration: Configuration, deployment: Deployment | None, raw: bytes
) -> tuple[Deployment, Body]:
    body = decode_request(raw, strict=deployment is not None and deployment.strict_schema)
    if deployment is None:
        deployment = modelled_deployment(request, configuration, body)
        if deployment.strict_schema:
            # Only the decoded body says which deployment decides how strictly it is to be read.
            body = decode_request(raw, strict=True)
    return deployment, body


def _tracker(request: web.Request, deployment: Deployment, body: Body) -> Tracker:
    services = request.app[SERVICES]
    return Tracker(services.observer, services.clock, deployment.name, streamed=is_stream(body))


async def _screened_in_time(
    request: web.Request, deployment: Deployment, body: Body, tracker: Tracker, size: int, slot: Slot
) -> Screening:
    """As :func:`_screened`; raises ApiError (503, 504) where the server stops or the lifetime is over before."""
    try:
        async with slot.bounded(deployment.timeouts.lifetime):
            return await _screened(request, deployment, body, tracker, size)
    except TimeoutError:
        code = ErrorCode.SERVER_SHUTDOWN if slot.shutting_down else ErrorCode.UPSTREAM_LIFETIME_TIMEOUT
        raise api_error(code) from None


async def _screened(request: web.Request, deployment: Deployment, body: Body, tracker: Tracker, size: int) -> Screening:
    """The request, of ``size`` bytes, after the input policy. Raises ApiError (400) where it must not go upstream."""
    exchange = _exchange_for(body, deployment, deployment.input_policy)
    policy, hiding = deployment.input_policy, deployment.pii_redaction
    try:
        guard = await aside(partial(RequestGuard, body, policy, pii_redaction=hiding, exchange=exchange), size)
    except UnseenContent as unseen:
        raise api_error(ErrorCode.UNSEEN_CONTENT, unseen.message, param=unseen.param) from None
    inquiries = _inquiries(request, deployment, Stage.INPUT)
    await inquiries.settle(guard.take_asked, guard.answer)
    await aside(guard.settle, size)
    await inquiries.settle(guard.take_asked, guard.answer)
    screening = guard.finish()
    tracker.screened(screening)
    if screening.blocked:
        raise _blocked(screening)
    return screening


def _exchange_for(body: Body, deployment: Deployment, policy: Policy) -> GuardedExchange:
    """What the policy's detectors may know of a request: nothing where there are none."""
    return exchange_of(body, deployment.upstream.system_prompt) if policy.enforcements else GuardedExchange()


def _inquiries(request: web.Request, deployment: Deployment, stage: Stage) -> Inquiries:
    services = request.app[SERVICES]
    return Inquiries(services.observer, services.clock, deployment.name, stage)


def _blocked(screening: Screening) -> ApiError:
    if screening.unjudged:
        return api_error(ErrorCode.DETECTOR_ERROR)
    detections = {"input_guardrails": screening.section, "output_guardrails": empty_section()}
    return api_error(
        ErrorCode.INPUT_GUARDRAILS_VIOLATION,
        screening.message,
        extra={"enkrypt_policy_detections": detections},
    )


def _exchange(
    request: web.Request,
    deployment: Deployment,
    body: Body,
    screening: Screening,
    tracker: Tracker,
    slot: Slot,
) -> Exchange:
    services = request.app[SERVICES]
    model = deployment.upstream
    guard = AnswerGuard(
        deployment.output_policy,
        choices=choices_requested(body),
        vault=screening.vault,
        input_section=screening.section,
        tool_names=tool_names(body),
        include_usage=include_usage(body),
        prompt_characters=screening.characters,
        exchange=replace(_exchange_for(screening.body, deployment, deployment.output_policy), answering=True),
    )
    return Exchange(
        deployment=deployment,
        client=services.upstream,
        body=encode_request(build_body(screening.body, model)),
        headers=build_headers(model, request.headers, request[REQUEST_ID], stream=is_stream(body)),
        streamed=is_stream(body),
        guard=guard,
        inquiries=_inquiries(request, deployment, Stage.OUTPUT),
        slot=slot,
        tracker=tracker,
        clock=services.clock,
    )
