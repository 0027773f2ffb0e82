"""Short-lived tokens for a signed-in page's model calls, since no cookie ever opens a model endpoint.

The page keeps one in memory and asks for the next in time. Tokens for programs are `mint`'s.
"""

from bodhi.core.audit import Act, Actor
from bodhi.core.credential import Secret
from bodhi.core.errors import Conflict, SessionEnded
from bodhi.core.ids import new_id
from bodhi.core.principal import CHAT, Principal, TokenGrant
from bodhi.core.session import CHAT_TOKEN_SECONDS
from bodhi.identity.mint import Mint
from bodhi.identity.tokens import new_token
from bodhi.storage.sessions import get_session, trim_chat_tokens
from bodhi.storage.tokens import insert_token

NAME = "chat"
MAX_PER_SESSION = 20
"""A page needs one; several tabs, and those that were closed, need a few more."""


async def mint_chat_token(mint: Mint, actor: Actor, principal: Principal) -> tuple[Secret, TokenGrant]:
    """Store a token that calls models for as long as its session lives, and at most a quarter of an hour.

    Of too many, the oldest ends.

    Raises:
        SessionEnded: the session ended meanwhile.
        StoreUnavailable: the store does not answer; there is no token.
    """
    secret, now = new_token(), mint.clock.now()
    async with mint.store.write() as connection:
        session = await get_session(connection, principal.session_id or "")
        if session is None:
            raise SessionEnded
        grant = TokenGrant(
            id=new_id(mint.clock),
            name=NAME,
            mac=mint.hasher.mac(secret.reveal().encode()),
            owner_id=principal.user_id,
            owner_name=principal.user_name,
            owner_role=principal.role,
            scope=CHAT,
            allowed_models=(),
            created_at=now,
            expires_at=min(now + CHAT_TOKEN_SECONDS, session.expires_at),
            revoked_at=None,
            session_id=session.id,
        )
        try:
            await insert_token(connection, grant)
        except Conflict:
            raise SessionEnded from None
        await trim_chat_tokens(connection, session.id, now, keep=MAX_PER_SESSION)
        act = Act(action="session.chat_token", subject_id=grant.id, after={"expires_at": grant.expires_at})
        await mint.audit.append(connection, actor, act)
    return secret, grant
