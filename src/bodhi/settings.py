"""Every environment variable, once: name, type, default, and the sentence that the docs show.

Only `app` and `cli` import this module; everything below is handed the values it needs.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

from bodhi.core import setting_values as texts
from bodhi.core.api_model import Timeouts
from bodhi.core.errors import StartupError

SET = "set"
"""What is shown in place of a secret."""

NETWORK, STORE, SIGN_IN, PROVIDERS, SERVER, RETENTION = (
    "Network", "Store", "Sign-in", "Providers", "Server", "Retention",
)  # fmt: skip
"""The headings under which settings are shown."""


def _setting(  # noqa: PLR0913 # one argument a column of the table
    group: str, env_name: str, default: str, read: Callable[[str], Any], doc: str,
    *, secret: bool = False, optional: bool = False,
) -> Any:  # fmt: skip
    return field(metadata={"setting": Setting(env_name, default, doc, read, secret, optional, group)}, repr=not secret)


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
    group: str = ""
    """Under which heading it is shown."""


class Source(StrEnum):
    """Where an effective value comes from."""

    DEFAULT = "default"
    ENVIRONMENT = "environment"
    FILE = "file"
    COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Effective:
    """One setting as it holds, fit to be shown: of a secret no more than that it is set."""

    name: str
    env: str
    group: str
    doc: str
    value: str | None
    default: str | None
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The effective settings. Command-line options replace single values."""

    host: str = _setting(
        NETWORK,
        "BODHI_HOST",
        "127.0.0.1",
        str,
        "Address to listen on. Beyond loopback it needs an Admin and `BODHI_BEHIND_TLS_PROXY`.",
    )
    port: int = _setting(
        NETWORK,
        "BODHI_PORT",
        "1135",
        texts.read_port,
        "Port to listen on; 0 takes a free one.",
    )
    home: Path = _setting(
        STORE,
        "BODHI_HOME",
        "~/.bodhi",
        texts.read_path,
        "Folder of the embedded store, the root key and the setup code.",
    )
    database_url: str = _setting(
        STORE,
        "BODHI_DATABASE_URL",
        "",
        str,
        "PostgreSQL by URL (`postgresql://user:password@host/database`) instead of the embedded SQLite.",
        secret=True,
    )
    encryption_key: str | None = _setting(
        STORE,
        "BODHI_ENCRYPTION_KEY",
        "",
        str,
        "Root key: 32 bytes as base64. Without it and `BODHI_ENCRYPTION_KEY_FILE`, the file `root.key` in the "
        "home folder.",
        secret=True,
        optional=True,
    )
    encryption_key_file: Path | None = _setting(
        STORE,
        "BODHI_ENCRYPTION_KEY_FILE",
        "",
        texts.read_optional_path,
        "File that holds the root key as base64.",
    )
    allowed_hosts: tuple[str, ...] = _setting(
        NETWORK,
        "BODHI_ALLOWED_HOSTS",
        "",
        texts.read_names,
        "Further names, comma-separated, under which clients may address Bodhi; `localhost` and loopback "
        "addresses always work.",
    )
    behind_tls_proxy: bool = _setting(
        NETWORK,
        "BODHI_BEHIND_TLS_PROXY",
        "false",
        texts.read_flag,
        "Whether a proxy in front ends TLS, so that Bodhi may listen beyond loopback.",
    )
    public_url: str = _setting(
        NETWORK,
        "BODHI_PUBLIC_URL",
        "",
        texts.read_url,
        "Where people open Bodhi, such as `https://bodhi.example.org`; invite links and sign-in with OpenID Connect "
        "use it. With `https`, cookies travel by HTTPS only. Empty: `http://localhost` and the port.",
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = _setting(
        NETWORK,
        "BODHI_TRUSTED_PROXIES",
        "",
        texts.read_networks,
        "Addresses or networks, comma-separated, of the proxies in front, whose `X-Forwarded-For` is believed.",
    )
    oidc_issuer: str = _setting(
        SIGN_IN,
        "BODHI_OIDC_ISSUER",
        "",
        texts.read_text,
        "Issuer of the OpenID Connect provider to sign in with, spelled exactly as the provider does. Empty: sign-in "
        "by password only.",
    )
    oidc_client_id: str = _setting(
        SIGN_IN,
        "BODHI_OIDC_CLIENT_ID",
        "",
        texts.read_text,
        "Bodhi's id as a client of the provider.",
    )
    oidc_client_secret: str | None = _setting(
        SIGN_IN,
        "BODHI_OIDC_CLIENT_SECRET",
        "",
        texts.read_text,
        "Bodhi's secret as a client of the provider; without it, Bodhi is a public client.",
        secret=True,
        optional=True,
    )
    oidc_name: str = _setting(
        SIGN_IN,
        "BODHI_OIDC_NAME",
        "OpenID Connect",
        texts.read_text,
        "What the button for signing in with the provider says.",
    )
    oidc_scopes: tuple[str, ...] = _setting(
        SIGN_IN,
        "BODHI_OIDC_SCOPES",
        "openid profile email",
        texts.read_words,
        "Scopes that are asked for. `openid` is one of them.",
    )
    oidc_role_claim: str = _setting(
        SIGN_IN,
        "BODHI_OIDC_ROLE_CLAIM",
        "groups",
        texts.read_text,
        "Claim whose values `BODHI_OIDC_ROLES` maps to roles; a path such as `realm_access.roles` goes into objects.",
    )
    oidc_roles: tuple[tuple[str, str], ...] = _setting(
        SIGN_IN,
        "BODHI_OIDC_ROLES",
        "",
        texts.read_pairs,
        "Roles by value of that claim, such as `admins=admin,devs=power_user`; the highest counts, anew at each "
        "sign-in. Empty: people keep the role that somebody gives them in Bodhi.",
    )
    oidc_default_role: str = _setting(
        SIGN_IN,
        "BODHI_OIDC_DEFAULT_ROLE",
        "guest",
        texts.read_text,
        "Role of people from the provider whom no value of the claim gives one.",
    )
    oidc_algorithms: tuple[str, ...] = _setting(
        SIGN_IN,
        "BODHI_OIDC_ALGORITHMS",
        "RS256,PS256,ES256,EdDSA",
        texts.read_words,
        "Signature algorithms of ID tokens that are accepted; never `none`, and none that uses a shared secret.",
    )
    private_networks: bool = _setting(
        PROVIDERS,
        "BODHI_PRIVATE_NETWORKS",
        "true",
        texts.read_flag,
        "Whether an api model may be allowed to reach loopback and private addresses. Cloud metadata and "
        "link-local addresses never can be.",
    )
    max_body_bytes: int = _setting(
        SERVER,
        "BODHI_MAX_BODY_BYTES",
        str(64 * 1024 * 1024),
        texts.read_size,
        "Largest request body in bytes; beyond it the answer is 413.",
    )
    dropped_headers: tuple[str, ...] = _setting(
        PROVIDERS,
        "BODHI_DROPPED_HEADERS",
        "",
        texts.read_names,
        "Further client headers, comma-separated, that are not passed to providers, such as `openai-organization`.",
    )
    connect_timeout: float = _setting(
        PROVIDERS,
        "BODHI_CONNECT_TIMEOUT",
        "10",
        texts.read_seconds,
        "Seconds for name resolution, TCP and TLS to a provider.",
    )
    first_byte_timeout: float = _setting(
        PROVIDERS,
        "BODHI_FIRST_BYTE_TIMEOUT",
        "600",
        texts.read_seconds,
        "Seconds until the first byte of a provider's answer.",
    )
    idle_timeout: float = _setting(
        PROVIDERS,
        "BODHI_IDLE_TIMEOUT",
        "300",
        texts.read_seconds,
        "Seconds between two bytes of a provider's answer.",
    )
    total_timeout: float = _setting(
        PROVIDERS,
        "BODHI_TOTAL_TIMEOUT",
        "3600",
        texts.read_seconds,
        "Seconds for one call as a whole.",
    )
    write_timeout: float = _setting(
        PROVIDERS,
        "BODHI_WRITE_TIMEOUT",
        "60",
        texts.read_seconds,
        "Seconds without progress while a request is written to a provider.",
    )
    max_connections: int = _setting(
        PROVIDERS,
        "BODHI_MAX_CONNECTIONS",
        "512",
        texts.read_size,
        "Most connections to one provider at a time.",
    )
    workers: int = _setting(
        SERVER,
        "BODHI_WORKERS",
        "1",
        texts.read_workers,
        "Processes that serve, all at the same address; one for each processor core is the most that is of use.",
    )
    drain_timeout: float = _setting(
        SERVER,
        "BODHI_DRAIN_TIMEOUT",
        "30",
        texts.read_seconds,
        "Seconds that open calls get to finish at a stop.",
    )
    usage_days: int = _setting(
        RETENTION,
        "BODHI_USAGE_DAYS",
        "365",
        texts.read_days,
        "Days that usage records are kept: a year, since bills are settled within one. 0 keeps them for ever.",
    )
    audit_days: int = _setting(
        RETENTION,
        "BODHI_AUDIT_DAYS",
        "0",
        texts.read_days,
        "Days that the audit trail is kept. 0 keeps it for ever.",
    )
    log_level: str = _setting(
        SERVER,
        "BODHI_LOG_LEVEL",
        "info",
        texts.read_level,
        "Least severity that is logged: debug, info, warning or error.",
    )

    sources: Mapping[str, Source] = field(default_factory=dict, repr=False, compare=False)
    """Where each value comes from, by field name; what is not named is a default."""

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


_FIELDS: Mapping[str, Setting] = {f.name: f.metadata["setting"] for f in fields(Settings) if "setting" in f.metadata}

SETTINGS: tuple[Setting, ...] = tuple(_FIELDS.values())


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
    sources: dict[str, Source] = {}
    for name, setting in _FIELDS.items():
        override = overrides.get(name)
        if override is not None:
            values[name], sources[name] = override, Source.COMMAND_LINE
            continue
        text = variables.get(setting.env_name)
        if text is not None:
            sources[name] = Source.ENVIRONMENT
        values[name] = None if text is None and setting.optional else _read(setting, text)
    return Settings(**values, sources=sources)


def effective(settings: Settings) -> tuple[Effective, ...]:
    """Return every setting as it holds and where that comes from, in their order."""
    return tuple(_shown(settings, name, setting) for name, setting in _FIELDS.items())


def _read(setting: Setting, text: str | None) -> Any:
    text = setting.default if text is None else text
    try:
        return setting.read(text)
    except ValueError as error:
        shown = "its value" if setting.secret else repr(text)
        raise StartupError(
            f"{setting.env_name}: {shown} cannot be read ({error}). {setting.doc}", exit_status=2
        ) from error


def _shown(settings: Settings, name: str, setting: Setting) -> Effective:
    text, source = texts.write_value(getattr(settings, name)), settings.sources.get(name, Source.DEFAULT)
    if name == "encryption_key" and not text:
        # Nothing runs without a root key: where no variable holds it, a file does.
        text, source = SET, Source.FILE
    return Effective(
        name=name,
        env=setting.env_name,
        group=setting.group,
        doc=setting.doc,
        value=(SET if setting.secret else text) if text else None,
        default=setting.default or None,
        source=source,
    )
