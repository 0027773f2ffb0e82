"""The text of an HTTP/1.1 request's head, held to the grammar. What goes into it is decided in `relay.outbound`."""

import re

from bodhi.core.call import OutboundRequest
from bodhi.core.errors import InvalidField, InvalidPath

_NAMES = re.compile(rb"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")
_NAME_BYTES = bytes(code for code in range(256) if _NAMES.fullmatch(bytes([code])))
_VALUE_BYTES = bytes(code for code in range(256) if code == 0x09 or (code >= 0x20 and code != 0x7F))
"""RFC 9110 section 5.5: anything but control characters; a tab counts as a blank."""
_TARGET = re.compile(rb"/[\x21-\x7e]*")
_OWN_NAMES = frozenset({b"host", b"content-length", b"transfer-encoding", b"connection"})
_WITH_LENGTH = frozenset({b"POST", b"PUT", b"PATCH"})


def write_request_head(request: OutboundRequest) -> bytes:
    """Write request line and header fields (RFC 9112 sections 3 and 5).

    Raises:
        InvalidField: a header does not fit the grammar, so writing it would change the message's structure.
        InvalidPath: the request's target does not fit the grammar.
    """
    headers = request.headers
    names = [name for name, _ in headers]
    values = [value for _, value in headers]
    # Deleting what is allowed leaves what is not: the cheapest look at every byte that there is.
    if b"" in names or b"".join(names).translate(None, _NAME_BYTES) or b"".join(values).translate(None, _VALUE_BYTES):
        raise InvalidField("A header of this request holds characters that HTTP does not allow.", param="headers")
    if not _OWN_NAMES.isdisjoint(map(bytes.lower, names)):
        raise InvalidField("A header of this request is one that only Bodhi itself writes.", param="headers")
    if not _TARGET.fullmatch(request.target) or not _NAMES.fullmatch(request.method):
        raise InvalidPath("The request's path holds characters that must be percent-encoded.")
    lines = [b"%b %b HTTP/1.1\r\nhost: %b\r\n" % (request.method, request.target, request.origin.authority.encode())]
    lines += [b"%b: %b\r\n" % header for header in headers]
    if request.body or request.method in _WITH_LENGTH:
        lines.append(b"content-length: %d\r\n\r\n" % len(request.body))
    else:
        lines.append(b"\r\n")
    return b"".join(lines)
