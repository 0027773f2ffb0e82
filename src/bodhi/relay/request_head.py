"""The text of an HTTP/1.1 request's head, held to the grammar. What goes into it is decided in `relay.outbound`."""

import re

from bodhi.core.call import OutboundRequest
from bodhi.core.errors import InvalidField, InvalidPath

_NAMES = re.compile(rb"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")
_NAME_BYTES = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
"""What a field name may hold (RFC 9110 section 5.1), in lower case, so that no spelling of a name hides it."""
_VALUE_BYTES = bytes(code for code in range(256) if code == 0x09 or (code >= 0x20 and code != 0x7F))
"""RFC 9110 section 5.5: anything but control characters; a tab counts as a blank."""
_TARGET = re.compile(rb"/[\x21-\x7e]*")
_OWN_NAMES = frozenset({b"host", b"content-length", b"transfer-encoding", b"connection"})
_AS_LINE = b": ".join
_WITH_LENGTH = frozenset({b"POST", b"PUT", b"PATCH"})


def write_request_head(request: OutboundRequest) -> bytes:
    """Write request line and header fields (RFC 9112 sections 3 and 5). Raises as `write_fields` does."""
    lines = write_fields(request)
    if request.body or request.method in _WITH_LENGTH:
        return end_head(lines, len(request.body))
    return lines + b"\r\n"


def end_head(lines: bytes, length: int) -> bytes:
    """Complete what `write_fields` wrote with the length of the body."""
    return b"%bcontent-length: %d\r\n\r\n" % (lines, length)


def write_fields(request: OutboundRequest) -> bytes:
    """Write what does not depend on the body's length: it is the same for each request of one client to one provider.

    Raises:
        InvalidField: a header does not fit the grammar, so writing it would change the message's structure.
        InvalidPath: the request's target does not fit the grammar.
    """
    headers = request.headers
    names = dict(headers)
    fields = b"\r\n".join([*map(_AS_LINE, headers), b""])
    # Deleting what is allowed leaves what is not: the cheapest look at every byte that there is.
    if (
        b"" in names
        or b"".join(names).translate(None, _NAME_BYTES)
        or fields.translate(None, _VALUE_BYTES) != b"\r\n" * len(headers)
    ):
        raise InvalidField("A header of this request holds characters that HTTP does not allow.", param="headers")
    if not _OWN_NAMES.isdisjoint(names):
        raise InvalidField("A header of this request is one that only Bodhi itself writes.", param="headers")
    if not _TARGET.fullmatch(request.target) or not _NAMES.fullmatch(request.method):
        raise InvalidPath("The request's path holds characters that must be percent-encoded.")
    host = request.host or request.origin.authority.encode()
    return b"%b %b HTTP/1.1\r\nhost: %b\r\n%b" % (request.method, request.target, host, fields)
