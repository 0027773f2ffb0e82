from bodhi.core.api_model import Timeouts
from bodhi.core.errors import UpstreamTimeout
from tests.relay.test_answer import OK, parse


def test_slow_reader_is_not_an_idle_upstream() -> None:
    connection = parse(OK + b"Content-Length: 10\r\n\r\n", b"hello")
    for now in (0.0, 299.0, 600.0, 3599.0):
        connection.check_deadlines(now)
    assert connection.failure is None
    connection.check_deadlines(3601.0)
    assert isinstance(connection.failure, UpstreamTimeout)


async def test_bytes_before_a_failure_can_be_read() -> None:
    connection = parse(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"2\r\nhe\r\n", b"junk\r\n")
    assert connection.failure is not None
    assert await connection.read() == b"he"


def test_bytes_while_idle_close_the_connection() -> None:
    connection = parse(OK + b"Content-Length: 0\r\n\r\n")
    assert connection.finish()
    connection.buffer_updated(1)
    assert not connection.is_open


def test_each_exchange_starts_clean() -> None:
    connection = parse(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0\r\n\r\n")
    assert connection.finish()
    connection.send(b"", b"", Timeouts(), 0.0, answer_has_body=True)
    wire = OK + b"Content-Length: 0\r\n\r\n"
    connection.get_buffer(-1)[: len(wire)] = wire
    connection.buffer_updated(len(wire))
    assert (connection.done, connection.failure, connection.headers) == (True, None, [(b"content-length", b"0")])


async def test_bytes_that_come_before_the_request_has_left_do_not_answer_it() -> None:
    connection = parse(OK + b"Content-Length: 0\r\n\r\n")
    assert connection.finish()
    connection.send(b"POST / HTTP/1.1\r\n\r\n", b"", Timeouts(), 0.0, answer_has_body=True)
    wire = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
    connection.get_buffer(-1)[: len(wire)] = wire
    connection.buffer_updated(len(wire))
    assert not connection.is_open
    connection.connection_lost(None)
    assert (connection.head, connection.is_stale()) == (False, True)
