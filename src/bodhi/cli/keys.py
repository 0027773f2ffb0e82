"""`bodhi keys`: shows and rotates the keys that provider keys are encrypted with. Never shows key material."""

from dataclasses import asdict
from pathlib import Path

import click

from bodhi.cli.options import home_option, host_actor, json_option, with_home
from bodhi.cli.output import day, print_json, print_line
from bodhi.cli.root import CommandGroup
from bodhi.cli.tables import print_table
from bodhi.core.clock import iso_time
from bodhi.core.errors import InvalidField
from bodhi.home import Home, root_key_sources
from bodhi.storage.rotation import DataKeyStatus, Resealed, destroy_retired, rotate_data, rotate_root_file, status

DAY = 86_400.0

app = CommandGroup("keys", help="The keys that provider keys are encrypted with.")


@app.command("status")
@home_option
@json_option
def show_status(home: Path | None, *, as_json: bool) -> None:
    """Show key ids, states, ages and how many rows each key seals."""

    async def work(opened: Home) -> list[DataKeyStatus]:
        return await status(opened.store)

    keys = with_home(home, work)
    if as_json:
        print_json([{**asdict(key), "created_at": iso_time(key.created_at)} for key in keys])
        return
    rows = [(k.id, k.purpose, k.state.replace("_", " "), k.root_key_id, day(k.created_at), k.rows) for k in keys]
    print_table(["Data key Id", "Purpose", "State", "Root key", "Since", "Rows"], rows, "There are no keys yet.")


@app.command("rotate")
@click.option("--root", is_flag=True, help="Replace the root key in the home folder.")
@click.option("--data", is_flag=True, help="Make a new data key and seal everything anew.")
@click.option("--grace", type=click.IntRange(0), default=30, help="Days to keep a retired data key for backups.")
@home_option
@json_option
def rotate(*, root: bool, data: bool, grace: int, home: Path | None, as_json: bool) -> None:
    """Rotate the data key, the root key, or both. A running server goes on, and notices."""
    if not (root or data):
        raise InvalidField("Say what to rotate: --data, --root, or both.")

    async def work(opened: Home) -> dict[str, object]:
        told: dict[str, object] = {}
        audit, actor = opened.audit, host_actor()
        if data:
            resealed: Resealed = await rotate_data(opened.store, opened.vault, audit, actor, opened.clock)
            told |= {"resealed": resealed.moved, "unopened": resealed.failed, "captures": resealed.captures}
            told["chats"] = resealed.chats
            retired_before = opened.clock.now() - grace * DAY
            told["destroyed"] = await destroy_retired(opened.store, audit, actor, retired_before)
        if root:
            sources = root_key_sources(opened.settings)
            if not sources.is_home_file or sources.home_file is None:
                raise InvalidField(
                    "The root key comes from BODHI_ENCRYPTION_KEY or BODHI_ENCRYPTION_KEY_FILE, not to be rewritten. "
                    "Only the key file in the home folder can be rotated here."
                )
            new = await rotate_root_file(opened.store, opened.vault, sources.home_file, audit, actor)
            told["root_key"] = new.key_id
        return told

    told = with_home(home, work)
    if as_json:
        print_json(told)
        return
    if data:
        print_line(
            f"New data key. {told['resealed']} provider key(s), {told['captures']} capture(s) and "
            f"{told['chats']} chat(s) and message(s) sealed anew, {told['unopened']} could not be opened."
        )
    if root:
        print_line(f"New root key {told['root_key']}. Back it up: without it no provider key can be opened.")
