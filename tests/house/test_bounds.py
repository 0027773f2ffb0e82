"""Whatever grows with traffic has a bound in docs/performance.md: no container of the code is forgotten there."""

import ast
import importlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from scripts.bounds import BOUNDS, Bound

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "bodhi"
CONTAINERS = frozenset({
    "dict", "list", "set", "deque", "bytearray", "defaultdict", "OrderedDict", "Counter", "Queue", "SimpleQueue",
    "LifoQueue", "PriorityQueue", "WeakSet", "WeakValueDictionary", "WeakKeyDictionary", "ThreadPoolExecutor",
})  # fmt: skip
DISPLAYS = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp)
REMEMBERING = frozenset({"cache", "lru_cache"})

ONE_FOR_EACH_REASON = "one number for each reason, and reasons are words of the code"
AS_CONFIGURED = "as large as the configuration, of which there is one"
AS_PROGRAMMED = "as large as the code makes it"
OF_ONE_ANSWER = "of one answer of the control API, which reads pages"
OF_ONE_CLIENT = "one for each connection that the system allows, and it leaves with that"
GROWS_NOT: Mapping[str, str] = MappingProxyType({
    "accounting.capture.Captures.dropped": ONE_FOR_EACH_REASON,
    "accounting.recorder.Recorder.dropped": ONE_FOR_EACH_REASON,
    "server.answering.Front.refused": ONE_FOR_EACH_REASON,
    "control.api_models.probe._Catalog.ids": "of one test of a provider, and at most `MAX_IDS`",
    "core.audit.Act.after": "of one act",
    "core.audit.Act.before": "of one act",
    "directory.live.Directory._on_forget": AS_PROGRAMMED,
    "formats.contract.Format.preset_body": AS_PROGRAMMED,
    "formats.contract.Format.preset_headers": AS_PROGRAMMED,
    "formats.contract.Format.required_values": AS_PROGRAMMED,
    "formats.documents._decode": AS_PROGRAMMED,
    "formats.openai._UsualAnswer.choices": "of one answer while it is read",
    "identity.passwords.common_passwords": AS_PROGRAMMED,
    "proxy.legs.Legs._kept": AS_CONFIGURED,
    "relay.outbound.Leg.joined": AS_CONFIGURED,
    "relay.upstream.UpstreamClient._pools": AS_CONFIGURED,
    "routing.classify.Classifier._marked": AS_PROGRAMMED,
    "routing.classify.Classifier._path_claims": AS_PROGRAMMED,
    "routing.classify.Classifier.surfaces": AS_PROGRAMMED,
    "routing.classify.Surface._exact": AS_PROGRAMMED,
    "routing.classify.Surface._paths": AS_PROGRAMMED,
    "routing.classify.Surface._templates": AS_PROGRAMMED,
    "routing.table.RoutingTable._by_dialect": AS_CONFIGURED,
    "routing.table.RoutingTable._dialects": AS_CONFIGURED,
    "routing.table.RoutingTable._exact": AS_CONFIGURED,
    "routing.table.RoutingTable._forwarding": AS_CONFIGURED,
    "routing.table.RoutingTable._with_private": AS_CONFIGURED,
    "routing.table.RoutingTable.api_models": AS_CONFIGURED,
    "server.exchange.Exchange._waiters": "those who wait for one request, which are tasks of its application",
    "server.exchange.Exchange.scope": "of one request, whose head has a bound",
    "server.run.HttpServer._listeners": AS_CONFIGURED,
    "server.sweeper.Sweeper.connections": OF_ONE_CLIENT,
    "server.workers.Supervisor._places": AS_CONFIGURED,
    "settings.Settings.sources": AS_CONFIGURED,
    "storage.audit_chain.Checker.heads": "of one check of the audit trail, one for each process that wrote it",
    "storage.usage_names.UsageNames.api_models": OF_ONE_ANSWER,
    "storage.usage_names.UsageNames.formats": OF_ONE_ANSWER,
    "storage.usage_names.UsageNames.tokens": OF_ONE_ANSWER,
    "storage.usage_names.UsageNames.users": OF_ONE_ANSWER,
    "storage.usage_percentiles.Durations.first": OF_ONE_ANSWER,
    "storage.usage_percentiles.Durations.total": OF_ONE_ANSWER,
    "storage.vault.Vault._keys": "one for each data key that is kept",
})  # fmt: skip
"""Containers that traffic does not make grow, and why not."""


def _word(node: ast.expr) -> str | None:
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Subscript):
        node = node.value
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def is_container(value: ast.expr) -> bool:
    if isinstance(value, DISPLAYS):
        return True
    if not isinstance(value, ast.Call):
        return False
    if _word(value) == "field":
        made_by = next((each.value for each in value.keywords if each.arg == "default_factory"), None)
        return made_by is not None and _word(made_by) in CONTAINERS
    return _word(value) in CONTAINERS


def _assigned(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what a statement names and makes a container of."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        names, values = node.targets[0], node.value
        if isinstance(names, ast.Tuple) and isinstance(values, ast.Tuple):
            yield from (name for name, value in zip(names.elts, values.elts, strict=True) if is_container(value))
        elif is_container(values):
            yield names
    elif isinstance(node, ast.AnnAssign) and node.value is not None and is_container(node.value):
        yield node.target


def containers_of(tree: ast.AST, owner: str, *, in_function: bool = False) -> Iterator[str]:
    """Yield every container that lives longer than a call of a function.

    Names in capitals are left out: they are constants, which the linter keeps from changing.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from containers_of(node, f"{owner}.{node.name}")
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if any(_word(each) in REMEMBERING for each in node.decorator_list):
                yield f"{owner}.{node.name}"
            yield from containers_of(node, owner, in_function=True)
            continue
        for target in _assigned(node):
            if isinstance(target, ast.Attribute) and _word(target.value) == "self":
                yield f"{owner}.{target.attr}"
            elif isinstance(target, ast.Name) and not in_function and not target.id.isupper():
                yield f"{owner}.{target.id}"
        yield from containers_of(node, owner, in_function=in_function)


def containers() -> set[str]:
    found: set[str] = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        if "migrations" not in path.parts:
            module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
            found.update(containers_of(ast.parse(path.read_text(encoding="utf-8")), module))
    return found


def listed() -> list[str]:
    return [place for bound in BOUNDS for place in bound.places]


def test_every_container_has_a_bound_or_a_reason_why_it_does_not_grow() -> None:
    assert sorted(containers() - set(listed()) - set(GROWS_NOT)) == []


def test_every_place_of_the_table_exists() -> None:
    assert [place for place in listed() if place not in containers()] == []


def test_every_place_that_does_not_grow_exists() -> None:
    assert [place for place in GROWS_NOT if place not in containers()] == []


def test_no_place_is_named_twice() -> None:
    named = [*listed(), *GROWS_NOT]

    assert sorted(named) == sorted(set(named))


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: str(bound.holds))
def test_every_row_has_a_number_and_says_what_happens(bound: Bound) -> None:
    assert re.search(r"\d", bound.most)
    assert bound.full
    assert bound.told


@pytest.mark.parametrize(
    "place", sorted(name for name in listed() if name.rpartition(".")[2].lstrip("_").startswith("is_"))
)
def test_a_remembering_function_has_a_largest_size(place: str) -> None:
    module, _, name = place.rpartition(".")

    assert getattr(importlib.import_module(f"bodhi.{module}"), name).cache_parameters()["maxsize"]


def test_a_container_is_found_wherever_it_is_made() -> None:
    code = """
seen = {}
LIMITS = {"a": 1}

class Queue:
    waiting: list[int] = field(default_factory=list)

    def __init__(self):
        self.queue: deque[int] = deque()
        self.first, self.second = [], None

    def clear(self):
        if self.queue:
            self.late = dict()
        local = []

@lru_cache(maxsize=3)
def known(name):
    return name
"""

    assert set(containers_of(ast.parse(code), "module")) == {
        "module.seen",
        "module.Queue.waiting",
        "module.Queue.queue",
        "module.Queue.first",
        "module.Queue.late",
        "module.known",
    }
