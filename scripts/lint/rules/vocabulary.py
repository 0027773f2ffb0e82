"""One word per thing. A second word for the same thing makes a reader look for a difference that is not there.

Looks at what the package names: files, classes, functions, parameters, and constants and fields. Locals are free.
"""

import ast
import re
from collections.abc import Iterator

from scripts.lint.rule import Checkout, Finding, Rule, Source

INSTEAD = {
    "backend": "upstream or provider",
    "base": "the thing it is the ground of",
    "common": "the subject that is shared",
    "data": "what the data is",
    "handle": "the verb of what is done",
    "helper": "what it helps with",
    "info": "what is told",
    "manager": "what it does",
    "misc": "its subject",
    "process": "the verb of what is done",
    "target": "upstream",
    "util": "its subject",
    "vendor": "provider",
}

ALLOWED = {
    "base_url": "the product's own word for where an upstream is",
    "base_path": "the path of a base URL",
    "data_key": "the product's own word for the key that seals credentials",
    "data_plane": "the part that carries calls, beside the control plane",
    "data_received": "asyncio's name for the callback",
    "rotate_data": "rotates the data key",
    "eof_received": "asyncio's name",
    "request_target": "RFC 9112's word for path and query",
    "target": "the same, where the request is already named",
    "manager": "the product's name of a role",
    "metadata": "Alembic's and SQLAlchemy's name for the set of tables",
}
"""Names and compounds that hold such a word on purpose, each with the reason."""

ONLY_AS_FILE = frozenset({"common"})
"""An adjective like any other, except as the name of a drawer for everything."""

ONLY_AS_VERB = frozenset({"handle", "process"})
"""An operating system's process is one; to process something says nothing."""

FREE_IN = {"src/bodhi/server": frozenset({"target"}), "src/bodhi/cli": frozenset({"data"})}
"""Where `target` is RFC 9112's request target throughout, and where `--data` is what a person types."""


def check(checkout: Checkout) -> Iterator[Finding]:
    """Yield the names in the package that use a word the vocabulary leaves out."""
    for source in checkout.python("src"):
        stem = source.path.stem
        for name in (stem, source.path.parent.name):
            yield from _judge(source, 1, name, free=frozenset())
        for node in ast.walk(source.tree):
            yield from _named(source, node)


def _named(source: Source, node: ast.AST) -> Iterator[Finding]:
    if isinstance(node, ast.ClassDef):
        yield from _judge(source, node.lineno, node.name)
        yield from _assigned(source, node.body, wire_names=frozenset({"data"}))
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        is_verb = node.name.lstrip("_").split("_")[0] in ONLY_AS_VERB
        yield from _judge(source, node.lineno, node.name, free=ONLY_AS_FILE if is_verb else ONLY_AS_FILE | ONLY_AS_VERB)
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            if not _is_bytes(argument.arg, argument.annotation):
                yield from _judge(source, argument.lineno, argument.arg)
    elif isinstance(node, ast.Module):
        yield from _assigned(source, node.body)


def _is_bytes(name: str, annotation: ast.expr | None) -> bool:
    """Tell whether a name is `data: bytes`: bytes whose meaning does not matter, as asyncio calls them."""
    return name == "data" and annotation is not None and "bytes" in ast.unparse(annotation)


def _assigned(source: Source, body: list[ast.stmt], wire_names: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """Judge what a module or class assigns. `data` is what lists and stream events call their content on the wire."""
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)) if (
                name not in wire_names
            ):
                yield from _judge(source, statement.lineno, name)


def _judge(
    source: Source, line: int, name: str, free: frozenset[str] = ONLY_AS_FILE | ONLY_AS_VERB
) -> Iterator[Finding]:
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_")
    for allowed in ALLOWED:
        plain = re.sub(rf"(?:(?<=_)|^){allowed}s?(?=_|$)", "", plain) if "_" in allowed or plain == allowed else plain
    for folder, words in FREE_IN.items():
        free = free | words if source.is_under(folder) else free
    for word in plain.split("_"):
        banned = word if word in INSTEAD else word.removesuffix("s")
        if banned in INSTEAD and banned not in free:
            yield Finding(source.path, line, f"{name!r} holds {banned!r}; say {INSTEAD[banned]}")


RULE = Rule(
    name="vocabulary",
    reason="One word per thing; the vocabulary is in CONTRIBUTING.md.",
    suppress="word",
    check=check,
)
