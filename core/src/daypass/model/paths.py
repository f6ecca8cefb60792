"""One parser for every fsspec-style path, and what a key, a prefix and a version must be."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, Protocol

import attrs

from daypass.base.urls import mask_url
from daypass.errors import (
    InvalidPathError,
    InvalidRequestError,
    SigningNotSupportedError,
    without_login,
)

__all__ = [
    "LOCAL",
    "PROFILES",
    "WITHOUT_BUCKET",
    "ParsedPath",
    "PathLike",
    "check_below",
    "check_key",
    "check_prefix",
    "check_root",
    "check_text",
    "check_version",
    "is_pattern",
    "is_plain",
    "parse_path",
    "shown_path",
]

#: Paths of this protocol name a profile of the configuration: ``daypass://NAME/key``.
PROFILES = "daypass"
#: Below so many ASCII characters no store's limit on keys is near, or hardly any's.
SHORT = 256
#: The words for files of this machine.
LOCAL = ("file", "local")
#: Protocols of paths that name no bucket.
WITHOUT_BUCKET = (*LOCAL, "memory")

_PROTOCOL = re.compile(r"([A-Za-z][A-Za-z0-9+._-]*)://")
_CHAIN = re.compile(r"([a-z][a-z0-9]*)::(.*)", re.DOTALL)
_CHAIN_INSIDE = re.compile(r"::[a-z][a-z0-9+._-]*://")
#: fsspec's caching wrappers: the object behind them is the same object.
CACHES = frozenset({"simplecache", "filecache", "blockcache", "cached"})
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
#: Neither a path nor a URL, and no folder that is named as one: ``.``, ``~``.
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")
_DOT_SEGMENT = re.compile(r"(?:^|/)\.\.?(?:/|$)")
#: The same as a URL's path may spell it (RFC 3986, 5.2.4 and 6.2.2): encoded, or before a query or a fragment.
_DOT_SEGMENT_OF_URLS = re.compile(r"(?:^|[/\\])(?:\.|%2e){1,2}(?:[/\\?#]|$)", re.IGNORECASE)


class _UPath(Protocol):
    """The part of `upath.UPath` that a path is read from."""

    protocol: str
    storage_options: Mapping[str, Any]


PathLike = str | os.PathLike[str] | _UPath


@attrs.frozen(slots=False)  # whose __init__ takes half the time: a link waits for it
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
    if found in WITHOUT_BUCKET:
        return ParsedPath(found, "", rest, options)
    bucket, _, key = _split_bucket(rest) if rest.startswith("arn:") else rest.partition("/")
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
    if protocol is None or protocol in WITHOUT_BUCKET:
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


def check_root(root: PathLike) -> None:
    """Raise where a root is a bare word: most often a bucket or a profile is meant, and a folder of this machine is read.

    >>> check_root("holiday/")  # with a slash it is a path, as everywhere else

    Raises:
        InvalidPathError: naming what it may be, and how each is written.

    """
    if not isinstance(root, str) or not _WORD.fullmatch(root):
        return
    msg = (
        f"{root[:60]!r} names no protocol: write the store's own for a bucket, as in s3://bucket, {PROFILES}://NAME for a "
        "profile, or ./NAME for a folder of this machine"
    )
    raise InvalidPathError(msg, option="path")


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
    if _SURROGATE.search(
        text
    ):  # found without an attempt to encode it, whose error would hold the text
        msg = f"the {option} holds a lone surrogate, which is not Unicode text: decode the name properly first"
        raise InvalidPathError(msg, option=option)


def is_plain(key: str) -> bool:
    """Tell whether a key is what most keys are, and needs no closer look: short, ASCII, without dot segments."""
    return (
        key.isascii()
        and key.isprintable()
        and 0 < len(key) < SHORT
        and key[0] != "."
        and "/." not in key
    )


def check_key(key: str, *, max_bytes: int | None, allow_dot_segments: bool) -> None:
    """Raise where a key cannot be signed exactly as stored.

    Raises:
        InvalidPathError: for an empty key, one above ``max_bytes`` of UTF-8, or a dot segment.

    """
    if is_plain(key) and (max_bytes is None or max_bytes >= SHORT):
        return
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


def check_below(key: str, root: str) -> None:
    """Raise where a filesystem may take a key for one that is not below a root.

    Some keep a dot segment as a part of the key, as S3 does; others go up by it, as HTTP's and a local one do.

    Args:
        key: what follows the root.
        root: what it is called, such as ``"the profile maps"``.

    Raises:
        InvalidPathError: for a dot segment, also one that is percent-encoded or holds what clients drop.

    """
    if _DOT_SEGMENT_OF_URLS.search(_CONTROL.sub("", key)):
        msg = f"the path could leave the root of {root} by a '.' or '..' segment: write the key without them"
        raise InvalidPathError(msg, option="path")


def is_pattern(path: object) -> bool:
    """Tell whether a path is a pattern: it holds a ``*``. In one, ``?`` and ``[...]`` are special, too."""
    return isinstance(path, str) and "*" in path


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


def shown_path(text: str) -> str:
    """Mask a password before an ``@``, and what may open something in an HTTP URL: its query, and a token in its path.

    Of what was taken for a local file all is kept that holds none.
    """
    if text.startswith(("file://", "local://")):
        from daypass.base.masking import mask  # which no link needs

        return mask(without_login(text))
    text = re.sub(r"^((?:[A-Za-z0-9+._-]+://)?[^/@:]*:)[^/@]*@", r"\1****@", text)
    if "://" not in text:  # it may have lost its protocol
        text = re.sub(r"(/[^/@:]*:)[^/@]*@", r"\1****@", text)
    if "@" in text:
        text = without_login(text)
    if text.startswith(("http://", "https://")):
        return mask_url(text)
    return text
