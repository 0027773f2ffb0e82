"""From credentials to principals."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core.errors import (
    BodhiError,
    RoleTooLow,
    StoreUnavailable,
    TokenDisabled,
    TokenExpired,
    TokenMissing,
    TokenRevoked,
    TokensConflict,
    TokenUnknown,
    Unauthenticated,
)
from bodhi.core.principal import SCOPES, Role, TokenGrant
from bodhi.core.types import Header
from bodhi.identity.authenticate import Authenticator
from bodhi.identity.tokens import TokenHasher, new_token
from tests.fakes.clocks import StillClock

HASHER = TokenHasher(b"k" * 32)


@dataclass
class Known:
    grants: dict[bytes, TokenGrant] = field(default_factory=dict)


@dataclass
class Source:
    """Stands where the directory stands, with tokens that the test chooses."""

    known: Known = field(default_factory=Known)
    stale_since: float | None = None
    loaded: bool = True
    arriving: dict[bytes, TokenGrant] = field(default_factory=dict)
    """Tokens that only a look brings."""
    looks: int = 0

    async def look(self) -> None:
        self.looks += 1
        self.known = Known({**self.known.grants, **self.arriving})

    @property
    def snapshot(self) -> Known:
        if not self.loaded:
            raise StoreUnavailable
        return self.known


class World:
    def __init__(self) -> None:
        self.time = StillClock()
        self.source = Source()
        self.authenticator = Authenticator(self.source, HASHER, self.time.clock)

    def token(self, **changes: object) -> bytes:
        token = new_token().reveal().encode()
        grant = TokenGrant(
            id="t1", name="laptop", mac=HASHER.mac(token), owner_id="u1", owner_name="ada", owner_role=Role.ADMIN,
            scope="power_user", allowed_models=(), created_at=0.0, expires_at=None, revoked_at=None,
        )  # fmt: skip
        self.source.known.grants[grant.mac] = replace(grant, **changes)  # type: ignore[arg-type]  # the test's own
        return token


@pytest.fixture
def world() -> World:
    return World()


def bearer(token: bytes) -> list[Header]:
    return [(b"authorization", b"Bearer " + token)]


def test_a_known_token_gives_its_owner_within_its_scope(world: World) -> None:
    principal = world.authenticator.principal(bearer(world.token()))
    assert (principal.user_id, principal.role, principal.token_id) == ("u1", Role.POWER_USER, "t1")


def test_a_lowered_owner_lowers_the_token(world: World) -> None:
    principal = world.authenticator.principal(bearer(world.token(owner_role=Role.USER)))
    assert principal.role is Role.USER


def test_no_credential_is_said_to_be_missing(world: World) -> None:
    with pytest.raises(TokenMissing):
        world.authenticator.principal([])


@pytest.mark.parametrize(
    "junk", [b"sk-abc", new_token().reveal().encode(), b"bodhi_u_short", b"\xff\x00"], ids=range(4)
)
def test_every_unknown_token_is_refused_with_the_same_text(world: World, junk: bytes) -> None:
    with pytest.raises(TokenUnknown) as raised:
        world.authenticator.principal(bearer(junk))
    assert raised.value.message == TokenUnknown().message


def test_a_token_expires_at_its_second(world: World) -> None:
    token = world.token(expires_at=world.time.time + 1)
    world.authenticator.principal(bearer(token))
    world.time.advance(1)
    with pytest.raises(TokenExpired):
        world.authenticator.principal(bearer(token))


def test_a_revoked_token_is_told_so(world: World) -> None:
    token = world.token(revoked_at=1.0)
    with pytest.raises(TokenRevoked):
        world.authenticator.principal(bearer(token))


def test_a_valid_token_beside_junk_is_accepted(world: World) -> None:
    token = world.token()
    headers = [(b"authorization", b"Bearer sk-junk"), (b"x-api-key", token)]
    assert world.authenticator.principal(headers, b"key=junk").user_id == "u1"


def test_two_different_valid_tokens_are_a_conflict(world: World) -> None:
    headers = [*bearer(world.token()), (b"x-api-key", world.token(id="t2"))]
    with pytest.raises(TokensConflict):
        world.authenticator.principal(headers)


def test_the_same_token_in_two_shapes_is_no_conflict(world: World) -> None:
    token = world.token()
    assert world.authenticator.principal([*bearer(token), (b"x-api-key", token)], b"key=" + token).token_id == "t1"


def test_among_junk_the_expired_token_decides_the_answer(world: World) -> None:
    headers = [*bearer(world.token(expires_at=1.0)), (b"x-api-key", b"junk")]
    with pytest.raises(TokenExpired):
        world.authenticator.principal(headers)


def test_only_junk_is_unknown(world: World) -> None:
    with pytest.raises(TokenUnknown):
        world.authenticator.principal([*bearer(b"junk"), (b"x-api-key", b"rubbish")])


def test_while_the_store_is_out_a_known_token_still_works(world: World) -> None:
    token = world.token()
    world.source.stale_since = 1.0
    assert world.authenticator.principal(bearer(token)).user_id == "u1"


def test_while_the_store_is_out_an_unknown_token_is_not_called_invalid(world: World) -> None:
    world.source.stale_since = 1.0
    with pytest.raises(StoreUnavailable):
        world.authenticator.principal(bearer(new_token().reveal().encode()))


def test_while_the_store_is_out_what_is_no_token_is_refused_all_the_same(world: World) -> None:
    world.source.stale_since = 1.0
    with pytest.raises(Unauthenticated):
        world.authenticator.principal(bearer(b"sk-abc"))


def test_before_anything_was_loaded_no_token_is_called_invalid(world: World) -> None:
    token = world.token()
    world.source.loaded = False
    with pytest.raises(StoreUnavailable):
        world.authenticator.principal(bearer(token))


def test_a_principal_is_remembered_until_the_snapshot_changes(world: World) -> None:
    token = world.token()
    first = world.authenticator.principal(bearer(token))
    assert world.authenticator.principal(bearer(token)) is first
    world.source.known = Known(dict(world.source.known.grants))
    assert world.authenticator.principal(bearer(token)) is not first


async def test_a_token_that_came_meanwhile_is_known_after_a_look(world: World) -> None:
    token = world.token()
    world.source.arriving, world.source.known = world.source.known.grants, Known()
    with pytest.raises(TokenUnknown):
        world.authenticator.principal(bearer(token))

    assert (await world.authenticator.principal_after_look(bearer(token))).user_id == "u1"


async def test_what_has_not_the_shape_of_a_token_is_not_worth_a_look(world: World) -> None:
    with pytest.raises(TokenUnknown):
        await world.authenticator.principal_after_look(bearer(b"sk-abc"))

    assert world.source.looks == 0


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"disabled_at": 1.0}, TokenDisabled),
        ({"owner_disabled": True}, TokenDisabled),
        ({"owner_role": Role.GUEST}, RoleTooLow),
        ({"owner_role": Role.GUEST, "owner_disabled": True}, TokenDisabled),
        ({"disabled_at": 1.0, "revoked_at": 1.0}, TokenRevoked),
        ({"disabled_at": 1.0, "expires_at": 1.0}, TokenExpired),
    ],
)
def test_only_the_bearer_of_a_token_learns_why_it_opens_nothing(
    world: World, changes: dict[str, object], error: type[BodhiError]
) -> None:
    token = world.token(**changes)
    for headers in (bearer(token), [*bearer(token), (b"x-api-key", b"junk")]):
        with pytest.raises(error):
            world.authenticator.principal(headers)
    with pytest.raises(TokenUnknown):
        world.authenticator.principal(bearer(new_token().reveal().encode()))


@given(
    steps=st.lists(st.tuples(st.sampled_from(list(SCOPES)), st.sampled_from(list(Role)), st.booleans()), max_size=20)
)
def test_after_every_change_a_token_is_the_lesser_of_its_scope_and_its_owner(
    steps: list[tuple[str, Role, bool]],
) -> None:
    world = World()
    token = world.token()
    ((mac, grant),) = world.source.known.grants.items()
    for scope, role, disabled in steps:
        changed = replace(grant, scope=scope, owner_role=role, owner_disabled=disabled)
        world.source.known = Known({mac: changed})
        if disabled or role is Role.GUEST:
            with pytest.raises(TokenDisabled if disabled else RoleTooLow):
                world.authenticator.principal(bearer(token))
            continue
        principal = world.authenticator.principal(bearer(token))
        assert principal.role == min(SCOPES[scope], role)
        assert world.authenticator.principal(bearer(token)) is principal
