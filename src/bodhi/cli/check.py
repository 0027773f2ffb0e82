"""`bodhi check`: looks whether the configuration and the store are sound, and says what is not."""

from dataclasses import dataclass
from pathlib import Path

import click
from sqlalchemy import select, text
from sqlalchemy.exc import NoResultFound

from bodhi.cli.options import home_option, json_option, with_home
from bodhi.cli.output import print_json
from bodhi.cli.tables import print_table
from bodhi.core.api_model import ApiModel
from bodhi.core.errors import BodhiError, StartupError
from bodhi.formats.registry import format_named
from bodhi.home import Home
from bodhi.storage.api_models import list_api_models, provider_key_place, sealed_keys
from bodhi.storage.audit import audit_position
from bodhi.storage.tables import audit_log
from bodhi.storage.users import count_admins
from bodhi.storage.vault import CannotOpen


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    ok: bool
    detail: str


@click.command("check")
@home_option
@json_option
def check(home: Path | None, *, as_json: bool) -> None:
    """Check settings, home folder, root key, databases, and every stored key."""
    findings = with_home(home, _look)
    if as_json:
        print_json([{"subject": f.subject, "ok": f.ok, "detail": f.detail} for f in findings])
    else:
        rows = [("ok" if f.ok else "FAIL", f.subject, f.detail) for f in findings]
        print_table(["", "Checked", "Found"], rows, "Nothing was checked.")
    failed = sum(not finding.ok for finding in findings)
    if failed:
        raise StartupError(f"{failed} of {len(findings)} checks failed.")


async def _look(opened: Home) -> list[Finding]:
    findings = [
        Finding("settings", ok=True, detail="every variable can be read"),
        Finding("root key", ok=True, detail=f"{opened.vault.root.key_id} opens the data keys"),
        await _integrity(opened),
    ]
    async with opened.store.read() as connection:
        admins = await count_admins(connection)
        api_models, sealed = await list_api_models(connection), await sealed_keys(connection)
    findings.append(await _trail(opened))
    findings.append(Finding("Admin", admins > 0, f"{admins}" if admins else "none yet: run `bodhi setup`"))
    findings += [_look_at(opened, api_model, sealed.get(api_model.id)) for api_model in api_models]
    return findings


async def _integrity(opened: Home) -> Finding:
    async with opened.store.read() as connection:
        if connection.dialect.name != "sqlite":
            return Finding("database", ok=True, detail="answers")
        verdict = str((await connection.execute(text("PRAGMA integrity_check(1)"))).scalar_one())
    return Finding("database", verdict == "ok", verdict)


async def _trail(opened: Home) -> Finding:
    """Look whether the audit trail's last row is the one that its head names, as the next change will continue it."""
    async with opened.store.read() as connection:
        try:
            seq, mac = await audit_position(connection)
        except NoResultFound:
            return Finding("audit trail", ok=False, detail="its head is missing: no change can be made")
        query = select(audit_log.c.seq, audit_log.c.mac).order_by(audit_log.c.seq.desc()).limit(1)
        last = (await connection.execute(query)).one_or_none()
    found = (0, b"") if last is None else (last.seq, bytes(last.mac))
    ok = found == (seq, mac)
    return Finding("audit trail", ok, f"ends at row {seq}" if ok else "its end is not the one that its head names")


def _look_at(opened: Home, api_model: ApiModel, sealed: str | None) -> Finding:
    subject = f"api model {api_model.name}"
    try:
        format_named(api_model.format)
        if sealed is not None:
            opened.vault.open(sealed, provider_key_place(api_model.id, api_model.base_url))
    except CannotOpen:
        return Finding(subject, ok=False, detail="its key cannot be opened: enter it again")
    except BodhiError as error:
        return Finding(subject, ok=False, detail=error.message)
    broken = api_model.broken
    return Finding(subject, broken is None, broken or ("key opens" if sealed else "needs no key"))
