"""Which api model serves a model id, and what is said when none does."""

import pytest

from bodhi.core.errors import ModelFormatMismatch, ModelMissing, ModelNotAllowed, UnknownModel
from bodhi.core.principal import Principal, Role
from bodhi.formats.registry import FORMATS, format_named
from bodhi.routing.table import MAX_REMEMBERED_MODEL, MAX_REMEMBERED_ROUTES, RoutingTable
from tests.routing.samples import ADMIN, api_model

BY_NAME = {f.name: f for f in FORMATS}
OPENAI = format_named("openai").dialect
RESPONSES = format_named("openai_responses").dialect
ANTHROPIC = format_named("anthropic").dialect
GEMINI = format_named("gemini").dialect


def table(*api_models: object) -> RoutingTable:
    return RoutingTable(api_models, BY_NAME)  # type: ignore[arg-type]  # made by samples.api_model


def test_an_exact_id_is_served_and_its_prefix_stripped() -> None:
    route = table(api_model(prefix="oai/", models=("gpt-4o",))).resolve(OPENAI, "oai/gpt-4o", ADMIN)

    assert (route.api_model.id, route.model) == ("m1", "gpt-4o")


def test_the_id_without_its_prefix_is_unknown() -> None:
    with pytest.raises(UnknownModel):
        table(api_model(prefix="oai/", models=("gpt-4o",))).resolve(OPENAI, "gpt-4o", ADMIN)


def test_exact_beats_forward_all_even_with_a_shorter_prefix() -> None:
    routes = table(
        api_model("all", prefix="a/b/", forward_all=True, created_at=0.0),
        api_model("exact", prefix="a/", models=("b/x",)),
    )

    assert routes.resolve(OPENAI, "a/b/x", ADMIN).api_model.id == "exact"


def test_the_longest_prefix_beats_a_shorter_one() -> None:
    routes = table(
        api_model("short", prefix="a/", forward_all=True), api_model("long", prefix="a/b/", forward_all=True)
    )

    assert (
        routes.resolve(OPENAI, "a/b/x", ADMIN).api_model.id,
        routes.resolve(OPENAI, "a/b/x", ADMIN).model,
    ) == ("long", "x")
    assert (
        routes.resolve(OPENAI, "a/c", ADMIN).api_model.id,
        routes.resolve(OPENAI, "a/c", ADMIN).model,
    ) == ("short", "c")


def test_among_equals_the_oldest_serves() -> None:
    routes = table(api_model("new", models=("x",), created_at=2.0), api_model("old", models=("x",), created_at=1.0))

    assert routes.resolve(OPENAI, "x", ADMIN).api_model.id == "old"


def test_a_prefix_alone_names_no_model() -> None:
    with pytest.raises(UnknownModel):
        table(api_model(prefix="a/", forward_all=True)).resolve(OPENAI, "a/", ADMIN)


def test_an_older_record_of_another_format_does_not_stand_in_the_way() -> None:
    routes = table(
        api_model("a", format="anthropic", models=("x",), created_at=0.0), api_model("o", models=("x",), created_at=1.0)
    )

    assert routes.resolve(OPENAI, "x", ADMIN).api_model.id == "o"
    assert routes.resolve(ANTHROPIC, "x", ADMIN).api_model.id == "a"


@pytest.mark.parametrize(
    ("format_name", "call"),
    [
        ("anthropic", "POST /v1/messages"),
        ("openai_responses", "POST /v1/responses"),
        ("gemini", "POST /v1beta/models/x:generateContent"),
    ],
)
def test_a_model_of_another_format_names_the_endpoint_to_call(format_name: str, call: str) -> None:
    with pytest.raises(ModelFormatMismatch, match=call):
        table(api_model(format=format_name, models=("x",))).resolve(OPENAI, "x", ADMIN)


def test_an_unknown_model_lists_close_names() -> None:
    with pytest.raises(UnknownModel, match="Did you mean 'gpt-4o'"):
        table(api_model(models=("gpt-4o", "other"))).resolve(OPENAI, "gtp-4o", ADMIN)


def test_close_names_stay_within_what_the_token_may_use() -> None:
    narrow = Principal("u1", "x", Role.USER, allowed_models=("gtp*",))

    with pytest.raises(UnknownModel) as caught:
        table(api_model(models=("gpt-4o",))).resolve(OPENAI, "gtp-4o", narrow)

    assert "gpt-4o" not in caught.value.message


def test_a_token_is_held_to_its_allowed_models() -> None:
    narrow = Principal("u1", "x", Role.USER, allowed_models=("oai/*",))
    routes = table(api_model("a", prefix="oai/", models=("x",)), api_model("b", prefix="b/", models=("x",)))

    assert routes.resolve(OPENAI, "oai/x", narrow).api_model.id == "a"
    with pytest.raises(ModelNotAllowed, match="oai/\\*"):
        routes.resolve(OPENAI, "b/x", narrow)


def test_a_private_record_serves_its_owner_and_nobody_else() -> None:
    routes = table(api_model(format="anthropic_oauth", models=("claude-x",), owner_id="u1"))

    assert routes.resolve(ANTHROPIC, "claude-x", ADMIN).api_model.id == "m1"
    with pytest.raises(UnknownModel):
        routes.resolve(ANTHROPIC, "claude-x", Principal("u2", "other", Role.ADMIN))
    assert list(routes.visible(ANTHROPIC, Principal("u2", "other", Role.ADMIN))) == []


def test_both_anthropic_formats_serve_the_same_dialect() -> None:
    routes = table(
        api_model("o", format="anthropic_oauth", models=("c",)), api_model("k", format="anthropic", models=("d",))
    )

    assert [routes.resolve(ANTHROPIC, model, ADMIN).api_model.id for model in ("c", "d")] == ["o", "k"]


def test_a_call_without_a_model_is_routed_only_where_one_api_model_could_be_meant() -> None:
    one = table(api_model(format="openai_responses", models=("x",)))
    two = table(api_model("a", format="openai_responses"), api_model("b", format="openai_responses"))

    assert one.only_route(RESPONSES, ADMIN).api_model.id == "m1"
    for routes, who in ((two, ADMIN), (table(), ADMIN), (one, Principal("u1", "x", Role.USER, allowed_models=("y",)))):
        with pytest.raises(ModelMissing):
            routes.only_route(RESPONSES, who)


def test_a_record_of_a_format_that_is_gone_is_left_out() -> None:
    assert table(api_model(format="no-such-format", models=("x",))).api_models == {}


def test_what_is_remembered_of_routes_is_bounded() -> None:
    routes = table(api_model(prefix="a/", forward_all=True))
    for number in range(MAX_REMEMBERED_ROUTES + 10):
        assert routes.resolve(OPENAI, f"a/{number}", ADMIN).model == str(number)

    assert 0 < len(routes._remembered) <= MAX_REMEMBERED_ROUTES


def test_the_route_of_a_long_name_is_found_and_not_remembered() -> None:
    routes = table(api_model(prefix="a/", forward_all=True))
    longest = "a/".ljust(MAX_REMEMBERED_MODEL, "x")

    assert routes.resolve(OPENAI, longest + "x", ADMIN).model == longest[2:] + "x"
    assert not routes._remembered
    assert routes.resolve(OPENAI, longest, ADMIN).model == longest[2:]
    assert len(routes._remembered) == 1
