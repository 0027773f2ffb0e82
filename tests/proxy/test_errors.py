import json

import pytest

from bodhi.core import errors
from bodhi.core.errors import BodhiError
from bodhi.formats.contract import Dialect
from bodhi.formats.registry import DIALECTS
from bodhi.proxy.errors import send_refusal, write_refusal

CLASSES = sorted(
    (value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, BodhiError)),
    key=lambda class_: class_.__name__,
)


@pytest.mark.parametrize("class_", CLASSES)
@pytest.mark.parametrize("voice", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_error_is_a_json_object_with_our_marks_in_every_dialect(class_: type[BodhiError], voice: Dialect) -> None:
    status, headers, body = write_refusal(class_(), voice, "call-1")
    fields = dict(headers)

    assert 400 <= status < 600
    assert isinstance(json.loads(body), dict)
    assert fields[b"content-length"] == str(len(body)).encode()
    assert fields[b"x-bodhi-error"] == class_.code.encode()
    assert fields[b"x-bodhi-request-id"] == b"call-1"
    assert fields[b"x-content-type-options"] == b"nosniff"


@pytest.mark.parametrize("error", [errors.UpstreamRedirect(), errors.InternalError(), errors.Conflict()])
def test_sdks_are_told_not_to_repeat_what_cannot_succeed(error: BodhiError) -> None:
    assert (b"x-should-retry", b"false") in write_refusal(error, DIALECTS[0], "c")[1]


@pytest.mark.parametrize("error", [errors.UpstreamTimeout(), errors.StoreUnavailable(), errors.UnknownModel()])
def test_sdks_decide_for_themselves_about_the_rest(error: BodhiError) -> None:
    assert b"x-should-retry" not in dict(write_refusal(error, DIALECTS[0], "c")[1])


@pytest.mark.parametrize(
    ("error", "field"),
    [
        (errors.Overloaded(retry_after=7), (b"retry-after", b"7")),
        (errors.TokenMissing(), (b"www-authenticate", b'Bearer realm="bodhi"')),
        (errors.MethodNotAllowed(param="GET, POST"), (b"allow", b"GET, POST")),
        (errors.UpgradeRequired(), (b"upgrade", b"HTTP/1.1")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_brings_the_header_that_http_asks_for(error: BodhiError, field: tuple[bytes, bytes]) -> None:
    assert field in write_refusal(error, DIALECTS[0], "c")[1]


async def test_a_refusal_is_sent_whole() -> None:
    sent: list[object] = []

    async def send(message: object) -> None:
        sent.append(message)

    await send_refusal(send, 404, [(b"a", b"1")], b"{}")

    assert sent == [
        {"type": "http.response.start", "status": 404, "headers": [(b"a", b"1")]},
        {"type": "http.response.body", "body": b"{}"},
    ]
