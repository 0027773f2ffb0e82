"""The unit of the regression gate: a fixed piece of pure Python, as a gateway is made of.

Another build of Python needs another number of instructions for the same code, here as there: what a call costs in
rounds of this stays about the same. Changing the round changes the unit, so all limits must be recorded anew.
`python -m bench.calibration` runs as many rounds as each line of its input says, and writes a line when they are done.
"""

import sys

ROUNDS = 10_000
HEAD = b"\r\n".join(
    [b"POST /v1/chat/completions HTTP/1.1", *(b"X-Name-%d: value of the header %d" % (n, n) for n in range(4))]
)


class Field:
    """A header as an object."""

    __slots__ = ("name", "value")

    def __init__(self, name: bytes, value: bytes) -> None:
        self.name = name
        self.value = value

    def line(self) -> bytes:
        return b"%s: %s" % (self.name, self.value)


def one_round() -> int:
    """Read a head, look its fields up, and write it again; return its length."""
    found: dict[bytes, Field] = {}
    for line in HEAD.split(b"\r\n")[1:]:
        name, colon, value = line.partition(b":")
        if not colon:
            continue
        found[name.lower()] = Field(name.lower(), value.strip())
    kept = [field.line() for name, field in found.items() if not name.endswith(b"2") and _is_wanted(field)]
    try:
        kept.append(found[b"missing"].line())
    except KeyError:
        kept.append(b"")
    return len(b"\r\n".join(kept))


def _is_wanted(field: Field) -> bool:
    return len(field.value) > 3 and field.name not in (b"connection", b"host")


def main() -> None:
    """Run rounds as they are asked for."""
    for line in sys.stdin:
        for _ in range(int(line)):
            one_round()
        print("done", flush=True)


if __name__ == "__main__":
    main()
