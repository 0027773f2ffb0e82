"""The data plane from top to bottom: classify, authenticate, read, route, send, relay, record."""

import asyncio
import itertools
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass

from bodhi.accounting.capture import Captures
from bodhi.accounting.recorder import Recorder
from bodhi.core.api_model import Timeouts
from bodhi.core.call import Route
from bodhi.core.clock import Clock
from bodhi.core.errors import (
    BodhiError,
    InternalError,
    MethodNotAllowed,
    ModelMissing,
    NotReady,
    TokenUnknown,
    UnknownEndpoint,
    UpgradeRequired,
    UpstreamRedirect,
)
from bodhi.core.principal import Principal
from bodhi.core.types import Header
from bodhi.directory.live import Directory
from bodhi.formats.contract import ModelIn, Serves
from bodhi.identity.authenticate import Authenticator
from bodhi.proxy.answer import relay_answer
from bodhi.proxy.capture import Watcher
from bodhi.proxy.catalog import send_catalog, write_catalog
from bodhi.proxy.errors import send_refusal, write_refusal
from bodhi.proxy.inbound import EXTENSION, Call, ClientConnection, ClientLeft, Opened, Receive, Scope, Send, read_body
from bodhi.proxy.legs import Legs
from bodhi.proxy.objects import Objects
from bodhi.relay.changes import Sending
from bodhi.relay.headers import value_of
from bodhi.relay.outbound import CallText, Leg, new_outbound
from bodhi.relay.peek import Peek, peek
from bodhi.relay.upstream import UpstreamClient, UpstreamResponse
from bodhi.routing.classify import Classifier, Found, Match, Surface
from bodhi.routing.table import RoutingTable
from bodhi.storage.policies import CapturePolicy

_log = logging.getLogger("bodhi.proxy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the operator sets for the data plane."""

    max_body_bytes: int
    dropped_headers: frozenset[bytes]
    timeouts: Timeouts


class DataPlane:
    """The ASGI application behind every model endpoint."""

    def __init__(  # noqa: PLR0913 # the composition root hands every collaborator in by name
        self,
        *,
        classifier: Classifier,
        authenticator: Authenticator,
        directory: Directory,
        upstream: UpstreamClient,
        objects: Objects,
        recorder: Recorder,
        captures: Captures,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self.classifier = classifier
        self.authenticator = authenticator
        self.directory = directory
        self.upstream = upstream
        self._objects = objects
        self._recorder = recorder
        self._captures = captures
        self.limits = limits
        self.clock = clock
        self.legs = Legs(directory, limits.timeouts, clock)
        self.new_id = _call_ids()
        self._set_up = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        connection: ClientConnection = scope["extensions"][EXTENSION]
        begun = connection.begun
        call = begun if isinstance(begun, Call) else Call(self.new_id(), scope, self.clock.monotonic)
        call.task = connection.task
        connection.on_disconnect(call.leave)
        found = self.classifier.find(call.method, call.raw_path, call.headers, call.query)
        try:
            try:
                await self._serve(call, found, connection, receive, send)
            except BodhiError as error:
                await self._refuse(call, found.surface, error, connection, send)
            except ClientLeft:
                call.client_left = True
            except Exception:  # noqa: BLE001 # see the next line
                # The last resort: a fault of ours is a 500 in the caller's dialect, and its trace stays in the log.
                _log.exception("call %s failed", call.id)
                await self._refuse(call, found.surface, InternalError(), connection, send)
        except asyncio.CancelledError:
            if not call.client_left or call.task is None:
                raise
            call.task.uncancel()
        finally:
            connection.forget()
            self.keep_record(call)
            if call.watch is not None:
                call.watch.finish()

    def keep_record(self, call: Call) -> None:
        """Hand over the usage record of a call that has ended."""
        if call.client_left and call.error is None:
            call.error = "client_left"
        self._recorder.record(call.record(self.clock.now(), self.clock.monotonic()))

    async def _serve(
        self, call: Call, found: Found, connection: ClientConnection, receive: Receive, send: Send
    ) -> None:
        if call.opened is not None:
            await self._relay(call, call.opened, connection, send)
            return
        if not self._set_up:
            self._check_set_up()
        if found.match is None:
            _check_request(call, found)
        try:
            principal = self.authenticator.principal(call.headers, call.query)
        except TokenUnknown:
            principal = await self.authenticator.principal_after_look(call.headers, call.query)
        call.principal, call.checked_at = principal, call.clock()
        match = found.match or _no_match(call, found)
        call.endpoint = match.endpoint.name
        if match.endpoint.serves is not Serves.RELAY:
            table = self.directory.snapshot.table
            body = write_catalog(table, found.surface, match, principal, call.query)
            call.status, call.bytes_out = 200, len(body)
            await send_catalog(send, body, call.id)
            return
        if (policy := self.directory.snapshot.capture).enabled:
            receive, send = self._watch(call, policy, receive, send)
        call.body = await read_body(call, receive, self.limits.max_body_bytes)
        # One snapshot from here on, taken after the body came, which may have been a while.
        snapshot = self.directory.snapshot
        if match.endpoint.model_in is ModelIn.OBJECT:
            seen, route = Peek(), await self._objects.route(match, principal, snapshot.table)
        else:
            seen, route = choose(call, match, principal, snapshot.table)
            if seen.references:
                await self._objects.check_references(seen.references, principal, route.api_model.id)
        call.api_model_id, call.model_sent = route.api_model.id, route.model
        leg = self.legs.leg(snapshot, route.api_model)
        text = CallText(call.method.encode(), match.params, call.query, call.headers, call.body, seen.model_span)
        response = await self._open(call, match, text, route, leg)
        await self._relay(call, Opened(match, principal, route, leg, response), connection, send)

    async def _relay(self, call: Call, opened: Opened, connection: ClientConnection, send: Send) -> None:
        """Pass an answer on whose head is here."""
        match, principal, route, leg, response = opened
        try:
            if 300 <= response.status < 400 and response.status != 304:
                raise UpstreamRedirect
            keeper = self._objects.keeper(match, principal, route.api_model.id, response)
            await relay_answer(call, match.dialect, response, keeper, leg.secret, send, connection)
        finally:
            response.release()

    async def _open(self, call: Call, match: Match, text: CallText, route: Route, leg: Leg) -> UpstreamResponse:
        """Send what becomes of the call upstream, and return the answer as soon as its head is there."""
        dropped = self.limits.dropped_headers
        outbound = call.outbound = new_outbound(text, match.endpoint, route, leg, dropped)
        if call.watch is None:
            return await self.upstream.open(outbound, anew=call.is_sent_anew)
        call.watch.sent(Sending(call.raw_path, text, match.endpoint, route, leg, dropped), outbound)
        response = await self.upstream.open(outbound)
        call.watch.answered(response.status, response.headers, leg.secret)
        return response

    def _watch(self, call: Call, policy: CapturePolicy, receive: Receive, send: Send) -> tuple[Receive, Send]:
        """Let what this call says be captured."""
        user_id = call.principal.user_id if call.principal else None
        watcher = Watcher(self._captures.begin(call.id, user_id, policy), call.headers)
        call.watch = watcher
        return watcher.receive(receive), watcher.send(send)

    @property
    def is_set_up(self) -> bool:
        """Whether there is an Admin, as far as it was looked; there always is one once there was one."""
        return self._set_up

    def _check_set_up(self) -> None:
        """Refuse everything until there is an Admin.

        Raises:
            NotReady: there is none yet.
            StoreUnavailable: nothing is known yet.
        """
        self._set_up = self.directory.snapshot.has_admin
        if not self._set_up:
            raise NotReady

    async def _refuse(
        self, call: Call, surface: Surface, error: BodhiError, connection: ClientConnection, send: Send
    ) -> None:
        """Answer with an error; an answer that has begun can only be cut."""
        if call.status:
            call.error = error.code
            connection.abort()
            return
        status, headers, body = refuse(call, surface, error)
        if call.watch is not None:
            send = call.watch.send(send)
        await send_refusal(send, status, headers, body)


def refuse(call: Call, surface: Surface, error: BodhiError) -> tuple[int, list[Header], bytes]:
    """Note that a call is refused, and return status, headers and body of the answer that says so."""
    status, headers, body = write_refusal(error, surface.voice, call.id)
    call.status, call.error, call.bytes_out = status, error.code, len(body)
    return status, headers, body


def choose(call: Call, match: Match, principal: Principal, table: RoutingTable) -> tuple[Peek, Route]:
    """Find out which model is meant, and choose the api model that serves it."""
    endpoint, dialect = match.endpoint, match.dialect
    if endpoint.model_in is ModelIn.PATH:
        seen = Peek(model=match.params["model"].removeprefix("models/"))
    else:
        seen = peek(call.body, endpoint.references)
    call.stream = seen.stream
    call.model_asked = seen.model
    if seen.model is None and endpoint.model_optional:
        return seen, table.only_route(dialect, principal)
    return seen, table.resolve(dialect, _named(seen), principal)


def _check_request(call: Call, found: Found) -> None:
    """Refuse, whoever asks, what no endpoint can be looked for with.

    Raises:
        InvalidPath: two parsers could read the path differently.
        UpgradeRequired: a WebSocket is asked for.
    """
    if found.problem is not None:
        raise found.problem
    if (value_of(call.headers, b"upgrade") or b"").lower() == b"websocket":
        raise UpgradeRequired


def _no_match(call: Call, found: Found) -> Match:
    """Say what is wrong with a path. It is told only to those who may call at all.

    Raises:
        MethodNotAllowed: the path takes other methods.
        UnknownEndpoint: the path means nothing.
    """
    if methods := found.surface.methods(found.path):
        taken = ", ".join(methods)
        raise MethodNotAllowed(f"{found.path} takes {taken}, not {call.method}.", param=taken)
    raise UnknownEndpoint(
        f"Bodhi has no endpoint {call.method} {found.path[:200]}. The endpoints are listed in its documentation."
    )


def _named(seen: Peek) -> str:
    if seen.model is None:
        raise ModelMissing(param="model")
    return seen.model


def _call_ids() -> Callable[[], str]:
    """Return a source of ids that are unique across processes and cheap: a random part once, then a count."""
    start = os.urandom(8).hex()
    count = itertools.count(1)
    return lambda: f"{start}{next(count):010x}"
