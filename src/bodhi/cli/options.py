"""Options that several commands share, and the opening of the home folder that they name."""

import asyncio
import getpass
import os
import sys
from collections.abc import Awaitable, Callable
from enum import Enum
from pathlib import Path
from typing import TypeVar

import click
from typing_extensions import override

from bodhi.core.audit import Actor, Via
from bodhi.core.credential import Secret
from bodhi.core.errors import InvalidField
from bodhi.core.principal import Role
from bodhi.home import Home, open_home
from bodhi.settings import read_settings
from bodhi.storage.users import User, find_user, list_users

_T = TypeVar("_T")
_E = TypeVar("_E", bound=Enum)

home_option = click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="Folder of the embedded store and the root key.",
    show_default="~/.bodhi",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
owner_option = click.option("--owner", help="User name of the owner; by default the first Admin.")


class OneOf(click.Choice[_E]):
    """A choice between the members of an enumeration, typed as their values; Click's own is between their names."""

    @override
    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:
        """Return what is typed for a member."""
        return str(choice.value if isinstance(choice, Enum) else choice)


def with_home(home: Path | None, work: Callable[[Home], Awaitable[_T]]) -> _T:
    """Open the home folder, do the work, and close it again.

    Raises:
        StartupError: the home folder, its root key or its databases cannot be used.
    """
    settings = read_settings(home=home.expanduser() if home else None)

    async def run() -> _T:
        opened = await open_home(settings)
        try:
            return await work(opened)
        finally:
            await opened.close()

    return asyncio.run(run())


def host_actor() -> Actor:
    """Return who acts on the command line: the operating system's account."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return Actor(via=Via.HOST, user_name=name)


async def find_owner(home: Home, name: str | None) -> User:
    """Return the user of that name, or the first Admin.

    Raises:
        InvalidField: there is no such user, or no Admin yet.
    """
    async with home.store.read() as connection:
        if name is not None:
            owner = await find_user(connection, name)
            if owner is None:
                raise InvalidField(f"There is no user {name!r}.", param="owner")
            return owner
        admins = [user for user in await list_users(connection) if user.role is Role.ADMIN and not user.disabled]
    if not admins:
        message = "There is no Admin yet. Make one first: bodhi setup --username NAME --password-stdin"
        raise InvalidField(message, param="owner")
    return min(admins, key=lambda user: user.created_at)


def read_secret_line(prompt: str, *, from_stdin: bool) -> Secret:
    """Read a secret from the first line of standard input, or ask for it without showing it.

    Raises:
        InvalidField: nothing was given, or it is not text.
    """
    try:
        text = (
            sys.stdin.readline()
            if from_stdin
            else click.prompt(prompt, hide_input=True, default="", show_default=False)
        )
        text.encode()
    except UnicodeError:
        raise InvalidField(f"The {prompt.lower()} is not UTF-8 text.") from None
    text = text.rstrip("\r\n")
    if not text:
        raise InvalidField(f"No {prompt.lower()} was given.")
    return Secret(text)
