"""Holders of secrets that cannot be printed, logged, compared or pickled by accident."""

import hmac
from typing import NoReturn

from typing_extensions import override


class Secret:
    """A secret text in memory; `reveal` is the only way to its value."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself. Call it where the value is used, and pass the `Secret` everywhere else."""
        return self._value

    def matches(self, other: "Secret") -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self._value.encode(), other.reveal().encode())

    @override
    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    @override
    def __format__(self, format_spec: str) -> str:
        return repr(self)

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.matches(other)

    @override
    def __hash__(self) -> int:
        return object.__hash__(self)

    @override
    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled.

        Raises:
            TypeError: always.
        """
        raise TypeError("a Secret cannot be pickled")
