"""What a request has to bring: a key, JSON of a bearable size, sound headers, and a deployment that exists."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from proxy.config.deployment import Configuration, Deployment
from proxy.config.keys import authenticate
from proxy.protocol.errors import ApiError, ErrorCode, api_error
from proxy.server.services import DEPLOYMENT, REQUEST_ID, SERVICES

DEPLOYMENT_HEADER = "X-Enkrypt-Deployment"
TAGS_HEADER = "X-Enkrypt-Tags"
REFRESH_HEADER = "X-Enkrypt-Refresh-Cache"

MAX_TAGS = 50
MAX_TAG_CHARACTERS = 128

_CHALLENGE = 'Key realm="tidegate", Bearer realm="tidegate"'


async def admit(request: web.Request) -> Configuration:
    """The present configuration, once the request's key has been found in it.

    Raises ApiError: 401 for the key, and only then 400 for a header that is wrong.
    """
    store = request.app[SERVICES].store
    configuration = await store.configuration()
    _require_key(request, configuration)
    _check_tags(request.headers.get(TAGS_HEADER, ""))
    if _refresh(request.headers.get(REFRESH_HEADER)):
        configuration = await store.configuration(refresh=True)
    return configuration


def presented_key(headers: Mapping[str, str]) -> str:
    """The key a client shows, "" for none. ``Authorization`` counts only where there is no ``apikey``."""
    for name in ("apikey", "api_key"):
        if key := headers.get(name):
            return key
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def read_body(request: web.Request, limit: int) -> bytes:
    """The request's body. Raises ApiError: 415 where it is declared as something else than JSON, 413 over ``limit``."""
    if "Content-Type" in request.headers and not _is_json(request.content_type):
        raise api_error(ErrorCode.UNSUPPORTED_MEDIA_TYPE)
    if (request.content_length or 0) > limit:
        raise api_error(ErrorCode.REQUEST_TOO_LARGE)
    body = bytearray()
    try:
        while part := await request.content.readany():
            body += part
            if len(body) > limit:
                raise api_error(ErrorCode.REQUEST_TOO_LARGE)
    except web.RequestPayloadError:
        raise ApiError(400, "The request body broke off.", code=ErrorCode.INVALID_JSON) from None
    return bytes(body)


def named_deployment(request: web.Request, configuration: Configuration, *, required: bool) -> Deployment | None:
    """The deployment that the header names; None where it may be and is absent. Raises ApiError (400, 404)."""
    name = request.headers.get(DEPLOYMENT_HEADER, "").strip()
    if not name:
        if required:
            message = f"The header {DEPLOYMENT_HEADER} is required."
            raise api_error(ErrorCode.MISSING_REQUIRED_PARAMETER, message, param=DEPLOYMENT_HEADER)
        return None
    return _resolve(request, configuration, name, ErrorCode.DEPLOYMENT_NOT_FOUND, DEPLOYMENT_HEADER)


def modelled_deployment(request: web.Request, configuration: Configuration, body: Mapping[str, object]) -> Deployment:
    """The deployment that the request's ``model`` names. Raises ApiError (400, 404)."""
    name = body.get("model")
    if not isinstance(name, str) or not name:
        message = f"Name a deployment in `model` or in the header {DEPLOYMENT_HEADER}."
        raise api_error(ErrorCode.MISSING_REQUIRED_PARAMETER, message, param="model")
    return _resolve(request, configuration, name, ErrorCode.MODEL_NOT_FOUND, "model")


def _resolve(
    request: web.Request, configuration: Configuration, name: str, missing: ErrorCode, param: str
) -> Deployment:
    deployment = configuration.deployments.get(name)
    if deployment is None:
        raise api_error(missing, param=param)
    request[DEPLOYMENT] = deployment.name
    return deployment


def _require_key(request: web.Request, configuration: Configuration) -> None:
    if configuration.server.allow_anonymous and not configuration.keys:
        return
    if authenticate(configuration.keys, presented_key(request.headers)) is None:
        raise api_error(
            ErrorCode.INVALID_API_KEY,
            extra={"request_id": request[REQUEST_ID]},
            headers={"WWW-Authenticate": _CHALLENGE},
        )


def _check_tags(value: str) -> None:
    tags = [tag.strip() for tag in value.split(",") if tag.strip()]
    if len(tags) > MAX_TAGS or any(len(tag) > MAX_TAG_CHARACTERS or not tag.isprintable() for tag in tags):
        message = f"The header {TAGS_HEADER} takes up to {MAX_TAGS} tags of up to {MAX_TAG_CHARACTERS} characters."
        raise api_error(ErrorCode.INVALID_VALUE, message, param=TAGS_HEADER)


def _refresh(value: str | None) -> bool:
    match (value or "false").strip().lower():
        case "true":
            return True
        case "false":
            return False
        case _:
            message = f"The header {REFRESH_HEADER} takes true or false."
            raise api_error(ErrorCode.INVALID_VALUE, message, param=REFRESH_HEADER)


def _is_json(content_type: str) -> bool:
    return content_type == "application/json" or content_type.endswith("+json")
