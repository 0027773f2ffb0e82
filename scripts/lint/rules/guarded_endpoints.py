"""Who may call an endpoint of the control API stands in its signature: a forgotten check is a type that is missing."""

import ast
from collections.abc import Iterator

from scripts.lint.rule import Checkout, Finding, Rule, Source

CONTROL = "src/bodhi/control"
GUARDS = "src/bodhi/control/guards.py"
METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "api_route"})

PUBLIC = {
    "livez": "tells only that the process runs",
    "readyz": "tells only whether calls can be served",
    "health": "as readyz",
    "setup": "guarded by the one-time setup code, before there is anybody to be",
    "claim_setup": "as setup",
    "setup_state": "tells only whether the first Admin exists",
    "sign_in": "how somebody becomes known",
    "version": "tells only the version",
}
"""Endpoint functions that anybody may call, each with the reason."""


def check(checkout: Checkout) -> Iterator[Finding]:
    """Yield endpoint functions of the control API that take no guard."""
    guards = frozenset(name for source in checkout.python(GUARDS) for name in declared_guards(source))
    for source in checkout.python(CONTROL):
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not _is_endpoint(node):
                continue
            if node.name not in PUBLIC and not _mentions(node, guards):
                message = f"the endpoint {node.name} takes no guard of control/guards.py"
                yield Finding(source.path, node.lineno, message)


def declared_guards(source: Source) -> Iterator[str]:
    """Yield the public names that the guards module makes: annotated types and classes."""
    for node in source.tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield from () if name.startswith("_") or name.isupper() else (name,)
            case ast.ClassDef(name=name) if not name.startswith("_"):
                yield name


def _is_endpoint(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr in METHODS
        and bool(decorator.args)
        for decorator in node.decorator_list
    )


def _mentions(node: ast.FunctionDef | ast.AsyncFunctionDef, guards: frozenset[str]) -> bool:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    annotations = [argument.annotation for argument in arguments if argument.annotation is not None]
    names = (part for annotation in annotations for part in ast.walk(annotation))
    return any(_name(part) in guards for part in names)


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


RULE = Rule(
    name="guarded-endpoints",
    reason="Permission is part of an endpoint's signature, so that a reader and this rule can see it.",
    suppress="public-endpoint",
    check=check,
)
