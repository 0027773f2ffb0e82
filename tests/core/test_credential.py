import copy
import json
import logging
import pickle

import pytest

from bodhi.core.credential import Secret

CANARY = "sk-canary-4711"


@pytest.mark.parametrize("template", ["{}", "{!s}", "{!r}", "{:>40}"])
def test_a_secret_is_never_shown(template: str) -> None:
    assert CANARY not in template.format(Secret(CANARY))
    assert CANARY not in template.format([Secret(CANARY)].__repr__())


def test_a_secret_is_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("bodhi.test").warning("key %s %r", Secret(CANARY), {"key": Secret(CANARY)})

    assert "Secret(***)" in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    "write", [pickle.dumps, json.dumps, copy.copy, copy.deepcopy], ids=lambda f: f"{f.__module__}.{f.__name__}"
)
def test_a_secret_is_never_copied_out(write: object) -> None:
    assert callable(write)
    with pytest.raises(TypeError) as caught:
        write(Secret(CANARY))

    assert CANARY not in str(caught.value)


def test_only_reveal_gives_the_value() -> None:
    assert Secret(CANARY).reveal() == CANARY
    assert not hasattr(Secret(CANARY), "__dict__")


def test_secrets_are_equal_by_value_and_never_to_plain_text() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert Secret("ä").matches(Secret("ä"))


def test_the_hash_tells_nothing_of_the_value() -> None:
    assert hash(Secret(CANARY)) != hash(CANARY)
