"""`bodhi token`: mints, lists, changes, rotates and revokes API tokens, and tells whether a text may be one."""

import sys
from pathlib import Path

import click

from bodhi.cli.options import (
    OneOf,
    find_owner,
    home_option,
    host_actor,
    json_option,
    owner_option,
    read_secret_line,
    with_home,
)
from bodhi.cli.output import day, print_json, print_line
from bodhi.cli.root import CommandGroup
from bodhi.cli.tables import print_table
from bodhi.core.clock import iso_time
from bodhi.core.credential import Secret
from bodhi.core.errors import InvalidField
from bodhi.core.principal import TokenGrant, TokenState, state_of
from bodhi.home import Home
from bodhi.identity.mint import TOKEN_DAYS, Mint, Owner, TokenWish, mint_token
from bodhi.identity.token_changes import (
    MAX_OVERLAP,
    OVERLAP_SECONDS,
    TokenChange,
    change_token,
    end_token,
    rotate_token,
)
from bodhi.identity.tokens import KINDS, TokenHasher, kind_of, looks_like_token
from bodhi.storage.tokens import TokenFilter, list_tokens, tokens_last_used

app = CommandGroup("token", help="API tokens: what programs show instead of a provider's key.")

token_argument = click.argument("token_id", help="The token's id, from `bodhi token list`.")


@app.command("create")
@click.option("--name", required=True, help="What the token is for; shown in lists and in usage.")
@click.option("--scope", default="user", help="Most that the token may do: user or power_user.")
@click.option("--model", multiple=True, help="Allowed model ids, with * and ?; repeatable. Default: all.")
@click.option("--expires", type=click.IntRange(0), default=TOKEN_DAYS, help="Days until it expires; 0 means never.")
@owner_option
@home_option
@json_option
def create(  # noqa: PLR0913 # one argument an option
    *,
    name: str,
    scope: str,
    model: tuple[str, ...],
    expires: int,
    owner: str | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Mint an API token and show it, once."""

    async def work(opened: Home) -> tuple[Secret, TokenGrant]:
        user = await find_owner(opened, owner)
        wish = TokenWish(name=name, scope=scope, days=expires or None, allowed_models=model)
        return await mint_token(_mint(opened), host_actor(), Owner(user.id, user.name, user.role), wish)

    secret, grant = with_home(home, work)
    if as_json:
        print_json({"token": secret.reveal(), **_shown(grant, grant.created_at)})
        return
    print_line(secret.reveal())
    models = ", ".join(grant.allowed_models) or "every model"
    click.echo(f"This token is shown once. It works {_until(grant)}, for {models}.", err=True)


@app.command("list")
@click.option("--owner", help="User name of the owner; by default everybody.")
@click.option("--state", type=OneOf(TokenState), help="Only those in this state.")
@home_option
@json_option
def list_(*, owner: str | None, state: TokenState | None, home: Path | None, as_json: bool) -> None:
    """List the API tokens."""

    async def work(opened: Home) -> list[dict[str, object]]:
        owner_id = None if owner is None else (await find_owner(opened, owner)).id
        wanted, now = TokenFilter(owner_id=owner_id, state=state), opened.clock.now()
        async with opened.store.read() as connection:
            grants = await list_tokens(connection, wanted, now)
            used = await tokens_last_used(connection)
        return [_shown(grant, now, used.get(grant.id)) for grant in grants]

    found = with_home(home, work)
    if as_json:
        print_json(found)
        return
    rows = [
        (each["id"], each["name"], each["owner"], each["scope"], _names(each["allowed_models"]) or "all",
         _date(each["expires_at"]) or "never", _date(each["last_used_at"]) or "never", each["state"])
        for each in found
    ]  # fmt: skip
    columns = ["Id", "Name", "Owner", "Scope", "Models", "Expires", "Last used", "State"]
    print_table(columns, rows, "There are no API tokens yet.")


@app.command("revoke")
@token_argument
@home_option
@json_option
def revoke(token_id: str, home: Path | None, *, as_json: bool) -> None:
    """End an API token at once, for good."""

    async def work(opened: Home) -> None:
        await end_token(_mint(opened), host_actor(), token_id, _allow_host)

    with_home(home, work)
    if as_json:
        print_json({"id": token_id, "revoked": True})
    else:
        print_line(f"Token {token_id} is revoked.")


@app.command("disable")
@token_argument
@home_option
@json_option
def disable(token_id: str, home: Path | None, *, as_json: bool) -> None:
    """Stop an API token from working until it is enabled."""
    _switch(home, token_id, disabled=True, as_json=as_json)


@app.command("enable")
@token_argument
@home_option
@json_option
def enable(token_id: str, home: Path | None, *, as_json: bool) -> None:
    """Let a disabled API token work again."""
    _switch(home, token_id, disabled=False, as_json=as_json)


@app.command("rotate")
@token_argument
@click.option(
    "--overlap",
    type=click.IntRange(0, MAX_OVERLAP),
    default=OVERLAP_SECONDS,
    help="Seconds for which the secret of before still works.",
)
@home_option
@json_option
def rotate(token_id: str, *, overlap: int, home: Path | None, as_json: bool) -> None:
    """Give an API token a new secret, show it once, and begin its lifetime anew."""

    async def work(opened: Home) -> tuple[Secret, TokenGrant, float]:
        secret, grant = await rotate_token(_mint(opened), host_actor(), token_id, overlap, _allow_host)
        return secret, grant, opened.clock.now()

    secret, grant, now = with_home(home, work)
    if as_json:
        print_json({"token": secret.reveal(), **_shown(grant, now)})
        return
    print_line(secret.reveal())
    before = f"works until {iso_time(grant.previous_until or now)}" if overlap else "has ended"
    click.echo(f"This token is shown once. It works {_until(grant)}. The one before {before}.", err=True)


@app.command("inspect")
@json_option
def inspect(*, as_json: bool) -> None:
    """Tell whether a text on standard input may be a token of Bodhi's, by its shape and checksum alone."""
    text = read_secret_line("Token", from_stdin=not sys.stdin.isatty()).reveal().strip().encode()
    kind, valid = kind_of(text), looks_like_token(text)
    if as_json:
        print_json({"kind": kind, "checksum_valid": valid})
    if kind is None:
        raise InvalidField("This has not the shape of a token of Bodhi's.")
    if not valid:
        raise InvalidField(f"This looks like {KINDS[kind]}, but its checksum is wrong. Was it copied whole?")
    if not as_json:
        print_line(f"This is {KINDS[kind]}; its checksum is right. Whether it works, only a server can tell.")


def _switch(home: Path | None, token_id: str, *, disabled: bool, as_json: bool) -> None:
    async def work(opened: Home) -> None:
        change = TokenChange(disabled=disabled)
        await change_token(_mint(opened), host_actor(), token_id, change, _allow_host)

    with_home(home, work)
    if as_json:
        print_json({"id": token_id, "disabled": disabled})
    else:
        print_line(f"Token {token_id} is {'disabled' if disabled else 'enabled'}.")


def _allow_host(_before: TokenGrant, _after: TokenGrant) -> None:
    """Let whoever can run commands on the home folder do anything: they hold the root key."""


def _mint(opened: Home) -> Mint:
    hasher = TokenHasher(opened.vault.derive("token-mac/v1"))
    return Mint(opened.store, hasher, opened.audit, opened.clock)


def _until(grant: TokenGrant) -> str:
    return f"until {day(grant.expires_at)}" if grant.expires_at else "until it is revoked"


def _names(globs: object) -> str:
    return ", ".join(globs) if isinstance(globs, list) else ""


def _date(time: object) -> str:
    return time[:10] if isinstance(time, str) else ""


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else iso_time(seconds)


def _shown(grant: TokenGrant, now: float, last_used_at: float | None = None) -> dict[str, object]:
    return {
        "id": grant.id,
        "name": grant.name,
        "owner": grant.owner_name,
        "scope": grant.scope,
        "allowed_models": list(grant.allowed_models),
        "state": state_of(grant, now).value,
        "created_at": _time(grant.created_at),
        "expires_at": _time(grant.expires_at),
        "disabled_at": _time(grant.disabled_at),
        "revoked_at": _time(grant.revoked_at),
        "previous_until": _time(grant.previous_until),
        "last_used_at": _time(last_used_at),
    }
