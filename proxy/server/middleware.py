"""What surrounds every handler: the request's id, errors as OpenAI error objects, and the count of requests."""

from __future__ import annotations

import asyncio
import logging
import re
import traceback
import uuid

from aiohttp import web
from aiohttp.typedefs import Handler

from proxy.events import RequestFinished
from proxy.protocol.errors import ApiError, ErrorCode, api_error, error_payload
from proxy.server.services import DEPLOYMENT, REQUEST_ID, SERVICES

CLIENT_CLOSED = 499
"""The status counted for a client that left before its answer began (nginx's convention); never sent."""

_LOG = logging.getLogger(__name__)
_SANE_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
_CODES = {
    404: ErrorCode.NOT_FOUND,
    405: ErrorCode.METHOD_NOT_ALLOWED,
    413: ErrorCode.REQUEST_TOO_LARGE,
    415: ErrorCode.UNSUPPORTED_MEDIA_TYPE,
}


@web.middleware
async def surround(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every failure with an OpenAI error object, and tell the observer how each request went."""
    services = request.app[SERVICES]
    started = services.clock()
    request[REQUEST_ID] = request_id(request.headers.get("x-request-id", ""))
    status = CLIENT_CLOSED
    try:
        response = await _answered(request, handler)
        status = response.status
        return response
    finally:
        route = request.match_info.route.name or "unknown"
        deployment = request.get(DEPLOYMENT, "")
        services.observer.notify(RequestFinished(route, deployment, status, services.clock() - started))


async def identify(request: web.Request, response: web.StreamResponse) -> None:
    """Put the request's id on a response about to be sent, and our name where aiohttp would put its version."""
    response.headers["x-request-id"] = request.get(REQUEST_ID) or request_id("")
    response.headers["Server"] = "tidegate"


def request_id(given: str) -> str:
    """The client's own id where it is harmless, or a new one."""
    return given if _SANE_ID.fullmatch(given) else f"req_{uuid.uuid4().hex}"


def error_response(error: ApiError) -> web.Response:
    """The response that carries ``error``."""
    return web.Response(
        status=error.status, body=error_payload(error), content_type="application/json", headers=error.headers
    )


def log_unexpected(error: Exception, request: web.Request) -> None:
    """Log where an exception came from. Its message is left out, since it may quote what a client or model said."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    _LOG.error("internal error %s: %s\n%s", request.get(REQUEST_ID, "-"), type(error).__name__, frames)


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as error:
        return error_response(error)
    except web.HTTPException as error:
        return error_response(_from_http(error))
    except asyncio.CancelledError:
        raise
    except Exception as error:
        log_unexpected(error, request)
        return error_response(api_error(ErrorCode.INTERNAL_ERROR))


def _from_http(error: web.HTTPException) -> ApiError:
    code = _CODES.get(error.status)
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    if code is None:
        return ApiError(error.status, error.reason, code=ErrorCode.INVALID_VALUE, headers=headers)
    return api_error(code, headers=headers)
