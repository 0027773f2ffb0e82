"""`bodhi openapi`: prints the control API's description, without a store."""

import click

from bodhi.cli.output import print_json
from bodhi.control.api import openapi_document


@click.command("openapi")
def openapi() -> None:
    """Print the OpenAPI description of the control API."""
    print_json(openapi_document())
