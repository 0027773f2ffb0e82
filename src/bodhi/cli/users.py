"""`bodhi user`: people, as the host's operator sees and changes them, by the rules of the control API."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from bodhi.cli.options import home_option, host_actor, json_option, read_secret_line, with_home
from bodhi.cli.output import day, print_json, print_line
from bodhi.cli.root import CommandGroup
from bodhi.cli.tables import print_table
from bodhi.core.clock import iso_time
from bodhi.core.credential import Secret
from bodhi.core.errors import UnknownObject
from bodhi.core.principal import Role
from bodhi.core.session import IDLE_SECONDS
from bodhi.formats.registry import private_formats
from bodhi.home import Home
from bodhi.identity.links import INVITE_DAYS, KEY_PURPOSE, InviteWish, Links
from bodhi.identity.passwords import Passwords
from bodhi.identity.people import HOST, Accounts, read_role
from bodhi.identity.tokens import TokenHasher
from bodhi.settings import Settings
from bodhi.storage.holdings import Holdings, count_holdings
from bodhi.storage.invites import Link
from bodhi.storage.users import User, find_user, get_user, list_users

_T = TypeVar("_T")

app = CommandGroup("user", help="People: who may sign in, and with which role.")

person_argument = click.argument("name_or_id", help="The person's name or id, from `bodhi user list`.")


@app.command("list")
@home_option
@json_option
def list_(home: Path | None, *, as_json: bool) -> None:
    """List the people."""

    async def work(opened: Home) -> list[User]:
        async with opened.store.read() as connection:
            return await list_users(connection)

    people = with_home(home, work)
    if as_json:
        print_json([_shown(person) for person in people])
        return
    rows = [
        (p.id, p.name, p.role.wire, _signs_in(p), day(p.created_at), day(p.signed_in_at) or "never",
         "disabled" if p.disabled else "")
        for p in people
    ]  # fmt: skip
    columns = ["Id", "Name", "Role", "Signs in", "Since", "Last signed in", ""]
    print_table(columns, rows, "There are no people yet. Make the first Admin: bodhi setup")


@app.command("show")
@person_argument
@home_option
@json_option
def show(name_or_id: str, home: Path | None, *, as_json: bool) -> None:
    """Show one person, and how much they have."""

    async def work(opened: Home, person: User) -> tuple[User, Holdings]:
        now = opened.clock.now()
        async with opened.store.read() as connection:
            return person, await count_holdings(connection, person.id, now, idle_since=now - IDLE_SECONDS)

    person, held = _with_person(home, name_or_id, work)
    shown = _shown(person) | {
        "live_tokens": held.tokens,
        "live_sessions": held.sessions,
        "api_models": held.api_models,
    }
    if as_json:
        print_json(shown)
    else:
        rows = [(name, _for_people(value)) for name, value in shown.items()]
        print_table(["What", "Value"], rows, "")


@app.command("invite")
@click.option("--role", default="user", help="Role of the account: user, power_user, manager or admin.")
@click.option("--note", default="", help="For whom it is; shown in the list of invites.", show_default=False)
@click.option("--days", type=int, default=INVITE_DAYS, help="Days for which it works, 1 to 30.")
@home_option
@json_option
def invite(*, role: str, note: str, days: int, home: Path | None, as_json: bool) -> None:
    """Make a link with which one person makes an account, and show it, once."""

    async def work(opened: Home) -> tuple[str, Secret, Link]:
        wish = InviteWish(role=read_role(role, lowest=Role.USER), note=note, days=days)
        secret, link = await _links(opened).invite(HOST, host_actor(), wish)
        return _pages_url(opened.settings), secret, link

    pages, secret, link = with_home(home, work)
    _print_link(f"{pages}/ui/invite/#{secret.reveal()}", link, as_json=as_json)


@app.command("set-role")
@person_argument
@click.argument("role", help="guest, user, power_user, manager or admin.")
@home_option
@json_option
def set_role(name_or_id: str, role: str, home: Path | None, *, as_json: bool) -> None:
    """Give a person another role. It ends their sessions."""
    wanted = read_role(role)
    _change(home, name_or_id, {"role": wanted}, f"now has the role {wanted.wire}", as_json=as_json)


@app.command("disable")
@person_argument
@home_option
@json_option
def disable(name_or_id: str, home: Path | None, *, as_json: bool) -> None:
    """Keep a person out: they cannot sign in, and their tokens do not work."""
    _change(home, name_or_id, {"disabled": True}, "is disabled", as_json=as_json)


@app.command("enable")
@person_argument
@home_option
@json_option
def enable(name_or_id: str, home: Path | None, *, as_json: bool) -> None:
    """Let a disabled person in again, with their tokens."""
    _change(home, name_or_id, {"disabled": False}, "is enabled", as_json=as_json)


@app.command("delete")
@person_argument
@home_option
@json_option
def delete(name_or_id: str, home: Path | None, *, as_json: bool) -> None:
    """Remove a person with their sessions, tokens and private api models. Shared api models stay."""

    async def work(opened: Home, person: User) -> User:
        return await _accounts(opened).remove(HOST, host_actor(), person.id)

    removed = _with_person(home, name_or_id, work)
    if as_json:
        print_json({"id": removed.id, "removed": True})
    else:
        print_line(f"Removed {removed.name} ({removed.id}).")


@app.command("reset-password")
@person_argument
@click.option("--password-stdin", is_flag=True, help="Set the password from standard input, instead of making a link.")
@home_option
@json_option
def reset_password(name_or_id: str, *, password_stdin: bool, home: Path | None, as_json: bool) -> None:
    """Make a link with which a person sets a new password, and show it, once; or set the password."""
    password = read_secret_line("Password", from_stdin=True) if password_stdin else None

    async def set_now(opened: Home, person: User) -> User:
        return await _links(opened).set_password(host_actor(), person.id, password or Secret(""))

    async def make_link(opened: Home, person: User) -> tuple[str, Secret, Link]:
        secret, link = await _links(opened).new_reset(HOST, host_actor(), person.id)
        return _pages_url(opened.settings), secret, link

    if password is None:
        pages, secret, link = _with_person(home, name_or_id, make_link)
        _print_link(f"{pages}/ui/password-reset/#{secret.reveal()}", link, as_json=as_json)
        return
    person = _with_person(home, name_or_id, set_now)
    if as_json:
        print_json({"id": person.id, "password_set": True})
    else:
        print_line(f"{person.name} has a new password. Their sessions have ended.")


def _change(home: Path | None, name_or_id: str, wanted: dict[str, Any], outcome: str, *, as_json: bool) -> None:
    async def work(opened: Home, person: User) -> User:
        return await _accounts(opened).change(HOST, host_actor(), person.id, wanted)

    changed = _with_person(home, name_or_id, work)
    if as_json:
        print_json(_shown(changed))
    else:
        print_line(f"{changed.name} {outcome}.")


def _with_person(home: Path | None, name_or_id: str, work: Callable[[Home, User], Awaitable[_T]]) -> _T:
    """Do something with one person.

    Raises:
        UnknownObject: nobody has that name or id.
    """

    async def found(opened: Home) -> _T:
        async with opened.store.read() as connection:
            person = await get_user(connection, name_or_id) or await find_user(connection, name_or_id.strip())
        if person is None:
            raise UnknownObject(f"There is no person {name_or_id!r}. See: bodhi user list")
        return await work(opened, person)

    return with_home(home, found)


def _accounts(opened: Home) -> Accounts:
    return Accounts(opened.store, opened.audit, opened.clock, private_formats())


def _links(opened: Home) -> Links:
    hasher = TokenHasher(opened.vault.derive(KEY_PURPOSE))
    return Links(opened.store, Passwords(), hasher, opened.audit, opened.clock)


def _pages_url(settings: Settings) -> str:
    return settings.public_url or f"http://localhost:{settings.port}"


def _print_link(url: str, link: Link, *, as_json: bool) -> None:
    if as_json:
        print_json({"id": link.id, "link": url, "expires_at": iso_time(link.expires_at)})
        return
    print_line(url)
    click.echo(
        f"This link is shown once and works once, until {day(link.expires_at)}. Whoever has it can use it: send it by "
        "a way that nobody else reads.",
        err=True,
    )


def _signs_in(person: User) -> str:
    if person.issuer:
        return person.issuer
    return "password" if person.password_hash else "not at all"


def _for_people(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else value


def _shown(person: User) -> dict[str, object]:
    return {
        "id": person.id,
        "name": person.name,
        "role": person.role.wire,
        "disabled": person.disabled,
        "issuer": person.issuer,
        "has_password": person.password_hash is not None,
        "reads_captures": person.reads_captures,
        "created_at": iso_time(person.created_at),
        "signed_in_at": iso_time(person.signed_in_at) if person.signed_in_at else None,
    }
