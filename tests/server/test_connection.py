from bodhi.server.connection import Connection


def test_a_callback_is_called_once() -> None:
    calls: list[int] = []
    connection = Connection(("127.0.0.1", 5))
    connection.on_disconnect(lambda: calls.append(1))
    connection._lose()
    connection._lose()
    assert calls == [1]


def test_a_callback_for_a_client_that_left_is_called_at_once() -> None:
    calls: list[int] = []
    connection = Connection(None)
    connection._lose()
    connection.on_disconnect(lambda: calls.append(1))
    assert calls == [1]


def test_a_forgotten_callback_is_not_called() -> None:
    calls: list[int] = []
    connection = Connection(None)
    connection.on_disconnect(lambda: calls.append(1))
    connection.forget()
    connection._lose()
    assert calls == []
    assert connection.gone
