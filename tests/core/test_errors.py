"""Laws of the error tree: each class has a code, a status and a text, and the drawing names them all."""

import re

import pytest

from bodhi.core import errors
from bodhi.core.errors import BodhiError, CallerError, GatewayError, StartupError, UpstreamError

CLASSES = sorted(
    (value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, BodhiError)),
    key=lambda class_: class_.__name__,
)
GROUPS = frozenset({"BodhiError", "BadRequest", "CallerError"})
"""Classes that share a code: a group and the one below it that stands for the group."""


@pytest.mark.parametrize("class_", CLASSES)
def test_every_error_is_in_the_drawing(class_: type[BodhiError]) -> None:
    assert re.search(rf"\b{class_.__name__}\b", errors.__doc__ or "")


@pytest.mark.parametrize("class_", CLASSES)
def test_every_error_has_a_text_for_people_and_a_plain_code(class_: type[BodhiError]) -> None:
    error = class_()

    assert re.fullmatch(r"[A-Z`].*[.]", error.message)
    assert str(error) == error.message
    assert re.fullmatch(r"[a-z_]+", error.code)


def test_no_two_errors_share_a_code() -> None:
    codes = [class_.code for class_ in CLASSES if class_.__name__ not in GROUPS]

    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("class_", CLASSES)
def test_the_status_says_who_must_act(class_: type[BodhiError]) -> None:
    if issubclass(class_, CallerError):
        assert 400 <= class_.status < 500
    elif issubclass(class_, UpstreamError):
        assert class_.status in {502, 504}
    elif issubclass(class_, GatewayError):
        assert class_.status in {500, 503}


@pytest.mark.parametrize("class_", [class_ for class_ in CLASSES if class_.retryable])
def test_only_what_can_pass_by_itself_is_worth_a_retry(class_: type[BodhiError]) -> None:
    assert class_.status in {429, 502, 503, 504}


def test_an_own_message_replaces_the_default() -> None:
    error = errors.UnknownModel("No model 'x'.", param="model", retry_after=3)

    assert (error.message, error.param, error.retry_after, error.status) == ("No model 'x'.", "model", 3, 404)


def test_a_startup_error_ends_the_process_with_its_own_status() -> None:
    error = StartupError("The root key is missing.", exit_status=3)

    assert (str(error), error.message, error.exit_status) == ("The root key is missing.",) * 2 + (3,)
    assert not isinstance(error, BodhiError)
