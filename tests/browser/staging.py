"""A page that shows markdown and nothing else, under the policy of the real ones, for tests of the renderer alone.

Its source is in web/test/stage; nothing of it is in the pages that are served to people.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bodhi.ui.assets import Assets
from tests.browser.conftest import BUILD
from tests.browser.watching import WatchedGateway

MAKE = ("--npm", "exec", "--offline", "--", "vite", "build", "--config", "test/stage/vite.config.ts")


@pytest.fixture(scope="session")
def stage_assets(tmp_path_factory: pytest.TempPathFactory) -> Assets:
    """Build the stage, and give what serves it."""
    built = tmp_path_factory.mktemp("stage") / "dist"
    made = subprocess.run(
        [sys.executable, str(BUILD), *MAKE, "--outDir", str(built), "--logLevel", "warn"],
        env={**os.environ, "NODE_ENV": "production"},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return Assets(Path(built))


class Stage:
    """The open stage."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def feed(self, texts: list[tuple[str, int]]) -> list[dict[str, Any]]:
        """Feed texts, each cut after so many characters and their multiples, and return what was found of each."""
        code = "async (texts) => { const all = []; for (const [text, step] of texts) "
        found: list[dict[str, Any]] = self.page.evaluate(
            code + "all.push(await stage.feed(text, step)); return all; }", texts
        )
        return found

    def stream(self, text: str, steps: int) -> dict[str, Any]:
        """Stream a text in so many updates, and return what each took."""
        figures: dict[str, Any] = self.page.evaluate("([text, steps]) => stage.stream(text, steps)", [text, steps])
        return figures


@pytest.fixture
def stage(page: Page, gateway: WatchedGateway, stage_assets: Assets) -> Stage:
    """Open the stage."""
    gateway.application.pages = stage_assets
    page.goto("/ui/")
    page.wait_for_function("() => window.stage !== undefined")
    # What is loaded on first need is there from then on: formulas and colours are drawn at once.
    page.evaluate("() => stage.show('$x$\\n\\n```js\\n1\\n```', false)")
    expect(page.locator(".katex")).to_be_attached()
    expect(page.locator(".hljs-number")).to_be_attached()
    page.evaluate("() => stage.clear()")
    return Stage(page)
