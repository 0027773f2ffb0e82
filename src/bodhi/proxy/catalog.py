"""The models lists, answered from memory in the caller's dialect. No provider is asked."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from bodhi.core.errors import UnknownModel
from bodhi.core.principal import Principal
from bodhi.formats.contract import Serves
from bodhi.proxy.inbound import Send
from bodhi.relay.headers import GUARD_HEADERS
from bodhi.routing.classify import Match, Surface
from bodhi.routing.exposed import exposed_entries, exposed_entry
from bodhi.routing.table import RoutingTable


def write_catalog(table: RoutingTable, surface: Surface, match: Match, principal: Principal, query: bytes) -> bytes:
    """Return the body of a models list, or of one of its entries.

    Raises:
        UnknownModel: the path names a model that the principal may not send.
    """
    if match.endpoint.serves is Serves.CATALOG:
        entries = exposed_entries(table, surface.dialects, principal)
        return match.dialect.write_catalog(entries, _parameters(query))
    model = match.params["model"].removeprefix("models/")
    entry = exposed_entry(table, surface.dialects, principal, model)
    if entry is None:
        raise UnknownModel(f"No api model serves the model {model[:200]!r}.", param="model")
    return match.dialect.write_catalog_entry(entry)


async def send_catalog(send: Send, body: bytes, call_id: str) -> None:
    """Send a models list."""
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-bodhi-request-id", call_id.encode()),
        *GUARD_HEADERS,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _parameters(query: bytes) -> Mapping[str, str]:
    return dict(parse_qsl(query.decode("latin-1")))
