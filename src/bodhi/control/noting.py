"""Takes note of refused attempts of security interest, on their way past. What else is refused leaves no trace."""

from collections.abc import Iterator
from contextlib import contextmanager

from bodhi.control.services import Services
from bodhi.core.audit import Actor
from bodhi.core.errors import Forbidden, LastAdmin, LinkInvalid, StoreUnavailable, TooManyAttempts
from bodhi.storage.users import get_user

NOTED = (Forbidden, LastAdmin, LinkInvalid, TooManyAttempts)


@contextmanager
def noted(services: Services, actor: Actor, action: str, subject_name: str | None = None) -> Iterator[None]:
    """Let what happens inside happen; if it is refused, the audit trail will tell."""
    try:
        yield
    except NOTED as error:
        services.refusals.note(actor, action, error.code, subject_name)
        raise


async def name_of(services: Services, user_id: str) -> str | None:
    """Return the name of a user, for the trail; None where there is none or the store does not say."""
    try:
        async with services.store.read() as connection:
            user = await get_user(connection, user_id)
    except StoreUnavailable:
        return None
    return user.name if user else None
