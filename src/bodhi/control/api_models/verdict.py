"""What to make of a provider's answer, or of none: the message for a person and the kind for a program.

Judged is what happened: the error that the relay raised, the status, the body. The calls themselves are `probe`'s part.
"""

import json
import re
import socket
import ssl
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import NamedTuple

from bodhi.core.errors import ApiModelUnusable, BodhiError, UpstreamError, UpstreamTimeout, UpstreamUnreachable
from bodhi.formats.contract import Dialect

WORKS = "Connection works"
INVALID_KEY = "Invalid API key"
RATE_LIMIT = "Rate limit exceeded"
NETWORK = "Network error"
FAILED = "Connection failed"

MAX_DETAIL = 1_000
MAX_WAIT = 31 * 86_400
_SECONDS = re.compile(r"\d{1,9}")


class Kind(StrEnum):
    """Why a try failed, for programs."""

    REFUSED_KEY = "refused_key"
    UNREACHABLE = "unreachable"
    REFUSED_CONNECTION = "refused_connection"
    DNS = "dns"
    TLS = "tls"
    TIMEOUT = "timeout"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    PROVIDER_FAILED = "provider_failed"
    NOT_JSON = "not_json"
    PRIVATE_NETWORK = "private_network"
    """The address is one that this api model, or any, may not reach."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered, decoded, and without any trace of its key."""

    status: int
    content_type: str
    body: bytes
    retry_after: str = ""


class Verdict(NamedTuple):
    """What is told of a failure."""

    message: str
    detail: str
    kind: Kind


def is_success(answer: Answer) -> bool:
    """Tell whether an answer is a success and JSON, so that a web page at the address does not count."""
    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return False
    try:
        json.loads(answer.body)
    except (ValueError, RecursionError):
        return False
    return True


def judge(dialect: Dialect, answer: Answer) -> Verdict:
    """Choose message and kind for an answer that is no success, and the text beside them."""
    said = dialect.read_error(answer.body)
    detail = _one_line(said) if said else _described(answer)
    # Some providers answer 400 to a wrong key, and only their text tells.
    refused = answer.status == HTTPStatus.BAD_REQUEST and said is not None and "api key" in said.lower()
    if refused or answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Verdict(INVALID_KEY, detail, Kind.REFUSED_KEY)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return Verdict(RATE_LIMIT, detail, Kind.RATE_LIMITED)
    return Verdict(FAILED, detail, _kind(answer.status))


def word(error: BodhiError | TimeoutError) -> Verdict:
    """Choose message and kind for an answer that did not come."""
    if isinstance(error, TimeoutError):
        return Verdict(NETWORK, "The provider did not answer in time.", Kind.TIMEOUT)
    if isinstance(error, UpstreamTimeout):
        return Verdict(NETWORK, _without_heading(error), Kind.TIMEOUT)
    if isinstance(error, UpstreamUnreachable):
        return Verdict(NETWORK, _without_heading(error), _stopped_by(error.__cause__))
    if isinstance(error, UpstreamError):
        return Verdict(FAILED, _one_line(error.message), Kind.PROVIDER_FAILED)
    # The relay says this of addresses only; whatever else makes an api model unusable is found out before.
    kind = Kind.PRIVATE_NETWORK if isinstance(error, ApiModelUnusable) else Kind.OTHER
    return Verdict(FAILED, _one_line(error.message), kind)


def seconds_to_wait(retry_after: str, now: float) -> int | None:
    """Read a Retry-After field (RFC 9110 section 10.2.3): seconds, or a date. None where it is neither."""
    text = retry_after.strip()
    if _SECONDS.fullmatch(text):
        return min(int(text), MAX_WAIT)
    try:
        left = parsedate_to_datetime(text).timestamp() - now
    except (ValueError, OverflowError, OSError):
        return None
    return min(max(round(left), 0), MAX_WAIT)


def _kind(status: int) -> Kind:
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return Kind.NOT_JSON
    if status == HTTPStatus.NOT_FOUND:
        return Kind.NOT_FOUND
    return Kind.PROVIDER_FAILED if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Kind.OTHER


def _stopped_by(cause: BaseException | None) -> Kind:
    """Tell by the system's own error what stopped a connection."""
    if isinstance(cause, ConnectionRefusedError):
        return Kind.REFUSED_CONNECTION
    if isinstance(cause, ssl.SSLError):
        return Kind.TLS
    # Without an error of the system's, the name was looked up and has no address; some cannot even be asked for.
    if cause is None or isinstance(cause, socket.gaierror | UnicodeError):
        return Kind.DNS
    return Kind.UNREACHABLE


def _described(answer: Answer) -> str:
    """Describe an answer in which the provider explains nothing."""
    if answer.status < HTTPStatus.MULTIPLE_CHOICES:
        kind = answer.content_type.partition(";")[0].strip()[:80] or "something"
        return f"The provider answered {answer.status} with {kind} instead of the expected JSON. Check the base URL."
    if answer.status < HTTPStatus.BAD_REQUEST:
        return f"The provider answered with a redirect ({answer.status}), which is not followed. Correct the base URL."
    if answer.status == HTTPStatus.NOT_FOUND:
        return "The provider has nothing at this address (404). Check the base URL, or type model ids by hand."
    return f"The provider answered with status {answer.status} and did not say why."


def _without_heading(error: BodhiError) -> str:
    return _one_line(error.message.removeprefix(f"{NETWORK}: "))


def _one_line(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MAX_DETAIL]
    return line[:1].upper() + line[1:]
