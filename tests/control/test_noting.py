"""Which refusals the audit trail hears of."""

import pytest

from bodhi.control.noting import NOTED, name_of, noted
from bodhi.core.audit import Actor
from bodhi.core.errors import BodhiError, Conflict, InvalidField, LastAdmin, RoleTooLow
from bodhi.core.principal import Role
from tests.fakes.control import Control
from tests.fakes.trail import trail_of


@pytest.mark.parametrize("error", [RoleTooLow, LastAdmin])
async def test_a_refusal_of_interest_is_noted_and_passed_on(control: Control, error: type[BodhiError]) -> None:
    with pytest.raises(error), noted(control.services, Actor(address="192.0.2.1"), "user.change", "bob"):
        raise error
    (row,) = await trail_of(control)
    assert (row["action"], row["outcome"], row["reason"]) == ("user.change", "refused", error.code)
    assert (row["subject_name"], row["address"]) == ("bob", "192.0.2.1")


@pytest.mark.parametrize("error", [InvalidField, Conflict])
async def test_any_other_leaves_no_trace(control: Control, error: type[BodhiError]) -> None:
    assert not issubclass(error, NOTED)
    with pytest.raises(error), noted(control.services, Actor(), "user.change"):
        raise error
    with noted(control.services, Actor(), "user.change"):
        pass
    assert await trail_of(control) == []


async def test_a_name_is_found_for_whoever_is_there(control: Control) -> None:
    bob = await control.add_user("bob", Role.USER)
    assert await name_of(control.services, bob.id) == "bob"
    assert await name_of(control.services, "nobody") is None
