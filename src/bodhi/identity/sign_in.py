"""Signing in with a password, and the sessions that follow. API tokens are not its subject.

A session is a secret of kind `s`, in a cookie or sent as a bearer token; the store knows only its MAC.
"""

import asyncio
import logging
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.audit import Act, Actor
from bodhi.core.clock import Clock
from bodhi.core.credential import Secret
from bodhi.core.errors import ConfirmationNeeded, SessionEnded, SignInFailed, StoreUnavailable
from bodhi.core.ids import new_id
from bodhi.core.principal import Principal
from bodhi.core.session import ABSOLUTE_SECONDS, IDLE_SECONDS
from bodhi.identity.passwords import Passwords, check_password
from bodhi.identity.throttle import PASSWORD_AGAIN, PASSWORD_FROM_ADDRESS, PASSWORD_OF_ACCOUNT, Throttle
from bodhi.identity.tokens import FOR_SESSIONS, TokenHasher, looks_like_token, new_token
from bodhi.storage.audit import AuditLog
from bodhi.storage.engine import Store
from bodhi.storage.invites import revoke_links_of
from bodhi.storage.sessions import (
    Session,
    confirm_session,
    delete_sessions,
    find_session,
    insert_session,
    lock_user,
    touch_session,
)
from bodhi.storage.users import User, find_user, get_user, note_sign_in, set_password_hash

SEEN_SECONDS = 60.0
"""How exact the time of a session's last use is."""
TOUCH_SECONDS = 1.0
"""How long a request waits until that can be noted."""
MAX_USER_AGENT = 256
ELSEWHERE = (
    "Your account has no password here. Prove who you are at the identity provider that you sign in with, then repeat "
    "the request."
)

log = logging.getLogger(__name__)

COOKIE = "cookie"
BEARER = "bearer"

_MARK = f"bodhi_{FOR_SESSIONS}_".encode()


def looks_like_session(credential: bytes) -> bool:
    """Tell whether a credential has the shape of a session's secret."""
    return credential.startswith(_MARK) and looks_like_token(credential)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How and from where a session is opened."""

    method: str
    carried_by: str = COOKIE
    address: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A session at the one moment at which its secret is known."""

    session: Session
    secret: Secret


class Sessions:
    """Opens, recognises and ends sessions. One exists per process."""

    def __init__(
        self,
        store: Store,
        passwords: Passwords,
        hasher: TokenHasher,
        audit: AuditLog,
        clock: Clock,
        throttle: Throttle,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._hasher = hasher
        self._audit = audit
        self._clock = clock
        self._throttle = throttle

    async def sign_in(self, name: str, password: Secret, opening: Opening) -> tuple[User, Opened]:
        """Open a session for a user name and a password.

        Raises:
            SignInFailed: either is wrong, or the user is disabled; which one is not told, nor shown by the time taken.
            TooManyAttempts: too many tried this name, or from this address; the password was not looked at.
            Overloaded: too many sign-ins are waiting.
        """
        await self._throttle.take_all({PASSWORD_OF_ACCOUNT: name, PASSWORD_FROM_ADDRESS: opening.address})
        async with self._store.read() as connection:
            user = await find_user(connection, name.strip())
        user = await self._match(user, password)
        renewed = None
        if user.password_hash and self._passwords.is_outdated(user.password_hash):
            renewed = await self._passwords.new_hash(password)
        async with self._store.write() as connection:
            user = await self._proved(connection, user, PASSWORD_OF_ACCOUNT)
            if renewed:
                await set_password_hash(connection, user.id, renewed)
            return user, await self.open(connection, user, opening)

    async def confirm(self, actor: Actor, password: Secret) -> tuple[User, Opened]:
        """Take the password of somebody who is signed in once more. The session stays, its secret is a new one.

        Raises:
            SignInFailed: the password is wrong.
            ConfirmationNeeded: the account has no password.
            TooManyAttempts: as for `sign_in`.
            Overloaded: too many sign-ins are waiting.
            SessionEnded: the session, or the account, ended meanwhile.
        """
        user = await self._match_again(actor, password)
        async with self._store.write() as connection:
            user = await self._proved(connection, user, PASSWORD_AGAIN)
            opened = await self.renew(connection, actor.session_id)
            act = Act(action="session.confirm", subject_id=user.id, subject_name=user.name)
            await self._audit.append(connection, actor, act)
        return user, opened

    async def change_password(self, actor: Actor, password: Secret, wanted: Secret) -> tuple[User, Opened]:
        """Replace somebody's own password. Their other sessions end, and this one gets a new secret.

        Raises:
            InvalidField: the new password is not good enough.
            SignInFailed, ConfirmationNeeded, TooManyAttempts, Overloaded, SessionEnded: as for `confirm`.
        """
        check_password(wanted, actor.user_name or "")
        user = await self._match_again(actor, password)
        password_hash = await self._passwords.new_hash(wanted)
        async with self._store.write() as connection:
            ended = await delete_sessions(connection, user.id, but=actor.session_id)
            user = await self._proved(connection, user, PASSWORD_AGAIN)
            await set_password_hash(connection, user.id, password_hash)
            # Whoever holds a link that sets this password could undo the change.
            await revoke_links_of(connection, user.id, self._clock.now())
            opened = await self.renew(connection, actor.session_id)
            after = {"sessions_ended": len(ended)}
            act = Act(action="user.password", subject_id=user.id, subject_name=user.name, after=after)
            await self._audit.append(connection, actor, act)
        return user, opened

    async def renew(self, connection: AsyncConnection, session_id: str | None) -> Opened:
        """Give a session a new secret, for a person who has just proved again who they are.

        Raises:
            SessionEnded: there is no such session any more.
        """
        secret, now = new_token(FOR_SESSIONS), self._clock.now()
        session = await confirm_session(connection, session_id or "", now, self._hasher.mac(secret.reveal().encode()))
        if session is None:
            raise SessionEnded
        return Opened(session, secret)

    async def open(self, connection: AsyncConnection, user: User, opening: Opening) -> Opened:
        """Open a session for somebody who has proved who they are, with its row in the audit trail.

        The caller's transaction makes it true; nothing but further acts of the trail may follow in it.
        """
        secret, now = new_token(FOR_SESSIONS), self._clock.now()
        session = Session(
            id=new_id(self._clock),
            mac=self._hasher.mac(secret.reveal().encode()),
            user_id=user.id,
            method=opening.method,
            carried_by=opening.carried_by,
            created_at=now,
            authenticated_at=now,
            seen_at=now,
            expires_at=now + ABSOLUTE_SECONDS,
            address=opening.address,
            user_agent=opening.user_agent[:MAX_USER_AGENT] if opening.user_agent else None,
        )
        await insert_session(connection, session)
        await note_sign_in(connection, user.id, now)
        actor = Actor(user_id=user.id, user_name=user.name, session_id=session.id, address=opening.address)
        after = {"method": opening.method, "carried_by": opening.carried_by}
        await self._audit.append(
            connection, actor, Act(action="session.open", subject_id=user.id, subject_name=user.name, after=after)
        )
        return Opened(session, secret)

    async def principal(self, credential: bytes, carried_by: str = BEARER, *, notes_use: bool = True) -> Principal:
        """Find whose session this is. Unless it is only looked at, that it was used is noted.

        Raises:
            SessionEnded: there is no such session, it has ended, it was given out for another way, or its user is
                disabled.
            StoreUnavailable: the store cannot be asked.
        """
        if not looks_like_session(credential):
            raise SessionEnded
        now = self._clock.now()
        async with self._store.read() as connection:
            found = await find_session(connection, self._hasher.mac(credential), now, idle_since=now - IDLE_SECONDS)
        if found is None or found[0].carried_by != carried_by:
            raise SessionEnded
        session, user = found
        # A clock that was set back counts as well: otherwise the session would outlast its limit by as much.
        if notes_use and abs(now - session.seen_at) >= SEEN_SECONDS:
            await self._touch(session, now)
        return Principal(
            user_id=user.id,
            user_name=user.name,
            role=user.role,
            session_id=session.id,
            authenticated_at=session.authenticated_at,
            reads_captures=user.reads_captures,
        )

    async def _touch(self, session: Session, now: float) -> None:
        """Note that a session was used. Where that cannot be noted at once, the next request does."""
        try:
            async with asyncio.timeout(TOUCH_SECONDS), self._store.write() as connection:
                await touch_session(connection, session.id, now)
        except (StoreUnavailable, TimeoutError):
            log.debug("the use of a session could not be noted")

    async def _match(self, user: User | None, password: Secret) -> User:
        """Return the user if the password is theirs and they may sign in. One hash is worked out in any case."""
        matched = await self._passwords.verify(user.password_hash if user else None, password)
        if user is None or not matched or user.disabled:
            raise SignInFailed
        return user

    async def _match_again(self, actor: Actor, password: Secret) -> User:
        """Return the user who is signed in if the password is theirs."""
        async with self._store.read() as connection:
            user = await get_user(connection, actor.user_id or "")
        if user is not None and user.password_hash is None:
            raise ConfirmationNeeded(ELSEWHERE)
        await self._throttle.take_all({PASSWORD_AGAIN: actor.user_name, PASSWORD_FROM_ADDRESS: actor.address})
        try:
            return await self._match(user, password)
        except SignInFailed:
            raise SignInFailed("The password is wrong.") from None

    async def _proved(self, connection: AsyncConnection, user: User, kind: str) -> User:
        """Look again, in the transaction that grants something: the account may have changed since.

        Raises:
            SignInFailed: it was disabled or removed, or got another password.
        """
        current = await lock_user(connection, user.id)
        if current is None or current.disabled or current.password_hash != user.password_hash:
            raise SignInFailed
        await self._throttle.forget(connection, kind, current.name)
        return current
