"""Repository of users. Passwords arrive hashed; roles are checked elsewhere."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.errors import Conflict
from bodhi.core.principal import ROLES, Role
from bodhi.storage.paging import page
from bodhi.storage.tables import users
from bodhi.storage.text import is_storable
from bodhi.storage.version import bump_config_version


@dataclass(frozen=True, slots=True)
class User:
    """A person with an account."""

    id: str
    name: str
    role: Role
    password_hash: str | None = field(repr=False)
    disabled: bool
    created_at: float
    issuer: str | None = None
    """With `subject` the identity at an OpenID Connect provider; None for local accounts."""
    subject: str | None = None
    reads_captures: bool = False
    signed_in_at: float | None = None


async def insert_user(connection: AsyncConnection, user: User) -> None:
    """Store a new user.

    Raises:
        Conflict: the name is taken, in whatever case.
    """
    await bump_config_version(connection)
    if await find_user(connection, user.name) is not None:
        raise Conflict(f"There is already a user named {user.name!r}.", param="username")
    try:
        await connection.execute(insert(users).values(_values(user)))
    except IntegrityError as error:
        raise Conflict("The user's id or name clashes with another user.", param="username") from error


async def insert_first_admin(connection: AsyncConnection, user: User) -> bool:
    """Store the first user; False when there is any user already. Of parallel attempts exactly one succeeds."""
    # The version's row lock makes attempts take turns, so that each sees what the one before it committed.
    await bump_config_version(connection)
    if (await connection.execute(select(func.count()).select_from(users))).scalar_one():
        return False
    await connection.execute(insert(users).values(_values(user)))
    return True


async def get_user(connection: AsyncConnection, user_id: str) -> User | None:
    """Return one user by id."""
    return _user((await connection.execute(select(users).where(users.c.id == user_id))).one_or_none())


async def find_user(connection: AsyncConnection, name: str) -> User | None:
    """Return one user by name, in whatever case."""
    if not is_storable(name):
        return None
    query = select(users).where(users.c.name_key == _name_key(name))
    return _user((await connection.execute(query)).one_or_none())


async def list_users(connection: AsyncConnection, *, after: str | None = None, limit: int | None = None) -> list[User]:
    """Return the users, oldest first."""
    query = page(select(users), users, "created_at", after=after, limit=limit)
    return [read_user(row) for row in await connection.execute(query)]


async def count_admins(connection: AsyncConnection) -> int:
    """Count the Admins who can sign in."""
    query = select(func.count()).select_from(users).where(users.c.role == Role.ADMIN.wire, users.c.disabled.is_(False))
    return int((await connection.execute(query)).scalar_one())


async def set_password_hash(connection: AsyncConnection, user_id: str, password_hash: str) -> bool:
    """Replace a password's hash, and tell whether the user exists. Changes nothing that snapshots hold."""
    statement = update(users).where(users.c.id == user_id).values(password_hash=password_hash)
    return (await connection.execute(statement)).rowcount > 0


async def note_sign_in(connection: AsyncConnection, user_id: str, at: float) -> None:
    """Note when a user signed in last. Changes nothing that snapshots hold."""
    await connection.execute(update(users).where(users.c.id == user_id).values(signed_in_at=at))


def read_user(row: Row[Any]) -> User:
    """Build a user from a row of the table."""
    return User(
        id=row.id,
        name=row.name,
        # A role that this version does not know grants nothing.
        role=ROLES.get(row.role, Role.GUEST),
        password_hash=row.password_hash,
        disabled=bool(row.disabled),
        created_at=row.created_at,
        issuer=row.issuer,
        subject=row.subject,
        reads_captures=bool(row.reads_captures),
        signed_in_at=row.signed_in_at,
    )


def _user(row: Row[Any] | None) -> User | None:
    return None if row is None else read_user(row)


def _name_key(name: str) -> str:
    return name.casefold()


def _values(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "name_key": _name_key(user.name),
        "role": user.role.wire,
        "password_hash": user.password_hash,
        "disabled": user.disabled,
        "created_at": user.created_at,
        "issuer": user.issuer,
        "subject": user.subject,
        "reads_captures": user.reads_captures,
        "signed_in_at": user.signed_in_at,
    }
