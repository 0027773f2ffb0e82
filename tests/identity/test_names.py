"""What a user name may be."""

import pytest

from bodhi.core.errors import InvalidField
from bodhi.identity.names import check_user_name


@pytest.mark.parametrize("bad", ["", "  ", "a b", "a\nb", "x" * 65, "\u200b", "a\u202eb", "\ud800", "a\x00"])
def test_a_bad_user_name_is_refused_naming_its_field(bad: str) -> None:
    with pytest.raises(InvalidField) as raised:
        check_user_name(bad)
    assert raised.value.param == "username"
    with pytest.raises(InvalidField) as raised:
        check_user_name(bad, param="name")
    assert raised.value.param == "name"


@pytest.mark.parametrize(
    ("typed", "kept"), [(" ada ", "ada"), ("a\u0308da", "\u00e4da"), ("x" * 64, "x" * 64), ("李", "李")]
)
def test_a_good_user_name_is_kept_without_blanks_around_it(typed: str, kept: str) -> None:
    assert check_user_name(typed) == kept
