"""Where an object is: one parser for every fsspec-style path, and ``Location``, which says it."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self
from weakref import WeakSet

import attrs

from daypass.errors import InvalidPathError, InvalidRequestError, SigningNotSupportedError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = ["PROFILES", "Location", "ParsedPath", "PathLike", "parse_path", "shown_path"]

#: How long a backend's network calls may take for one hook call, in seconds.
DEADLINE = 30.0

#: Paths of this protocol name a profile of the configuration: ``daypass://NAME/key``.
PROFILES = "daypass"

_PROTOCOL = re.compile(r"([A-Za-z][A-Za-z0-9+._-]*)://")
_CHAIN = re.compile(r"([a-z][a-z0-9]*)::(.*)", re.DOTALL)
_CHAIN_INSIDE = re.compile(r"::[a-z][a-z0-9+._-]*://")
_LAST_PORT = 65_535
#: RFC 1035 section 2.3.4: 255 octets with a length before each label, and the root's.
_LONGEST_HOST, _LONGEST_LABEL = 253, 63
#: fsspec's caching wrappers: the object behind them is the same object.
CACHES = frozenset({"simplecache", "filecache", "blockcache", "cached"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DOT_SEGMENT = re.compile(r"(?:^|/)\.\.?(?:/|$)")


class _UPath(Protocol):
    """The part of `upath.UPath` that a path is read from."""

    protocol: str
    storage_options: Mapping[str, Any]


PathLike = str | os.PathLike[str] | _UPath


@attrs.frozen
class ParsedPath:
    """A path taken apart; ``key`` is exactly what followed the bucket and its slash."""

    protocol: str
    bucket: str
    key: str
    #: Storage options that the path object brought along (UPath).
    storage_options: Mapping[str, Any] = attrs.field(factory=dict, repr=False)

    def __str__(self) -> str:
        """Return the path as text."""
        return f"{self.protocol}://{self.bucket}" + (f"/{self.key}" if self.key else "")


def parse_path(path: PathLike, *, protocol: str | None = None) -> ParsedPath:
    """Take an fsspec-style path apart without changing a single character of its key.

    >>> parse_path("s3://bucket/a b//c?d#e").key
    'a b//c?d#e'

    Args:
        path: text, an ``os.PathLike`` (a local file) or a UPath.
        protocol: the protocol of a path that names none (that of a given filesystem).

    Raises:
        InvalidPathError: for an empty path, control characters, or text that is not Unicode.
        SigningNotSupportedError: for chained URLs other than fsspec's caches.

    """
    options: Mapping[str, Any] = {}
    if isinstance(path, str):
        text = str.__str__(path)  # an exact str: a subclass may write itself in its own way
    else:
        text, options = _read(path)
    check_text(text, "path")
    if "::" in text:
        text = _unchain(text)
    match = _PROTOCOL.match(text)
    if match is None:
        return _without_protocol(text, protocol, options)
    found = match[1]
    rest = text[match.end() :]
    if found in ("file", "local", "memory"):
        return ParsedPath(found, "", rest, options)
    bucket, _, key = _split_bucket(rest)
    if not bucket:
        msg = f"{text[:60]!r} names no bucket: write {found}://bucket/key"
        raise InvalidPathError(msg, option="path")
    return ParsedPath(found, bucket, key, options)


def _read(path: object) -> tuple[str, Mapping[str, Any]]:
    """Return a path object's text, and the storage options that it brings along."""
    text, options = None, None
    try:
        if (options := getattr(path, "storage_options", None)) is not None:
            text = str(path)
        elif isinstance(path, os.PathLike):
            text = os.fspath(path)
    except Exception as error:
        msg = f"a {type(path).__name__} was given as path, and its text cannot be read"
        raise InvalidPathError(msg, option="path") from error
    if not isinstance(text, str) or not isinstance(options, Mapping | None):
        msg = f"a path must be text or path-like, not {type(path).__name__}"
        raise InvalidPathError(msg, option="path")
    return str.__str__(text), options or {}


def _without_protocol(text: str, protocol: str | None, options: Mapping[str, Any]) -> ParsedPath:
    if protocol is None or protocol in ("file", "local", "memory"):
        return ParsedPath(protocol or "file", "", text, options)
    bucket, _, key = _split_bucket(text)
    return ParsedPath(protocol, bucket, key, options)


def _split_bucket(rest: str) -> tuple[str, str, str]:
    if not rest.startswith("arn:"):
        return rest.partition("/")
    # An access point's ARN holds a slash of its own: arn:...:accesspoint/name/key.
    match = re.match(
        r"(arn:[^/]*:(?:accesspoint|outpost/[^/:]+[/:]accesspoint)[/:][^/]+)(/?)", rest
    )
    if match is None:
        return rest.partition("/")
    return match[1], match[2], rest[match.end() :]


def _unchain(text: str) -> str:
    while match := _CHAIN.match(text):
        if match[1] not in CACHES:
            msg = (
                f"{match[1]}:: reads inside another file, which no URL can address: "
                "sign the file itself, without the chain"
            )
            raise SigningNotSupportedError(msg)
        text = match[2]
    if _CHAIN_INSIDE.search(text):
        msg = "a chained URL addresses a member of another file: sign the file itself"
        raise SigningNotSupportedError(msg)
    return text


def check_text(text: str, option: str) -> None:
    """Raise where text cannot be a path: empty, control characters, lone surrogates."""
    if not text:
        msg = f"the {option} is empty: write protocol://bucket/key"
        raise InvalidPathError(msg, option=option)
    if text.isascii() and text.isprintable():
        return
    if found := _CONTROL.search(text):
        msg = f"the {option} holds the control character U+{ord(found[0]):04X}, which no URL should carry"
        raise InvalidPathError(msg, option=option)
    try:
        text.encode()
    except UnicodeEncodeError:
        msg = f"the {option} holds a lone surrogate, which is not Unicode text: decode the name properly first"
        raise InvalidPathError(msg, option=option) from None


def check_key(key: str, *, max_bytes: int | None, allow_dot_segments: bool) -> None:
    """Raise where a key cannot be signed exactly as stored.

    Raises:
        InvalidPathError: for an empty key, one above ``max_bytes`` of UTF-8, or a dot segment.

    """
    if not key:
        msg = "the path names a bucket but no key: write protocol://bucket/key"
        raise InvalidPathError(msg, option="path")
    check_text(key, "key")
    if max_bytes is not None and len(key) * 4 > max_bytes and len(key.encode()) > max_bytes:
        msg = f"the key is {len(key.encode())} bytes of UTF-8 long, above the store's {max_bytes}"
        raise InvalidPathError(msg, option="path")
    if not allow_dot_segments and "." in key and _DOT_SEGMENT.search(key):
        msg = (
            "the key holds a '.' or '..' segment, which most HTTP clients rewrite, so that the "
            "link would reach another key: rename the object, or pass allow_dot_segments=True"
        )
        raise InvalidPathError(msg, option="allow_dot_segments")


def check_prefix(prefix: str, *, max_bytes: int | None) -> None:
    """Raise where a listing's prefix cannot be signed; empty, it stands for the whole bucket.

    It travels in the query, where no client rewrites dot segments, so they are let through.

    Raises:
        InvalidPathError: for control characters, lone surrogates, or more bytes than a key has.

    """
    if prefix:
        check_key(prefix, max_bytes=max_bytes, allow_dot_segments=True)


def check_version(version: str | None) -> str | None:
    """Return an object's version, or raise where it cannot be one."""
    if version is None:
        return None
    if not isinstance(version, str) or not version:
        msg = "version must be text that is not empty"
        raise InvalidRequestError(msg, option="version")
    check_text(version, "version")
    return str.__str__(version)


def check_endpoint(url: str, option: str) -> str:
    """Return an http(s) endpoint, or raise where it is anything else.

    Raises:
        InvalidRequestError: for another scheme, a missing or odd host, a port out of range,
            user info, a query or a fragment.

    """
    url = str.__str__(url) if isinstance(url, str) else url
    match = isinstance(url, str) and re.fullmatch(
        r"(?i:https?)://(?P<host>[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?"
        r"(?P<path>/[A-Za-z0-9._~/-]*)?",
        url,
        re.ASCII,
    )
    if not match or (match["port"] and not 0 < int(match["port"]) <= _LAST_PORT):
        shown = (
            ""
            if not isinstance(url, str) or re.search(r"[@?#]", url)
            else f", not {ascii(url)[:60]}"
        )
        msg = f"{option} must be http(s)://host[:port] without user info, query or fragment{shown}"
        raise InvalidRequestError(msg, option=option)
    host = match["host"].removesuffix(".")
    if len(host) > _LONGEST_HOST or max(map(len, host.split("."))) > _LONGEST_LABEL:
        msg = (
            f"{option} must name a host of at most {_LONGEST_HOST} characters, with at most "
            f"{_LONGEST_LABEL} between two dots (RFC 1035), not {ascii(host)[:60]}"
        )
        raise InvalidRequestError(msg, option=option)
    return url


class _Once:
    """Call a function at most once, from any thread; after a fork, once more.

    Args:
        make: the function.
        cache: what else a child of this process shall begin without: locks, threads and sockets
            in it are the parent's.

    """

    def __init__(self, make: Callable[[], Any], cache: dict[Any, Any] | None = None) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: list[Any] = []
        self._cache = cache
        _onces.add(self)

    def __call__(self) -> Any:
        if not self._made:
            with self._lock:
                if not self._made:
                    self._made.append(self._make())
        return self._made[0]

    def forget(self) -> None:
        """Begin again, as the only thread of a new process."""
        self._lock = threading.Lock()
        # Kept and never used: to end them would end, or wait for, what is the parent's.
        _of_parents.append((self._made, dict(self._cache or ())))
        self._made = []
        if self._cache is not None:
            self._cache.clear()


_onces: WeakSet[_Once] = WeakSet()
_of_parents: list[object] = []


def _after_fork() -> None:
    for once in list(_onces):
        once.forget()


if hasattr(os, "register_at_fork"):  # Windows knows no fork
    os.register_at_fork(after_in_child=_after_fork)


def shown_path(text: str) -> str:
    """Mask a password before an ``@``, and the query of an HTTP URL, which may hold a signature."""
    text = re.sub(r"^((?:[a-z0-9+._-]+://)?[^/@]*?:)[^/@]*@", r"\1****@", text)
    if text.startswith(("http://", "https://")):
        place, mark, _ = text.partition("?")
        return place + mark + ("****" if mark else "")
    return text


def read_as_local(location: Location) -> str | None:
    """Say how a path is written that was read as a local file; None where it is plainly meant as one."""
    key = location.key
    if location.protocol not in ("file", "local") or key.startswith(("/", ".")):
        return None
    scheme, colon, rest = key.partition(":")
    as_in = (
        f"{scheme}://{rest.lstrip('/')}"
        if colon and scheme.isalnum() and rest
        else "s3://bucket/key"
    )
    return (
        f"{ascii(key)[:60]} names no protocol of a store, so it was read as a local file: "
        f"write the protocol too, as in {ascii(as_in)[1:-1][:60]}"
    )


@attrs.frozen(slots=False, eq=False, repr=False)  # not slotted: at() copies __dict__ for every key
class Location:
    """Where one object is: what a plugin's hooks are given.

    Every location below one store shares its filesystem and its ``cache``.
    """

    #: ``s3``, ``gs``, ...: as the path spells it.
    protocol: str
    #: The part before the first slash: bucket, container or host.
    bucket: str
    #: The key exactly as stored. Nothing has been decoded, folded or stripped.
    key: str
    #: fsspec's own options, passed on untouched.
    storage_options: Mapping[str, Any]
    #: The backend's attrs class, structured from ``signer_options``; None where it has none.
    options: Any
    #: The endpoint that the URL's reader can reach, where it differs from the filesystem's.
    public_endpoint: str | None
    #: The object's version, where one is named.
    version: str | None = None
    #: The longest that all network calls for one hook call may take, in seconds.
    deadline: float = DEADLINE
    #: A place for prepared signers: a cache, shared below one store and never state.
    cache: dict[Any, Any] = attrs.field(factory=dict)
    #: True where the caller handed over a filesystem, which then outranks ``storage_options``.
    has_fs: bool = False
    #: The profile that the store is made of, where it is of one. The path is the real one all the same.
    profile: str | None = None
    #: Methods, options and functions that the profile says its store lacks.
    lacks: frozenset[str] = frozenset()
    _open: Callable[[], AbstractFileSystem] = attrs.field(kw_only=True)
    _delicate: bool = attrs.field(init=False)

    @_delicate.default
    def _is_delicate(self) -> bool:
        return "@" in self.bucket or self.protocol in ("http", "https")

    @property
    def fs(self) -> AbstractFileSystem:
        """The fsspec filesystem, made on first use."""
        return self._open()

    @property
    def path(self) -> str:
        """The path as text, without what is secret in it: a password, or the query of a URL."""
        return shown_path(self.full_path) if self._delicate else self.full_path

    @property
    def full_path(self) -> str:
        """The path as text, secrets included: to be opened and never to be shown."""
        if not self.bucket:
            return f"{self.protocol}://{self.key}"
        return f"{self.protocol}://{self.bucket}/{self.key}"

    def __repr__(self) -> str:
        """Show the path, and never an option."""
        return f"Location({self.path!r}, version={self.version!r})"

    def at(self, key: str, version: str | None = None) -> Self:
        """Return the location of another key below the same store."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy.__dict__["key"] = key
        copy.__dict__["version"] = version
        return copy
