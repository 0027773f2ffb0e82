"""The formats as a form needs them: labels, addresses, presets, and what clients can call."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from bodhi.control.given import Given
from bodhi.control.guards import Allowed
from bodhi.formats.contract import Endpoint, Format

router = APIRouter(tags=["formats"])


class ProviderShown(BaseModel):
    """A provider that speaks the format at a known address."""

    label: str
    base_url: str
    needs_key: bool
    private_network: bool
    key_url: str


class EndpointShown(BaseModel):
    """What clients of this format can call."""

    name: str
    method: str
    path: str
    generating: bool
    url_suffix: str
    """What is appended to an api model's base URL."""
    probe: bool
    """Whether it is the one that a connection test calls."""


class FormatShown(BaseModel):
    """One API format."""

    name: str
    label: str
    base_url: str
    """What the form fills in."""
    mount: str
    """A path before the endpoints' under which they are unambiguous."""
    key_prefix: str
    preset_headers: dict[str, str]
    preset_body: dict[str, Any]
    private: bool
    """Whether a record of this format serves only the person who made it."""
    notice: str
    providers: list[ProviderShown]
    endpoints: list[EndpointShown]


class Formats(BaseModel):
    """All formats, in the order of the form."""

    data: list[FormatShown]


@router.get("/formats")
async def list_formats(_: Allowed, services: Given) -> Formats:
    """List the API formats."""
    return Formats(data=[_shown(each) for each in services.formats.values()])


def _shown(each: Format) -> FormatShown:
    probed = each.dialect.probe("").endpoint
    return FormatShown(
        name=each.name,
        label=each.label,
        base_url=each.base_url,
        mount=each.dialect.mount,
        key_prefix=each.key_prefix,
        preset_headers=dict(each.preset_headers),
        preset_body=dict(each.preset_body),
        private=each.private,
        notice=each.notice,
        providers=[
            ProviderShown(
                label=provider.label,
                base_url=provider.base_url,
                needs_key=provider.needs_key,
                private_network=provider.private_network,
                key_url=provider.key_url,
            )
            for provider in each.providers
        ],
        endpoints=[_endpoint(endpoint, probed) for endpoint in each.dialect.endpoints],
    )


def _endpoint(endpoint: Endpoint, probed: Endpoint) -> EndpointShown:
    return EndpointShown(
        name=endpoint.name,
        method=endpoint.method,
        path=endpoint.path,
        generating=endpoint.generating,
        url_suffix=endpoint.suffix,
        probe=endpoint.name == probed.name,
    )
