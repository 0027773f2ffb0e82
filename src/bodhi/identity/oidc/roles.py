"""What claims say of a person: the role, and a name. Pure; whether it is believed is decided elsewhere."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from bodhi.core.principal import Role

MAX_VALUES = 1_000
MAX_NAME = 48
"""Shorter than a user name may be, so that a number fits behind it."""
NAME_CLAIMS = ("preferred_username", "email", "name")


def claim_at(claims: Mapping[str, Any], path: str) -> Any:
    """Return a claim by its name or, where names are nested, by a dotted path; None where there is none.

    A whole name comes first: some providers ask for names that are URLs, which hold dots.
    """
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def mapped_role(claims: Mapping[str, Any], path: str, roles: Mapping[str, Role], default: Role) -> Role:
    """Return the highest role that the values of a claim stand for, or the default where none stands for any.

    The claim may be one text, a list of texts, or an object whose members' names are the values.
    """
    claim = claim_at(claims, path)
    values = [claim] if isinstance(claim, str) else list(claim)[:MAX_VALUES] if isinstance(claim, list | dict) else []
    return max((roles[value] for value in values if isinstance(value, str) and value in roles), default=default)


def suggested_name(claims: Mapping[str, Any]) -> str:
    """Return a user name made of what the claims call a person; it may be taken, and it identifies nobody."""
    for claim in NAME_CLAIMS:
        text = claims.get(claim)
        if isinstance(text, str):
            name = _plain(text)
            if name:
                return name
    return "person"


def has_name(claims: Mapping[str, Any]) -> bool:
    """Tell whether the claims call a person anything."""
    return any(isinstance(claims.get(claim), str) for claim in NAME_CLAIMS)


def _plain(text: str) -> str:
    words = unicodedata.normalize("NFC", text[: MAX_NAME * 4]).split()
    visible = "".join(letter for letter in ".".join(words) if letter.isprintable() and not letter.isspace())
    return visible[:MAX_NAME]
