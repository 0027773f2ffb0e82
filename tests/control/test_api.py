"""The description, which must be true."""

from tests.fakes.control import Control


async def test_the_description_is_true_of_errors_and_credentials(control: Control, admin: dict[str, str]) -> None:
    document = (await control.call("GET", "/openapi.json", admin)).json()
    assert set(document["components"]["securitySchemes"]) == {"bearer", "api_key", "cookie"}
    for operations in document["paths"].values():
        for operation in operations.values():
            assert "422" not in operation["responses"]
            assert "400" in operation["responses"]
    assert "security" not in document["paths"]["/bodhi/v1/setup"]["post"]
    assert "security" not in document["paths"]["/bodhi/v1/session"]["post"]
    assert document["paths"]["/bodhi/v1/tokens"]["get"]["security"] == [{"bearer": []}, {"api_key": []}, {"cookie": []}]
