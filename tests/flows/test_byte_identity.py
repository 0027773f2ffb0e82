"""What the client sent is what the provider received, and what the provider answered is what the client received."""

import itertools
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import brotli
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.gateway import Gateway
from tests.fakes.hostile_json import bodies_around, hostile_objects
from tests.fakes.puppet import Puppet, write_reply
from tests.fakes.raw_client import RawAnswer, RawClient
from tests.fakes.ways import BY_DIALECT, GEMINI, OAUTH, WAYS, Way, way_id

PREFIX = "eu/team:"
KB_200 = 200 * 1024
LIGHT = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass
class Bench:
    """A gateway with a provider that says what it is told, and one kept connection to it."""

    gateway: Gateway
    puppet: Puppet
    client: RawClient

    def ask(self, way: Way, target: bytes, body: bytes, *more: tuple[bytes, bytes]) -> RawAnswer:
        try:
            return self.client.ask(b"POST", target, [*way.headers(self.gateway.token), *more], body)
        except ConnectionError:
            # A refusal of the front ends the connection, and so does a provider that ends its answer by closing.
            self.client.close()
            self.client = RawClient(self.gateway.port)
            raise


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Bench]:
    with Puppet() as puppet, Gateway(tmp_path_factory.mktemp("home"), lane=has_lane) as gateway:
        for way in WAYS:
            base = f"{puppet.url}/{way.format}/v1{'beta' if way is GEMINI else ''}"
            gateway.add_api_model(way.format, base, key=way.provider_key, models=(f"m-{way.format}",))
            if way is not OAUTH:
                gateway.add_api_model(
                    way.format, base, key=way.provider_key, prefix=f"{PREFIX}{way.format[-4:]}/", forward_all=True
                )
        with RawClient(gateway.port) as client:
            yield Bench(gateway, puppet, client)


@pytest.fixture(params=WAYS, ids=way_id)
def way(request: pytest.FixtureRequest) -> Way:
    chosen: Way = request.param
    return chosen


def compressed(coding: str, body: bytes) -> bytes:
    """Compress as a provider may."""
    if coding == "gzip":
        packer = zlib.compressobj(wbits=31)
        return packer.compress(body) + packer.flush()
    if coding == "br":
        packed: bytes = brotli.compress(body)
        return packed
    return zstandard.compress(body) if coding == "zstd" else body


def cut(body: bytes, places: list[int]) -> list[bytes]:
    """Cut a body at places taken modulo its length."""
    at = sorted({0, len(body), *(place % (len(body) + 1) for place in places)})
    return [body[a:b] for a, b in itertools.pairwise(at)] or [b""]


@LIGHT
@given(around=bodies_around(), streams=st.booleans())
def test_a_hostile_body_reaches_the_provider_byte_for_byte(
    bench: Bench, way: Way, around: tuple[bytes, bytes], streams: bool
) -> None:
    bench.puppet.reply = write_reply(200, [(b"content-type", b"application/json")], [b"{}"])
    model = f"m-{way.format}"
    body = (b'"%s"' % model.encode()).join(around)

    answer = bench.ask(way, way.target(model, stream=streams), body)

    assert answer.status == 200, answer.body
    assert bench.puppet.last.body == body


@LIGHT
@given(around=bodies_around(first=(b'"stream" : true',)))
@pytest.mark.parametrize("plain", [way for way in BY_DIALECT if not way.model_in_path], ids=way_id)
def test_with_a_prefix_only_the_model_string_differs(bench: Bench, plain: Way, around: tuple[bytes, bytes]) -> None:
    bench.puppet.reply = write_reply(200, [(b"content-type", b"application/json")], [b"{}"])
    body = (b'"%s%s/org/some-model"' % (PREFIX.encode(), plain.format[-4:].encode())).join(around)

    answer = bench.ask(plain, plain.target(""), body)

    assert answer.status == 200, answer.body
    assert bench.puppet.last.body == b'"org/some-model"'.join(around)


@LIGHT
@given(body=hostile_objects(), action=st.sampled_from(["generateContent", "streamGenerateContent?alt=sse", "predict"]))
def test_a_prefix_in_geminis_path_leaves_the_body_alone(bench: Bench, body: bytes, action: str) -> None:
    bench.puppet.reply = write_reply(200, [(b"content-type", b"application/json")], [b"{}"])

    answer = bench.ask(GEMINI, f"/v1beta/models/{PREFIX}mini/org/some-model:{action}".encode(), body)

    assert answer.status == 200, answer.body
    assert bench.puppet.last.body == body
    assert bench.puppet.last.target == f"/gemini/v1beta/models/org/some-model:{action}".encode()


@LIGHT
@given(around=bodies_around(), slash=st.sampled_from(["/", "%2F"]), named=st.sampled_from(["models/", ""]))
def test_gemini_embeddings_repeat_the_model_and_lose_the_prefix_there_too(
    bench: Bench, around: tuple[bytes, bytes], slash: str, named: str
) -> None:
    bench.puppet.reply = write_reply(200, [(b"content-type", b"application/json")], [b"{}"])
    asked = f"{PREFIX}mini/text-embedding"
    path = f"/v1beta/models/{asked.replace('/', slash)}:batchEmbedContents".encode()
    head, tail = b'{"requests": [ ' + around[0], around[1] + b" ]}"

    answer = bench.ask(GEMINI, path, head + f'"{named}{asked}"'.encode() + tail)

    assert answer.status == 200, answer.body
    assert bench.puppet.last.body == head + f'"{named}text-embedding"'.encode() + tail
    assert bench.puppet.last.target == b"/gemini/v1beta/models/text-embedding:batchEmbedContents"


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
def test_a_body_of_200_kb_passes_unchanged(bench: Bench, way: Way, streams: bool) -> None:
    bench.puppet.reply = write_reply(200, [(b"content-type", b"application/json")], [b"{}"])
    text = (b'\\ud83d\\ude00 caf\xc3\xa9 \\"model\\":  ' * (KB_200 // 30))[:KB_200].rsplit(b" ", 1)[0]
    body = b'{"input":"%s", "n" :1e400,"model" : "m-%s", "messages":[1.0,1.00] }' % (text, way.format.encode())

    answer = bench.ask(way, way.target(f"m-{way.format}", stream=streams), body)

    assert answer.status == 200, answer.body
    assert bench.puppet.last.body == body
    assert len(body) > KB_200 - 1000


@pytest.mark.parametrize("coding", ["", "gzip", "br", "zstd"], ids=["plain", "gzip", "br", "zstd"])
@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    status=st.sampled_from([200, 201, 202, 400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503, 529]),
    content=st.one_of(st.binary(max_size=2000), st.just(b"\xff\xfe" * 50_000), st.just(b'{"id":"resp_1","usage":1}')),
    places=st.lists(st.integers(0, 200_000), max_size=12),
    framing=st.sampled_from(["length", "chunked", "chunked", "close"]),
)
def test_an_answer_reaches_the_client_byte_for_byte(
    bench: Bench, way: Way, coding: str, streams: bool, status: int, content: bytes, places: list[int], framing: str
) -> None:
    kind = b"text/event-stream; charset=utf-8" if streams else b"application/json"
    events = b"event: a\ndata: " + content.replace(b"\n", b"\r") + b"\n\n: ping\r\n\r\ndata: [DONE]\n\n"
    body = compressed(coding, events if streams else content)
    headers = [(b"Content-Type", kind), *([(b"Content-Encoding", coding.encode())] if coding else [])]
    bench.puppet.reply = write_reply(status, headers, cut(body, places), framing)
    model = f"m-{way.format}"

    answer = bench.ask(way, way.target(model, stream=streams), way.body(model, stream=streams))

    assert (answer.status, answer.complete) == (status, True)
    assert answer.body == body
    assert answer.header(b"content-type") == kind
    assert answer.header(b"content-encoding") == (coding.encode() or None)
    assert answer.header(b"x-bodhi-error") is None


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_stays_one(bench: Bench, way: Way, status: int) -> None:
    bench.puppet.reply = write_reply(status, [(b"etag", b'"x"')], [], "none" if status == 304 else "length")
    model = f"m-{way.format}"

    answer = bench.ask(way, way.target(model), way.body(model))

    assert (answer.status, answer.body) == (status, b"")
    assert answer.header(b"etag") == b'"x"'
