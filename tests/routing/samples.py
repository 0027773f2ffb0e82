"""Api models and principals for the routing tests."""

from typing import Any

from bodhi.core.api_model import ApiModel
from bodhi.core.principal import Principal, Role

ADMIN = Principal("u1", "admin", Role.ADMIN)


def api_model(id_: str = "m1", **fields: Any) -> ApiModel:
    """Return an api model with sensible fields but for those given."""
    values: dict[str, Any] = {
        "name": f"name of {id_}",
        "format": "openai",
        "base_url": "https://api.example.com/v1",
        "prefix": "",
        "forward_all": False,
        "models": (),
        "extra_headers": {},
        "extra_body": {},
        "allow_private_network": False,
        "has_key": False,
        "owner_id": "u1",
        "created_at": 1.0,
        "updated_at": 1.0,
    }
    return ApiModel(id=id_, **{**values, **fields})
