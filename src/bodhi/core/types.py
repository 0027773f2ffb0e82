"""Names for the shapes that every layer passes on. No behaviour lives here."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
"""Any JSON document as Python values."""

JsonObject: TypeAlias = Mapping[str, Json]
"""A JSON object as a mapping; never changed in place."""

Header: TypeAlias = tuple[bytes, bytes]
"""One HTTP field line: name in lower case, value without surrounding blanks."""

Headers: TypeAlias = Sequence[Header]
"""HTTP field lines in the order of the wire; a name may occur more than once."""
