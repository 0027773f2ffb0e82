"""A format is a row of a table: whoever asks for its name outside `formats/` makes the sixth format a hunt.

What differs between formats belongs into a field of `Format` or `Dialect`.
"""

import ast
from collections.abc import Iterator

from scripts.lint.rule import Checkout, Finding, Rule, Source

FORMATS = "src/bodhi/formats"
MAKERS = frozenset({"Dialect", "Format", "replace"})
MESSAGE = "branches on the format or dialect {!r}"


def check(checkout: Checkout) -> Iterator[Finding]:
    """Yield comparisons, match cases and dispatch tables over the name of a format or dialect."""
    names = frozenset(name for source in checkout.python(FORMATS) for name in declared_names(source))
    for source in checkout.python("src"):
        if source.is_under(FORMATS):
            continue
        for node in ast.walk(source.tree):
            for operand in _operands(node):
                if operand.value in names:
                    yield Finding(source.path, operand.lineno, MESSAGE.format(operand.value))


def declared_names(source: Source) -> Iterator[str]:
    """Yield the names of the formats and dialects that a file makes."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
            for keyword in node.keywords:
                if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value)


def _operands(node: ast.AST) -> Iterator[ast.Constant]:
    """Yield the constants that a node compares something with."""
    compared: list[ast.AST | None] = []
    match node:
        case ast.Compare(left=left, comparators=others):
            compared = [left, *others]
        case ast.MatchValue(value=value):
            compared = [value]
        case ast.Dict(keys=keys):
            compared = [*keys]
    for operand in compared:
        members = operand.elts if isinstance(operand, ast.Tuple | ast.List | ast.Set) else [operand]
        for member in members:
            if isinstance(member, ast.Constant):
                yield member


RULE = Rule(
    name="no-format-branch",
    reason="Formats are data: a new one must be one file and one line of the registry.",
    suppress="format-branch",
    check=check,
)
