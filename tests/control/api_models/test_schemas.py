"""Shapes of api models."""

import pytest
from pydantic import ValidationError

from bodhi.control.api_models.schemas import ApiModelPatch, ApiModelShown, NewApiModel, Trial


def test_a_patch_tells_left_out_from_null() -> None:
    assert ApiModelPatch.model_validate({}).given() == {}
    assert ApiModelPatch.model_validate({"api_key": None}).given() == {"api_key": None}
    assert ApiModelPatch.model_validate({"prefix": ""}).given() == {"prefix": ""}


def test_a_key_is_in_no_text_of_a_request() -> None:
    given = Trial.model_validate({"id": "m1", "api_key": "canary"})
    assert "canary" not in f"{given!r}{given.model_dump_json()}"


def test_no_answer_has_a_place_for_a_key() -> None:
    assert "api_key" not in ApiModelShown.model_fields


@pytest.mark.parametrize("missing", ["name", "format"])
def test_a_new_api_model_needs_a_name_and_a_format(missing: str) -> None:
    body = {"name": "n", "format": "f"}
    del body[missing]
    with pytest.raises(ValidationError):
        NewApiModel.model_validate(body)
