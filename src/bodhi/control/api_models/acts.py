"""What the audit trail says of api models: changed fields, with secrets as fingerprints. When it is told: `service`."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from bodhi.core.api_model import ApiModel
from bodhi.core.audit import Act
from bodhi.core.credential import Secret
from bodhi.storage.audit import AuditLog

_PLAIN = ("name", "format", "base_url", "prefix", "forward_all", "models", "allow_private_network", "owner_id")
_EXTRAS = ("extra_headers", "extra_body")


class KeyedModel(NamedTuple):
    """An api model with its key."""

    api_model: ApiModel
    key: Secret | None


def creation(audit: AuditLog, api_model: ApiModel, key: Secret | None) -> Act:
    """Tell of a new api model."""
    return Act(
        action="api_model.create",
        subject_id=api_model.id,
        subject_name=api_model.name,
        after=told(audit, KeyedModel(api_model, key)),
    )


def alteration(audit: AuditLog, old: KeyedModel, new: KeyedModel) -> Act:
    """Tell of the fields that changed."""
    before, after = told(audit, old), told(audit, new)
    changed = [name for name in before if before[name] != after[name]]
    return Act(
        action="api_model.change",
        subject_id=new.api_model.id,
        subject_name=new.api_model.name,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )


def removal(audit: AuditLog, api_model: ApiModel, key: Secret | None) -> Act:
    """Tell of an api model that is no more."""
    return Act(
        action="api_model.delete",
        subject_id=api_model.id,
        subject_name=api_model.name,
        before=told(audit, KeyedModel(api_model, key)),
    )


def told(audit: AuditLog, keyed: KeyedModel) -> dict[str, Any]:
    """Return what may be told of an api model."""
    api_model, key = keyed
    fields: dict[str, Any] = {name: getattr(api_model, name) for name in _PLAIN}
    fields["models"] = list(api_model.models)
    fields["timeouts"] = None if api_model.timeouts is None else repr(api_model.timeouts)
    for name in _EXTRAS:
        fields[name] = _names_only(audit, getattr(api_model, name))
    fields["has_key"] = api_model.has_key
    fields["key"] = None if key is None else {"fingerprint": audit.fingerprint(key.reveal())}
    return fields


def _names_only(audit: AuditLog, extras: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the names, and a fingerprint of the whole: the values of headers and bodies may be secrets, too."""
    if not extras:
        return None
    whole = json.dumps(dict(extras), sort_keys=True, default=str)
    return {"names": sorted(extras), "fingerprint": audit.fingerprint(whole)}
