"""Opens what a home folder holds: folder, root key, migrated databases, vault. Used by the server and by each command.

Order matters: the root key is checked against the database as it lies there before anything is written.
"""

import asyncio
import sys
import tempfile
from dataclasses import dataclass

from bodhi.core.clock import SYSTEM_CLOCK, Clock
from bodhi.core.credential import Secret
from bodhi.core.errors import StartupError, StoreUnavailable
from bodhi.settings import Settings
from bodhi.storage.audit import PURPOSE, AuditLog
from bodhi.storage.data_keys import check_root_key, open_vault
from bodhi.storage.engine import Store
from bodhi.storage.root_key import RootKeySources
from bodhi.storage.schema_state import schema_state
from bodhi.storage.store_urls import StoreUrls
from bodhi.storage.vault import Vault

EXIT_HOME = 5
ROOT_KEY_FILE = "root.key"
MIGRATE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Home:
    """An opened store and its vault. Close it when done."""

    settings: Settings
    store: Store
    vault: Vault
    audit: AuditLog
    clock: Clock

    async def close(self) -> None:
        """Close the store."""
        await self.store.close()


def store_urls(settings: Settings) -> StoreUrls:
    """Return where the databases are.

    Raises:
        StartupError: the database URL cannot be read.
    """
    if settings.database_url:
        return StoreUrls.from_database_url(settings.database_url)
    return StoreUrls.in_home(settings.home)


def root_key_sources(settings: Settings) -> RootKeySources:
    """Return where the root key may come from, in the order in which they are tried."""
    return RootKeySources(
        value=None if settings.encryption_key is None else Secret(settings.encryption_key),
        value_file=settings.encryption_key_file,
        home_file=settings.home / ROOT_KEY_FILE,
    )


async def open_home(settings: Settings, clock: Clock = SYSTEM_CLOCK) -> Home:
    """Open a home folder, making and migrating what is missing.

    Raises:
        StartupError: the folder cannot be written, the root key is wrong or missing, or the database cannot be used.
    """
    urls, sources = store_urls(settings), root_key_sources(settings)
    await check_root_key(urls, sources)
    _make_folder(settings)
    store = await Store.open(urls)
    try:
        state = await schema_state(store)
        if state == "ahead":
            message = f"The database {urls.describe()} was made by a newer version of Bodhi. Start that version."
            raise StartupError(message, EXIT_HOME)
        if state != "current":
            await _migrate(urls)
        vault = await open_vault(store, sources, clock)
        return Home(settings, store, vault, AuditLog(vault.derive(PURPOSE), clock), clock)
    except StoreUnavailable as error:
        await store.close()
        reason = f" ({error.__cause__})" if error.__cause__ else ""
        raise StartupError(f"The database {urls.describe()} does not answer{reason}.", EXIT_HOME) from error
    except BaseException:
        # Whatever stopped the opening, the driver's threads must not outlive it, or the process would never end.
        await store.close()
        raise


def _make_folder(settings: Settings) -> None:
    """Make the home folder for this account alone, and find out now whether it can be written."""
    home = settings.home
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Without a name where the system can, so that a server and a command that start at once never meet.
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        message = (
            f"The data folder {home} cannot be written: {error.strerror}. "
            "Choose another with --home or BODHI_HOME, or give this account the right to write there."
        )
        raise StartupError(message, EXIT_HOME) from error


async def _migrate(urls: StoreUrls) -> None:
    """Migrate in a process of its own: the migration library takes memory that a server never needs again."""
    migration = await asyncio.create_subprocess_exec(  # lint: runs-code our own migrations, in a process that ends
        sys.executable, "-m", "bodhi.storage.migrate",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(MIGRATE_SECONDS):
            # By standard input, since arguments and environment can be read by others and a URL may hold a password.
            _, complaint = await migration.communicate(f"{urls.main}\n{urls.usage}".encode())
    except TimeoutError as error:
        raise StartupError(
            f"Migrating {urls.describe()} took longer than {MIGRATE_SECONDS:.0f} s.", EXIT_HOME
        ) from error
    finally:
        if migration.returncode is None:
            migration.kill()
    if migration.returncode:
        raise StartupError(complaint.decode(errors="replace").strip() or "The migration failed.", migration.returncode)
