from tests.cli.conftest import PASSWORD, Cli


def setup(
    cli: Cli, *arguments: str, password: str | bytes = PASSWORD + "\n", name: str = "ada"
) -> tuple[int, str, str]:
    outcome = cli("setup", "--username", name, "--password-stdin", *arguments, stdin=password)
    return outcome.status, outcome.out, outcome.err


def test_the_first_admin_is_made_once(new_cli: Cli) -> None:
    first = new_cli("setup", "--username", "ada", "--password-stdin", "--json", stdin=PASSWORD)
    status, out, err = setup(new_cli, name="eve")

    assert (first.status, first.err) == (0, "")
    assert first.json == {"id": first.json["id"], "username": "ada", "role": "admin"}
    assert (status, out) == (1, "")
    assert "already set up" in err


def test_a_weak_password_or_none_is_refused_and_nobody_is_made(new_cli: Cli) -> None:
    for password in ("", "\n", "short", "password123", b"\xff\xfe not text\n"):
        status, out, err = setup(new_cli, password=password)
        assert (status, out) == (1, "")
        assert err.startswith("bodhi: ")

    assert setup(new_cli)[0] == 0


def test_people_are_told_what_comes_next(new_cli: Cli) -> None:
    _, out, _ = setup(new_cli)

    assert "ada is the first Admin" in out
    assert "bodhi token create" in out


def test_the_setup_code_of_a_server_is_gone_with_the_first_admin(new_cli: Cli) -> None:
    new_cli.home.mkdir(mode=0o700)
    code = new_cli.home / "setup-code"
    code.write_text("AAAAA-BBBBB\n")
    setup(new_cli)

    assert not code.exists()
