from tests.cli.conftest import Cli


def test_the_description_is_printed_without_a_store(new_cli: Cli) -> None:
    told = new_cli("openapi")

    assert (told.status, told.err) == (0, "")
    assert "/bodhi/v1/api-models" in told.json["paths"]
    assert not new_cli.home.exists()
