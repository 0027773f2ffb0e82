"""Builds the pages into the wheel: whoever installs it gets a working web UI and needs no Node.js.

Hatch calls this while it makes a wheel. A wheel without the pages is not made.
"""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SKIP = "BODHI_SKIP_UI_BUILD"
"""Set to 1, the pages that are there go into the wheel as they are."""


class PagesHook(BuildHookInterface):  # type: ignore[type-arg] # its parameter is the configuration, which is not used
    """Hatch's view of web/build.py."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for Node.js as a wheel when there is something to build and no Node.js to build it with."""
        pages = _load_build(Path(self.root))
        needed = not _is_skipped() and not pages.is_current() and pages.find_node() is None
        return [pages.NODE_WHEEL] if needed else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 # the shape of the hook
        """Build the pages, and refuse to go on without them. An editable install builds its pages by itself."""
        if version == "editable":
            return
        pages = _load_build(Path(self.root))
        if not _is_skipped():
            pages.build()
        if not pages.is_built():
            raise RuntimeError(
                f"The web UI is missing, and {SKIP}=1 forbids to build it. Run `python web/build.py`, or unset {SKIP}."
            )


def _is_skipped() -> bool:
    return os.environ.get(SKIP, "") not in ("", "0")


def _load_build(root: Path) -> ModuleType:
    """Import web/build.py by its path: the folder is no package, and pip imports this file from anywhere."""
    name = "bodhi_web_build"
    spec = importlib.util.spec_from_file_location(name, root / "web" / "build.py")
    if spec is None or spec.loader is None:
        raise RuntimeError("web/build.py is missing: build from a whole checkout or from the source distribution.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses looks its module up there.
    spec.loader.exec_module(module)
    return module
