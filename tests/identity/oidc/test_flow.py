"""The way there and back as identity sees it; tests/control/test_oidc.py walks it over HTTP, with every mischief."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from bodhi.core.errors import IdentityRefused
from bodhi.identity.oidc.flow import FLOW_SECONDS, OidcSignIn, Purpose, WayBack
from bodhi.identity.sign_in import Opening
from bodhi.storage.tables import oidc_flows
from tests.fakes.control import Control
from tests.fakes.oidc.hostile import CODE, HostileProvider, form_of

OPENING = Opening(method="oidc")


async def test_the_store_holds_no_state_cookie_nonce_or_verifier_in_clear(
    sign_in: OidcSignIn, control: Control, hostile: HostileProvider
) -> None:
    started = await sign_in.start(Purpose.SIGN_IN)
    out = {name: values[0] for name, values in parse_qs(urlsplit(started.url).query).items()}
    async with control.store.read() as connection:
        row = (await connection.execute(select(oidc_flows))).one()
    text = repr(tuple(row))
    for secret in (out["state"], out["nonce"], out["code_challenge"], started.cookie.reveal()):
        assert secret not in text
    assert (row.purpose, row.session_id, row.expires_at - row.created_at) == ("sign_in", None, FLOW_SECONDS)
    assert out["code_challenge"] not in repr(started)


async def test_the_verifier_is_what_the_challenge_was_made_of(
    sign_in: OidcSignIn, control: Control, hostile: HostileProvider
) -> None:
    await control.add_user("root", next(role for role in sign_in.people.config.roles.values()))
    started = await sign_in.start(Purpose.SIGN_IN)
    out = {name: values[0] for name, values in parse_qs(urlsplit(started.url).query).items()}
    hostile.nonce = out["nonce"]
    back = WayBack(state=out["state"], code=CODE, issuer=hostile.issuer, cookie=started.cookie.reveal().encode())
    finished = await sign_in.finish(back, OPENING)
    assert (finished.purpose, finished.user.name) == (Purpose.SIGN_IN, "ada")
    assert CODE not in repr(back)
    verifier = form_of(hostile.asked("/token")[0])["code_verifier"]
    assert 43 <= len(verifier) <= 128  # RFC 7636 section 4.1
    assert urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode() == out["code_challenge"]


async def test_an_authorization_address_with_a_query_keeps_it(sign_in: OidcSignIn, hostile: HostileProvider) -> None:
    hostile.description["authorization_endpoint"] = f"{hostile.issuer}/authorize?tenant=1"
    started = await sign_in.start(Purpose.SIGN_IN)
    assert parse_qs(urlsplit(started.url).query)["tenant"] == ["1"]


async def test_a_provider_that_promises_no_iss_may_leave_it_out_but_not_lie(
    sign_in: OidcSignIn, control: Control, hostile: HostileProvider
) -> None:
    hostile.description["authorization_response_iss_parameter_supported"] = None
    for issuer, passes in ((None, True), (hostile.issuer, True), ("https://evil.example", False)):
        started = await sign_in.start(Purpose.SIGN_IN)
        out = parse_qs(urlsplit(started.url).query)
        hostile.nonce = out["nonce"][0]
        back = WayBack(state=out["state"][0], code=CODE, issuer=issuer, cookie=started.cookie.reveal().encode())
        if passes:
            await sign_in.finish(back, OPENING)
        else:
            with pytest.raises(IdentityRefused, match="not of the identity provider"):
                await sign_in.finish(back, OPENING)


async def test_a_flow_that_no_key_opens_any_more_is_begun_again(
    sign_in: OidcSignIn, control: Control, hostile: HostileProvider
) -> None:
    started = await sign_in.start(Purpose.SIGN_IN)
    state = parse_qs(urlsplit(started.url).query)["state"][0]
    async with control.store.write() as connection:
        await connection.execute(oidc_flows.update().values(sealed="v1.gone.AAAA"))
    back = WayBack(state=state, code=CODE, issuer=hostile.issuer, cookie=started.cookie.reveal().encode())
    with pytest.raises(IdentityRefused, match="keys changed"):
        await sign_in.finish(back, OPENING)


async def test_what_the_provider_says_is_one_line_of_bounded_length(
    sign_in: OidcSignIn, hostile: HostileProvider
) -> None:
    started = await sign_in.start(Purpose.SIGN_IN)
    state = parse_qs(urlsplit(started.url).query)["state"][0]
    back = WayBack(
        state=state,
        error="server_error",
        error_description="line\r\nline \x1b[31m" + "x" * 5_000,
        issuer=hostile.issuer,
        cookie=started.cookie.reveal().encode(),
    )
    with pytest.raises(IdentityRefused) as caught:
        await sign_in.finish(back, OPENING)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 400
