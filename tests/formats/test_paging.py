import pytest

from bodhi.formats.contract import CatalogEntry
from bodhi.formats.paging import page_after, page_before, page_size, read_entries, read_ids

ENTRIES = [CatalogEntry(f"m{n}", 0.0, "x") for n in range(5)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"data":[{"id":"a"}]}', ("a",)),
        (b'[{"id":"a"},{"id":"b"}]', ("a", "b")),
        (b'{"models":[{"name":"a"},{"model":"b"}]}', ("a", "b")),
        (b'{"data":null,"models":["a"]}', ("a",)),
        (b'{"data":[]}', ()),
        (b'{"data":[{"id":"a"},{"id":"a"},{"id":7},{},7,null,{"id":"b c"},{"id":"../x"},{"id":""}]}', ("a",)),
    ],
)
def test_catalogs_are_read_with_their_deviations(body: bytes, expected: tuple[str, ...]) -> None:
    assert read_ids(read_entries(body)[1]) == expected


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"7", b'{"data":{}}', b'{"error":{"message":"x"}}'])
def test_what_is_no_catalog_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"list of models|not a JSON document"):
        read_entries(body)


def test_overlong_and_unprintable_ids_are_left_out() -> None:
    assert read_ids(["x" * 257, "a\nb", "x" * 256]) == ("x" * 256,)


def test_what_the_dialect_puts_before_ids_is_stripped_once() -> None:
    assert read_ids(["models/models/a", "b"], strip="models/") == ("models/a", "b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3", 3), ("2000", 1000), ("0", 20), ("-1", 20), ("x", 20), ("", 20), ("9" * 30, 20), ("٣", 20)],
)
def test_a_page_size_is_the_default_unless_it_is_sensible(text: str, expected: int) -> None:
    assert page_size({"limit": text}, "limit", 20, 1000) == expected


def test_a_missing_page_size_is_the_default() -> None:
    assert page_size({}, "limit", 20, 1000) == 20


def test_pages_after_ids_cover_everything_once() -> None:
    seen: list[str] = []
    after: str | None = None
    while True:
        page = page_after(ENTRIES, after, 2)
        seen += [entry.id for entry in page.entries]
        if not page.has_more:
            break
        after = page.entries[-1].id

    assert seen == [entry.id for entry in ENTRIES]


def test_a_page_before_an_id_ends_right_before_it() -> None:
    page = page_before(ENTRIES, "m3", 2)

    assert [entry.id for entry in page.entries] == ["m1", "m2"]
    assert page.has_more
    assert not page_before(ENTRIES, "m1", 2).has_more


def test_an_unknown_id_leads_to_an_empty_page_and_so_never_to_a_loop() -> None:
    for page in (page_after(ENTRIES, "gone", 2), page_before(ENTRIES, "gone", 2)):
        assert list(page.entries) == []
        assert not page.has_more
