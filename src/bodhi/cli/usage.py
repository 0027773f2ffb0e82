"""`bodhi usage`: sums and exports the records of calls, those of everybody."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from bodhi.cli.options import OneOf, find_owner, home_option, host_actor, json_option, with_home
from bodhi.cli.output import print_json
from bodhi.cli.root import CommandGroup
from bodhi.cli.tables import print_table
from bodhi.control.audit import read_moment
from bodhi.control.exports import ExportFormat, write_head, write_rows
from bodhi.control.usage import EXPORTED, exported
from bodhi.control.usage_shown import sums_shown
from bodhi.core.audit import Act
from bodhi.core.usage import cost_usd
from bodhi.home import Home
from bodhi.storage.usage_filter import UsageFilter
from bodhi.storage.usage_sums import GroupBy, Summary, UsageSums, sum_usage

app = CommandGroup("usage", help="Usage records: what calls there were, and what they cost.")

user_option = click.option("--user", help="Only the calls of the user of this name.")
model_option = click.option("--model", help="Only calls that asked for this model, or sent it.")
since_option = click.option("--since", help="Calls from this time on, such as 2026-01-31T00:00:00Z.")
until_option = click.option("--until", help="Calls before this time.")


@app.command("summary")
@click.option(
    "--group-by",
    type=OneOf(GroupBy),
    default=GroupBy.MODEL.value,
    help="What is put together: model, api_model, token, user, day, endpoint, status or error.",
)
@user_option
@model_option
@since_option
@until_option
@home_option
@json_option
def summary(  # noqa: PLR0913 # one argument an option
    *,
    group_by: GroupBy,
    user: str | None,
    model: str | None,
    since: str | None,
    until: str | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Sum calls, tokens and costs, the groups with most calls first."""
    wanted = _wanted(model, since, until)

    async def work(opened: Home) -> Summary:
        narrowed = await _of_user(opened, wanted, user)
        async with opened.store.usage_read() as connection:
            return await sum_usage(connection, narrowed, group_by)

    found = with_home(home, work)
    if as_json:
        groups = [{"key": key, **sums_shown(sums)} for key, sums in found.groups]
        rest = None if found.rest is None else sums_shown(found.rest)
        print_json({"group_by": group_by.value, "data": groups, "rest": rest, "total": sums_shown(found.total)})
        return
    rows = [(key or "(none)", *_cells(sums)) for key, sums in found.groups]
    if found.rest is not None:
        rows.append(("(others)", *_cells(found.rest)))
    if rows:
        rows.append(("total", *_cells(found.total)))
    names = ["Calls", "Errors", "Input", "Output", "USD", "Without price"]
    print_table([group_by.value.replace("_", " ").capitalize(), *names], rows, "There are no such calls.")


@app.command("export")
@click.option(
    "--format", "export_format", type=OneOf(ExportFormat), default=ExportFormat.CSV.value, help="jsonl or csv."
)
@user_option
@model_option
@since_option
@until_option
@home_option
def export(
    *,
    export_format: ExportFormat,
    user: str | None,
    model: str | None,
    since: str | None,
    until: str | None,
    home: Path | None,
) -> None:
    """Write calls to standard output, newest first. The export is noted in the audit trail."""
    wanted = _wanted(model, since, until)

    async def work(opened: Home) -> None:
        narrowed = await _of_user(opened, wanted, user)
        asked = {name: value for name, value in asdict(narrowed).items() if value is not None}
        async with opened.store.write() as connection:
            act = Act(action="usage.export", after={"format": export_format.value, **asked})
            await opened.audit.append(connection, host_actor(), act)
        sys.stdout.write(write_head(export_format, EXPORTED))
        async for batch in exported(opened.store, narrowed):
            sys.stdout.write(write_rows(export_format, EXPORTED, batch))
        sys.stdout.flush()

    with_home(home, work)


def _wanted(model: str | None, since: str | None, until: str | None) -> UsageFilter:
    return UsageFilter(model=model, since=read_moment(since, "since"), until=read_moment(until, "until"))


async def _of_user(home: Home, wanted: UsageFilter, name: str | None) -> UsageFilter:
    if name is None:
        return wanted
    owner = await find_owner(home, name)
    return UsageFilter(user_id=owner.id, model=wanted.model, since=wanted.since, until=wanted.until)


def _cells(sums: UsageSums) -> tuple[object, ...]:
    cost = cost_usd(sums.cost_nano if sums.priced else None)
    tokens = (sums.input_tokens, sums.output_tokens)
    return (sums.count, sums.errors, *tokens, cost or "unknown", sums.count - sums.priced)
