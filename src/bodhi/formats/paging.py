"""Lists of models: reading them from upstreams with all their deviations, and cutting ours into pages.

The shape of an entry and the names of the paging parameters belong to each dialect's file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bodhi.core.api_model import is_model_id
from bodhi.formats.contract import CatalogEntry
from bodhi.formats.documents import read_json

ID_MEMBERS = ("id", "name", "model")
LIST_MEMBERS = ("data", "models")


@dataclass(frozen=True, slots=True)
class Slice:
    """The entries of one page, and whether more follow in the direction of travel."""

    entries: Sequence[CatalogEntry]
    has_more: bool


def read_entries(body: bytes) -> tuple[Mapping[str, Any], list[Any]]:
    """Read an upstream's catalog: the object around the list, empty where the body is a bare array, and the list.

    Raises:
        ValueError: the body is not JSON, or holds no list of models.
    """
    document = read_json(body)
    if isinstance(document, list):
        return {}, document
    if isinstance(document, dict):
        for name in LIST_MEMBERS:
            if isinstance(document.get(name), list):
                return document, document[name]
    raise ValueError("the answer holds no list of models")


def read_ids(entries: Sequence[object], strip: str = "") -> tuple[str, ...]:
    """Read the model ids of entries, each once, leaving out what cannot be one.

    Args:
        entries: objects with an `id`, `name` or `model`, or plain strings.
        strip: what the dialect puts before each id.
    """
    found: dict[str, None] = {}
    for entry in entries:
        text = _id_of(entry)
        if text is not None and is_model_id(text.removeprefix(strip)):
            found[text.removeprefix(strip)] = None
    return tuple(found)


def page_size(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    """Read how many entries a client wants on a page: the default if it says nothing sensible, never above the most."""
    text = query.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) == 0:
        return default
    return min(int(text), most)


def page_after(entries: Sequence[CatalogEntry], after: str | None, size: int) -> Slice:
    """Cut the page that follows an id, or the first page. An unknown id has nothing after it."""
    start = 0 if after is None else _position(entries, after) + 1
    return Slice(entries[start : start + size], start + size < len(entries))


def page_before(entries: Sequence[CatalogEntry], before: str, size: int) -> Slice:
    """Cut the page that ends right before an id. An unknown id has nothing before it."""
    end = _position(entries, before)
    if end == len(entries):
        return Slice((), has_more=False)
    start = max(0, end - size)
    return Slice(entries[start:end], start > 0)


def _position(entries: Sequence[CatalogEntry], model_id: str) -> int:
    """Find an id; the end of the list if it is not there."""
    return next((i for i, entry in enumerate(entries) if entry.id == model_id), len(entries))


def _id_of(entry: object) -> str | None:
    """Read the id of one entry."""
    if isinstance(entry, str):
        return entry
    if isinstance(entry, dict):
        for name in ID_MEMBERS:
            if isinstance(entry.get(name), str):
                text: str = entry[name]
                return text
    return None
