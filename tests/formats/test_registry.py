import pytest

from bodhi.core.errors import InvalidField
from bodhi.formats.registry import DIALECTS, FORMATS, format_named, private_formats


def test_the_form_lists_the_five_formats_in_the_order_of_the_docs() -> None:
    assert [f.label for f in FORMATS] == ["OpenAI", "OpenAI Responses", "Anthropic", "Anthropic OAuth", "Gemini"]


def test_claims_are_tried_anthropic_first_and_openai_takes_the_rest() -> None:
    assert [d.name for d in DIALECTS] == ["anthropic", "gemini", "openai_responses", "openai"]


def test_a_format_is_found_by_the_name_that_is_stored() -> None:
    assert all(format_named(f.name) is f for f in FORMATS)


def test_an_unknown_format_is_refused_by_name() -> None:
    with pytest.raises(InvalidField, match="'cohere' is not an API format") as caught:
        format_named("cohere")

    assert caught.value.param == "format"


def test_the_private_formats_are_told_by_name() -> None:
    assert private_formats() == {each.name for each in FORMATS if each.private} == {"anthropic_oauth"}
