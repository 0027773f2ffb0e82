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
PHONE, NARROW = Look("light", 390, 844), Look("light", 360, 740)

every_look = pytest.mark.parametrize("look", [WIDE, PHONE], ids=str)
"""A test with this runs wide and on a phone, and looks in both themes (`axe_in_both_themes`)."""
every_width = pytest.mark.parametrize("look", [WIDE, PHONE, NARROW], ids=str)
"""A test with this runs on the three widths."""
