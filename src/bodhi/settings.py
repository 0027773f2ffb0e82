"""Every environment variable, once: name, type, default, and the sentence that the docs show.

Only `app` and `cli` import this module; everything below is handed the values it needs.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bodhi.core.api_model import Timeouts
from bodhi.core.errors import StartupError

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})
LOG_LEVELS = ("debug", "info", "warning", "error")


def _flag(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered not in _TRUE | _FALSE:
        raise ValueError("use true or false")
    return lowered in _TRUE


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in text.split(",") if name.strip())


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("use a whole number") from None


def _port(text: str) -> int:
    port = _whole(text)
    if not 0 <= port <= 65535:
        raise ValueError("use a port between 0 and 65535")
    return port


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise ValueError("use a number of seconds") from None
    if not 0 < seconds <= 86_400:
        raise ValueError("use seconds between 0 and 86400")
    return seconds


def _size(text: str) -> int:
    size = _whole(text)
    if size < 1:
        raise ValueError("use a whole number above 0")
    return size


def _days(text: str) -> int:
    days = _whole(text)
    if not 0 <= days <= 36_500:
        raise ValueError("use a number of days between 0 and 36500")
    return days


def _level(text: str) -> str:
    if text.lower() not in LOG_LEVELS:
        raise ValueError(f"use one of {', '.join(LOG_LEVELS)}")
    return text.lower()


def _url(text: str) -> str:
    parts = urlsplit(text.strip())
    if text.strip() and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/")):
        raise ValueError("use a scheme and a host, such as https://bodhi.example.org")
    return text.strip().rstrip("/")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.replace(",", " ").split() if word)


def _text(text: str) -> str:
    return text.strip()


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [part.rpartition("=") for part in text.split(",") if part.strip()]
    if not all(value.strip() and name.strip() for value, _, name in pairs):
        raise ValueError("use value=role, such as admins=admin,devs=power_user")
    return tuple((value.strip(), name.strip().lower()) for value, _, name in pairs)


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError("use addresses or networks, such as 10.0.0.0/8") from None


def _path(text: str) -> Path:
    if not text.strip():
        raise ValueError("name a path")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ValueError("there is no such user") from None


def _optional_path(text: str) -> Path | None:
    return _path(text) if text else None


def _setting(  # one argument a column of the table
    env_name: str, default: str, read: Callable[[str], Any], doc: str, *, secret: bool = False, optional: bool = False
) -> Any:
    return field(metadata={"setting": Setting(env_name, default, doc, read, secret, optional)}, repr=not secret)


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable."""

    env_name: str
    default: str
    doc: str
    read: Callable[[str], Any]
    secret: bool = False
    optional: bool = False
    """Whether leaving it out is something else than any value: an empty secret is a mistake, not the absence of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The effective settings. Command-line options replace single values."""

    host: str = _setting(
        "BODHI_HOST",
        "127.0.0.1",
        str,
        "Address to listen on. Beyond loopback it needs an Admin and `BODHI_BEHIND_TLS_PROXY`.",
    )
    port: int = _setting(
        "BODHI_PORT",
        "1135",
        _port,
        "Port to listen on; 0 takes a free one.",
    )
    home: Path = _setting(
        "BODHI_HOME",
        "~/.bodhi",
        _path,
        "Folder of the embedded store, the root key and the setup code.",
    )
    database_url: str = _setting(
        "BODHI_DATABASE_URL",
        "",
        str,
        "PostgreSQL by URL (`postgresql://user:password@host/database`) instead of the embedded SQLite.",
        secret=True,
    )
    encryption_key: str | None = _setting(
        "BODHI_ENCRYPTION_KEY",
        "",
        str,
        "Root key: 32 bytes as base64. Without it and `BODHI_ENCRYPTION_KEY_FILE`, the file `root.key` in the "
        "home folder.",
        secret=True,
        optional=True,
    )
    encryption_key_file: Path | None = _setting(
        "BODHI_ENCRYPTION_KEY_FILE",
        "",
        _optional_path,
        "File that holds the root key as base64.",
    )
    allowed_hosts: tuple[str, ...] = _setting(
        "BODHI_ALLOWED_HOSTS",
        "",
        _names,
        "Further names, comma-separated, under which clients may address Bodhi; `localhost` and loopback "
        "addresses always work.",
    )
    behind_tls_proxy: bool = _setting(
        "BODHI_BEHIND_TLS_PROXY",
        "false",
        _flag,
        "Whether a proxy in front ends TLS, so that Bodhi may listen beyond loopback.",
    )
    public_url: str = _setting(
        "BODHI_PUBLIC_URL",
        "",
        _url,
        "Where people open Bodhi, such as `https://bodhi.example.org`; invite links and sign-in with OpenID Connect "
        "use it. With `https`, cookies travel by HTTPS only. Empty: `http://localhost` and the port.",
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = _setting(
        "BODHI_TRUSTED_PROXIES",
        "",
        _networks,
        "Addresses or networks, comma-separated, of the proxies in front, whose `X-Forwarded-For` is believed.",
    )
    oidc_issuer: str = _setting(
        "BODHI_OIDC_ISSUER",
        "",
        _text,
        "Issuer of the OpenID Connect provider to sign in with, spelled exactly as the provider does. Empty: sign-in "
        "by password only.",
    )
    oidc_client_id: str = _setting(
        "BODHI_OIDC_CLIENT_ID",
        "",
        _text,
        "Bodhi's id as a client of the provider.",
    )
    oidc_client_secret: str | None = _setting(
        "BODHI_OIDC_CLIENT_SECRET",
        "",
        _text,
        "Bodhi's secret as a client of the provider; without it, Bodhi is a public client.",
        secret=True,
        optional=True,
    )
    oidc_name: str = _setting(
        "BODHI_OIDC_NAME",
        "OpenID Connect",
        _text,
        "What the button for signing in with the provider says.",
    )
    oidc_scopes: tuple[str, ...] = _setting(
        "BODHI_OIDC_SCOPES",
        "openid profile email",
        _words,
        "Scopes that are asked for. `openid` is one of them.",
    )
    oidc_role_claim: str = _setting(
        "BODHI_OIDC_ROLE_CLAIM",
        "groups",
        _text,
        "Claim whose values `BODHI_OIDC_ROLES` maps to roles; a path such as `realm_access.roles` goes into objects.",
    )
    oidc_roles: tuple[tuple[str, str], ...] = _setting(
        "BODHI_OIDC_ROLES",
        "",
        _pairs,
        "Roles by value of that claim, such as `admins=admin,devs=power_user`; the highest counts, anew at each "
        "sign-in. Empty: people keep the role that somebody gives them in Bodhi.",
    )
    oidc_default_role: str = _setting(
        "BODHI_OIDC_DEFAULT_ROLE",
        "guest",
        _text,
        "Role of people from the provider whom no value of the claim gives one.",
    )
    oidc_algorithms: tuple[str, ...] = _setting(
        "BODHI_OIDC_ALGORITHMS",
        "RS256,PS256,ES256,EdDSA",
        _words,
        "Signature algorithms of ID tokens that are accepted; never `none`, and none that uses a shared secret.",
    )
    private_networks: bool = _setting(
        "BODHI_PRIVATE_NETWORKS",
        "true",
        _flag,
        "Whether an api model may be allowed to reach loopback and private addresses. Cloud metadata and "
        "link-local addresses never can be.",
    )
    max_body_bytes: int = _setting(
        "BODHI_MAX_BODY_BYTES",
        str(64 * 1024 * 1024),
        _size,
        "Largest request body in bytes; beyond it the answer is 413.",
    )
    dropped_headers: tuple[str, ...] = _setting(
        "BODHI_DROPPED_HEADERS",
        "",
        _names,
        "Further client headers, comma-separated, that are not passed to providers, such as `openai-organization`.",
    )
    connect_timeout: float = _setting(
        "BODHI_CONNECT_TIMEOUT",
        "10",
        _seconds,
        "Seconds for name resolution, TCP and TLS to a provider.",
    )
    first_byte_timeout: float = _setting(
        "BODHI_FIRST_BYTE_TIMEOUT",
        "600",
        _seconds,
        "Seconds until the first byte of a provider's answer.",
    )
    idle_timeout: float = _setting(
        "BODHI_IDLE_TIMEOUT",
        "300",
        _seconds,
        "Seconds between two bytes of a provider's answer.",
    )
    total_timeout: float = _setting(
        "BODHI_TOTAL_TIMEOUT",
        "3600",
        _seconds,
        "Seconds for one call as a whole.",
    )
    write_timeout: float = _setting(
        "BODHI_WRITE_TIMEOUT",
        "60",
        _seconds,
        "Seconds without progress while a request is written to a provider.",
    )
    max_connections: int = _setting(
        "BODHI_MAX_CONNECTIONS",
        "512",
        _size,
        "Most connections to one provider at a time.",
    )
    drain_timeout: float = _setting(
        "BODHI_DRAIN_TIMEOUT",
        "30",
        _seconds,
        "Seconds that open calls get to finish at a stop.",
    )
    usage_days: int = _setting(
        "BODHI_USAGE_DAYS",
        "365",
        _days,
        "Days that usage records are kept: a year, since bills are settled within one. 0 keeps them for ever.",
    )
    audit_days: int = _setting(
        "BODHI_AUDIT_DAYS",
        "0",
        _days,
        "Days that the audit trail is kept. 0 keeps it for ever.",
    )
    log_level: str = _setting(
        "BODHI_LOG_LEVEL",
        "info",
        _level,
        "Least severity that is logged: debug, info, warning or error.",
    )

    @property
    def secure_cookies(self) -> bool:
        """Whether browsers reach Bodhi by HTTPS."""
        return self.behind_tls_proxy or self.public_url.startswith("https://")

    @property
    def timeouts(self) -> Timeouts:
        """The deadlines of upstream calls where an api model has none of its own."""
        return Timeouts(
            connect=self.connect_timeout,
            first_byte=self.first_byte_timeout,
            idle=self.idle_timeout,
            total=self.total_timeout,
            write_stall=self.write_timeout,
        )


SETTINGS: tuple[Setting, ...] = tuple(f.metadata["setting"] for f in fields(Settings))


def read_settings(environment: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Read the settings.

    Args:
        environment: variables to read; the process's own by default.
        overrides: values by field name that replace what the environment says; None leaves it.

    Raises:
        StartupError: a variable has a value that cannot be read; the message names it and never repeats a secret.
    """
    variables = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    for each in fields(Settings):
        setting: Setting = each.metadata["setting"]
        override = overrides.get(each.name)
        if override is not None:
            values[each.name] = override
            continue
        text = variables.get(setting.env_name)
        if text is None and setting.optional:
            values[each.name] = None
            continue
        text = setting.default if text is None else text
        try:
            values[each.name] = setting.read(text)
        except ValueError as error:
            shown = "its value" if setting.secret else repr(text)
            raise StartupError(
                f"{setting.env_name}: {shown} cannot be read ({error}). {setting.doc}", exit_status=2
            ) from error
    return Settings(**values)
