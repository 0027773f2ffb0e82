from xml.etree import ElementTree as Xml

import pytest

from bench.plots import LEFT, RIGHT, WIDTH, Bar, Group, bar_chart

SVG = "{http://www.w3.org/2000/svg}"


def chart(*bars: Bar) -> Xml.Element:
    return Xml.fromstring(bar_chart("A <title>", "microseconds", [Group("Calls & events", bars)]))


def lengths(drawn: Xml.Element) -> dict[str | None, float]:
    return {each.get("class"): float(each.get("width", "0")) for each in drawn.iter(f"{SVG}rect")}


def test_bars_grow_by_equal_steps_for_equal_factors() -> None:
    drawn = lengths(chart(Bar("nginx", 20, "20"), Bar("bodhi", 200, "200"), Bar("portkey", 2000, "2,000")))

    assert drawn["bodhi"] - drawn["nginx"] == pytest.approx(drawn["portkey"] - drawn["bodhi"], abs=0.2)
    assert 0 < drawn["nginx"]
    assert drawn["portkey"] <= WIDTH - LEFT - RIGHT


def test_bar_without_a_value_is_only_said() -> None:
    drawn = chart(Bar("nginx", 20, "20"), Bar("litellm", None, "too slow"))

    assert "litellm" not in lengths(drawn)
    assert "too slow" in [each.text for each in drawn.iter(f"{SVG}text")]


def test_negative_value_has_no_bar() -> None:
    assert "bodhi" not in lengths(chart(Bar("nginx", 20, "20"), Bar("bodhi", -3, "-3")))


def test_smallest_bar_can_be_seen() -> None:
    assert lengths(chart(Bar("nginx", 10, "10"), Bar("bodhi", 1000, "1,000")))["nginx"] > 1


def test_chart_is_readable_in_light_and_dark() -> None:
    text = bar_chart("A", "B", [Group("C", (Bar("nginx", 1, "1"), Bar("litellm", 9, "9")))])
    light, dark = text.split("@media (prefers-color-scheme: dark)")

    for part in (".ground", ".text", ".faint", ".line", ".nginx", ".litellm"):
        assert f"{part} {{" in light
        assert f"{part} {{" in dark


def test_chart_says_in_words_what_it_shows() -> None:
    drawn = chart(Bar("nginx", 20, "20 µs"), Bar("bodhi", None, "too slow"))

    assert drawn.findtext(f"{SVG}title") == "A <title>"
    assert drawn.findtext(f"{SVG}desc") == "Calls & events: nginx 20 µs, bodhi too slow."


def test_chart_without_values_can_be_drawn() -> None:
    assert lengths(chart(Bar("nginx", None, "failed"))).keys() == {"ground"}
