"""Claims to a role and a name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core.principal import Role
from bodhi.identity.names import check_user_name
from bodhi.identity.oidc.roles import MAX_NAME, claim_at, has_name, mapped_role, suggested_name

ROLES = {"admins": Role.ADMIN, "devs": Role.POWER_USER}


@pytest.mark.parametrize(
    ("claims", "path", "found"),
    [
        ({"groups": ["a"]}, "groups", ["a"]),
        ({"realm_access": {"roles": ["a"]}}, "realm_access.roles", ["a"]),
        ({"https://example.org/roles": ["a"]}, "https://example.org/roles", ["a"]),
        ({"a.b": 1, "a": {"b": 2}}, "a.b", 1),
        ({"realm_access": ["roles"]}, "realm_access.roles", None),
        ({"groups": None}, "groups", None),
        ({}, "groups", None),
        ({"a": {"b": {}}}, "a.b.c", None),
    ],
)
def test_a_claim_is_found_by_name_or_path(claims: dict[str, Any], path: str, found: Any) -> None:
    assert claim_at(claims, path) == found


@pytest.mark.parametrize(
    ("value", "role"),
    [
        (["devs", "admins"], Role.ADMIN),
        (["devs"], Role.POWER_USER),
        ("admins", Role.ADMIN),
        ({"admins": {"id": "1"}}, Role.ADMIN),
        (["Admins", "admins "], Role.GUEST),
        ([["admins"], 1, None, {"admins": 1}], Role.GUEST),
        ("admins devs", Role.GUEST),
        (7, Role.GUEST),
        (True, Role.GUEST),
        (None, Role.GUEST),
        ([f"group-{n}" for n in range(2_000)] + ["admins"], Role.GUEST),
    ],
)
def test_the_highest_role_counts_and_nothing_else_than_an_exact_value(value: Any, role: Role) -> None:
    assert mapped_role({"groups": value}, "groups", ROLES, Role.GUEST) is role


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": "ada", "email": "a@example.org"}, "ada"),
        ({"preferred_username": "", "email": "a@example.org"}, "a@example.org"),
        ({"preferred_username": 7, "name": " Ada  Lovelace "}, "Ada.Lovelace"),
        ({"name": "a\x00d\u202ea"}, "ada"),
        ({"name": "\x07\x07"}, "person"),
        ({"name": "x" * 500}, "x" * MAX_NAME),
        ({}, "person"),
    ],
)
def test_a_name_is_made_of_what_the_claims_call_a_person(claims: dict[str, Any], name: str) -> None:
    assert suggested_name(claims) == name


def test_a_name_is_looked_for_in_three_claims() -> None:
    assert has_name({"email": "a@example.org"})
    assert not has_name({"nickname": "ada", "name": None})


@given(st.text(max_size=300))
def test_every_name_is_one_that_an_account_may_have(text: str) -> None:
    name = suggested_name({"name": text})
    assert check_user_name(f"{name}-20") == check_user_name(f"{name}-20").strip()
