"""How an endpoint gets the services: a parameter of one type. What the services are is `services`'."""

from typing import Annotated

from fastapi import Depends, Request

from bodhi.control.services import Services


def services_of(request: Request) -> Services:
    """Return the services of the application that serves a request."""
    services: Services = request.app.state.services
    return services


Given = Annotated[Services, Depends(services_of)]
"""An endpoint's parameter of this type is the services."""
