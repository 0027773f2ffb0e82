"""Repository of users. Passwords arrive hashed; who may do what to whom is identity's."""

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.errors import Conflict, LastAdmin
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


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Which users a list holds; None leaves a field alone."""

    role: Role | None = None
    disabled: bool | None = None
    query: str | None = None
    """A part of the name, in whatever case."""


EVERYBODY = UserFilter()


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
    if not is_storable(user_id):
        return None
    return _user((await connection.execute(select(users).where(users.c.id == user_id))).one_or_none())


async def find_user(connection: AsyncConnection, name: str) -> User | None:
    """Return one user by name, in whatever case."""
    if not is_storable(name):
        return None
    query = select(users).where(users.c.name_key == name_key(name))
    return _user((await connection.execute(query)).one_or_none())


async def list_users(
    connection: AsyncConnection,
    wanted: UserFilter = EVERYBODY,
    *,
    after: str | None = None,
    limit: int | None = None,
) -> list[User]:
    """Return the users, oldest first."""
    query = page(select(users), users, "created_at", after=after, limit=limit)
    if wanted.role is not None:
        query = query.where(users.c.role == wanted.role.wire)
    if wanted.disabled is not None:
        query = query.where(users.c.disabled.is_(wanted.disabled))
    if wanted.query is not None:
        if not is_storable(wanted.query):
            return []
        query = query.where(users.c.name_key.contains(name_key(wanted.query), autoescape=True))
    return [read_user(row) for row in await connection.execute(query)]


async def update_user(connection: AsyncConnection, user_id: str, changes: Mapping[str, Any]) -> User:
    """Change fields of a user who exists, and return what became of them.

    Raises:
        Conflict: the new name is taken, in whatever case.
        LastAdmin: it would leave no Admin who can sign in.
    """
    # The version's row lock makes changes take turns, so that of two that each leave the other's Admin one sees it.
    await bump_config_version(connection)
    values = dict(changes)
    if "role" in values:
        values["role"] = values["role"].wire
    if "name" in values:
        values["name_key"] = name_key(values["name"])
        other = await find_user(connection, values["name"])
        if other is not None and other.id != user_id:
            raise Conflict(f"There is already a user named {other.name!r}.", param="name")
    before = (await connection.execute(select(users).where(users.c.id == user_id))).one()
    row = (await connection.execute(update(users).where(users.c.id == user_id).values(values).returning(users))).one()
    after = read_user(row)
    if _may_govern(read_user(before)) and not _may_govern(after):
        await _check_admin_left(connection)
    return after


async def delete_user(connection: AsyncConnection, user_id: str) -> bool:
    """Remove a user with their sessions, tokens, links and requests, and tell whether there was one.

    The api models that they own must have been given up before.

    Raises:
        LastAdmin: it would leave no Admin who can sign in.
    """
    await bump_config_version(connection)
    user = await get_user(connection, user_id)
    if user is None:
        return False
    await connection.execute(delete(users).where(users.c.id == user_id))
    if _may_govern(user):
        await _check_admin_left(connection)
    return True


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


def name_key(name: str) -> str:
    """Return the form in which names are compared: how it is typed and in which case makes no other name (UAX 15)."""
    # Folding can undo the normal form, and what it yields can fold again.
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).casefold()


def _may_govern(user: User) -> bool:
    return user.role is Role.ADMIN and not user.disabled


async def _check_admin_left(connection: AsyncConnection) -> None:
    if not await count_admins(connection):
        raise LastAdmin


def _user(row: Row[Any] | None) -> User | None:
    return None if row is None else read_user(row)


def _values(user: User) -> dict[str, Any]:
    return {**asdict(user), "role": user.role.wire, "name_key": name_key(user.name)}
