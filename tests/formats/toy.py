"""A sixth format, as its own file under `formats` would hold it: `POST /toy/v1/say` with the model in the body."""

import json
from dataclasses import replace

from bodhi.formats import openai
from bodhi.formats.contract import Claims, Endpoint, Format, ModelIn, Probe

SAY = Endpoint(name="toy.say", method="POST", path="/v1/say", suffix="/say", model_in=ModelIn.BODY, generating=True)

DIALECT = replace(
    openai.DIALECT,
    name="toy",
    mount="/toy",
    claims=Claims(paths=(r"POST /v1/say$",), headers=(b"toy-version",)),
    endpoints=(
        SAY,
        *(replace(e, name=e.name.replace("openai.", "toy.")) for e in openai.DIALECT.endpoints if "models" in e.path),
    ),
    write_error=lambda error, request_id: json.dumps({"error": {"message": error.message, "id": request_id}}).encode(),
    probe=lambda model: Probe(SAY, {"model": model, "say": "Hi", "max_words": 1}),
)

FORMAT = Format(
    name="toy",
    label="Toy",
    dialect=DIALECT,
    base_url="https://api.toy.example/v1",
    key_headers=lambda key: ((b"x-api-key", key.encode()),),
)
