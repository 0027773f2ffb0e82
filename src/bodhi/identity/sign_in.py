"""Signing in with a password, and the sessions that follow. API tokens are not its subject.

A session is a secret of kind `s`, in a cookie or sent as a bearer token; the store knows only its MAC.
"""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.audit import Act, Actor
from bodhi.core.clock import Clock
from bodhi.core.credential import Secret
from bodhi.core.errors import SessionEnded, SignInFailed
from bodhi.core.ids import new_id
from bodhi.core.principal import Principal
from bodhi.core.session import ABSOLUTE_SECONDS, IDLE_SECONDS
from bodhi.identity.passwords import Passwords
from bodhi.identity.throttle import Throttle
from bodhi.identity.tokens import FOR_SESSIONS, TokenHasher, looks_like_token, new_token
from bodhi.storage.audit import AuditLog
from bodhi.storage.engine import Store
from bodhi.storage.sessions import Session, find_session, insert_session, touch_session
from bodhi.storage.users import User, find_user, note_sign_in, set_password_hash

SEEN_SECONDS = 60.0
"""How exact the time of a session's last use is."""
MAX_USER_AGENT = 256

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
            Overloaded: too many sign-ins are waiting.
        """
        async with self._store.read() as connection:
            user = await find_user(connection, name.strip())
        matched = await self._passwords.verify(user.password_hash if user else None, password)
        if user is None or not matched or user.disabled:
            raise SignInFailed
        renewed = None
        if user.password_hash and self._passwords.is_outdated(user.password_hash):
            renewed = await self._passwords.new_hash(password)
        async with self._store.write() as connection:
            if renewed:
                await set_password_hash(connection, user.id, renewed)
            return user, await self.open(connection, user, opening)

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

    async def principal(self, credential: bytes, carried_by: str = BEARER) -> Principal:
        """Find whose session this is.

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
        if now - session.seen_at >= SEEN_SECONDS:
            async with self._store.write() as connection:
                await touch_session(connection, session.id, now)
        return Principal(
            user_id=user.id,
            user_name=user.name,
            role=user.role,
            session_id=session.id,
            authenticated_at=session.authenticated_at,
            reads_captures=user.reads_captures,
        )
