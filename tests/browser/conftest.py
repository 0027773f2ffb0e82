"""Fixtures of the tests in a real browser: Chromium, a gateway with the built pages, a provider, signed-in pages.

A test takes `page`, where the Admin is signed in, `stranger`, where nobody is, or `page_as(role)`. After each test
`watch` checks what no page may do.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from bodhi.control import api as control_api
from bodhi.core.principal import Role
from bodhi.ui.assets import Assets
from tests.browser.looks import WIDE, Look
from tests.browser.watching import Watch, WatchedGateway
from tests.fakes.gateway import Gateway
from tests.fakes.upstream import UpstreamThread

BUILD = Path(__file__).resolve().parents[2] / "web" / "build.py"
PLACES = ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")
"""Where Debian puts Chromium. Its headless shell is the same engine without the windows around it, and quicker."""
CHROMIUM = os.environ.get("BODHI_TEST_CHROMIUM") or next((each for each in PLACES if Path(each).is_file()), PLACES[0])
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
PATIENCE = 10_000
"""Milliseconds for whatever a test waits to see."""
LONG = ("test_wheel.py", "test_hostile_output.py", "test_speed.py", "test_markdown.py", "test_journey.py")
"""Files with long tests or a long way to the first. They begin, so that no process is left alone with one at the end."""


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker that gives a test's gateway its settings, and build the pages when their sources changed."""
    config.addinivalue_line("markers", "gateway(**settings): settings of the gateway, such as set_up=False")
    if not hasattr(config, "workerinput"):  # Of several processes, the first builds, before the others begin.
        built = subprocess.run([sys.executable, str(BUILD)], check=False, capture_output=True, text=True)
        if built.returncode:
            pytest.exit(f"The pages do not build.\n{built.stderr}", returncode=4)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the files with long tests begin."""
    items.sort(key=lambda item: item.path.name not in LONG)  # Else as they were: the sort is stable.


@pytest.fixture(scope="session")
def base_url() -> None:
    """Stand in for pytest-playwright's own, which is the same and warns; each test's gateway has its own address."""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Start the machine's Chromium; Playwright's own is not downloaded."""
    if not Path(CHROMIUM).is_file():
        pytest.exit(
            f"There is no Chromium at {CHROMIUM}. Install it (Debian: apt-get install chromium-headless-shell) or set "
            "BODHI_TEST_CHROMIUM to its path.",
            returncode=4,
        )
    expect.set_options(timeout=PATIENCE)
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": FLAGS}


@pytest.fixture(scope="session", autouse=True)
def read_once() -> Iterator[None]:
    """Read the built pages and the endpoints' signatures once, not for each test's gateway: half of its start is that.

    Only one gateway runs at a time, and what is kept of the control API are its routes: each has services of its own.
    """
    assembled = cache(control_api._assembled)

    def anew() -> control_api.ControlApi:
        api = assembled()
        api.user_middleware.clear()
        api.middleware_stack = None
        return api

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bodhi.control.api._assembled", anew)
        patch.setattr("bodhi.app.Assets", cache(Assets))
        yield


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a home folder whose databases were just made, to be copied: making them is the slow part of a start."""
    home = tmp_path_factory.mktemp("new") / "home"
    with Gateway(home, set_up=False):
        pass
    return home


@pytest.fixture
def gateway(request: pytest.FixtureRequest, new_home: Path, tmp_path: Path) -> Iterator[WatchedGateway]:
    """Give a running gateway on a home of the test's own. `@pytest.mark.gateway(...)` changes its settings."""
    home = tmp_path / "home"
    shutil.copytree(new_home, home)
    marker = request.node.get_closest_marker("gateway")
    with WatchedGateway(home, **(marker.kwargs if marker else {})) as running:
        yield running


@pytest.fixture
def upstream() -> Iterator[UpstreamThread]:
    """Give the fake provider, in a thread."""
    with UpstreamThread() as fake:
        yield fake


@pytest.fixture
def look() -> Look:
    """Say which theme and size pages have; tests with several parametrise it (see looks.py)."""
    return WIDE


@pytest.fixture(autouse=True)
def watch(gateway: WatchedGateway, new_context: Any) -> Iterator[Watch]:  # contexts close after the check
    """Watch everything that the test's pages do, and check it at the end."""
    watching = Watch(gateway)
    yield watching
    watching.check()


@pytest.fixture
def open_context(
    new_context: Callable[..., BrowserContext], gateway: WatchedGateway, watch: Watch, look: Look
) -> Callable[..., BrowserContext]:
    """Give a function that opens a browser profile: nobody signed in, or who has the session that it is given."""

    def opened(session: str = "", **options: Any) -> BrowserContext:
        settings: dict[str, Any] = {
            "base_url": gateway.url,
            "color_scheme": look.theme,
            "locale": "en-GB",
            "reduced_motion": "reduce",
            "timezone_id": "Europe/Berlin",
            "viewport": {"width": look.width, "height": look.height},
            **options,
        }
        context = new_context(**settings)
        context.set_default_timeout(PATIENCE)
        watch.add(context)
        if session:
            context.add_cookies(
                [
                    {
                        "name": "bodhi_session",
                        "value": session,
                        "url": gateway.url,
                        "httpOnly": True,
                        "sameSite": "Strict",
                    }
                ]
            )
        return context

    return opened


@pytest.fixture
def context(open_context: Callable[..., BrowserContext], gateway: WatchedGateway) -> BrowserContext:
    """Give the profile of `page`."""
    return open_context(gateway.open_session())


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """Give an empty page in which the Admin is signed in."""
    return context.new_page()


@pytest.fixture
def stranger(open_context: Callable[..., BrowserContext]) -> Page:
    """Give an empty page in which nobody is signed in."""
    return open_context().new_page()


@pytest.fixture
def page_as(open_context: Callable[..., BrowserContext], gateway: WatchedGateway) -> Callable[[Role], Page]:
    """Give a function that opens an empty page, in a profile of its own, in which somebody with a role is signed in."""

    def opened(role: Role) -> Page:
        return open_context(gateway.open_session(gateway.user_of(role))).new_page()

    return opened
