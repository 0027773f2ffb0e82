from bodhi.server.limits import Limits


def test_an_idle_connection_outlives_those_in_the_pools_of_the_official_clients() -> None:
    assert Limits().idle_seconds > 60


def test_every_deadline_is_coarser_than_the_sweep() -> None:
    limits = Limits()
    deadlines = (limits.header_seconds, limits.idle_seconds, limits.body_seconds, limits.write_stall_seconds)
    assert min(*deadlines, limits.linger_seconds) > limits.sweep_seconds
