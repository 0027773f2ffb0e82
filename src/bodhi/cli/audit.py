"""`bodhi audit`: lists, exports and verifies the audit trail, and prints its head to be kept elsewhere."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import click

from bodhi.accounting.audit_heads import FILE, read_heads
from bodhi.cli.options import OneOf, home_option, host_actor, json_option, with_home
from bodhi.cli.output import print_json, print_line, print_problem
from bodhi.cli.root import CommandGroup
from bodhi.cli.tables import print_table
from bodhi.control.audit import COLUMNS, check_action, exported, read_moment, told
from bodhi.control.exports import ExportFormat, write_head, write_rows
from bodhi.core.audit import Act
from bodhi.core.clock import iso_time
from bodhi.core.errors import InvalidField
from bodhi.home import Home
from bodhi.storage.audit import AuditRow, Wanted, list_audit
from bodhi.storage.audit_chain import Verdict, verify_chain
from bodhi.storage.audit_head import Head, signed_head

EXIT_BROKEN = 1
MAX_LISTED = 1_000

app = CommandGroup("audit", help="The audit trail: who did what, and the proof that nobody changed it.")

action_option = click.option(
    "--action", help="An action, or a beginning with a dot at its end, such as user. for all of a kind."
)
since_option = click.option("--since", help="Acts from this time on, such as 2026-01-31T00:00:00Z.")
until_option = click.option("--until", help="Acts before this time.")


@app.command("list")
@action_option
@since_option
@until_option
@click.option("--limit", type=click.IntRange(1, MAX_LISTED), default=50, help="At most this many.")
@home_option
@json_option
def list_(
    *, action: str | None, since: str | None, until: str | None, limit: int, home: Path | None, as_json: bool
) -> None:
    """List administrative acts and refused attempts, newest first."""
    filters = _filters(action, since, until)

    async def work(opened: Home) -> list[AuditRow]:
        async with opened.store.read() as connection:
            return await list_audit(connection, filters, limit=limit)

    found = with_home(home, work)
    if as_json:
        print_json([told(row) for row in found])
        return
    rows = [
        (r.seq, iso_time(r.at), r.action, r.reason or r.outcome, r.user_name or r.user_id or r.via, r.address,
         r.subject_name or r.subject_id)
        for r in found
    ]  # fmt: skip
    print_table(["Row", "At", "Action", "Outcome", "Who", "From", "What"], rows, "The audit trail has no such rows.")


@app.command("export")
@click.option(
    "--format", "export_format", type=OneOf(ExportFormat), default=ExportFormat.JSONL.value, help="jsonl or csv."
)
@action_option
@since_option
@until_option
@home_option
def export(
    *, export_format: ExportFormat, action: str | None, since: str | None, until: str | None, home: Path | None
) -> None:
    """Write acts to standard output, oldest first. The export is itself an act of the trail."""
    filters = _filters(action, since, until)

    async def work(opened: Home) -> None:
        asked = {name: value for name, value in asdict(filters).items() if value is not None}
        async with opened.store.write() as connection:
            act = Act(action="audit.export", after={"format": export_format.value, **asked})
            row = await opened.audit.append(connection, host_actor(), act)
        sys.stdout.write(write_head(export_format, COLUMNS))
        async for batch in exported(opened.store, filters, row.seq):
            sys.stdout.write(write_rows(export_format, COLUMNS, batch))
        sys.stdout.flush()

    with_home(home, work)


@app.command("head")
@home_option
def head(home: Path | None) -> None:
    """Print how far the trail has come, signed, as one line of JSON to be kept on another machine."""

    async def work(opened: Home) -> Head:
        async with opened.store.read() as connection:
            return await signed_head(connection, opened.audit.keys, opened.clock.now())

    print_line(with_home(home, work).as_line())


@app.command("verify")
@click.option("--head", "head_file", help="File of heads kept elsewhere, one a line; - for standard input.")
@home_option
@json_option
def verify(*, head_file: str | None, home: Path | None, as_json: bool) -> None:
    """Check every row of the trail, and the heads in the home folder. Exit status 1 if anything was changed."""

    async def work(opened: Home) -> tuple[Verdict, int]:
        # Heads first: what is written from here on has a head that no row is known of yet.
        heads, spoiled = _heads(opened.settings.home / FILE, head_file)
        return await verify_chain(opened.store.read, opened.audit.keys, heads), spoiled

    verdict, spoiled = with_home(home, work)
    sound = verdict.ok and not spoiled
    if as_json:
        print_json({"ok": sound, **asdict(verdict), "lines_that_are_no_heads": spoiled})
    else:
        _tell(verdict, spoiled)
    if not sound:
        raise click.exceptions.Exit(EXIT_BROKEN)


def _tell(verdict: Verdict, spoiled: int) -> None:
    print_line(f"Rows checked: {verdict.rows} (from {verdict.first} to {verdict.last})")
    print_line(f"Heads checked: {verdict.heads}, and {verdict.heads_before} older than the first row")
    if spoiled:
        print_problem(f"{spoiled} line(s) of the heads are no heads: somebody changed the file.")
    if verdict.problem is None:
        if not spoiled:
            print_line("The audit trail is as it was written.")
        return
    where = "" if verdict.broken_at is None else f" at row {verdict.broken_at}"
    print_problem(f"The audit trail is broken{where}: {verdict.problem}.")


def _heads(kept: Path, given: str | None) -> tuple[list[Head], int]:
    """Read the heads of the home folder and those given, and count the lines that are none."""
    lines: list[str] = []
    if kept.exists():
        with kept.open(encoding="utf-8", errors="replace") as opened:
            lines += opened.readlines()
    heads, spoiled = read_heads(lines)
    if given is None:
        return heads, spoiled
    try:
        more, others = read_heads(_lines_of(given))
    except OSError as error:
        raise InvalidField(f"{given} cannot be read: {error.strerror}.", param="head") from None
    if others or not more:
        raise InvalidField(f"{given} has {others or 'only'} lines that are no heads.", param="head")
    return heads + more, spoiled


def _lines_of(given: str) -> list[str]:
    if given == "-":
        return _whole_lines(sys.stdin)
    with Path(given).expanduser().open(encoding="utf-8", errors="replace") as opened:
        return _whole_lines(opened)


def _whole_lines(file: TextIO) -> list[str]:
    return [f"{line}\n" for line in file.read().splitlines()]


def _filters(action: str | None, since: str | None, until: str | None) -> Wanted:
    return Wanted(action=check_action(action), since=read_moment(since, "since"), until=read_moment(until, "until"))
