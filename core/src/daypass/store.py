"""``Store``: a root, a filesystem, a backend and its options; and the functions on whole paths."""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache, partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

import attrs

from daypass import gate
from daypass.backends import registry
from daypass.errors import (
    DaypassError,
    InvalidPathError,
    InvalidRequestError,
    ObjectNotFoundError,
    UnsupportedOptionError,
)
from daypass.filesystems import open_filesystem, protocols, unwrap
from daypass.locations import (
    Location,
    ParsedPath,
    PathLike,
    _Once,
    check_endpoint,
    check_version,
    parse_path,
)
from daypass.requests import SignOptions, SignRequest, refuse_unknown
from daypass.results import ObjectMetadata, SignedURL

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = [
    "Store",
    "acreate_signed_url",
    "ahead_metadata",
    "create_signed_url",
    "head_metadata",
]

#: Its options convert what they are given, so it takes more types than its fields have.
_make: Callable[..., SignRequest] = SignRequest
_OPTION_NAMES = frozenset(SignOptions.__annotations__)


class Store:
    """Everything below one root, signed with one set of credentials.

    >>> store = Store("s3://maps/2026", storage_options={"key": "AK", "secret": "SK"})
    >>> store.create_signed_url("europe.tif").path
    's3://maps/2026/europe.tif'

    Args:
        url: the root, such as ``s3://bucket`` or ``s3://bucket/prefix``.
        storage_options: fsspec's options for the filesystem, passed on untouched.
        fs: a filesystem that exists, in place of ``storage_options``.
        public_endpoint: ``http(s)://host[:port]`` that the links' readers can reach, where it
            differs from the filesystem's endpoint; metadata is still read from the latter.
        signer_options: options of the signing backend, such as ``signature_version``.
        caller: who asks, told to policy and audit plugins.

    Raises:
        InvalidRequestError: for an option that is not legal.
        BackendNotFoundError: if no installed backend serves the protocol.

    """

    def __init__(
        self,
        url: PathLike,
        *,
        storage_options: Mapping[str, Any] | None = None,
        fs: AbstractFileSystem | None = None,
        public_endpoint: str | None = None,
        signer_options: Mapping[str, Any] | None = None,
        caller: str | None = None,
    ) -> None:
        fs = unwrap(fs)
        parsed = parse_path(url, protocol=None if fs is None else protocols(fs)[0])
        self._set_up(parsed, storage_options, fs, public_endpoint, signer_options)
        self.caller = caller

    def _set_up(
        self,
        parsed: ParsedPath,
        storage_options: Mapping[str, Any] | None,
        fs: AbstractFileSystem | None,
        public_endpoint: str | None,
        signer_options: Mapping[str, Any] | None,
    ) -> None:
        protocol = parsed.protocol
        if fs is not None:
            if storage_options is not None:
                msg = "give the credentials once: fs or storage_options, not both"
                raise InvalidRequestError(msg, option="storage_options")
            if protocol not in protocols(fs):
                msg = f"the path says {protocol}:// but fs is a filesystem for {', '.join(protocols(fs))}"
                raise InvalidPathError(msg, option="fs")
        self.backend = registry.backend(protocol)
        info = self.backend.info
        if public_endpoint is not None:
            check_endpoint(public_endpoint, "public_endpoint")
            if not info.public_endpoint and info.methods:
                msg = f"{info.name} has no endpoint that public_endpoint= could replace"
                raise UnsupportedOptionError(msg, option="public_endpoint", backend=info.name)
        options = dict(parsed.storage_options)
        options.update(_own_options(storage_options, protocol))
        self.location = Location(
            protocol=protocol,
            bucket=parsed.bucket,
            key=parsed.key,
            storage_options=options,
            options=_signer_options(info.name, info.options_class, signer_options),
            public_endpoint=public_endpoint,
            has_fs=fs is not None,
            open=_Once(
                lambda: open_filesystem(protocol, parsed.bucket, options) if fs is None else fs
            ),
        )

    def __repr__(self) -> str:
        """Show the root; never an option."""
        return f"Store({self.location.path!r}, backend={self.backend.info.name!r})"

    def _at(self, key: str, version: str | None) -> Location:
        if not isinstance(key, str):
            msg = f"a key must be text, not {type(key).__name__}"
            raise InvalidPathError(msg, option="key")
        version = check_version(version)
        # Exact text: a subclass may write itself in its own way, and sign another key.
        key = str.__str__(key)
        root = self.location.key
        if not key and root and not root.endswith("/"):
            return self.location.at("", version)
        if root and not root.endswith("/"):
            key = f"{root}/{key}"
        elif root:
            key = root + key
        return self.location.at(key, version)

    def create_signed_url(
        self, key: str, *, version: str | None = None, **options: Unpack[SignOptions]
    ) -> SignedURL:
        """Sign a URL for one key below the root.

        Args:
            key: the key, exactly as stored, relative to the root.
            version: the version of the object to sign for.
            options: what the URL shall permit: the fields of `SignRequest`.

        Raises:
            DaypassError: one of the tree in `daypass.errors`.

        """
        return gate.create_signed_url(
            self.backend, self._at(key, version), _request(options), caller=self.caller
        )

    @overload
    def head_metadata(
        self, key: str, *, version: str | None = None, missing_ok: Literal[False] = False
    ) -> ObjectMetadata: ...

    @overload
    def head_metadata(
        self, key: str, *, version: str | None = None, missing_ok: bool
    ) -> ObjectMetadata | None: ...

    def head_metadata(
        self, key: str, *, version: str | None = None, missing_ok: bool = False
    ) -> ObjectMetadata | None:
        """Read the metadata of one object below the root.

        Args:
            key: the key, exactly as stored, relative to the root.
            version: the version of the object to read.
            missing_ok: return None where there is no such object, instead of raising.

        Raises:
            ObjectNotFoundError: if there is no such object and ``missing_ok`` is False.
            DaypassError: another of the tree in `daypass.errors`.

        """
        try:
            return gate.head_metadata(self.backend, self._at(key, version))
        except ObjectNotFoundError:
            if missing_ok:
                return None
            raise

    async def acreate_signed_url(
        self, key: str, *, version: str | None = None, **options: Unpack[SignOptions]
    ) -> SignedURL:
        """Do what `create_signed_url` does, in a thread."""
        return await asyncio.to_thread(self.create_signed_url, key, version=version, **options)

    async def ahead_metadata(
        self, key: str, *, version: str | None = None, missing_ok: bool = False
    ) -> ObjectMetadata | None:
        """Do what `head_metadata` does, in a thread."""
        return await asyncio.to_thread(
            self.head_metadata, key, version=version, missing_ok=missing_ok
        )


def create_signed_url(
    path: PathLike,
    *,
    version: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
    public_endpoint: str | None = None,
    signer_options: Mapping[str, Any] | None = None,
    caller: str | None = None,
    **options: Unpack[SignOptions],
) -> SignedURL:
    """Sign a URL for one object.

    >>> link = create_signed_url(
    ...     "s3://maps/europe.tif", expires_in="15m", storage_options={"key": "AK", "secret": "SK"}
    ... )
    >>> link.method, link.headers
    ('GET', {})

    Args:
        path: an fsspec-style path, an ``os.PathLike`` or a UPath; its key is signed as it stands.
        version: the version of the object to sign for.
        storage_options: fsspec's options for the filesystem, passed on untouched.
        fs: a filesystem that exists, in place of ``storage_options``.
        public_endpoint: the endpoint that the link's reader can reach, where it differs.
        signer_options: options of the signing backend, such as ``signature_version``.
        caller: who asks, told to policy and audit plugins.
        options: what the URL shall permit: the fields of `SignRequest`, such as ``method``,
            ``expires_in``, ``content_type`` or ``filename``.

    Raises:
        DaypassError: one of the tree in `daypass.errors`; each is also a builtin exception.

    """
    request = _request(options)
    store, key = _store_for(path, storage_options, fs, public_endpoint, signer_options)
    return gate.create_signed_url(store.backend, store._at(key, version), request, caller=caller)  # noqa: SLF001


@overload
def head_metadata(
    path: PathLike,
    *,
    version: str | None = None,
    missing_ok: Literal[False] = False,
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
) -> ObjectMetadata: ...


@overload
def head_metadata(
    path: PathLike,
    *,
    version: str | None = None,
    missing_ok: bool,
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
) -> ObjectMetadata | None: ...


def head_metadata(
    path: PathLike,
    *,
    version: str | None = None,
    missing_ok: bool = False,
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
) -> ObjectMetadata | None:
    """Read the metadata of one object, from the store and never from a listing's cache.

    Args:
        path: an fsspec-style path, an ``os.PathLike`` or a UPath.
        version: the version of the object to read.
        missing_ok: return None where there is no such object, instead of raising.
        storage_options: fsspec's options for the filesystem, passed on untouched.
        fs: a filesystem that exists, in place of ``storage_options``.

    Raises:
        ObjectNotFoundError: a ``FileNotFoundError``, if there is no such object.
        DaypassError: another of the tree in `daypass.errors`.

    """
    store, key = _store_for(path, storage_options, fs, None, None)
    return store.head_metadata(key, version=version, missing_ok=missing_ok)


async def acreate_signed_url(path: PathLike, **options: Any) -> SignedURL:
    """Do what `create_signed_url` does, in a thread."""
    return await asyncio.to_thread(create_signed_url, path, **options)


async def ahead_metadata(path: PathLike, **options: Any) -> ObjectMetadata | None:
    """Do what `head_metadata` does, in a thread."""
    return await asyncio.to_thread(partial(head_metadata, path, **options))


def _request(options: SignOptions) -> SignRequest:
    if not _OPTION_NAMES.issuperset(options):
        refuse_unknown(options, _OPTION_NAMES)
    if any(getattr(value, "fold", 0) for value in options.values() if isinstance(value, datetime)):
        return _make(**options)  # the second 2:30 of an autumn night compares equal to the first
    try:
        return _same_request(**options)
    except DaypassError:
        raise
    except Exception:  # noqa: BLE001 - an option that is not hashable, such as metadata
        return _make(**options)


@lru_cache(maxsize=128, typed=True)  # typed: True is no 1, and 1.0 no 1
def _same_request(**options: Unpack[SignOptions]) -> SignRequest:
    """Make a request once for many keys: requests are immutable, and checking one takes time."""
    return _make(**options)


def _own_options(storage_options: Mapping[str, Any] | None, protocol: str) -> Mapping[str, Any]:
    """Take the inner filesystem's options out of a chained URL's, as fsspec nests them."""
    options = _mapping(storage_options, "storage_options")
    nested = options.get(protocol)
    return nested if isinstance(nested, Mapping) else options


def _signer_options(
    backend: str, options_class: type | None, given: Mapping[str, Any] | None
) -> Any:
    options = _mapping(given, "signer_options")
    fields = () if options_class is None else attrs.fields(options_class)
    refuse_unknown(options, [field.name for field in fields], what=f"signer option of {backend}")
    try:
        return None if options_class is None else options_class(**options)
    except DaypassError:
        raise
    except Exception as error:
        msg = f"the signer_options of {backend} are not legal ({type(error).__name__}): {', '.join(options) or 'none'} were given"
        raise InvalidRequestError(msg, option="signer_options") from error


def _mapping(given: Mapping[str, Any] | None, option: str) -> dict[str, Any]:
    if given is not None and not isinstance(given, Mapping):
        msg = f"{option} must be a mapping, not {type(given).__name__}"
        raise InvalidRequestError(msg, option=option)
    try:
        return {} if given is None else dict(given)
    except Exception as error:
        msg = f"{option} is a {type(given).__name__} that cannot be read"
        raise InvalidRequestError(msg, option=option) from error


_CACHE_SIZE = 64
#: The environment undecoded: os.environ decodes all of it at each look, which takes longer than
#: signing does.
_ENVIRONMENT: Mapping[Any, Any] = getattr(os.environ, "_data", os.environ)
_stores: OrderedDict[Any, tuple[Store, object]] = OrderedDict()
_stores_lock = Lock()


def _store_for(
    path: PathLike,
    storage_options: Mapping[str, Any] | None,
    fs: AbstractFileSystem | None,
    public_endpoint: str | None,
    signer_options: Mapping[str, Any] | None,
) -> tuple[Store, str]:
    """Return the store of a path's bucket, prepared earlier where nothing has changed since.

    The environment is part of the key: it may name other credentials now than it did.
    """
    fs = unwrap(fs)
    parsed = parse_path(path, protocol=None if fs is None else protocols(fs)[0])
    key = parsed.key
    identity: Any
    try:
        identity = (
            parsed.protocol,
            parsed.bucket,
            _frozen(storage_options),
            _frozen(parsed.storage_options),
            id(fs),
            public_endpoint,
            _frozen(signer_options),
            frozenset(_ENVIRONMENT.items()),
        )
        known = _stores.get(identity)
    except Exception:  # noqa: BLE001 - an option that is not hashable, or holds itself: nothing is kept
        identity = known = None
    if known is not None:
        return known[0], key
    root = attrs.evolve(parsed, key="")
    store = Store.__new__(Store)
    store._set_up(root, storage_options, fs, public_endpoint, signer_options)  # noqa: SLF001
    store.caller = None
    if identity is not None:
        with _stores_lock:
            _stores[identity] = (store, fs)  # fs is kept, so that its id stays its own
            while len(_stores) > _CACHE_SIZE:
                _stores.popitem(last=False)
    return store, key


def _frozen(value: Any) -> Any:
    """Return a hashable picture of nested options; 1, 1.0 and True stay apart."""
    if type(value) is str:
        return value
    if isinstance(value, Mapping):
        return frozenset([(name, _frozen(item)) for name, item in value.items()])
    if isinstance(value, (list, tuple)):
        return (type(value), *map(_frozen, value))
    return (type(value), value, getattr(value, "fold", 0) if isinstance(value, datetime) else 0)
