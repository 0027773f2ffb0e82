"""SQL is SQLAlchemy's expressions or one whole literal: text that is put together is how injections begin."""

import ast
import re
from collections.abc import Iterator

from scripts.lint.rule import Checkout, Finding, Rule, Source

TAKES_SQL = frozenset({"text", "execute", "executemany", "executescript", "exec_driver_sql", "scalar", "scalars"})
STATEMENT = re.compile(
    r"^\s*(SELECT\s.+\sFROM\s|INSERT\s+INTO\s|UPDATE\s.+\sSET\s|DELETE\s+FROM\s|(CREATE|ALTER|DROP)\s+(TABLE|INDEX|TRIGGER)|PRAGMA\s"
    r"|select\s.+\sfrom\s|insert\s+into\s|update\s.+\sset\s|delete\s+from\s|(create|alter|drop)\s+(table|index|trigger)|pragma\s)",
    re.DOTALL,
)


def check(checkout: Checkout) -> Iterator[Finding]:
    """Yield SQL that is built from pieces."""
    for source in checkout.python("src"):
        lines = {node.lineno for node in ast.walk(source.tree) if isinstance(node, ast.expr) and _is_built_sql(node)}
        yield from (_finding(source, line) for line in sorted(lines))


def _finding(source: Source, line: int) -> Finding:
    return Finding(source.path, line, "SQL text is put together from pieces")


def _is_built_sql(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and node.args and _called(node) in TAKES_SQL and _is_built(node.args[0]):
        return True
    return _is_built(node) and STATEMENT.match(_leading_text(node)) is not None


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _is_built(node: ast.AST) -> bool:
    """Tell whether a text comes out of pieces: an f-string, `%`, `+` or `.format`."""
    match node:
        case ast.JoinedStr(values=values):
            return any(isinstance(value, ast.FormattedValue) for value in values)
        case ast.BinOp(left=left, right=right, op=ast.Add() | ast.Mod()):
            return any(isinstance(side, ast.Constant | ast.JoinedStr) and _leading_text(side) for side in (left, right))
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str()), attr="format")):
            return True
    return False


def _leading_text(node: ast.AST) -> str:
    """Return the literal text that a built text begins with."""
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.JoinedStr(values=[_, *_]):
            return "".join(_leading_text(value) if isinstance(value, ast.Constant) else " x " for value in node.values)
        case ast.BinOp(left=left):
            return _leading_text(left)
        case ast.Call(func=ast.Attribute(value=value)):
            return _leading_text(value)
    return ""


RULE = Rule(
    name="sql-literals",
    reason="A statement that no value can change cannot be injected into. Bind parameters.",
    suppress="built-sql",
    check=check,
)
