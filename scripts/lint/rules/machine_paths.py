"""A path of one person's machine works on no other one, and tells where the code was written."""

import re
from collections.abc import Iterator
from pathlib import Path

from scripts.lint.rule import Checkout, Finding, Rule

PERSONAL = re.compile(r"(?<![\w.~$}/-])/(?:root|work|home/(?!you\b|bodhi\b)\w+|Users/\w+)/")
SUFFIXES = (".py", ".md", ".toml", ".sh", ".yml", ".yaml", ".json", ".txt", ".ini", ".cfg", "")
EXEMPT = frozenset({Path("scripts/lint/rules/machine_paths.py"), Path("tests/house/test_lint_rules.py")})


def check(checkout: Checkout) -> Iterator[Finding]:
    """Yield the lines that hold an absolute path below somebody's home or work folder."""
    for source in checkout.files(SUFFIXES):
        if source.path in EXEMPT:
            continue
        for number, line in enumerate(source.lines, 1):
            match = PERSONAL.search(line)
            if match:
                yield Finding(source.path, number, f"{match[0]} is a path of one machine")


RULE = Rule(
    name="machine-paths",
    reason="The checkout must work, and read the same, on every machine.",
    suppress="machine-path",
    check=check,
)
