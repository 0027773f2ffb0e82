"""What a house rule is: a name, a reason, a way to make an exception, and a check over the checkout's files."""

import ast
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

SKIPPED_FOLDERS = frozenset({"build", "dist", "node_modules"})
EXCEPTION = re.compile(r"#\s*lint:\s*(?P<code>[a-z-]+)\s*(?P<reason>.*)")


@dataclass(frozen=True)
class Source:
    """One text file of the checkout; `path` is relative to its root."""

    root: Path
    path: Path

    @cached_property
    def text(self) -> str:
        """Return the whole text."""
        return (self.root / self.path).read_text(encoding="utf-8")

    @cached_property
    def lines(self) -> list[str]:
        """Return the lines without their ends."""
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        """Return the syntax tree of a Python file."""
        return ast.parse(self.text, filename=str(self.path))

    def is_under(self, *folders: str) -> bool:
        """Tell whether the file lies below one of these folders."""
        return any(self.path.is_relative_to(folder) for folder in folders)


@dataclass(frozen=True)
class Checkout:
    """The files that rules look at."""

    root: Path

    def files(self, suffixes: Iterable[str]) -> Iterator[Source]:
        """Yield the files with one of these suffixes, in order, leaving out what is generated or installed."""
        wanted = frozenset(suffixes)
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(
                f for f in folders if f not in SKIPPED_FOLDERS and (not f.startswith(".") or f == ".ci")
            )
            for name in sorted(names):
                if Path(name).suffix in wanted:
                    yield Source(self.root, Path(folder, name).relative_to(self.root))

    def python(self, *folders: str) -> Iterator[Source]:
        """Yield the Python files below these folders."""
        return (source for source in self.files((".py",)) if source.is_under(*folders))


@dataclass(frozen=True)
class Finding:
    """One place that breaks a rule."""

    path: Path
    line: int
    message: str


@dataclass(frozen=True)
class Rule:
    """A house rule.

    `suppress` is the code of the comment that makes an exception on a line: `# lint: <suppress> <reason>`. The reason
    is part of it: without one the comment does not count.
    """

    name: str
    reason: str
    suppress: str
    check: Callable[[Checkout], Iterable[Finding]]


def findings(rule: Rule, checkout: Checkout) -> list[Finding]:
    """Return what breaks a rule, without the lines that make an exception with a reason."""
    return [finding for finding in rule.check(checkout) if not _is_excepted(checkout, finding, rule.suppress)]


def _is_excepted(checkout: Checkout, finding: Finding, suppress: str) -> bool:
    path = checkout.root / finding.path
    if finding.line < 1 or not path.is_file():
        return False
    lines = path.read_text(encoding="utf-8").splitlines()
    if finding.line > len(lines):
        return False
    match = EXCEPTION.search(lines[finding.line - 1])
    return match is not None and match["code"] == suppress and bool(match["reason"].strip())
