"""The vocabulary of the audit trail."""

import re

import pytest

from bodhi.core.audit import ACTIONS, GATEWAY, Act, Via


def test_only_actions_of_the_table_can_be_told() -> None:
    with pytest.raises(ValueError, match=r"'user\.rob' is not an action"):
        Act(action="user.rob")


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_names_a_kind_and_is_explained_in_a_sentence(action: str) -> None:
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", action)
    assert re.fullmatch(r"[A-Z].*\.", ACTIONS[action])


def test_the_gateway_is_nobody() -> None:
    assert (GATEWAY.via, GATEWAY.user_id, GATEWAY.address) == (Via.GATEWAY, None, None)
