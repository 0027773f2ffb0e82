"""The words for what goes wrong with an upstream connection. They name host and port, never a URL's query or a header.

Which error is raised when is decided in `relay.connection` and `relay.pool`.
"""

import errno
import ssl

from bodhi.core.api_model import Origin
from bodhi.core.errors import UpstreamBroke, UpstreamMalformed, UpstreamTimeout, UpstreamUnreachable

_PLAIN_TLS_ANSWER = "WRONG_VERSION_NUMBER"


def connect_failure(origin: Origin, error: Exception) -> UpstreamUnreachable:
    """Translate what stopped TCP or TLS."""
    place = f"{origin.host}:{origin.port}"
    if isinstance(error, ssl.SSLError):
        return UpstreamUnreachable(f"Network error: {_tls_reason(place, error)}.")
    if isinstance(error, ConnectionRefusedError):
        return UpstreamUnreachable(f"Network error: connection refused by {place}.")
    if isinstance(error, ConnectionResetError | ConnectionAbortedError):
        return UpstreamUnreachable(f"Network error: connection closed by {place} while connecting.")
    if isinstance(error, OSError) and error.errno in {errno.ENETUNREACH, errno.EHOSTUNREACH}:
        return UpstreamUnreachable(f"Network error: no route to {place}.")
    return UpstreamUnreachable(f"Network error: could not connect to {place}.")


def _tls_reason(place: str, error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = getattr(error, "verify_message", None)  # Only OpenSSL's own errors have it, not Python's.
        return f"the TLS certificate of {place} is not trusted: {reason or 'verification failed'}"
    if getattr(error, "reason", None) == _PLAIN_TLS_ANSWER:
        return f"{place} does not speak TLS; is it an http:// address?"
    return f"TLS with {place} failed"


def connect_timeout(origin: Origin, seconds: float) -> UpstreamTimeout:
    """Word a connection that was not made in time."""
    return UpstreamTimeout(f"Network error: connecting to {origin.host}:{origin.port} took longer than {seconds:g} s.")


def first_byte_timeout(seconds: float) -> UpstreamTimeout:
    """Word an answer that did not begin in time."""
    return UpstreamTimeout(f"The provider did not begin to answer within {seconds:g} s.")


def idle_timeout(seconds: float) -> UpstreamTimeout:
    """Word an answer that fell silent."""
    return UpstreamTimeout(f"The provider sent nothing for {seconds:g} s in the middle of its answer.")


def total_timeout(seconds: float) -> UpstreamTimeout:
    """Word a call that took too long in all."""
    return UpstreamTimeout(f"The call to the provider took longer than {seconds:g} s in all.")


def write_timeout(seconds: float) -> UpstreamTimeout:
    """Word a request that the provider does not take."""
    return UpstreamTimeout(f"The provider took nothing of the request for {seconds:g} s.")


def broke_before_answer() -> UpstreamBroke:
    """Word a connection that ended before the head of the answer was complete."""
    return UpstreamBroke("The provider closed the connection before it answered.")


def broke_in_answer() -> UpstreamBroke:
    """Word a connection that ended before the proven end of the body."""
    return UpstreamBroke("The provider closed the connection before its answer was complete.")


def malformed(reason: str) -> UpstreamMalformed:
    """Word an answer that is not HTTP; `reason` is ours or the parser's, never the provider's text."""
    return UpstreamMalformed(f"The provider's answer is not valid HTTP: {reason}.")
