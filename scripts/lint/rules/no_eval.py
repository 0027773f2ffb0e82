"""No text becomes code, and no other program is started: in a process that holds provider keys, either is a way out.

The places that do need it (the command line runs migrations in a process of their own) say why on the line.
"""

import ast
from collections.abc import Iterator

from scripts.lint.rule import Checkout, Finding, Rule, Source

BUILTINS = frozenset({"eval", "exec", "compile", "__import__"})
MODULES = frozenset(
    {"code", "codeop", "dill", "importlib", "marshal", "pickle", "pty", "runpy", "shelve", "subprocess"}
)
HARMLESS = frozenset({"importlib.metadata", "importlib.resources"})
"""Parts of those modules that read our own package's files."""
ATTRIBUTES = {
    "os": ("system", "popen", "exec", "spawn", "posix_spawn", "fork"),
    "asyncio": ("create_subprocess_exec", "create_subprocess_shell"),
    "ctypes": ("CDLL",),
}


def check(checkout: Checkout) -> Iterator[Finding]:
    """Yield imports and calls in the package that run text or start programs."""
    for source in checkout.python("src"):
        for node in ast.walk(source.tree):
            yield from _inspect(source, node)


def _inspect(source: Source, node: ast.AST) -> Iterator[Finding]:
    match node:
        case ast.Import(names=names):
            for alias in names:
                if _is_banned(alias.name):
                    yield Finding(source.path, node.lineno, f"imports {alias.name}")
        case ast.ImportFrom(module=str(module)):
            if all(_is_banned(f"{module}.{alias.name}") for alias in node.names):
                yield Finding(source.path, node.lineno, f"imports from {module}")
        case ast.Call(func=ast.Name(id=name)) if name in BUILTINS:
            yield Finding(source.path, node.lineno, f"calls {name}")
        case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=name)) if module in ATTRIBUTES:
            if name.startswith(ATTRIBUTES[module]):
                yield Finding(source.path, node.lineno, f"calls {module}.{name}")


def _is_banned(name: str) -> bool:
    is_harmless = any(name == part or name.startswith(f"{part}.") for part in HARMLESS)
    return name.split(".")[0] in MODULES and not is_harmless


RULE = Rule(
    name="no-eval",
    reason="Code that runs text or starts programs turns a small mistake into a lost key.",
    suppress="runs-code",
    check=check,
)
