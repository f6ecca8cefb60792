"""``Location``: where one object is, as a plugin's hooks are told."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self

import attrs

from daypass.base.messages import escaped
from daypass.errors import without_login
from daypass.model.paths import shown_path
from daypass.model.requests import SignRequest

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = ["Location", "read_as_local"]

#: What a local path begins with on Windows: ``C:\\data``, ``C:/data`` or ``\\\\server\\share``.
_DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\")
#: How long a backend's network calls may take for one hook call, in seconds.
DEADLINE = 30.0


def read_as_local(location: Location) -> str | None:
    """Say how a path is written that was read as a local file; None where it is plainly meant as one."""
    key = location.key
    if (
        location.protocol not in ("file", "local")
        or key.startswith(("/", "."))
        or _DRIVE.match(key)
    ):
        return None
    from daypass.base.masking import mask  # which no link needs

    scheme, colon, rest = key.partition(":")
    as_in = (
        f"{scheme}://{rest.lstrip('/')}"
        if colon and scheme.isalnum() and rest and "@" not in rest
        else "s3://bucket/key"
    )
    return (
        f"{ascii(mask(without_login(key)))[:60]} names no protocol of a store, so it was read as a local file: "
        f"write the protocol too, as in {escaped(mask(as_in), 60)}"
    )


#: Where a URL that is signed elsewhere may lie: as itself, or taken for a local file for want of a slash.
_PASTED = ("http", "https", "file", "local", "memory")


#: How an object is asked for where nobody says more.
_PLAIN = SignRequest(method="HEAD")


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
    #: With what ``head_metadata`` asks for the object: a request for HEAD.
    reading: SignRequest = _PLAIN
    #: Names of options that are secret because the backend, or the signer, declares them so.
    secret_options: frozenset[str] = frozenset()
    #: The prefix of the grant that a link is one of, a slash at its end or empty; None for a link of its own. A backend
    #: that narrows its credential does so to this, once for all links of the grant.
    within: str | None = None
    #: The media types that an inbox here takes, in small letters and such as ``image/*``; empty for any.
    content_types: tuple[str, ...] = ()
    _open: Callable[[], AbstractFileSystem] = attrs.field(kw_only=True)
    #: What a path begins with that holds nothing secret, up to the key; None for another.
    _start: str | None = attrs.field(init=False)
    #: The path as text, without what is secret in it: a password, or the query of a URL.
    path: str = attrs.field(init=False)

    @_start.default
    def _find_start(self) -> str | None:
        named = "@" in self.bucket or (":" in self.bucket and not self.bucket.startswith("arn:"))
        if named or not self.bucket or self.protocol in _PASTED:
            return None
        return self.full_path.removesuffix(self.key)

    @path.default
    def _show(self) -> str:
        return shown_path(self.full_path) if self._start is None else self.full_path

    @property
    def fs(self) -> AbstractFileSystem:
        """The fsspec filesystem, made on first use."""
        return self._open()

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
        # Past attrs, which takes three times as long: a link waits for it.
        copy = object.__new__(type(self))
        told = self.__dict__.copy()
        told["key"], told["version"] = key, version
        object.__setattr__(copy, "__dict__", told)
        start = told["_start"]
        told["path"] = copy._show() if start is None else start + key
        return copy
