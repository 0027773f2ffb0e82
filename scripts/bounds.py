"""What grows with traffic, and how far: the table of docs/performance.md, whose numbers are the code's own constants.

`tests/house/test_bounds.py` finds every container in the code and wants it here, or in its list of what does not grow.
"""

from dataclasses import dataclass

from bodhi import outbox, settings
from bodhi.accounting import capture, prices, recorder, refusals, tail
from bodhi.core import principal
from bodhi.directory import live
from bodhi.formats import sse, taps
from bodhi.identity import authenticate, passwords
from bodhi.relay import answer, connection, decode, egress, learn, pool
from bodhi.routing import classify, table
from bodhi.server import protocol
from bodhi.server import refusals as front
from bodhi.server.limits import Limits
from bodhi.storage import insert_new, usage
from bodhi.storage.policies import MOST_BYTES

_LIMITS = Limits()
_SETTINGS = {each.env_name: each.default for each in settings.SETTINGS}
_BODY = f"`BODHI_MAX_BODY_BYTES`, {int(_SETTINGS['BODHI_MAX_BODY_BYTES']) // 1024**2} MiB"
_CONNECTIONS = f"`BODHI_MAX_CONNECTIONS`, {_SETTINGS['BODHI_MAX_CONNECTIONS']}, to each provider"
_SUMMARY = "`dropped` of `GET /bodhi/v1/usage/summary`"
_QUEUES = "`GET /bodhi/v1/queues`"
_AGAIN = "all are forgotten, and found again"
NOTHING = "nothing is lost"


@dataclass(frozen=True)
class Bound:
    """A thing that grows with traffic."""

    holds: str
    places: tuple[str, ...]
    """The attributes and remembering functions that hold it, as `module.Class.attribute` below `bodhi`."""
    most: str
    full: str
    """What happens to what comes when it is full."""
    told: str
    """Where what was lost is counted."""


def _size(count: int) -> str:
    return f"{count // 1024**2} MiB" if count >= 1024**2 else f"{count // 1024} KiB" if count >= 1024 else f"{count} B"


BOUNDS = (
    Bound(
        "usage records that wait to be written",
        ("accounting.recorder.Recorder._queue",),
        f"{recorder.MAX_QUEUED:,}, their names of at most {usage.MAX_TEXT} characters",
        "the newest are dropped",
        f"{_QUEUES}, {_SUMMARY}; at a stop the log",
    ),
    Bound(
        "when tokens were used last",
        ("accounting.recorder.Recorder.last_used",),
        f"{recorder.MAX_LAST_USED:,} tokens until the next upkeep",
        "not noted; the calls are recorded all the same",
        _QUEUES,
    ),
    Bound(
        "captures that wait, and what calls under way have said",
        (
            "accounting.capture.Captures._queue",
            "accounting.capture.Capture.sent",
            "accounting.capture.Said.kept",
        ),
        f"{capture.MAX_QUEUED:,} captures, {_size(capture.MAX_HELD_BYTES)} in all, {_size(MOST_BYTES)} a direction",
        "the capture is dropped, the call goes on",
        f"{_QUEUES}; the log",
    ),
    Bound(
        "refused attempts for the audit trail",
        ("accounting.refusals.Refusals._waiting", "accounting.refusals.Refusals._kinds"),
        f"{refusals.MAX_KINDS:,} kinds, {refusals.MAX_KINDS_OF_ADDRESS} with a name from one address, "
        f"names of {refusals.MAX_NAME} characters",
        "of known kinds counted, of new ones dropped",
        f"{_QUEUES}; the log",
    ),
    Bound(
        "pages that watch calls live",
        ("accounting.tail.Tail._listeners",),
        f"{tail.MOST_LISTENERS}",
        "503",
        "the page's answer",
    ),
    Bound(
        "calls that a live page has not taken yet",
        ("accounting.tail.Listener._waiting",),
        f"{tail.MOST_WAITING} for each page",
        "the oldest are dropped",
        "the page: an event `dropped`",
    ),
    Bound(
        "calls that were told of live a moment ago",
        ("accounting.tail.Tail._seen",),
        f"{usage.MOST_SINCE:,}, of the last {tail.OVERLAP_SECONDS:g} s",
        "only the newest are looked at",
        "the page: an event `dropped`",
    ),
    Bound(
        "prices of models",
        ("accounting.prices.Prices._tariffs",),
        f"{prices.MAX_TARIFFS:,}, with names of {usage.MAX_TEXT} characters",
        "the one used longest ago goes",
        NOTHING,
    ),
    Bound(
        "principals of tokens in use",
        ("identity.authenticate.Authenticator._known",),
        f"{authenticate.MAX_KNOWN:,}, only of tokens that exist",
        _AGAIN,
        NOTHING,
    ),
    Bound(
        "verdicts whether a limited token may use a model",
        ("core.principal.Principal._remembered",),
        f"{principal.MAX_REMEMBERED_MODELS:,} a token, of {principal.MAX_REMEMBERED_MODEL} characters",
        _AGAIN,
        NOTHING,
    ),
    Bound(
        "sign-ins that wait for a thread, which hashes their password",
        ("identity.passwords.Passwords._threads",),
        f"{passwords.MAX_WAITING}",
        "503",
        "the sign-in's answer",
    ),
    Bound(
        "opened keys of providers",
        ("directory.live.Directory._opened",),
        f"{live.MAX_OPENED:,}, for {live.OPENED_SECONDS:g} s",
        "all are forgotten, and opened again",
        NOTHING,
    ),
    Bound(
        "which endpoint a path means",
        ("routing.classify.Classifier._found", "routing.classify.Classifier._remembered"),
        f"{classify.MAX_REMEMBERED_PATHS:,} each, of {_size(classify.MAX_REMEMBERED_PATH)}",
        _AGAIN,
        NOTHING,
    ),
    Bound(
        "which api model serves a name",
        ("routing.table.RoutingTable._remembered",),
        f"{table.MAX_REMEMBERED_ROUTES:,}, of {table.MAX_REMEMBERED_MODEL} characters",
        _AGAIN,
        NOTHING,
    ),
    Bound(
        "paths that were checked",
        ("server.answering.Front.checked_paths",),
        f"{protocol._PATHS_MAX:,}, of {_size(protocol._PATH_BYTES_MAX)}",  # noqa: SLF001 # the one source of the number
        _AGAIN,
        NOTHING,
    ),
    Bound(
        "host names that were checked",
        ("server.refusals.HostList._known",),
        f"{front.HostList._KNOWN_MAX}, of {_size(_LIMITS.header_bytes)}",  # noqa: SLF001 # as above
        _AGAIN,
        NOTHING,
    ),
    Bound(
        "field lines of a request",
        ("server.protocol.GuardedProtocol._fields",),
        f"{_LIMITS.header_count}, {_size(_LIMITS.header_bytes)} a connection",
        "431, and the connection closes",
        "the client's answer",
    ),
    Bound(
        "pipelined requests",
        ("server.answering.AnsweringProtocol._waiting",),
        f"{_LIMITS.pipelined_requests} a connection",
        "refused, and the connection closes",
        "the client's answer",
    ),
    Bound(
        "a request body",
        ("server.exchange.Exchange._pieces",),
        f"{_BODY}; {_size(_LIMITS.body_buffer_bytes)} where nobody has asked for it yet",
        "413; or reading from the client stops",
        "the call's usage record",
    ),
    Bound(
        "small writes that wait for the end of a turn of the event loop",
        ("outbox.Outbox.waiting",),
        f"{outbox.MOST_WAITING} connections, {_size(outbox.MOST_HELD)} each",
        "they are sent at once",
        NOTHING,
    ),
    Bound(
        "connections to providers",
        ("relay.pool.Pool._idle", "relay.pool.Pool.busy"),
        _CONNECTIONS,
        "the call waits",
        "the call's usage record",
    ),
    Bound(
        "calls that wait for a connection",
        ("relay.pool.Pool._waiting",),
        f"{pool.MAX_WAITING} to each provider, {pool.WAIT_SECONDS:g} s",
        "503",
        "the call's usage record",
    ),
    Bound(
        "the head of an answer",
        ("relay.answer.Answer.headers",),
        f"{answer.MAX_HEADERS}, {_size(answer.MAX_HEAD)}",
        "502",
        "the call's usage record",
    ),
    Bound(
        "bytes of an answer that the client has not taken",
        ("relay.answer.Answer._chunks", "relay.connection.Connection._chunks"),
        f"{_size(connection.HIGH_WATER + connection.READ_SIZE)} a call",
        "reading from the provider stops",
        NOTHING,
    ),
    Bound(
        "addresses that names had last",
        ("relay.egress.Egress._last_good",),
        f"{egress.MAX_LAST_GOOD:,}, for {egress.LAST_GOOD_SECONDS:g} s",
        "the oldest goes",
        NOTHING,
    ),
    Bound(
        "whether a Content-Type is that of a stream",
        ("formats.taps._is_event_stream",),
        f"{taps.MOST_TYPES}, of {taps.LONGEST_TYPE} bytes",
        "the one used longest ago goes",
        NOTHING,
    ),
    Bound(
        "an event of a stream whose end has not come",
        ("formats.sse.EventCutter._pieces",),
        f"{_size(sse.MAX_EVENT_BYTES)} a call",
        "passed on, but not looked at",
        "the call has no token counts",
    ),
    Bound(
        "the last events of a stream",
        ("formats.taps.EventTap._last",),
        f"{taps.LAST_RUNS} of {_size(taps.LAST_BYTES)} a call",
        "the oldest goes",
        NOTHING,
    ),
    Bound(
        "a whole answer, in which tokens are counted at its end",
        ("formats.taps.BodyTap._pieces", "formats.taps.BodyTap._tail"),
        f"{_size(taps.MAX_BODY_BYTES)} a call, unpacked at most {_size(decode.MAX_DECODED)}",
        f"passed on, and only the last {_size(taps.TAIL_BYTES)} are kept",
        "the call has no token counts, if they are not there",
    ),
    Bound(
        "an answer that names an object for later calls",
        ("relay.learn.ObjectLearner._copy", "relay.learn.ObjectLearner._held"),
        f"{_size(learn.MAX_HELD)} a call",
        "passed on, and the object is not learnt",
        "later calls: 404 for the object",
    ),
    Bound(
        "statements that insert rows",
        ("storage.insert_new._statement",),
        f"{insert_new.MOST_STATEMENTS}",
        "the one used longest ago goes",
        NOTHING,
    ),
)
"""Everything that grows with traffic."""


def bound_rows() -> list[list[str]]:
    """Return the rows of the table."""
    rows = []
    for each in BOUNDS:
        places = ", ".join(f"`{place}`" for place in each.places)
        rows.append([each.holds, places, each.most, each.full, each.told])
    return rows


COLUMNS = ["what", "where", "at most", "what comes when it is full", "what is lost is counted in"]
