"""One-time links: invites, which make an account, and links to set a new password. Their code is known only once.

The store knows a code by its MAC. Whatever is wrong with a code, the answer is the same, so that nobody learns what
was ever valid. Limits of attempts, and what refusals leave in the audit trail, are the callers'.
"""

import asyncio
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.audit import Act, Actor
from bodhi.core.clock import Clock
from bodhi.core.credential import Secret
from bodhi.core.errors import Conflict, InvalidField, LinkInvalid, RoleTooLow, UnknownObject
from bodhi.core.ids import new_id
from bodhi.core.principal import Principal, Role
from bodhi.identity.names import check_user_name
from bodhi.identity.passwords import Passwords, check_password
from bodhi.identity.people import check_may_give, check_may_manage, known, still
from bodhi.identity.sign_in import Opened, Opening, Sessions
from bodhi.identity.tokens import FOR_LINKS, TokenHasher, looks_like_token, new_token
from bodhi.storage.audit import AuditLog
from bodhi.storage.engine import Store
from bodhi.storage.invites import (
    INVITE,
    PASSWORD_RESET,
    Link,
    find_link,
    insert_link,
    revoke_link,
    revoke_links_of,
    use_link,
)
from bodhi.storage.sessions import delete_sessions
from bodhi.storage.users import User, get_user, insert_user, set_password_hash
from bodhi.storage.version import bump_config_version

KEY_PURPOSE = "link-mac/v1"
"""What the key of the codes' MACs is derived for."""
INVITE_DAYS = 7
MAX_DAYS = 30
RESET_SECONDS = 86_400.0
DAY = 86_400.0
MAX_NOTE = 500
HOST_ID = "host"
"""Stands for the command line where a link names who made it; no user has such an id."""

_MARK = f"bodhi_{FOR_LINKS}_".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteWish:
    """What is asked of an invite."""

    role: Role
    note: str = ""
    days: int = INVITE_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """The name and the password that somebody with an invite chooses."""

    username: str
    password: Secret


def check_note(note: str) -> str:
    """Return a note without blanks around it.

    Raises:
        InvalidField: it is too long, or holds characters that cannot be seen.
    """
    note = note.strip()
    if len(note) > MAX_NOTE or not note.isprintable():
        raise InvalidField(f"A note has at most {MAX_NOTE} characters, on one line.", param="note")
    return note


class Links:
    """Makes links and lets each be used once. One exists per process."""

    def __init__(self, store: Store, passwords: Passwords, hasher: TokenHasher, audit: AuditLog, clock: Clock) -> None:
        self._store = store
        self._passwords = passwords
        self._hasher = hasher
        self._audit = audit
        self._clock = clock
        # Those who use a link take turns: of many at once, the first wins and the others never reach the slow hash.
        self._using = asyncio.Lock()

    async def invite(self, principal: Principal, actor: Actor, wish: InviteWish) -> tuple[Secret, Link]:
        """Make an invite, and return its code for the one time that it is shown.

        Raises:
            InvalidField: the note, the days or the role cannot be.
            RoleTooLow: the role is out of reach.
        """
        note = check_note(wish.note)
        if not 1 <= wish.days <= MAX_DAYS:
            raise InvalidField(f"An invite works for 1 to {MAX_DAYS} days.", param="days")
        if wish.role < Role.USER:
            raise InvalidField("An invite gives a role that may do something: user or above.", param="role")
        secret, now = new_token(FOR_LINKS), self._clock.now()
        async with self._store.write() as connection:
            await bump_config_version(connection)
            check_may_give(await still(connection, principal), wish.role)
            link = Link(
                id=new_id(self._clock),
                mac=self._mac(secret),
                purpose=INVITE,
                role=wish.role,
                note=note,
                created_by=principal.user_id or HOST_ID,
                created_by_name=actor.user_name or principal.user_name,
                created_at=now,
                expires_at=now + wish.days * DAY,
            )
            await insert_link(connection, link)
            after = {"role": wish.role.wire, "note": note, "expires_at": link.expires_at}
            await self._audit.append(connection, actor, Act(action="invite.create", subject_id=link.id, after=after))
        return secret, link

    async def revoke(self, principal: Principal, actor: Actor, link_id: str) -> None:
        """Withdraw an invite that still works.

        Raises:
            UnknownObject: there is none of that id that does.
            RoleTooLow: it gives a role above one's own.
        """
        async with self._store.write() as connection:
            await bump_config_version(connection)
            principal = await still(connection, principal)
            link = await revoke_link(connection, link_id, INVITE, self._clock.now())
            if link is None:
                raise UnknownObject("There is no such invite, or it was used, withdrawn or expired before.")
            if link.role is not None:
                check_may_give(principal, link.role)
            before = {"role": link.role and link.role.wire, "note": link.note, "created_by": link.created_by_name}
            await self._audit.append(connection, actor, Act(action="invite.revoke", subject_id=link.id, before=before))

    async def look(self, code: str) -> Link:
        """Return the invite of a code that works.

        Raises:
            LinkInvalid: it does not.
        """
        async with self._store.read() as connection:
            return await self._working_invite(connection, code)

    async def accept(self, code: str, account: NewAccount, opening: Opening, sessions: Sessions) -> tuple[User, Opened]:
        """Make the account of an invite and sign in with it, in one transaction.

        Raises:
            LinkInvalid: the code does not work; nothing was changed.
            InvalidField: the name or the password is not acceptable; the invite stays valid.
            Conflict: the name is taken; as above.
            Overloaded: too many sign-ins are waiting; as above.
        """
        await self.look(code)
        name = check_user_name(account.username)
        check_password(account.password, name)
        async with self._using:
            link = await self.look(code)
            password_hash = await self._passwords.new_hash(account.password)
            async with self._store.write() as connection:
                # First, so that links, roles and accounts stay as they are until the end.
                await bump_config_version(connection)
                link = await self._working_invite(connection, code)
                now = self._clock.now()
                if link.role is None or not await use_link(connection, link, now):
                    raise LinkInvalid(param="code")
                user = User(new_id(self._clock), name, link.role, password_hash, disabled=False, created_at=now)
                await insert_user(connection, user)
                actor = Actor(user_id=user.id, user_name=user.name, address=opening.address)
                after = {"user": user.name, "user_id": user.id, "role": user.role.wire, "by": link.created_by_name}
                act = Act(action="invite.accept", subject_id=link.id, after=after)
                await self._audit.append(connection, actor, act)
                return user, await sessions.open(connection, user, opening)

    async def new_reset(self, principal: Principal, actor: Actor, user_id: str) -> tuple[Secret, Link]:
        """Make a link that sets a new password for somebody, and return its code for the one time that it is shown.

        Raises:
            UnknownObject: there is no such person.
            RoleTooLow: the person is out of reach.
            Conflict: the person signs in at the identity provider, or is disabled.
        """
        secret, now = new_token(FOR_LINKS), self._clock.now()
        async with self._store.write() as connection:
            await bump_config_version(connection)
            principal = await still(connection, principal)
            subject = await known(connection, user_id)
            check_may_manage(principal, subject)
            _check_has_password_here(subject)
            if subject.disabled:
                raise Conflict(f"{subject.name} is disabled. Enable the account first.")
            link = Link(
                id=new_id(self._clock),
                mac=self._mac(secret),
                purpose=PASSWORD_RESET,
                user_id=subject.id,
                created_by=principal.user_id or HOST_ID,
                created_by_name=actor.user_name or principal.user_name,
                created_at=now,
                expires_at=now + RESET_SECONDS,
            )
            await insert_link(connection, link)
            after = {"link": link.id, "expires_at": link.expires_at}
            act = Act(action="password_reset.create", subject_id=subject.id, subject_name=subject.name, after=after)
            await self._audit.append(connection, actor, act)
        return secret, link

    async def accept_reset(self, code: str, password: Secret, address: str | None) -> User:
        """Set the password that somebody with a link chooses. It ends their sessions, and signs in nobody.

        Raises:
            LinkInvalid: the code does not work; nothing was changed.
            InvalidField: the password is not acceptable; the link stays valid.
            Overloaded: too many sign-ins are waiting; as above.
        """
        async with self._store.read() as connection:
            _, user = await self._working_reset(connection, code)
        check_password(password, user.name)
        async with self._using:
            async with self._store.read() as connection:
                await self._working_reset(connection, code)
            password_hash = await self._passwords.new_hash(password)
            async with self._store.write() as connection:
                await bump_config_version(connection)
                link, user = await self._working_reset(connection, code)
                if not await use_link(connection, link, self._clock.now()):
                    raise LinkInvalid(param="code")
                ended = await self._replace_password(connection, user, password_hash)
                after = {"link": link.id, "by": link.created_by_name, **ended}
                actor = Actor(user_id=user.id, user_name=user.name, address=address)
                act = Act(action="password_reset.accept", subject_id=user.id, subject_name=user.name, after=after)
                await self._audit.append(connection, actor, act)
        return user

    async def set_password(self, actor: Actor, user_id: str, password: Secret) -> User:
        """Set somebody's password, as the host's operator may. It ends their sessions and links.

        Raises:
            UnknownObject: there is no such person.
            InvalidField: the password is not acceptable.
            Conflict: the person signs in at the identity provider.
        """
        async with self._store.read() as connection:
            user = await known(connection, user_id)
        _check_has_password_here(user)
        check_password(password, user.name)
        password_hash = await self._passwords.new_hash(password)
        async with self._store.write() as connection:
            await bump_config_version(connection)
            user = await known(connection, user_id)
            after = await self._replace_password(connection, user, password_hash)
            act = Act(action="user.password", subject_id=user.id, subject_name=user.name, after=after)
            await self._audit.append(connection, actor, act)
        return user

    async def _replace_password(self, connection: AsyncConnection, user: User, password_hash: str) -> dict[str, object]:
        ended = await delete_sessions(connection, user.id)
        await set_password_hash(connection, user.id, password_hash)
        withdrawn = await revoke_links_of(connection, user.id, self._clock.now())
        return {"sessions_ended": len(ended), "links_withdrawn": withdrawn}

    async def _working_invite(self, connection: AsyncConnection, code: str) -> Link:
        """Return the invite of a code, if whoever made it could still make it.

        Raises:
            LinkInvalid: there is no such invite.
        """
        link = await self._find(connection, code, INVITE)
        if link.role is None:
            raise LinkInvalid(param="code")
        try:
            check_may_give(await _maker(connection, link), link.role)
        except RoleTooLow:
            raise LinkInvalid(param="code") from None
        return link

    async def _working_reset(self, connection: AsyncConnection, code: str) -> tuple[Link, User]:
        """Return the link of a code, and whose password it sets, likewise. Raises as above."""
        link = await self._find(connection, code, PASSWORD_RESET)
        user = await get_user(connection, link.user_id or "")
        if user is None or user.disabled or user.issuer is not None:
            raise LinkInvalid(param="code")
        try:
            check_may_manage(await _maker(connection, link), user)
        except RoleTooLow:
            raise LinkInvalid(param="code") from None
        return link, user

    async def _find(self, connection: AsyncConnection, code: str, purpose: str) -> Link:
        text = code.strip().encode("utf-8", "replace")
        if not text.startswith(_MARK) or not looks_like_token(text):
            raise LinkInvalid(param="code")
        link = await find_link(connection, self._hasher.mac(text), purpose, self._clock.now())
        if link is None:
            raise LinkInvalid(param="code")
        return link

    def _mac(self, secret: Secret) -> bytes:
        return self._hasher.mac(secret.reveal().encode())


async def _maker(connection: AsyncConnection, link: Link) -> Principal:
    """Return what whoever made a link may do today."""
    if link.created_by == HOST_ID:
        return Principal(user_id="", user_name=link.created_by_name, role=Role.ADMIN)
    user = await get_user(connection, link.created_by)
    if user is None or user.disabled:
        raise LinkInvalid(param="code")
    return Principal(user_id=user.id, user_name=user.name, role=user.role)


def _check_has_password_here(subject: User) -> None:
    if subject.issuer is not None:
        raise Conflict(f"{subject.name} signs in at the identity provider and has no password here. Change it there.")
