"""Every number of the HTTP front in one place. What happens when one is passed lives in `protocol` and `refusals`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes and times in seconds of one listening server.

    The idle limit must be longer than that of the clients' pools (60 s and less in the official SDKs), or a client
    would write into a connection that is just being closed.
    """

    header_bytes: int = 32 * 1024
    """All field lines of one request together: name, colon, blank, value and line end."""
    header_count: int = 100
    request_line_bytes: int = 8 * 1024
    """The request target as sent, with its query."""
    pipelined_requests: int = 100
    """Requests that may wait on one connection while an earlier one is answered."""
    body_buffer_bytes: int = 64 * 1024
    """Reading from the client stops while this much body waits for the application."""

    header_seconds: float = 10.0
    """From the connection, or from the first byte of a later request, to the end of its header block."""
    idle_seconds: float = 75.0
    """Between a response and the next request on the same connection."""
    body_seconds: float = 30.0
    """For a whole request body; each received `body_bytes_per_second` add one second."""
    body_bytes_per_second: int = 64 * 1024
    write_stall_seconds: float = 30.0
    """Without one byte taken by a client for whom bytes wait."""
    linger_seconds: float = 2.0
    """How long bytes of an already refused request are read and thrown away, so that its sender gets the answer."""
    linger_bytes: int = 8 * 1024 * 1024
    sweep_seconds: float = 0.5
    """The grain of every deadline above."""
