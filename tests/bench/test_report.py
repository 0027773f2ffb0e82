from bench.report import (
    circumstances,
    page_report,
    peer_lines,
    proof_table,
    ratio_table,
    ratio_text,
    report,
    value_table,
)
from tests.bench.made_up import results, window


def cells(table: str, title: str) -> list[str]:
    line = next(line for line in table.splitlines() if line.startswith(f"| {title}"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_ratio_table_shows_no_absolute_times() -> None:
    table = ratio_table(results(window("json-1k", "nginx", cpu=0.02), window("json-1k", "bodhi", cpu=0.05)))

    assert cells(table, "CPU per call, 1 KB") == ["1.00", "2.50"]
    assert "µs" not in table


def test_goals_stand_beside_the_ratios() -> None:
    found = results(window("json-1k", "nginx", cpu=0.02), window("json-1k", "bodhi", cpu=0.05))

    assert cells(ratio_table(found, with_goals=True), "CPU per call, 1 KB") == ["1.00", "2.50", "2", "2.6", "missed"]


def test_peers_have_columns() -> None:
    found = results(
        window("json-1k", "nginx", cpu=0.02),
        window("json-1k", "bodhi", cpu=0.04),
        window("json-1k", "portkey", cpu=0.9),
        peers=("portkey",),
    )

    assert cells(ratio_table(found), "CPU per call, 1 KB") == ["1.00", "2.00", "45.0"]
    assert "portkey takes 22.5 times bodhi's CPU for a 1 KB call (goal: at least 20): met." in report(found)


def test_what_failed_is_said_and_not_invented() -> None:
    found = results(
        window("json-10k", "nginx", cpu=0.02), window("json-10k", "litellm", answers=0, errors=9), peers=("litellm",)
    )
    found.failures["portkey"] = "npm is missing"

    assert cells(ratio_table(found), "CPU per call, 10 KB") == ["1.00", "", "failed"]
    assert cells(value_table(found), "CPU per call, 10 KB") == ["20.0", "", "failed"]
    lines = peer_lines(found)
    assert "portkey could not be measured: npm is missing" in lines
    assert any(line.startswith('"failed" stands where') for line in lines)


def test_memory_is_shown_without_a_ratio() -> None:
    found = results()
    found.rss_idle = {"nginx": 10_000_000, "bodhi": 80_000_000}

    assert cells(ratio_table(found), "Memory idle, RSS (MB)") == ["10", "80"]
    assert cells(value_table(found), "Memory idle, RSS (MB)") == ["10", "80"]


def test_columns_are_aligned() -> None:
    lines = ratio_table(results(window("json-1k", "nginx", cpu=0.02)), with_goals=True).splitlines()

    assert len({len(line) for line in lines}) == 1


def test_proof_compares_the_mock_with_the_fastest_proxy() -> None:
    found = results(
        window("json-1k", "direct", answers=9000),
        window("json-1k", "nginx", answers=3000, idle=0.5),
        window("json-1k", "bodhi", answers=1000),
    )

    assert cells(proof_table(found), "json-1k") == ["4,500", "1,500 (nginx)", "3.00", "75%", "100%"]
    assert "3.0 times what the fastest proxy reaches: they are not the limit." in report(found)


def test_mock_that_is_too_slow_is_said() -> None:
    found = results(window("json-1k", "direct", answers=1100), window("json-1k", "nginx", answers=1000))

    assert "CAUTION" in report(found)


def test_ratios_have_as_many_digits_as_mean_something() -> None:
    shown = {None: "", 0.00142: "0.001", 0.476: "0.48", 1.6: "1.60", 45.67: "45.7", 1234.5: "1,234"}

    assert {ratio: ratio_text(ratio) for ratio in shown} == shown


def test_faults_are_shouted() -> None:
    assert "FAULT: bodhi failed 3 calls" in report(results(window("json-1k", "bodhi", errors=3)))


def test_documentation_shows_on_what_machine_the_figures_were_taken() -> None:
    assert "Made-up, 2 cores" in page_report(results(window("json-1k", "nginx")))


def test_what_was_left_out_is_said() -> None:
    found = results(window("json-1k", "nginx"))
    found.left_out = ["bodhi with two workers: this version has one."]

    assert "Left out: bodhi with two workers: this version has one." in report(found)


def test_ratio_to_less_than_nothing_is_noise() -> None:
    windows = [
        window("rate-200", name, answers=400, p50=p50) for name, p50 in (("direct", 9), ("nginx", 7), ("bodhi", 8))
    ]
    found = results(*windows)

    assert cells(ratio_table(found), "Latency added at 200/s, p50") == ["noise", "noise"]
    assert any(line.startswith('"noise" stands') for line in peer_lines(found))


def test_turns_are_told_where_there_were_several() -> None:
    found = results(window("json-1k", "nginx"))
    assert "3 rounds of 2 s each, medians" in circumstances(found)

    found.turns = 4
    assert "3 rounds of 2 s each, in turns of 0.5 s, medians" in circumstances(found)
