"""The model ids that a principal sees, per group of dialects: what the models lists show."""

from collections.abc import Sequence

from bodhi.core.principal import Principal
from bodhi.formats.contract import CatalogEntry, Dialect
from bodhi.routing.prefix import matches
from bodhi.routing.table import RoutingTable


def exposed_entries(table: RoutingTable, dialects: Sequence[Dialect], principal: Principal) -> list[CatalogEntry]:
    """List every model id that the principal may send in these dialects, each once, oldest api model first."""
    api_models = [m for dialect in dialects for m in table.visible(dialect, principal)]
    found: dict[str, CatalogEntry] = {}
    for api_model in sorted(api_models, key=lambda m: (m.created_at, m.id)):
        for client_id in api_model.client_ids():
            if principal.may_use(client_id):
                found.setdefault(client_id, CatalogEntry(client_id, api_model.created_at, api_model.name))
    return list(found.values())


def exposed_entry(
    table: RoutingTable, dialects: Sequence[Dialect], principal: Principal, model: str
) -> CatalogEntry | None:
    """Return the entry of one model id, also where only forward-all serves it, or None."""
    for entry in exposed_entries(table, dialects, principal):
        if entry.id == model:
            return entry
    if not principal.may_use(model):
        return None
    for dialect in dialects:
        for api_model in table.visible(dialect, principal):
            if api_model.forward_all and matches(api_model.prefix, model):
                return CatalogEntry(model, api_model.created_at, api_model.name)
    return None
