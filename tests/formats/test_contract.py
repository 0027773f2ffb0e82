"""The laws that every format obeys, also one that does not exist yet."""

import contextlib
import json
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core import errors
from bodhi.core.api_model import RESERVED_HEADERS, check_extra_body, check_extra_headers, parse_base_url
from bodhi.core.usage import TokenCounts
from bodhi.formats.contract import CatalogEntry, Claims, Dialect, Endpoint, Format, ModelIn, Serves
from bodhi.formats.registry import FORMATS, dialects_of
from bodhi.formats.taps import new_tap
from tests.formats import toy
from tests.formats.recorded import recordings

ALL = (*FORMATS, toy.FORMAT)
DIALECTS = dialects_of(ALL)

NAMES = re.compile(r"[a-z][a-z0-9_]*")
PATH = re.compile(r"(/|\[models/\]|\{(model|id|action|version)\}|:|[a-zA-Z0-9_]+)+")
CREDENTIAL_HEADERS = {b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key"}

each_format = pytest.mark.parametrize("format_", ALL, ids=lambda f: f.name)
each_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)


def all_errors(root: type[errors.BodhiError] = errors.BodhiError) -> Iterator[type[errors.BodhiError]]:
    yield root
    for child in root.__subclasses__():
        yield from all_errors(child)


def rows() -> list[tuple[Dialect, Endpoint]]:
    return [(dialect, endpoint) for dialect in DIALECTS for endpoint in dialect.endpoints]


def test_names_labels_and_mounts_are_unique() -> None:
    assert len({f.name for f in ALL}) == len({f.label for f in ALL}) == len(ALL)
    assert all(NAMES.fullmatch(f.name) for f in ALL)
    assert len({endpoint.name for _, endpoint in rows()}) == len(rows())
    assert len({(d.mount, e.method, e.path) for d, e in rows()}) == len(rows())


def test_dialects_with_the_same_name_are_the_same_object() -> None:
    assert all(f.dialect in DIALECTS for f in ALL)
    assert len({d.name for d in DIALECTS}) == len(DIALECTS)


def test_dialects_with_the_same_mount_share_errors_and_models_lists() -> None:
    for one in DIALECTS:
        for other in DIALECTS:
            if one.mount == other.mount:
                assert one.write_error is other.write_error
                assert one.error_headers is other.error_headers
                assert one.write_catalog is other.write_catalog
                assert one.write_catalog_entry is other.write_catalog_entry
                assert one.claims == other.claims


def test_every_mount_has_a_models_list_and_its_entries() -> None:
    for dialect in DIALECTS:
        served = [e.serves for d, e in rows() if d.mount == dialect.mount]
        assert served.count(Serves.CATALOG) == served.count(Serves.CATALOG_ENTRY) == 1


def test_at_least_one_dialect_takes_what_nobody_claims_and_comes_last() -> None:
    claiming = [dialect.claims != Claims() for dialect in DIALECTS]

    assert claiming == sorted(claiming, reverse=True)
    assert not claiming[-1]


@each_dialect
def test_templates_are_well_formed_and_suffixes_use_the_paths_names(dialect: Dialect) -> None:
    for endpoint in dialect.endpoints:
        assert PATH.fullmatch(endpoint.path), endpoint.path
        assert endpoint.path.startswith("/")
        assert endpoint.suffix.startswith("/")
        assert set(re.findall(r"\{\w+\}", endpoint.suffix)) <= set(re.findall(r"\{\w+\}", endpoint.path))
        assert ("{model}" in endpoint.path) == (endpoint.model_in is ModelIn.PATH)
        assert ("{id}" in endpoint.path) == (endpoint.model_in is ModelIn.OBJECT)
        assert ("{version}" in endpoint.path) <= bool(dialect.versions)
        assert endpoint.method in {"GET", "POST", "DELETE"}


@each_dialect
def test_claims_are_regular_expressions_and_lower_case_headers(dialect: Dialect) -> None:
    for pattern in dialect.claims.paths:
        re.compile(pattern)
    assert all(name == name.lower() for name in dialect.claims.headers)


@each_dialect
@pytest.mark.parametrize("kind", list(all_errors()), ids=lambda k: k.__name__)
def test_every_error_is_written_as_a_json_object_that_holds_its_message(
    dialect: Dialect, kind: type[errors.BodhiError]
) -> None:
    error = kind('Something with "quotes" and ünïcode.', param="model", retry_after=3)

    written = json.loads(dialect.write_error(error, "req_1"))
    assert isinstance(written, dict)
    assert written["error"]["message"] == error.message
    assert 400 <= dialect.error_status(error) < 600
    assert all(name == name.lower() for name, _ in dialect.error_headers(error, "req_1"))


@each_dialect
def test_a_dialect_reads_the_errors_that_it_writes(dialect: Dialect) -> None:
    error = errors.UnknownModel()

    assert dialect.read_error(dialect.write_error(error, "req_1")) == error.message


@each_dialect
def test_a_break_is_one_whole_event_in_streams_and_never_raises_elsewhere(dialect: Dialect) -> None:
    error = errors.UpstreamBroke()

    assert error.message.encode() in dialect.write_break(error, "req_1", "text/event-stream")
    assert isinstance(dialect.write_break(error, "req_1", "application/json"), bytes)
    assert isinstance(dialect.write_break(error, "req_1", ""), bytes)


@each_dialect
def test_a_dialect_reads_the_models_list_that_it_writes(dialect: Dialect) -> None:
    entries = [CatalogEntry(f"pre/model-{n}", 1.5, "someone") for n in range(3)]

    page = dialect.read_catalog(dialect.write_catalog(entries, {}))
    assert page.ids == ("pre/model-0", "pre/model-1", "pre/model-2")
    assert page.next_query is None
    assert isinstance(json.loads(dialect.write_catalog_entry(entries[0])), dict)


@each_dialect
@given(body=st.binary(max_size=200))
def test_reading_rubbish_is_a_value_error_or_nothing(dialect: Dialect, body: bytes) -> None:
    counts = TokenCounts()
    dialect.read_usage(body, counts)
    dialect.read_error(body)
    dialect.read_object_id(body)
    with contextlib.suppress(ValueError):
        dialect.read_catalog(body)

    assert counts == TokenCounts()


@each_format
def test_taps_read_every_recording_in_any_split(format_: Format) -> None:
    for path in recordings(format_.name) if format_ is not toy.FORMAT else []:
        body = path.read_bytes()
        content_type = b"text/event-stream" if path.suffix == ".sse" else b"application/json"
        found = []
        for size in (1, 3, 1000, len(body)):
            tap = new_tap(format_.dialect, content_type)
            for at in range(0, len(body), size):
                tap.feed(body[at : at + size])
            tap.finish()
            found.append(tap.counts)
        assert found == [found[0]] * len(found), path.name


@each_format
def test_the_probe_is_a_call_of_the_dialect_for_at_most_one_token(format_: Format) -> None:
    probe = format_.dialect.probe("pre/model")

    assert probe.endpoint in format_.dialect.endpoints
    assert probe.endpoint.generating
    json.dumps(probe.body)
    limits = [int(n) for n in re.findall(r'"max\w*": (\d+)', json.dumps(probe.body), re.IGNORECASE)]
    # OpenAI refuses fewer than 16 for responses; that is the least there is.
    assert limits == ([16] if probe.endpoint.name == "responses.create" else [1])


@each_format
def test_a_key_goes_into_exactly_one_credential_header(format_: Format) -> None:
    ((name, value),) = format_.key_headers(format_.key_prefix + "secret")

    assert name in CREDENTIAL_HEADERS
    assert name.decode() in RESERVED_HEADERS
    assert value.endswith(b"secret")


@each_format
def test_presets_pass_the_rules_for_extras(format_: Format) -> None:
    check_extra_headers(format_.preset_headers)
    check_extra_body(format_.preset_body, len(json.dumps(format_.preset_body)))


@each_format
def test_header_rules_name_lower_case_headers_and_agree(format_: Format) -> None:
    names = {*format_.client_wins, *format_.joined_headers, *(name for name, _ in format_.default_headers)}

    assert all(name == name.lower() and name.decode() not in RESERVED_HEADERS for name in names)
    assert not format_.client_wins & format_.joined_headers
    assert set(format_.required_values) <= format_.joined_headers


@each_format
def test_addresses_are_base_urls(format_: Format) -> None:
    urls = [format_.base_url, *(p.base_url for p in format_.providers if p.base_url)]

    for url in urls:
        origin, path = parse_base_url(url)
        assert path
        assert str(origin)
    assert len({p.label for p in format_.providers}) == len(format_.providers)


def test_a_sixth_format_takes_its_place_among_the_dialects() -> None:
    assert [d.name for d in DIALECTS] == ["anthropic", "gemini", "toy", "openai_responses", "openai"]
