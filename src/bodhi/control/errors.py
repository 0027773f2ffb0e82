"""Every error as the one body of the control API. Which error is raised is decided where it happens."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from bodhi.core.errors import (
    BadRequest,
    BodhiError,
    BodyTooLarge,
    InternalError,
    InvalidField,
    InvalidJson,
    MethodNotAllowed,
    Unauthenticated,
    UnknownEndpoint,
)

BY_STATUS: dict[int, type[BodhiError]] = {404: UnknownEndpoint, 405: MethodNotAllowed, 413: BodyTooLarge}
"""What the framework raises by itself."""


def add_error_handlers(app: FastAPI) -> None:
    """Make an application answer every error in our body."""
    app.add_exception_handler(BodhiError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _of_the_framework)
    app.add_exception_handler(Exception, _unforeseen)


def error_response(error: BodhiError, further: dict[str, str] | None = None) -> JSONResponse:
    """Render one error."""
    headers = {"x-bodhi-error": error.code, **(further or {})}
    if error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    if isinstance(error, Unauthenticated):
        headers["www-authenticate"] = 'Bearer realm="bodhi"'
    body = {"error": {"code": error.code, "message": error.message, "param": error.param}}
    return JSONResponse(body, error.status, headers)


async def _ours(_request: Request, error: Exception) -> JSONResponse:
    return error_response(error if isinstance(error, BodhiError) else InternalError())


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    """Name the first field at fault. The value is never repeated: it may be a key or a password."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    first = found[0] if found else {"type": "", "loc": (), "msg": ""}
    path = [str(part) for part in first["loc"][1:]]
    if first["type"] == "json_invalid" or (not path and first["loc"][:1] == ("body",)):
        return error_response(InvalidJson("The request body must be a JSON object, sent as application/json."))
    field = ".".join(path)
    return error_response(InvalidField(f"{field}: {first['msg']}.", param=field or None))


async def _of_the_framework(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        return error_response(InternalError())
    kind = BY_STATUS.get(error.status_code)
    if kind is not None:
        return error_response(kind(), dict(error.headers or {}))
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return error_response(InvalidJson("The request body must be a JSON object, sent as application/json."))
    return error_response(BadRequest() if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR else InternalError())


async def _unforeseen(_request: Request, _error: Exception) -> JSONResponse:
    # The server logs the traceback; the caller learns nothing of it.
    return error_response(InternalError())
