"""The texts of settings and the values that they mean, both ways. Which settings there are is not known here.

Each reader raises ValueError, whose text tells a person what to write instead.
"""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})
MOST_WORKERS = 64
LOG_LEVELS = ("debug", "info", "warning", "error")


def read_flag(text: str) -> bool:
    """Read a yes or no."""
    lowered = text.strip().lower()
    if lowered not in _TRUE | _FALSE:
        raise ValueError("use true or false")
    return lowered in _TRUE


def read_names(text: str) -> tuple[str, ...]:
    """Read names in lower case, separated by commas."""
    return tuple(name.strip().lower() for name in text.split(",") if name.strip())


def read_whole(text: str) -> int:
    """Read a whole number."""
    try:
        return int(text)
    except ValueError:
        raise ValueError("use a whole number") from None


def read_port(text: str) -> int:
    """Read a port."""
    port = read_whole(text)
    if not 0 <= port <= 65535:
        raise ValueError("use a port between 0 and 65535")
    return port


def read_seconds(text: str) -> float:
    """Read a time of at most a day."""
    try:
        seconds = float(text)
    except ValueError:
        raise ValueError("use a number of seconds") from None
    if not 0 < seconds <= 86_400:
        raise ValueError("use seconds between 0 and 86400")
    return seconds


def read_size(text: str) -> int:
    """Read a whole number above 0."""
    size = read_whole(text)
    if size < 1:
        raise ValueError("use a whole number above 0")
    return size


def read_workers(text: str) -> int:
    """Read a number of processes."""
    workers = read_whole(text)
    if not 1 <= workers <= MOST_WORKERS:
        raise ValueError(f"use a whole number between 1 and {MOST_WORKERS}")
    return workers


def read_days(text: str) -> int:
    """Read a number of days."""
    days = read_whole(text)
    if not 0 <= days <= 36_500:
        raise ValueError("use a number of days between 0 and 36500")
    return days


def read_level(text: str) -> str:
    """Read the name of a severity."""
    if text.lower() not in LOG_LEVELS:
        raise ValueError(f"use one of {', '.join(LOG_LEVELS)}")
    return text.lower()


def read_url(text: str) -> str:
    """Read an origin, or nothing."""
    parts = urlsplit(text.strip())
    if text.strip() and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/")):
        raise ValueError("use a scheme and a host, such as https://bodhi.example.org")
    return text.strip().rstrip("/")


def read_words(text: str) -> tuple[str, ...]:
    """Read words, separated by blanks or commas."""
    return tuple(word for word in text.replace(",", " ").split() if word)


def read_text(text: str) -> str:
    """Read a text without blanks around it."""
    return text.strip()


def read_pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Read pairs `value=role`, separated by commas; the last equals sign counts."""
    pairs = [part.rpartition("=") for part in text.split(",") if part.strip()]
    if not all(value.strip() and name.strip() for value, _, name in pairs):
        raise ValueError("use value=role, such as admins=admin,devs=power_user")
    return tuple((value.strip(), name.strip().lower()) for value, _, name in pairs)


def read_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Read addresses and networks, separated by commas."""
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError("use addresses or networks, such as 10.0.0.0/8") from None


def read_path(text: str) -> Path:
    """Read a path; `~` is the home of an account."""
    if not text.strip():
        raise ValueError("name a path")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ValueError("there is no such user") from None


def read_optional_path(text: str) -> Path | None:
    """Read a path, or nothing."""
    return read_path(text) if text else None


def write_value(value: object) -> str:
    """Write a setting's value as it would be set; nothing is empty."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:g}"
        case tuple():
            return ",".join("=".join(each) if isinstance(each, tuple) else str(each) for each in value)
        case _:
            return str(value)
