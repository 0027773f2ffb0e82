"""`bodhi backup`: a verified copy of the databases, taken while the server runs. How to restore is in the docs."""

import asyncio
from dataclasses import asdict
from pathlib import Path

import click

from bodhi.cli.options import home_option, json_option
from bodhi.cli.output import print_json, print_line
from bodhi.core.clock import SYSTEM_CLOCK
from bodhi.core.errors import StartupError
from bodhi.home import root_key_sources, store_urls
from bodhi.settings import read_settings
from bodhi.storage.backup import back_up


@click.command("backup")
@click.argument("folder", type=click.Path(path_type=Path), help="The folder to make; it must not exist yet.")
@home_option
@json_option
def backup(folder: Path, home: Path | None, *, as_json: bool) -> None:
    """Copy the databases into a new folder and verify the copy. The root key is not part of it."""
    settings = read_settings(home=home.expanduser() if home else None)
    urls = store_urls(settings)
    if not urls.is_sqlite:
        raise StartupError(
            "No backup was made: this deployment keeps its databases in PostgreSQL, which has its own tool. "
            f"Run: pg_dump --format=custom --file={folder}.dump --dbname={_for_pg_dump(urls.describe())}"
        )
    folder = folder.expanduser().absolute()
    made = asyncio.run(back_up(urls, root_key_sources(settings), folder, SYSTEM_CLOCK))
    if as_json:
        print_json({"folder": str(folder), **asdict(made)})
        return
    print_line(f"{folder} is a complete backup. {made.opened} sealed key(s) and capture(s) were opened to see.")
    if made.unopened:
        print_line(f"{made.unopened} did not open, nor do they in the database: bodhi check tells which.")
    print_line(
        f"It needs the root key {made.root_key_id}, which is not in it. Keep that key elsewhere: "
        "without it nobody can open the provider keys, and no token works."
    )


def _for_pg_dump(url: str) -> str:
    """Write a URL as PostgreSQL's own programs read it; the password has been left out of it."""
    return url.replace("postgresql+asyncpg://", "postgresql://", 1).replace(":***@", "@", 1)
