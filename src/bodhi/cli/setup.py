"""`bodhi setup`: makes the first Admin, as the host's operator."""

from contextlib import closing
from pathlib import Path

import click

from bodhi.cli.options import home_option, host_actor, json_option, read_secret_line, with_home
from bodhi.cli.output import print_json, print_line
from bodhi.home import Home
from bodhi.identity.passwords import Passwords
from bodhi.identity.setup import Setup, insert_admin, new_admin
from bodhi.storage.users import User


@click.command("setup")
@click.option("--username", required=True, help="The first Admin's user name.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@home_option
@json_option
def setup(*, username: str, password_stdin: bool, home: Path | None, as_json: bool) -> None:
    """Make the first Admin. Works once."""
    password = read_secret_line("Password", from_stdin=password_stdin)

    async def work(opened: Home) -> User:
        with closing(Passwords()) as passwords:
            user = await new_admin(passwords, opened.clock, username, password)
            async with opened.store.write() as connection:
                await insert_admin(connection, opened.audit, host_actor(), user)
            Setup(opened.settings.home, opened.store, passwords, opened.audit, opened.clock).close()
        return user

    user = with_home(home, work)
    if as_json:
        print_json({"id": user.id, "username": user.name, "role": user.role.wire})
    else:
        print_line(f"{user.name} is the first Admin.")
        print_line("Next: bodhi api-model add --help, then bodhi token create --name NAME")
