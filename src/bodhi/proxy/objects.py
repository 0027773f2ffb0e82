"""Objects that a provider keeps for a caller (stored responses): whose they are, and which api model they live at.

All users share one account at the provider, so the provider cannot tell them apart: this is where that is done.
"""

import logging
from collections.abc import Mapping

from bodhi.core.call import Route
from bodhi.core.clock import Clock
from bodhi.core.errors import BodhiError, ModelNotAllowed, PreviousResponseNotFound, UnknownObject
from bodhi.core.principal import Principal
from bodhi.formats.contract import Dialect
from bodhi.relay.headers import value_of
from bodhi.relay.learn import ObjectLearner
from bodhi.relay.upstream import UpstreamResponse
from bodhi.routing.classify import Match
from bodhi.routing.table import RoutingTable
from bodhi.storage.engine import Store
from bodhi.storage.objects import find_object, forget_object, remember_object

_log = logging.getLogger("bodhi.proxy.objects")


class Keeper:
    """Watches one answer for an object that begins or ends with it."""

    def __init__(self, objects: "Objects", owner_id: str, api_model_id: str, learner: ObjectLearner | None) -> None:
        self._objects = objects
        self._owner_id = owner_id
        self._api_model_id = api_model_id
        self._learner = learner
        self.deleted_id: str | None = None

    async def pass_on(self, chunk: bytes, *, end: bool) -> bytes:
        """Return what may go to the client now that this chunk came, and perhaps the end of the body with it.

        Bytes with a new object's id are held back until the store has committed whose it is.
        """
        learner = self._learner
        if learner is None:
            if end and self.deleted_id:
                await self._objects.forget(self.deleted_id, self._owner_id)
            return chunk
        learner.hold(chunk)
        if end:
            learner.end()
        if not learner.settled:
            return b""
        if learner.object_id:
            await self._objects.remember(learner.object_id, self._api_model_id, self._owner_id)
        self._learner = None
        return learner.release()


class Objects:
    """Looks up, remembers and forgets whose objects are whose."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def route(self, match: Match, principal: Principal, table: RoutingTable) -> Route:
        """Return the route of a call that carries only an object's id.

        Raises:
            UnknownObject: it does not exist, or is another owner's; the two cannot be told apart.
        """
        object_id = match.params["id"]
        async with self._store.read() as connection:
            api_model_id = await find_object(connection, object_id, principal.user_id)
        api_model = table.api_models.get(api_model_id) if api_model_id else None
        if api_model is None or api_model not in table.visible(match.dialect, principal):
            raise UnknownObject(f"No object with the id {object_id!r} exists.", param="id")
        if (
            principal.allowed_models
            and not api_model.forward_all
            and not any(map(principal.may_use, api_model.client_ids()))
        ):
            raise ModelNotAllowed
        return Route(api_model, None)

    async def check_references(self, references: Mapping[str, str], principal: Principal, api_model_id: str) -> None:
        """Refuse a body that names an object of another owner, or one that lives at another api model.

        Raises:
            PreviousResponseNotFound: naming the field.
        """
        async with self._store.read() as connection:
            for field, object_id in references.items():
                if await find_object(connection, object_id, principal.user_id) != api_model_id:
                    message = f"`{field}` names {object_id[:128]!r}, which does not exist for this model."
                    raise PreviousResponseNotFound(message, param=field)

    def keeper(
        self, match: Match, principal: Principal, api_model_id: str, response: UpstreamResponse
    ) -> Keeper | None:
        """Return what watches this answer, or None where no object begins or ends with it."""
        endpoint = match.endpoint
        if not 200 <= response.status < 300 or not (endpoint.creates_object or endpoint.deletes_object):
            return None
        learner = _new_learner(match.dialect, response) if endpoint.creates_object else None
        keeper = Keeper(self, principal.user_id, api_model_id, learner)
        keeper.deleted_id = match.params["id"] if endpoint.deletes_object else None
        return keeper

    async def remember(self, object_id: str, api_model_id: str, owner_id: str) -> None:
        """Commit whose a new object is. A store outage costs later look-ups of this id, never the answer."""
        try:
            async with self._store.write() as connection:
                await remember_object(connection, object_id, api_model_id, owner_id, self._clock.now())
        except BodhiError as error:
            _log.warning("an object's owner could not be stored (%s); its id will answer 404", error.code)

    async def forget(self, object_id: str, owner_id: str) -> None:
        """Drop the row of an object that the provider has deleted."""
        try:
            async with self._store.write() as connection:
                await forget_object(connection, object_id, owner_id)
        except BodhiError as error:
            _log.warning("a deleted object's row could not be removed (%s)", error.code)


def _new_learner(dialect: Dialect, response: UpstreamResponse) -> ObjectLearner:
    content_type = value_of(response.headers, b"content-type") or b""
    return ObjectLearner(dialect, content_type, value_of(response.headers, b"content-encoding"))
