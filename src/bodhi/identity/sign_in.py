"""Signing in with a password, and the sessions that follow. API tokens are not its subject.

A session is a secret of kind `s`, sent as a bearer token; the store knows only its MAC.
"""

from bodhi.core.clock import Clock
from bodhi.core.credential import Secret
from bodhi.core.errors import SignInFailed, Unauthenticated
from bodhi.core.principal import Principal
from bodhi.identity.passwords import Passwords
from bodhi.identity.tokens import FOR_SESSIONS, TokenHasher, looks_like_token, new_token
from bodhi.storage.engine import Store
from bodhi.storage.sessions import delete_session, find_session, insert_session
from bodhi.storage.users import User, find_user, set_password_hash

SESSION_SECONDS = 12 * 3600

_MARK = f"bodhi_{FOR_SESSIONS}_".encode()


def looks_like_session(credential: bytes) -> bool:
    """Tell whether a credential has the shape of a session's secret."""
    return credential.startswith(_MARK) and looks_like_token(credential)


class Sessions:
    """Opens, recognises and ends sessions. One exists per process."""

    def __init__(self, store: Store, passwords: Passwords, hasher: TokenHasher, clock: Clock) -> None:
        self._store = store
        self._passwords = passwords
        self._hasher = hasher
        self._clock = clock

    async def sign_in(self, name: str, password: Secret) -> tuple[User, Secret]:
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
        if user.password_hash and self._passwords.is_outdated(user.password_hash):
            renewed = await self._passwords.new_hash(password)
            async with self._store.write() as connection:
                await set_password_hash(connection, user.id, renewed)
        return user, await self.open(user)

    async def open(self, user: User) -> Secret:
        """Open a session for somebody who has proved who they are."""
        secret = new_token(FOR_SESSIONS)
        mac, now = self._hasher.mac(secret.reveal().encode()), self._clock.now()
        async with self._store.write() as connection:
            await insert_session(connection, mac, user.id, now, now + SESSION_SECONDS)
        return secret

    async def principal(self, credential: bytes) -> Principal:
        """Find whose session this is.

        Raises:
            Unauthenticated: there is no such session, it has ended, or its user is disabled.
            StoreUnavailable: the store cannot be asked.
        """
        if looks_like_session(credential):
            async with self._store.read() as connection:
                user = await find_session(connection, self._hasher.mac(credential), self._clock.now())
            if user is not None and not user.disabled:
                return Principal(user_id=user.id, user_name=user.name, role=user.role)
        raise Unauthenticated("Your session has ended. Sign in again.")

    async def sign_out(self, credential: bytes) -> None:
        """End a session; ending one that has ended is no error."""
        async with self._store.write() as connection:
            await delete_session(connection, self._hasher.mac(credential))
