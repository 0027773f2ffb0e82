"""The looks in which pages are tested: theme and size of the window."""

from dataclasses import dataclass
from typing import Literal

import pytest


@dataclass(frozen=True, slots=True)
class Look:
    """One theme in one size of the window."""

    theme: Literal["light", "dark"] = "light"
    width: int = 1280
    height: int = 860

    def __str__(self) -> str:
        return f"{self.theme}-{self.width}"


WIDE, WIDE_DARK = Look(), Look("dark")
PHONE, PHONE_DARK = Look("light", 390, 844), Look("dark", 390, 844)
NARROW, NARROW_DARK = Look("light", 360, 740), Look("dark", 360, 740)

every_look = pytest.mark.parametrize("look", [WIDE, WIDE_DARK, PHONE, PHONE_DARK], ids=str)
"""A test with this runs light and dark, wide and on a phone; its page has the look."""
every_width = pytest.mark.parametrize("look", [WIDE, PHONE, NARROW], ids=str)
"""A test with this runs on the three widths."""
