"""One immutable picture of the configuration, and how it is read. When to read it is decided in `live`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.api_model import ApiModel
from bodhi.core.principal import TokenGrant
from bodhi.formats.contract import Format
from bodhi.routing.table import RoutingTable
from bodhi.storage.api_models import list_api_models, sealed_keys
from bodhi.storage.data_keys import refresh_vault
from bodhi.storage.policies import CapturePolicy, read_capture_policy
from bodhi.storage.tokens import known_grants
from bodhi.storage.users import count_admins
from bodhi.storage.vault import Vault
from bodhi.storage.version import config_version

ENDED_SECONDS = 30 * 86_400.0
"""For how long after its end the bearer of a token is told that it expired or was revoked; later it is unknown."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the process knew at one version of the configuration."""

    version: int
    table: RoutingTable
    api_models: tuple[ApiModel, ...]
    """Oldest first; those whose key cannot be opened say so in `broken`."""
    grants: Mapping[bytes, TokenGrant]
    """API tokens by MAC, those that ended lately included; one that rotates by both of its MACs."""
    sealed: Mapping[str, str]
    """Sealed keys by api model id."""
    has_admin: bool
    capture: CapturePolicy


async def read_snapshot(
    connection: AsyncConnection,
    now: float,
    formats: Mapping[str, Format],
    vault: Vault,
    why_broken: Callable[[ApiModel, str | None], str | None],
) -> Snapshot:
    """Read the whole configuration within the transaction of the connection.

    The version is read first: were anything to change meanwhile, the next look at the version would tell.

    Args:
        connection: one transaction of the main database.
        now: wall time, for the tokens' expiry.
        formats: every known format by its name.
        vault: it learns of data keys that another process made.
        why_broken: an api model and its sealed key to the reason that it cannot be used, or None.
    """
    version = await config_version(connection)
    sealed = await sealed_keys(connection)
    stored = await list_api_models(connection)
    await refresh_vault(connection, vault)
    api_models = tuple(
        replace(api_model, broken=why_broken(api_model, sealed.get(api_model.id))) for api_model in stored
    )
    grants = await known_grants(connection, now - ENDED_SECONDS)
    return Snapshot(
        version=version,
        table=RoutingTable(api_models, formats),
        api_models=api_models,
        grants=grants_by_mac(grants),
        sealed=sealed,
        has_admin=await count_admins(connection) > 0,
        capture=await read_capture_policy(connection),
    )


def grants_by_mac(grants: Iterable[TokenGrant]) -> dict[bytes, TokenGrant]:
    """Key grants by the MACs of their secrets. The one before a rotation is a grant of its own, which ends sooner."""
    by_mac: dict[bytes, TokenGrant] = {}
    for grant in grants:
        by_mac[grant.mac] = grant
        if grant.previous_mac is not None and grant.previous_until is not None:
            ends = (grant.previous_until, grant.expires_at)
            until = min(end for end in ends if end is not None)
            by_mac[grant.previous_mac] = replace(grant, mac=grant.previous_mac, expires_at=until)
    return by_mac
