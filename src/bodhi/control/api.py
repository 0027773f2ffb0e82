"""Puts the control API together: routers, errors, the description as OpenAPI. No endpoint lives here."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from fastapi.telemetry import TelemetryConfig
from typing_extensions import override

from bodhi import __version__
from bodhi.control import (
    access_requests,
    audit,
    capture,
    chats,
    formats,
    health,
    invites,
    keys,
    oidc,
    preferences,
    queues,
    session,
    sessions,
    settings,
    setup,
    tokens,
    usage,
    usage_pages,
    users,
)
from bodhi.control.access import BY_ENDPOINT, PREFIX
from bodhi.control.api_models import endpoints as api_models
from bodhi.control.before_setup import BeforeSetup
from bodhi.control.envelope import Envelope
from bodhi.control.errors import add_error_handlers
from bodhi.control.guards import allowed, public
from bodhi.control.schemas import ErrorBody
from bodhi.control.services import Services

PATHS = ("/livez", "/readyz")
"""Paths of this application outside its prefix."""

ROUTERS = (
    setup.router,
    session.router,
    sessions.router,
    oidc.router,
    users.router,
    invites.router,
    access_requests.router,
    formats.router,
    api_models.router,
    tokens.router,
    chats.router,
    preferences.router,
    usage_pages.router,
    usage.router,
    capture.router,
    keys.router,
    settings.router,
    queues.router,
    audit.router,
)
ERROR_RESPONSES = {
    str(status.value): {
        "description": status.phrase,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{ErrorBody.__name__}"}}},
    }
    for status in (
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    )
}
"""The errors of every operation. Told to the framework, they would be analysed anew for each of them at every start."""

SILENT: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


class ControlApi(FastAPI):
    """The application, with a description that is true of its errors."""

    @override
    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI description."""
        if self.openapi_schema is None:
            document = super().openapi()
            schemas = document["components"]["schemas"]
            for operations in document["paths"].values():
                for operation in operations.values():
                    # Malformed requests are answered 400 in our own body, as every other error is.
                    operation["responses"].pop("422", None)
                    operation["responses"] = {**ERROR_RESPONSES, **operation["responses"]}
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            error_body = ErrorBody.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= {**error_body.pop("$defs"), ErrorBody.__name__: error_body}
            document["components"]["schemas"] = dict(sorted(schemas.items()))
        return super().openapi()


def create_control_api(services: Services) -> ControlApi:
    """Build the application for everything below `/bodhi/v1`, and for `/livez` and `/readyz`."""
    app = _assembled()
    app.state.services = services
    # Added last, the envelope is outermost: what is refused before setup carries its headers, too.
    app.add_middleware(BeforeSetup, directory=services.directory)
    app.add_middleware(Envelope)
    return app


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI description, for which nothing needs to run."""
    return _assembled().openapi()


def _assembled() -> ControlApi:
    app = ControlApi(
        title="Bodhi control API",
        version=__version__,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=SILENT,
    )
    for router in ROUTERS:
        # Straight into the application: a router between them would have every endpoint analysed twice.
        app.include_router(router, prefix=PREFIX)
    app.include_router(health.router)
    add_error_handlers(app)
    check_access_table(app)
    return app


def check_access_table(app: FastAPI) -> None:
    """Hold the application against the table of access.

    Raises:
        RuntimeError: an endpoint has no row, or is guarded otherwise than its row says. The message names it.
    """
    problems = []
    for (method, path), guard in guarded_endpoints(app):
        row = BY_ENDPOINT.get((method, path))
        if row is None:
            problems.append(f"{method} {path} has no row in control/access.py")
        elif guard is not (public if row.role is None else allowed):
            problems.append(f"{method} {path} takes another guard than its row asks for")
    if problems:
        raise RuntimeError("; ".join(problems))


def guarded_endpoints(app: FastAPI) -> Iterator[tuple[tuple[str, str], Callable[..., object] | None]]:
    """Yield each endpoint by method and path, with its guard, if it has one."""
    yield ("GET", app.openapi_url or ""), public
    for context in iter_route_contexts(app.routes):
        dependant = getattr(context, "dependant", None)
        if dependant is None:
            continue
        guard = next((each for each in _calls(dependant) if each in (public, allowed)), None)
        for method in sorted(context.methods or ()):
            yield (method, context.path or ""), guard


def _calls(dependant: Dependant) -> Iterator[Callable[..., object] | None]:
    """Yield what an endpoint depends on, at whatever depth."""
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)
