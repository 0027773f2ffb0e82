"""What the models lists show to whom."""

from bodhi.core.principal import Principal, Role
from bodhi.formats.registry import FORMATS, format_named
from bodhi.routing.exposed import exposed_entries, exposed_entry
from bodhi.routing.table import RoutingTable
from tests.routing.samples import ADMIN, api_model

BY_NAME = {f.name: f for f in FORMATS}
OPENAI = [format_named("openai").dialect, format_named("openai_responses").dialect]


def ids(routes: RoutingTable, principal: Principal = ADMIN) -> list[str]:
    return [entry.id for entry in exposed_entries(routes, OPENAI, principal)]


def test_every_id_is_shown_once_with_its_prefix_oldest_first() -> None:
    routes = RoutingTable(
        [
            api_model("b", prefix="b/", models=("x", "y"), created_at=2.0),
            api_model("a", models=("z", "b/x"), created_at=1.0),
            api_model("r", format="openai_responses", models=("z", "r"), created_at=3.0),
            api_model("n", format="anthropic", models=("claude",), created_at=0.0),
        ],
        BY_NAME,
    )

    assert ids(routes) == ["z", "b/x", "b/y", "r"]


def test_a_token_sees_only_its_allowed_models() -> None:
    narrow = Principal("u1", "x", Role.USER, allowed_models=("a*",))

    assert ids(RoutingTable([api_model(models=("ab", "cd"))], BY_NAME), narrow) == ["ab"]


def test_one_entry_is_found_by_id_also_behind_forward_all() -> None:
    routes = RoutingTable([api_model(prefix="or/", forward_all=True, models=("m",))], BY_NAME)
    narrow = Principal("u1", "x", Role.USER, allowed_models=("other",))

    assert exposed_entry(routes, OPENAI, ADMIN, "or/m") is not None
    assert exposed_entry(routes, OPENAI, ADMIN, "or/anything/else") is not None
    assert exposed_entry(routes, OPENAI, ADMIN, "m") is None
    assert exposed_entry(routes, OPENAI, narrow, "or/m") is None
