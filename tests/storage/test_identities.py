"""Users by issuer and subject."""

from dataclasses import replace

import pytest

from bodhi.core.errors import Conflict
from bodhi.storage.engine import Store
from bodhi.storage.identities import find_identity
from bodhi.storage.users import insert_user
from tests.storage.conftest import user

ISSUER = "https://id.example.org"


async def test_an_identity_is_issuer_and_subject_to_the_letter(store: Store) -> None:
    ada = replace(user(), issuer=ISSUER, subject="Abc")
    async with store.write() as connection:
        await insert_user(connection, ada)
        assert await find_identity(connection, ISSUER, "Abc") == ada
        for issuer, subject in ((ISSUER, "abc"), (f"{ISSUER}/", "Abc"), ("", "Abc"), (ISSUER, "A\x00bc"), (ISSUER, "")):
            assert await find_identity(connection, issuer, subject) is None


async def test_two_accounts_never_share_an_identity(store: Store) -> None:
    ada = replace(user(), issuer=ISSUER, subject="s")
    async with store.write() as connection:
        await insert_user(connection, ada)
    with pytest.raises(Conflict):
        async with store.write() as connection:
            await insert_user(connection, replace(ada, id="other", name="eve"))
