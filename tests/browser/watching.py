"""What no test of the pages may see: errors in the console, calls to other hosts, broken policy, secrets anywhere.

`Watch` looks on from the browser's side, `WatchedGateway` keeps what the gateway sent.
"""

import json
import re
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError

from bodhi.app import Application, Server
from bodhi.core.api_model import ApiModel
from bodhi.core.principal import Role
from bodhi.identity.sign_in import COOKIE
from bodhi.proxy.inbound import Receive, Scope, Send
from bodhi.storage.users import User
from bodhi.ui.assets import Assets
from tests.fakes.canaries import Canary
from tests.fakes.gateway import Gateway

REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`Policy violated: ${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`);
});
"""
STORAGE = "() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
OWN_SCHEMES = ("data", "blob", "about", "chrome", "chrome-error", "devtools")
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (\d{3})")


class WatchedApplication(Application):
    """The gateway's application; keeps the bodies that it sends, but not the built files."""

    def __init__(self, watched: Application) -> None:
        self._watched = watched
        self.sent: list[tuple[str, bytes]] = []
        self.pages: Assets | None = None
        """What a test shows in place of the built pages, with the same headers."""

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request as ever, and note what goes out."""
        path = scope.get("path", "")
        if self.pages is not None and path.startswith("/ui/"):
            return self.pages(scope, receive, send)
        if scope["type"] != "http" or path.startswith("/ui/assets/"):
            return self._watched(scope, receive, send)

        async def noted(message: Any) -> None:
            if message["type"] == "http.response.body":
                self.sent.append((path, bytes(message.get("body", b""))))
            await send(message)

        return self._watched(scope, receive, noted)


class WatchedGateway(Gateway):
    """A gateway that knows which secrets it was given, and what it sent to anybody."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.secrets: list[str] = []
        self.shown_in: dict[str, str] = {}
        """Secrets that whoever may edit something is shown: the one path that answers with them."""
        self.application: WatchedApplication

    def watched(self, server: Server) -> Server:
        """Put the watch around the application, and let every call go through it."""
        self.application = WatchedApplication(server.application)
        return replace(server, application=self.application, lane=None)

    def add_api_model(self, format_name: str, base_url: str, *, key: str | None = None, **fields: Any) -> ApiModel:
        """Store an api model, whose key must not be seen from then on."""
        if key is not None:
            self.secrets.append(key)
        return super().add_api_model(format_name, base_url, key=key, **fields)

    def open_session(self, owner: User | None = None, *, carried_by: str = COOKIE) -> str:
        """Sign somebody in; the session's secret lives in the cookie alone."""
        secret = super().open_session(owner, carried_by=carried_by)
        self.secrets.append(secret)
        return secret

    def user_of(self, role: Role) -> User:
        """Return the Admin, or store somebody with another role."""
        return self.admin if role is Role.ADMIN else self.add_user(f"{role.name.lower()}-user", role)

    def sent_to(self, path: str) -> bytes:
        """Return everything that was sent for one path so far."""
        return b"".join(body for each, body in list(self.application.sent) if each == path)


class Watch:
    """Looks at every context of a test from its beginning to the test's end."""

    def __init__(self, gateway: WatchedGateway) -> None:
        self._gateway = gateway
        self._contexts: list[BrowserContext] = []
        self._allowed: list[re.Pattern[str]] = []
        self._statuses: set[int] = set()
        self.seen: list[str] = []
        """What was wrong so far."""
        self.requests: list[str] = []
        """`METHOD URL` of every request, in order."""

    def add(self, context: BrowserContext) -> None:
        """Watch another context."""
        self._contexts.append(context)
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("request", self._on_request)

    def allow_console(self, pattern: str) -> None:
        """Say that this test provokes a message of the console which matches."""
        self._allowed.append(re.compile(pattern))

    def allow_status(self, *statuses: int) -> None:
        """Say that this test provokes answers with these statuses, which the browser notes in its console."""
        self._statuses.update(statuses)

    def keep_secret(self, secret: str, *, shown_in: str | None = None) -> str:
        """Say that a text that the test types must be seen nowhere, or in the answers of one path alone; return it."""
        self._gateway.secrets.append(secret)
        if shown_in is not None:
            self._gateway.shown_in[secret] = f"an answer of {shown_in}"
        return secret

    def check(self) -> None:
        """Fail when something was seen that no page may do."""
        heaps = self._heaps()
        for number, secret in enumerate(dict.fromkeys(self._gateway.secrets)):
            canary = Canary(f"secret {number}", secret)
            self.seen += [
                f"{where} holds {canary.name}: {canary.found_in(heap)}"
                for where, heap in heaps
                if where != self._gateway.shown_in.get(secret) and canary.found_in(heap)
            ]
        assert self.seen == [], "\n".join(self.seen)

    def _heaps(self) -> list[tuple[str, bytes]]:
        heaps = [("a URL or a request", "\n".join(self.requests).encode())]
        by_path: dict[str, bytes] = {}
        for path, body in list(self._gateway.application.sent):
            by_path[path] = by_path.get(path, b"") + body
        heaps += [(f"an answer of {path}", body) for path, body in by_path.items()]
        for page in (page for context in self._contexts for page in context.pages):
            if urlsplit(page.url).scheme in ("http", "https"):
                heaps.append((f"the page {page.url}", page.content().encode()))
                heaps.append((f"the storage of {page.url}", page.evaluate(STORAGE).encode()))
        return heaps

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning") or any(each.search(message.text) for each in self._allowed):
            return
        refused = REFUSED.match(message.text)
        if refused is None or int(refused[1]) not in self._statuses:
            self.seen.append(f"console {message.type}: {message.text} {json.dumps(message.location)}")

    def _on_error(self, error: WebError) -> None:
        self.seen.append(f"an error that nobody caught: {error.error}")

    def _on_request(self, request: Request) -> None:
        self.requests.append(f"{request.method} {request.url}")
        parts = urlsplit(request.url)
        if parts.scheme not in OWN_SCHEMES and f"{parts.scheme}://{parts.netloc}" != self._gateway.url:
            self.seen.append(f"a request to another host: {request.url}")
