"""The tables of the docs that the code knows: `python -m scripts.docs_tables` writes them between their markers.

A table stands between `<!-- begin NAME -->` and `<!-- end NAME -->`; what is around it is written by people.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click

from bodhi import settings
from bodhi.cli.commands import app
from bodhi.control import health
from bodhi.control.access import BY_ENDPOINT, PREFIX, ROWS, Access, Confirm
from bodhi.control.api import ROUTERS
from bodhi.core.audit import ACTIONS
from bodhi.core.principal import PROGRAM_SCOPES, Role
from bodhi.formats.contract import Dialect, Endpoint, ModelIn, Serves
from bodhi.formats.registry import FORMATS
from bodhi.relay import headers
from bodhi.relay.pool import MAX_WAITING
from bodhi.server import refusals
from bodhi.server.limits import Limits
from scripts.bounds import COLUMNS, bound_rows

DOCS = Path(__file__).resolve().parents[1] / "docs"

_BLOCK = re.compile(r"(<!-- begin (?P<name>[\w-]+) -->\n).*?(<!-- end (?P=name) -->)", re.DOTALL)
NOTHING = "-"
_LOWEST = {
    None: "anybody",
    Role.GUEST: "whoever is signed in",
    Role.USER: "users and above",
    Role.POWER_USER: "power users and above",
    Role.MANAGER: "managers and above",
    Role.ADMIN: "admins",
}
_MODEL_IN = {
    ModelIn.BODY: "the body's `model`",
    ModelIn.PATH: "the path",
    ModelIn.OBJECT: "nowhere: the id is known",
    ModelIn.NONE: NOTHING,
}


def documented_path(dialect: Dialect, endpoint: Endpoint) -> str:
    """Return a path as the docs write it: the newest version, and `{model}` where a model id stands."""
    version = dialect.versions[0] if dialect.versions else ""
    return endpoint.path.replace("{version}", version).replace("[models/]", "models/")


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command as a person types it, and its description, in the order of the help."""
    pending: list[tuple[str, click.Command]] = [("bodhi", app)]
    while pending:
        name, command = pending.pop(0)
        if isinstance(command, click.Group):
            pending[:0] = [(f"{name} {child}", inner) for child, inner in command.commands.items()]
        elif not command.hidden:
            yield name, command


def _table(columns: list[str], rows: list[list[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _code(text: str) -> str:
    return f"`{text}`" if text else NOTHING


def write_settings() -> str:
    """Write every environment variable."""
    rows = [[_code(each.env_name), _code(each.default), each.doc] for each in settings.SETTINGS]
    return _table(["variable", "default", "meaning"], rows)


def write_formats() -> str:
    """Write the formats: name, default base URL, and how the key is sent."""
    rows = []
    for each in FORMATS:
        ((name, value),) = each.key_headers("KEY")
        shown = f"{name.decode()}: {value.decode().replace('KEY', '<key>')}"
        rows.append([each.label, _code(each.name), _code(each.base_url), _code(shown), _code(each.dialect.mount)])
    return _table(["format", "name", "base URL", "the provider gets", "alias before the path"], rows)


def write_providers() -> str:
    """Write the provider presets."""
    rows = [
        [provider.label, each.label, _code(provider.base_url), "yes" if provider.needs_key else "no",
         f"<{provider.key_url}>" if provider.key_url else NOTHING]
        for each in FORMATS
        for provider in each.providers
        if provider.base_url
    ]  # fmt: skip
    return _table(["provider", "format", "base URL", "key", "where a key comes from"], rows)


def write_endpoints(dialect_name: str) -> str:
    """Write the endpoints of one dialect."""
    dialect = next(each.dialect for each in FORMATS if each.dialect.name == dialect_name)
    rows = []
    for each in dialect.endpoints:
        relayed = each.serves is Serves.RELAY
        model = _MODEL_IN[each.model_in] + (", or left out" if each.model_optional else "")
        rows.append(
            [
                _code(f"{each.method} {documented_path(dialect, each)}"),
                _code(f"<base URL>{each.suffix}") if relayed else "answered by Bodhi",
                model if relayed else NOTHING,
                "yes" if each.generating else NOTHING,
                _code(each.name),
            ]
        )
    return _table(["endpoint", "sent on to", "the model is named in", "Extra Body", "name in usage records"], rows)


def write_header_lists() -> str:
    """Write which header fields stop at Bodhi, in both directions."""
    prefixes = sorted(f"{prefix.decode()}*" for prefix in headers.NOT_FORWARDED_PREFIXES)
    forwarded = [*sorted(name.decode() for name in headers.NOT_FORWARDED), *prefixes]
    returned = sorted(name.decode() for name in headers.NOT_RETURNED)
    return (
        f"Not passed to the provider: {', '.join(map(_code, forwarded))}.\n\n"
        f"Not passed to the client: {', '.join(map(_code, returned))}.\n"
    )


def write_control() -> str:
    """Write the endpoints of the control API, and whom each lets in."""
    rows = []
    for prefix, router in (*((PREFIX, each) for each in ROUTERS), ("", health.router)):
        for route in router.routes:
            endpoint: Callable[..., object] = getattr(route, "endpoint")  # noqa: B009 # routers hold other routes too
            sentence = (inspect.getdoc(endpoint) or "").split("\n\n")[0].replace("\n", " ")
            methods, path = sorted(getattr(route, "methods")), getattr(route, "path")  # noqa: B009 # as above
            for method in methods:
                access = BY_ENDPOINT[method, prefix + path]
                rows.append([_code(f"{method} {prefix}{path}"), sentence, _lowest_role(access)])
    return _table(["endpoint", "what it does", "for"], rows)


def write_roles() -> str:
    """Write the table of access."""
    rows = []
    for row in ROWS:
        scopes = ", ".join(_code(scope) for scope in PROGRAM_SCOPES if scope in row.scopes)
        tokens = NOTHING if row.role is None else scopes or "none: sign in"
        confirm = NOTHING if row.confirm is Confirm.NO else row.confirm.value
        rows.append([_code(f"{row.method} {row.path}"), _lowest_role(row), tokens, confirm, _code(row.audit or "")])
    return _table(["endpoint", "for", "API tokens with the scope", "recent sign-in", "act in the audit trail"], rows)


def _lowest_role(access: Access) -> str:
    return _LOWEST[access.role]


def write_commands() -> str:
    """Write every command with its arguments and options."""
    parts = []
    for name, command in commands():
        arguments = [each for each in command.params if isinstance(each, click.Argument)]
        usage = " ".join([name, *(each.name.upper() for each in arguments)])
        rows = [[_code(each.name.upper()), each.help or "", "needed"] for each in arguments]
        rows += [_option_row(each) for each in command.params if isinstance(each, click.Option)]
        table = _table(["option", "meaning", "default"], rows) if rows else "No options.\n"
        parts.append(f"### `{usage}`\n\n{(command.help or '').strip()}\n\n{table}")
    return "\n".join(parts)


def _option_row(option: click.Option) -> list[str]:
    spelled = ", ".join(option.opts) + ("" if option.is_flag else f" {option.opts[0].strip('-').upper()}")
    # `option.default` of an option without one is a value of Click's own.
    default = option.show_default if isinstance(option.show_default, str) else option.to_info_dict()["default"]
    if option.required:
        shown = "needed"
    elif default is None or option.is_flag or default == "":
        shown = NOTHING
    else:
        shown = _code(str(default))
    return [_code(spelled), option.help or "", shown]


def write_refusals() -> str:
    """Write what the HTTP front refuses before anything else looks at a request."""
    found = {each.code: each for each in vars(refusals).values() if isinstance(each, refusals.Refusal)}
    rows = [[_code(each.code), str(each.status), each.message] for each in sorted(found.values(), key=_by_status)]
    return _table(["code", "status", "message"], rows)


def write_limits() -> str:
    """Write what one request may take, and how long."""
    limits = Limits()
    by_name = {each.env_name: each.default for each in settings.SETTINGS}
    body = int(by_name["BODHI_MAX_BODY_BYTES"]) // 1024**2
    rows = [
        ["header block", f"{limits.header_bytes // 1024} KiB, {limits.header_count} lines"],
        ["path and query", f"{limits.request_line_bytes // 1024} KiB"],
        ["body", f"`BODHI_MAX_BODY_BYTES`, {body} MiB"],
        ["complete headers within", f"{limits.header_seconds:g} s"],
        ["body within", f"{limits.body_seconds:g} s, and 1 s more for each {limits.body_bytes_per_second // 1024} KiB"],
        ["a client that takes nothing of an answer is cut after", f"{limits.write_stall_seconds:g} s"],
        ["an idle connection is kept", f"{limits.idle_seconds:g} s"],
        [
            "connections to one provider",
            f"`BODHI_MAX_CONNECTIONS`, {by_name['BODHI_MAX_CONNECTIONS']}; {MAX_WAITING} calls wait for one, then 503",
        ],
    ]
    return _table(["what", "limit"], rows)


def write_actions() -> str:
    """Write what the audit trail can tell."""
    return _table(["action", "meaning"], [[_code(action), meaning] for action, meaning in ACTIONS.items()])


def _by_status(refusal: refusals.Refusal) -> tuple[int, str]:
    return refusal.status, refusal.code


WRITERS: Mapping[str, Callable[[], str]] = {
    "settings": write_settings,
    "formats": write_formats,
    "providers": write_providers,
    "endpoints-openai": lambda: write_endpoints("openai"),
    "endpoints-openai_responses": lambda: write_endpoints("openai_responses"),
    "endpoints-anthropic": lambda: write_endpoints("anthropic"),
    "endpoints-gemini": lambda: write_endpoints("gemini"),
    "headers": write_header_lists,
    "limits": write_limits,
    "control": write_control,
    "roles": write_roles,
    "commands": write_commands,
    "refusals": write_refusals,
    "actions": write_actions,
    "bounds": lambda: _table(COLUMNS, bound_rows()),
}


def written_anew(page: str) -> str:
    """Return a page with each of its tables as the code has it now."""
    return _BLOCK.sub(lambda block: f"{block[1]}{WRITERS[block['name']]()}{block[3]}", page)


def main() -> None:
    """Write the tables of every page."""
    for path in sorted(DOCS.rglob("*.md")):
        before = path.read_text(encoding="utf-8")
        after = written_anew(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            print(f"wrote {path.relative_to(DOCS.parent)}")


if __name__ == "__main__":
    main()
