"""Reading a snapshot."""

from dataclasses import replace
from pathlib import Path

from bodhi.core.principal import Role, TokenGrant
from bodhi.directory.snapshot import ENDED_SECONDS, grants_by_mac, read_snapshot
from bodhi.formats.registry import FORMATS as ALL
from bodhi.storage.tokens import insert_token
from bodhi.storage.users import User, insert_user
from bodhi.storage.version import config_version
from tests.fakes.stores import fresh_store, new_vault

FORMATS = {each.name: each for each in ALL}
NOW = 1_800_000_000.0


async def test_tokens_that_ended_lately_are_known_and_older_ones_forgotten(tmp_path: Path) -> None:
    async with fresh_store(tmp_path) as store:
        async with store.write() as connection:
            await insert_user(connection, User("u1", "ada", Role.ADMIN, None, disabled=False, created_at=0.0))
            for name, expires_at in {"live": None, "late": NOW - 1, "old": NOW - ENDED_SECONDS - 1}.items():
                mac = name.encode().ljust(32, b"-")
                await insert_token(
                    connection, TokenGrant(name, name, mac, "u1", "ada", Role.ADMIN, "user", (), 0.0, expires_at, None)
                )
        async with store.read() as connection:
            snapshot = await read_snapshot(connection, NOW, FORMATS, new_vault(), lambda api_model, sealed: None)
            assert snapshot.version == await config_version(connection)
    assert {grant.name for grant in snapshot.grants.values()} == {"live", "late"}


def test_the_secret_from_before_a_rotation_ends_with_its_overlap_or_with_the_token() -> None:
    old, new = b"o" * 32, b"n" * 32
    for expires_at, until in ((None, NOW), (NOW + 5, NOW), (NOW - 5, NOW - 5)):
        grant = TokenGrant(
            "t1", "laptop", new, "u1", "ada", Role.ADMIN, "user", (), 0.0, expires_at, None,
            previous_mac=old, previous_until=NOW,
        )  # fmt: skip
        by_mac = grants_by_mac([grant])
        assert by_mac[new] is grant
        assert by_mac[old] == replace(grant, mac=old, expires_at=until)
