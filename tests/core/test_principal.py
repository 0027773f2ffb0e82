from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core.principal import (
    MAX_REMEMBERED_MODEL,
    MAX_REMEMBERED_MODELS,
    ROLES,
    Principal,
    Role,
    TokenGrant,
    principal_of,
)

GRANT = TokenGrant(
    id="t1",
    name="ci",
    mac=b"m" * 32,
    owner_id="u1",
    owner_name="kim",
    owner_role=Role.ADMIN,
    scope="user",
    allowed_models=(),
    created_at=0.0,
    expires_at=None,
    revoked_at=None,
)


def principal(*allowed: str) -> Principal:
    return Principal(user_id="u", user_name="kim", role=Role.USER, allowed_models=allowed)


def test_roles_form_a_ladder() -> None:
    assert sorted(Role) == [Role.GUEST, Role.USER, Role.POWER_USER, Role.MANAGER, Role.ADMIN]
    assert {"guest", "user", "power_user", "manager", "admin"} == set(ROLES)
    assert all(ROLES[role.wire] is role for role in Role)


@pytest.mark.parametrize(
    ("scope", "owner", "role"),
    [
        ("user", Role.ADMIN, Role.USER),
        ("power_user", Role.ADMIN, Role.POWER_USER),
        ("power_user", Role.MANAGER, Role.POWER_USER),
        ("power_user", Role.USER, Role.USER),
    ],
)
def test_a_token_never_may_more_than_its_scope_and_its_owner(scope: str, owner: Role, role: Role) -> None:
    who = principal_of(replace(GRANT, scope=scope, owner_role=owner, allowed_models=("a*",)))

    assert (who.role, who.user_id, who.token_id, who.allowed_models) == (role, "u1", "t1", ("a*",))


def test_without_a_list_every_model_may_be_used() -> None:
    assert principal().may_use("anything/at:all")


@pytest.mark.parametrize(
    ("model", "may"),
    [("gpt-4o", True), ("gpt-4o-mini", True), ("GPT-4o", False), ("team/x", True), ("team", False), ("xgpt-4o", False)],
)
def test_allowed_models_are_globs_over_the_whole_id(model: str, may: bool) -> None:
    who = principal("gpt-4*", "team/*")

    assert who.may_use(model) is may
    assert who.may_use(model) is may


@pytest.mark.parametrize(
    ("glob", "may", "may_not"),
    [
        ("gpt-[45]*", ["gpt-4o", "gpt-5"], ["gpt-3", "gpt-[45]"]),
        ("gpt-[!4]", ["gpt-5"], ["gpt-4"]),
        ("[gpt", ["[gpt"], ["gpt", "g"]),
        ("gpt]", ["gpt]"], ["gpt"]),
        ("[[]x]", ["[x]"], ["x", "[]x]"]),
        ("[]]", ["]"], ["[]]", ""]),
        ("[!]", ["[!]"], ["a"]),
        ("[]", ["[]"], ["", "a"]),
        ("[z-a]", [], ["a", "z", "-", "[z-a]", ""]),
        ("{a,b}", ["{a,b}"], ["a", "b"]),
        (".*", [".", ".x"], ["x"]),
        ("a|b", ["a|b"], ["a", "b"]),
        ("\\d", ["\\d"], ["1"]),
        ("gpt?", ["gpt4"], ["gpt", "gpt45"]),
        ("**", ["", "a/b"], []),
    ],
)
def test_brackets_are_sets_and_nothing_else_is_special(glob: str, may: list[str], may_not: list[str]) -> None:
    assert [principal(glob).may_use(model) for model in may] == [True] * len(may)
    assert [principal(glob).may_use(model) for model in may_not] == [False] * len(may_not)


def test_a_glob_that_matches_nothing_allows_nothing() -> None:
    assert not principal("").may_use("gpt-4o")
    assert not principal("[z-a]").may_use("gpt-4o")


@given(st.lists(st.text(max_size=8), max_size=30))
def test_remembering_never_changes_a_verdict(models: list[str]) -> None:
    who = principal("a*", "[b]?")

    assert [who.may_use(model) for model in models] == [principal("a*", "[b]?").may_use(model) for model in models]


def test_what_is_remembered_is_bounded() -> None:
    who = principal("m*")
    for number in range(MAX_REMEMBERED_MODELS + 10):
        assert who.may_use(f"m{number}")

    assert 0 < len(who._remembered) <= MAX_REMEMBERED_MODELS


def test_the_verdict_on_a_long_name_is_not_remembered() -> None:
    who = principal("m*")

    assert who.may_use("m" * (MAX_REMEMBERED_MODEL + 1))
    assert not who._remembered
    assert who.may_use("m" * MAX_REMEMBERED_MODEL)
    assert len(who._remembered) == 1
