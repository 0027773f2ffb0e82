"""The first Admin: a one-time setup code on the host, and the single moment at which it can be used.

Being the first to visit decides nothing: only who can read the host's terminal or files holds the code.
"""

import asyncio
import base64
import os
import secrets
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.audit import Act, Actor
from bodhi.core.clock import Clock
from bodhi.core.credential import Secret
from bodhi.core.errors import Conflict, SetupCodeWrong
from bodhi.core.ids import new_id
from bodhi.core.principal import Role
from bodhi.identity.names import check_user_name
from bodhi.identity.passwords import Passwords, check_password
from bodhi.identity.sign_in import Opened, Opening, Sessions
from bodhi.storage.audit import AuditLog
from bodhi.storage.engine import Store
from bodhi.storage.users import User, insert_first_admin, list_users

FILE_NAME = "setup-code"
CODE_BYTES = 16
GROUP = 5

_LOOKALIKES = str.maketrans({"0": "O", "1": "I", "8": "B", "-": "", " ": ""})
"""Base32 (RFC 4648 section 6) has no 0, 1 and 8, so a person who types them means the letters."""


def new_setup_code() -> Secret:
    """Make a code of 128 bits that a person can type: base32 in groups of five."""
    text = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().rstrip("=")
    return Secret("-".join(text[i : i + GROUP] for i in range(0, len(text), GROUP)))


async def insert_admin(connection: AsyncConnection, audit: AuditLog, actor: Actor, user: User) -> None:
    """Store the first Admin, with the row in the audit trail, in the caller's transaction.

    Raises:
        Conflict: there are users already.
    """
    if not await insert_first_admin(connection, user):
        raise Conflict("Bodhi is already set up. Sign in instead.")
    after = {"role": user.role.wire, "issuer": user.issuer}
    await audit.append(
        connection, actor, Act(action="setup.claim", subject_id=user.id, subject_name=user.name, after=after)
    )


async def new_admin(passwords: Passwords, clock: Clock, name: str, password: Secret) -> User:
    """Make the first Admin's account, not yet stored.

    Raises:
        InvalidField: the name or the password is not acceptable.
    """
    name = check_user_name(name)
    check_password(password, name)
    password_hash = await passwords.new_hash(password)
    return User(new_id(clock), name, Role.ADMIN, password_hash, disabled=False, created_at=clock.now())


class Setup:
    """The setup code of one home folder, from the server's start until there is an Admin. One exists per process."""

    def __init__(self, home: Path, store: Store, passwords: Passwords, audit: AuditLog, clock: Clock) -> None:
        self._path = home / FILE_NAME
        self._store = store
        self._passwords = passwords
        self._audit = audit
        self._clock = clock
        self._code: Secret | None = None
        # Claims take turns: of many at once, the first to be right wins and the others never reach the slow hash.
        self._claiming = asyncio.Lock()

    async def open(self) -> Secret | None:
        """Return the code to show, or None when Bodhi is set up. A code survives restarts until it is used."""
        async with self._store.read() as connection:
            users = await list_users(connection)
        if users:
            self.close()
            return None
        self._code = await asyncio.to_thread(self._read_or_write)
        return self._code

    def close(self) -> None:
        """Forget the code and remove its file."""
        self._code = None
        self._path.unlink(missing_ok=True)

    def check(self, code: str) -> None:
        """Refuse a wrong code.

        Raises:
            SetupCodeWrong: the code is wrong, or somebody has used it.
        """
        if self._code is None or not _plain(self._code).matches(_plain(Secret(code))):
            raise SetupCodeWrong(param="code")

    async def claim(
        self, code: str, name: str, password: Secret, opening: Opening, sessions: Sessions
    ) -> tuple[User, Opened]:
        """Create the first Admin for whoever holds the code, and sign them in, in one transaction.

        Raises:
            SetupCodeWrong: the code is wrong, or somebody has used it.
            InvalidField: the name or the password is not acceptable; the code stays valid.
            Conflict: there are users already.
        """
        async with self._claiming:
            self.check(code)
            user = await new_admin(self._passwords, self._clock, name, password)
            try:
                async with self._store.write() as connection:
                    await insert_admin(connection, self._audit, Actor(address=opening.address), user)
                    opened = await sessions.open(connection, user, opening)
            except Conflict:
                self.close()
                raise
            self.close()
            return user, opened

    def _read_or_write(self) -> Secret:
        """Read the code that an earlier start left, or make one that only this account can read."""
        try:
            text = self._path.read_text("ascii").strip()
        except (FileNotFoundError, UnicodeDecodeError):
            text = ""
        if len(_plain(Secret(text)).reveal()) == len(_plain(new_setup_code()).reveal()):
            return Secret(text)
        self._path.unlink(missing_ok=True)
        code = new_setup_code()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(code.reveal() + "\n")
        return code


def _plain(code: Secret) -> Secret:
    """Return a code as it was drawn: without groups, in upper case, with look-alikes put right."""
    text = code.reveal()[:100].encode("ascii", "replace").decode()
    return Secret(text.strip().upper().translate(_LOOKALIKES))
