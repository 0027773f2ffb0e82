"""`bodhi openapi`: prints the control API's description, without a store."""

from bodhi.cli.output import print_json
from bodhi.control.api import openapi_document


def openapi() -> None:
    """Print the OpenAPI description of the control API."""
    print_json(openapi_document())
