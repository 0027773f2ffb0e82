"""Puts the control API together: routers, errors, the description as OpenAPI. No endpoint lives here."""

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from typing_extensions import override

from bodhi import __version__
from bodhi.control import formats, health, session, setup, tokens, usage
from bodhi.control.access import PREFIX
from bodhi.control.api_models import endpoints as api_models
from bodhi.control.envelope import Envelope
from bodhi.control.errors import add_error_handlers
from bodhi.control.schemas import ErrorBody
from bodhi.control.services import Services

PATHS = ("/livez", "/readyz")
"""Paths of this application outside its prefix."""

ROUTERS = (setup.router, session.router, formats.router, api_models.router, tokens.router, usage.router)
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
            for operations in document["paths"].values():
                for operation in operations.values():
                    # Malformed requests are answered 400 in our own body, which every operation declares.
                    operation["responses"].pop("422", None)
            for unused in ("HTTPValidationError", "ValidationError"):
                document["components"]["schemas"].pop(unused, None)
        return super().openapi()


def create_control_api(services: Services) -> ControlApi:
    """Build the application for everything below `/bodhi/v1`, and for `/livez` and `/readyz`."""
    app = _assembled()
    app.state.services = services
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
        responses={status: {"model": ErrorBody} for status in (400, 401, 403, 404, 409, 503)},
    )
    below = APIRouter(prefix=PREFIX)
    for router in ROUTERS:
        below.include_router(router)
    app.include_router(below)
    app.include_router(health.router)
    add_error_handlers(app)
    app.add_middleware(Envelope)
    return app
