"""Shapes that endpoints share."""

import pytest
from pydantic import BaseModel, ValidationError

from bodhi.control.schemas import Body, Time


class Event(BaseModel):
    at: Time


class Order(Body):
    count: int


def test_times_go_out_as_rfc_3339() -> None:
    assert Event(at=0.5).model_dump(mode="json") == {"at": "1970-01-01T00:00:00.500Z"}


@pytest.mark.parametrize("bad", [{"count": "1"}, {"count": 1.5}, {"count": True}, {"count": 1, "size": 2}, {}])
def test_bodies_are_strict(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Order.model_validate(bad)
