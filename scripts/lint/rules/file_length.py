"""A file that needs scrolling to be understood is two files. Ruff counts statements, but not lines of a file."""

from collections.abc import Iterator

from scripts.lint.rule import Checkout, Finding, Rule

LIMITS = {"src": 400, "scripts": 400, "bench": 400, "fuzz": 400, "tests": 600}


def check(checkout: Checkout) -> Iterator[Finding]:
    """Yield the Python files that are longer than their folder allows."""
    for folder, limit in LIMITS.items():
        for source in checkout.python(folder):
            if len(source.lines) > limit:
                yield Finding(source.path, 1, f"{len(source.lines)} lines; {folder}/ allows {limit}")


RULE = Rule(
    name="file-length",
    reason="A file is read whole; past 400 lines it holds two subjects. Split it by subject, not by size.",
    suppress="long-file",
    check=check,
)
