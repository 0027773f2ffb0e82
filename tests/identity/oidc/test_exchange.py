"""Tokens for a code, as the provider sees who asks; refusals are in tests/control/test_oidc.py."""

import base64
from dataclasses import replace

import pytest

from bodhi.core.credential import Secret
from bodhi.core.errors import IdentityProviderUnavailable
from bodhi.identity.oidc.exchange import Granted
from bodhi.identity.oidc.flow import OidcSignIn
from tests.fakes.oidc.hostile import ACCESS_TOKEN, CODE, HostileProvider, form_of

VERIFIER = Secret("v" * 64)


async def test_a_secret_is_form_encoded_before_it_is_joined(sign_in: OidcSignIn, hostile: HostileProvider) -> None:
    hostile.nonce = "n"
    hostile.claims["aud"] = "bodhi:1"
    config = replace(sign_in.exchange.config, client_id="bodhi:1", client_secret=Secret("a b/c:d%"))
    await replace(sign_in.exchange, config=config).redeem(CODE, nonce="n", verifier=VERIFIER)
    shown = hostile.asked("/token")[0].all(b"authorization")[0].removeprefix(b"Basic ")
    assert base64.b64decode(shown) == b"bodhi%3A1:a+b%2Fc%3Ad%25"


async def test_a_secret_goes_into_the_form_where_the_provider_wants_it(
    sign_in: OidcSignIn, hostile: HostileProvider
) -> None:
    hostile.nonce = "n"
    hostile.description["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    await sign_in.exchange.redeem(CODE, nonce="n", verifier=VERIFIER)
    asked = hostile.asked("/token")[0]
    assert (form_of(asked)["client_id"], "client_secret" in form_of(asked)) == ("bodhi", True)
    assert asked.all(b"authorization") == []


async def test_a_public_client_shows_its_id_only(sign_in: OidcSignIn, hostile: HostileProvider) -> None:
    hostile.nonce = "n"
    config = replace(sign_in.exchange.config, client_secret=None)
    await replace(sign_in.exchange, config=config).redeem(CODE, nonce="n", verifier=VERIFIER)
    asked = hostile.asked("/token")[0]
    assert (form_of(asked)["client_id"], "client_secret" in form_of(asked)) == ("bodhi", False)


async def test_a_provider_that_takes_a_secret_in_no_known_way_gets_none(
    sign_in: OidcSignIn, hostile: HostileProvider
) -> None:
    hostile.description["token_endpoint_auth_methods_supported"] = ["tls_client_auth"]
    with pytest.raises(IdentityProviderUnavailable, match="no client secret"):
        await sign_in.exchange.redeem(CODE, nonce="n", verifier=VERIFIER)
    assert hostile.asked("/token") == []


async def test_userinfo_is_asked_only_for_what_is_missing(sign_in: OidcSignIn, hostile: HostileProvider) -> None:
    hostile.userinfo = {"sub": "s", "groups": ["devs"], "name": "Ada", "realm_access": {"roles": ["admins"]}}
    whole = Granted({"sub": "s", "name": "Eve", "groups": []}, Secret(ACCESS_TOKEN))
    assert await sign_in.exchange.completed(whole) == whole.claims
    assert hostile.asked("/userinfo") == []
    part = Granted({"sub": "s", "name": "Eve", "groups": None}, Secret(ACCESS_TOKEN))
    assert await sign_in.exchange.completed(part) == {**hostile.userinfo, "name": "Eve"}


async def test_an_empty_member_of_the_token_does_not_hide_the_role_in_userinfo(
    sign_in: OidcSignIn, hostile: HostileProvider
) -> None:
    hostile.userinfo = {"sub": "s", "realm_access": {"roles": ["admins"]}}
    config = replace(sign_in.exchange.config, role_claim="realm_access.roles")
    granted = Granted({"sub": "s", "name": "Ada", "realm_access": {}}, Secret(ACCESS_TOKEN))
    claims = await replace(sign_in.exchange, config=config).completed(granted)
    assert claims["realm_access"] == {"roles": ["admins"]}


async def test_without_an_access_token_or_an_endpoint_there_is_nothing_to_ask(
    sign_in: OidcSignIn, hostile: HostileProvider
) -> None:
    for granted in (Granted({"sub": "s"}, None), Granted({"sub": "s"}, Secret("t"))):
        assert await sign_in.exchange.completed(granted) == {"sub": "s"}
