"""The routing table: an immutable look-up from what a client asks for to the api model that serves it.

Order of precedence: an exact prefix + id beats forward-all; the longest prefix beats a shorter one; then the oldest
record. Only api models whose dialect serves the endpoint take part.
"""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from bodhi.core.api_model import ApiModel
from bodhi.core.call import Route
from bodhi.core.errors import ModelFormatMismatch, ModelMissing, ModelNotAllowed, UnknownModel
from bodhi.core.principal import Principal
from bodhi.core.remember import remember
from bodhi.formats.contract import Dialect, Format
from bodhi.routing.prefix import matches, strip

MAX_CLOSE_NAMES = 3
MAX_REMEMBERED_ROUTES = 2_048
MAX_REMEMBERED_MODEL = 512
"""Characters. A client may name what it likes where all is forwarded: a longer name is looked up each time."""


class RoutingTable:
    """A snapshot of all api models, arranged for look-up. Build a new one when they change."""

    def __init__(self, api_models: Iterable[ApiModel], formats: Mapping[str, Format]) -> None:
        """Arrange the api models.

        Args:
            api_models: in any order; those of a format that is not in `formats` are left out.
            formats: every known format by its name.
        """
        self.api_models: Mapping[str, ApiModel] = {}
        self._formats = formats
        ordered = sorted(
            (m for m in api_models if m.format in formats), key=lambda m: (-len(m.prefix), m.created_at, m.id)
        )
        self.api_models = {m.id: m for m in ordered}
        self._exact: dict[tuple[str, str], list[ApiModel]] = defaultdict(list)
        self._forwarding: dict[str, list[ApiModel]] = defaultdict(list)
        self._by_dialect: dict[str, list[ApiModel]] = defaultdict(list)
        self._dialects: dict[str, Dialect] = {f.dialect.name: f.dialect for f in formats.values()}
        self._remembered: dict[tuple[str, str], Route] = {}
        """Routes already chosen, in dialects where they are the same for everybody."""
        self._with_private = {formats[m.format].dialect.name for m in ordered if formats[m.format].private}
        for api_model in ordered:
            dialect = formats[api_model.format].dialect.name
            self._by_dialect[dialect].append(api_model)
            for model in api_model.client_ids():
                self._exact[dialect, model].append(api_model)
            if api_model.forward_all:
                self._forwarding[dialect].append(api_model)

    def format_of(self, api_model: ApiModel) -> Format:
        """Return the format that an api model of this table speaks."""
        return self._formats[api_model.format]

    def resolve(self, dialect: Dialect, model: str, principal: Principal) -> Route:
        """Choose the api model that serves a model id for a principal.

        Raises:
            ModelNotAllowed: the principal's token is limited to other models.
            ModelFormatMismatch: the model is served in another dialect; the message says which endpoint to call.
            UnknownModel: nobody serves it; the message lists close names.
        """
        if not principal.may_use(model):
            allowed = ", ".join(principal.allowed_models)
            raise ModelNotAllowed(f"This token may not use the model {model!r}. It may use: {allowed}.", param="model")
        route = self._remembered.get((dialect.name, model))
        if route is not None:
            return route
        api_model = self._find(dialect.name, model, principal)
        if api_model is None:
            raise self._not_found(dialect, model, principal)
        route = Route(api_model, strip(api_model.prefix, model))
        if dialect.name not in self._with_private and len(model) <= MAX_REMEMBERED_MODEL:
            self._remember(dialect.name, model, route)
        return route

    def only_route(self, dialect: Dialect, principal: Principal) -> Route:
        """Return the route of a call that may leave the model out: where a single api model could be meant.

        Raises:
            ModelMissing: there is none, or more than one, or the token is limited to certain models.
        """
        candidates = self.visible(dialect, principal)
        if len(candidates) != 1 or principal.allowed_models:
            raise ModelMissing(param="model")
        return Route(candidates[0], None)

    def visible(self, dialect: Dialect, principal: Principal) -> Sequence[ApiModel]:
        """Return the api models of a dialect that serve a principal."""
        return [m for m in self._by_dialect.get(dialect.name, ()) if self._serves(m, principal)]

    def _remember(self, dialect: str, model: str, route: Route) -> None:
        remember(self._remembered, (dialect, model), route, MAX_REMEMBERED_ROUTES)

    def _find(self, dialect: str, model: str, principal: Principal) -> ApiModel | None:
        for api_model in self._exact.get((dialect, model), ()):
            if self._serves(api_model, principal):
                return api_model
        for api_model in self._forwarding.get(dialect, ()):
            if matches(api_model.prefix, model) and self._serves(api_model, principal):
                return api_model
        return None

    def _serves(self, api_model: ApiModel, principal: Principal) -> bool:
        """A private record serves its owner and nobody else."""
        return not self._formats[api_model.format].private or api_model.owner_id == principal.user_id

    def _not_found(self, dialect: Dialect, model: str, principal: Principal) -> UnknownModel | ModelFormatMismatch:
        for other in self._dialects.values():
            if other is not dialect and self._find(other.name, model, principal):
                message = f"The model {model!r} is not served by this endpoint. Call {_spelled(other, model)} for it."
                return ModelFormatMismatch(message, param="model")
        known = [
            client_id
            for api_model in self.visible(dialect, principal)
            for client_id in api_model.client_ids()
            if principal.may_use(client_id)
        ]
        close = difflib.get_close_matches(model, known, n=MAX_CLOSE_NAMES, cutoff=0.5)
        hint = f" Did you mean {' or '.join(repr(name) for name in close)}?" if close else ""
        return UnknownModel(f"No api model serves the model {model[:200]!r}.{hint}", param="model")


def _spelled(dialect: Dialect, model: str) -> str:
    """Write a dialect's first endpoint as a person would type it."""
    endpoint = dialect.endpoints[0]
    path = endpoint.path.replace("[models/]", "models/").replace("{model}", model)
    return f"{endpoint.method} {path.replace('{version}', dialect.versions[0] if dialect.versions else '')}"
