"""The deep merge of Extra Body into a request body, by insertion: not one byte of the client's text changes.

Objects merge recursively; where both sides have a scalar or an array, the client's stays. So Extra Body is a set
of defaults, and merging only ever adds members that the client left out.
"""

import msgspec

from bodhi.core.json_text import Splice, is_object, members
from bodhi.core.types import JsonObject

_encode = msgspec.json.encode


def merge_splices(text: bytes, extras: JsonObject, start: int = 0) -> list[Splice]:
    """Return the insertions that merge `extras` into the object that begins at or after `start`.

    Raises:
        ValueError: there is no well-formed object there.
    """
    present = members(text, start)
    names = {member.name for member in present}
    splices: list[Splice] = []
    missing = {name: value for name, value in extras.items() if name not in names}
    if missing:
        opening = text.index(b"{", start) + 1
        added = _encode(missing)[1:-1]
        splices.append(Splice(opening, opening, added + b"," if present else added))
    for member in present:
        default = extras.get(member.name)
        if isinstance(default, dict) and is_object(text, member.value.start):
            splices += merge_splices(text, default, member.value.start)
    return splices
