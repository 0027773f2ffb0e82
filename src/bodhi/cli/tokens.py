"""`bodhi token`: mints, lists and revokes API tokens."""

from typing import Annotated

import typer

from bodhi.cli.options import HomeOption, JsonOption, OwnerOption, find_owner, host_actor, with_home
from bodhi.cli.output import day, print_json, print_line, print_table
from bodhi.core.audit import Act
from bodhi.core.clock import iso_time
from bodhi.core.credential import Secret
from bodhi.core.errors import UnknownObject
from bodhi.core.principal import TokenGrant
from bodhi.home import Home
from bodhi.identity.mint import TOKEN_DAYS, Mint, Owner, TokenWish, mint_token
from bodhi.identity.tokens import TokenHasher
from bodhi.storage.tokens import list_tokens, revoke_token

app = typer.Typer(no_args_is_help=True)


@app.command("create")
def create(  # noqa: PLR0913 # one argument an option
    *,
    name: Annotated[str, typer.Option(help="What the token is for; shown in lists and in usage.")],
    scope: Annotated[str, typer.Option(help="Most that the token may do: user or power_user.")] = "user",
    model: Annotated[
        list[str] | None, typer.Option(help="Allowed model ids, with * and ?; repeatable. Default: all.")
    ] = None,
    expires: Annotated[int, typer.Option(help="Days until it expires; 0 means never.", min=0)] = TOKEN_DAYS,
    owner: OwnerOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Mint an API token and show it, once."""

    async def work(opened: Home) -> tuple[Secret, TokenGrant]:
        user = await find_owner(opened, owner)
        hasher = TokenHasher(opened.vault.derive("token-mac/v1"))
        wish = TokenWish(name=name, scope=scope, days=expires or None, allowed_models=tuple(model or ()))
        mint = Mint(opened.store, hasher, opened.audit, opened.clock)
        return await mint_token(mint, host_actor(), Owner(user.id, user.name, user.role), wish)

    secret, grant = with_home(home, work)
    if as_json:
        print_json({"token": secret.reveal(), **_shown(grant)})
        return
    print_line(secret.reveal())
    until = f"until {day(grant.expires_at)}" if grant.expires_at else "until it is revoked"
    typer.echo(
        f"This token is shown once. It works {until}, for {', '.join(grant.allowed_models) or 'every model'}.", err=True
    )


@app.command("list")
def list_(home: HomeOption = None, *, as_json: JsonOption = False) -> None:
    """List the API tokens."""

    async def work(opened: Home) -> list[TokenGrant]:
        async with opened.store.read() as connection:
            return await list_tokens(connection, None)

    grants = with_home(home, work)
    if as_json:
        print_json([_shown(grant) for grant in grants])
        return
    rows = [
        (g.id, g.name, g.owner_name, g.scope, ", ".join(g.allowed_models) or "all", day(g.expires_at) or "never",
         "revoked" if g.revoked_at else "")
        for g in grants
    ]  # fmt: skip
    print_table(["Id", "Name", "Owner", "Scope", "Models", "Expires", ""], rows, "There are no API tokens yet.")


@app.command("revoke")
def revoke(
    token_id: Annotated[str, typer.Argument(help="The token's id, from `bodhi token list`.")],
    home: HomeOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """End an API token at once."""

    async def work(opened: Home) -> None:
        async with opened.store.write() as connection:
            if not await revoke_token(connection, token_id, None, opened.clock.now()):
                raise UnknownObject(f"There is no live token with the id {token_id!r}.")
            await opened.audit.append(connection, host_actor(), Act(action="token.revoke", subject_id=token_id))

    with_home(home, work)
    if as_json:
        print_json({"id": token_id, "revoked": True})
    else:
        print_line(f"Token {token_id} is revoked.")


def _shown(grant: TokenGrant) -> dict[str, object]:
    return {
        "id": grant.id,
        "name": grant.name,
        "owner": grant.owner_name,
        "scope": grant.scope,
        "allowed_models": list(grant.allowed_models),
        "created_at": iso_time(grant.created_at),
        "expires_at": iso_time(grant.expires_at) if grant.expires_at else None,
        "revoked_at": iso_time(grant.revoked_at) if grant.revoked_at else None,
    }
