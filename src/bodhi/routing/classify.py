"""Which dialect asks: decided from method, path, headers and query, before anybody is authenticated.

Three providers' clients share one path space, so a path alone does not always tell. A surface is the dialects with
one mount: they share errors and models lists.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from bodhi.core.errors import InvalidPath
from bodhi.core.remember import remember
from bodhi.core.types import Headers
from bodhi.formats.contract import Dialect, Endpoint

MAX_REMEMBERED_PATHS = 1_024
MAX_REMEMBERED_PATH = 512
"""Bytes. Paths come from anybody, before it is known who: a longer one is looked up each time."""
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]|//|(?:^|/)\.{1,2}(?:/|$)|%(?:2[eEfF]|5[cC]|00)")
_PLACES = {
    "{model}": r"(?P<model>.+)",
    "{id}": r"(?P<id>[A-Za-z0-9_-]{1,128})",
    "{action}": r"(?P<action>[A-Za-z]+)",
    "[models/]": r"(?:models/)?",
}
_PLACE = re.compile(r"(\{\w+\}|\[models/\])")


@dataclass(frozen=True, slots=True)
class Match:
    """An endpoint that a path means, its dialect, and the decoded places of its path."""

    dialect: Dialect
    endpoint: Endpoint
    params: Mapping[str, str]


class Surface:
    """The dialects with one mount, as one table of paths."""

    def __init__(self, mount: str, dialects: Sequence[Dialect]) -> None:
        self.mount = mount
        self.dialects = tuple(dialects)
        self.voice = dialects[0]
        """The dialect in which errors and models lists of this surface are written."""
        self._exact = {
            (e.method, e.path): Match(d, e, {}) for d in dialects for e in d.endpoints if not _is_template(e)
        }
        self._templates = [(e.method, _pattern(d, e), d, e) for d in dialects for e in d.endpoints if _is_template(e)]
        self._paths = {e.path for d in dialects for e in d.endpoints if not _is_template(e)}

    def match(self, method: str, path: str) -> Match | None:
        """Find the endpoint that a decoded path, below the mount, means."""
        exact = self._exact.get((method, path))
        if exact is not None:
            return exact
        for template_method, pattern, dialect, endpoint in self._templates:
            if template_method == method and (found := pattern.fullmatch(path)):
                return Match(dialect, endpoint, found.groupdict())
        return None

    def methods(self, path: str) -> list[str]:
        """Return the methods that a path takes here, for the 405."""
        return sorted({m for m in ("DELETE", "GET", "PATCH", "POST", "PUT") if self.match(m, path)})


@dataclass(frozen=True, slots=True)
class Found:
    """What a request means: its surface, its path below the mount, and its endpoint, if there is one."""

    surface: Surface
    path: str
    match: Match | None
    problem: InvalidPath | None


class Classifier:
    """Decides for each request which surface is meant."""

    def __init__(self, dialects: Iterable[Dialect]) -> None:
        """Arrange the dialects.

        Args:
            dialects: in the order in which their claims are tried; the last one is the fallback.
        """
        self._claiming = tuple(dialects)
        mounts: dict[str, list[Dialect]] = {}
        for dialect in self._claiming:
            mounts.setdefault(dialect.mount, []).append(dialect)
        self.surfaces = {mount: Surface(mount, group) for mount, group in mounts.items()}
        self._fallback = self.surfaces[self._claiming[-1].mount]
        self._path_claims = [
            (re.compile("|".join(f"(?:{p})" for p in d.claims.paths)), self.surfaces[d.mount])
            for d in self._claiming
            if d.claims.paths
        ]
        self._marked = [d for d in self._claiming if d.claims.headers or d.claims.query]
        self._remembered: dict[tuple[str, str], Surface | None] = {}
        self._found: dict[tuple[str, bytes], Found] = {}
        """What was found for paths that mean the same whatever headers come with them."""

    def find(self, method: str, raw_path: bytes, headers: Headers, query: bytes) -> Found:
        """Find out what a request means. A path that cannot be decoded still has a surface, for its error.

        Args:
            method: upper case.
            raw_path: as received.
            headers: names in lower case.
            query: as received, without the question mark.
        """
        found = self._found.get((method, raw_path))
        if found is not None:
            return found
        try:
            path = decode_path(raw_path)
        except InvalidPath as error:
            surface, _ = self.classify(method, raw_path.decode("latin-1"), headers, query)
            return Found(surface, "", None, error)
        surface, below = self.classify(method, path, headers, query)
        found = Found(surface, below, surface.match(method, below), None)
        is_certain = below != path or self._by_path(method, path) is not None
        if is_certain and _comes_again(found.match, raw_path):
            remember(self._found, (method, raw_path), found, MAX_REMEMBERED_PATHS)
        return found

    def classify(self, method: str, path: str, headers: Headers, query: bytes) -> tuple[Surface, str]:
        """Return the surface that a request is for, and the path below that surface's mount.

        Args:
            method: upper case.
            path: decoded, see `decode_path`.
            headers: names in lower case.
            query: as received, without the question mark.
        """
        for mount, mounted in self.surfaces.items():
            if path.startswith(mount) and path[len(mount) : len(mount) + 1] == "/":
                return mounted, path[len(mount) :]
        surface = self._by_path(method, path)
        return self._by_marks(headers, query) if surface is None else surface, path

    def _by_path(self, method: str, path: str) -> Surface | None:
        """Decide by the path alone: a claim on it, or a single surface that serves it. Remembered, within a bound."""
        key = (method, path)
        if key in self._remembered:
            return self._remembered[key]
        line = f"{method} {path}"
        claiming = [each for pattern, each in self._path_claims if pattern.match(line)]
        matches = {each: match for each in self.surfaces.values() if (match := each.match(method, path))}
        serving = list(matches)
        surface = claiming[0] if claiming else serving[0] if len(serving) == 1 else None
        match = next(iter(matches.values()), None)
        if _comes_again(match, path):
            remember(self._remembered, key, surface, MAX_REMEMBERED_PATHS)
        return surface

    def _by_marks(self, headers: Headers, query: bytes) -> Surface:
        names = {name for name, _ in headers}
        for dialect in self._marked:
            if not names.isdisjoint(dialect.claims.headers):
                return self.surfaces[dialect.mount]
        parameters = {piece.partition(b"=")[0] for piece in query.split(b"&")} if query else set()
        for dialect in self._marked:
            if not parameters.isdisjoint(dialect.claims.query):
                return self.surfaces[dialect.mount]
        return self._fallback


def _comes_again(match: Match | None, path: str | bytes) -> bool:
    """Tell whether a path is worth remembering: it means something, it names no single object, and it is short."""
    return match is not None and "id" not in match.params and len(path) <= MAX_REMEMBERED_PATH


def decode_path(raw: bytes) -> str:
    """Decode a request path once, and refuse what two parsers could read differently.

    Raises:
        InvalidPath: dot segments, empty segments, backslashes, control characters, or a second layer of escapes.
    """
    text = raw.decode("latin-1")
    if "%" in text:
        try:
            text = unquote(text, errors="strict")
        except UnicodeDecodeError as error:
            raise InvalidPath("The request path is not UTF-8.") from error
    if _FORBIDDEN.search(text):
        raise InvalidPath
    return text


def _is_template(endpoint: Endpoint) -> bool:
    return _PLACE.search(endpoint.path) is not None


def _pattern(dialect: Dialect, endpoint: Endpoint) -> re.Pattern[str]:
    """Compile a path template. `{model}` takes slashes and is greedy, so an action is cut at the last colon."""
    places = {**_PLACES, "{version}": f"(?P<version>{'|'.join(map(re.escape, dialect.versions)) or '(?!)'})"}
    pieces = [places.get(piece) or re.escape(piece) for piece in _PLACE.split(endpoint.path)]
    return re.compile("".join(pieces))
