"""``Store``: a root, a filesystem, a backend and its options; the face that users hold."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, Unpack, overload

import attrs

from daypass import bulk, gate
from daypass.backends import Backend, registry
from daypass.batches import SignedURLBatch
from daypass.errors import (
    InvalidPathError,
    InvalidRequestError,
    ObjectNotFoundError,
    UnsupportedOptionError,
)
from daypass.filesystems import open_filesystem, protocols, unwrap
from daypass.keywords import joined, own_options, structured
from daypass.locations import (
    PROFILES,
    Location,
    ParsedPath,
    PathLike,
    _Once,
    check_endpoint,
    check_version,
    parse_path,
)
from daypass.portable import check_portable
from daypass.prefixes import SignedPrefix
from daypass.requests import SharedOptions, SignOptions, SignRequest, make_request
from daypass.results import ObjectMetadata, SignedURL
from daypass.uploads.face import Uploads
from daypass.uploads.formrequests import FormRequest, make_form_request

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from daypass.profiled import Profiled

__all__ = ["Store"]

Request = TypeVar("Request", SignRequest, FormRequest)


class Store(Uploads):
    """Everything below one root, signed with one set of credentials.

    >>> store = Store("s3://maps/2026", storage_options={"key": "AK", "secret": "SK"})
    >>> store.create_signed_url("europe.tif").path
    's3://maps/2026/europe.tif'

    A store can be pickled where it holds no secret: credentials are then those that the other
    process finds, and a profile is the one that it knows by that name. It can be used after a fork.

    Args:
        url: the root, such as ``s3://bucket`` or ``s3://bucket/prefix``.
        storage_options: fsspec's options for the filesystem, passed on untouched.
        fs: a filesystem that exists, in place of ``storage_options``.
        public_endpoint: ``http(s)://host[:port]`` that the links' readers can reach, where it
            differs from the filesystem's endpoint; metadata is still read from the latter.
        signer: who signs in place of the path's own backend, such as ``"cloudfront"``; metadata is
            still read by the latter.
        signer_options: options of the signing backend, such as ``signature_version``.
        caller: who asks, told to policy and audit plugins.

    Raises:
        InvalidRequestError: for an option that is not legal.
        BackendNotFoundError: if no installed backend serves the protocol, or no signer has the name.

    """

    def __init__(
        self,
        url: PathLike | ParsedPath,
        *,
        storage_options: Mapping[str, Any] | None = None,
        fs: AbstractFileSystem | None = None,
        public_endpoint: str | None = None,
        signer: str | None = None,
        signer_options: Mapping[str, Any] | None = None,
        caller: str | None = None,
    ) -> None:
        fs = unwrap(fs)
        if isinstance(url, ParsedPath):
            parsed = url
        else:
            parsed = parse_path(url, protocol=None if fs is None else protocols(fs)[0])
        self.caller = caller
        self._profiled: Profiled | None = None
        if parsed.protocol == PROFILES:
            from daypass.profiled import profiled

            self._profiled = found = profiled(
                parsed,
                fs=fs,
                storage_options=storage_options,
                public_endpoint=public_endpoint,
                signer=signer,
                signer_options=signer_options,
            )
            parsed, fs, storage_options = found.path, found.fs, found.storage_options
            public_endpoint, signer = found.public_endpoint, found.signer
            signer_options = found.signer_options
        protocol = parsed.protocol
        if fs is not None:
            if storage_options is not None:
                msg = "give the credentials once: fs or storage_options, not both"
                raise InvalidRequestError(msg, option="storage_options")
            if protocol not in protocols(fs):
                msg = f"the path says {protocol}:// but fs is a filesystem for {', '.join(protocols(fs))}"
                raise InvalidPathError(msg, option="fs")
        self.signer = signer
        self.backend = registry.backend(protocol) if signer is None else registry.signer(signer)
        info = self.backend.info
        if public_endpoint is not None:
            check_endpoint(public_endpoint, "public_endpoint")
            if not info.public_endpoint and info.methods:
                msg = f"{info.name} has no endpoint that public_endpoint= could replace"
                raise UnsupportedOptionError(msg, option="public_endpoint", backend=info.name)
        options = joined(parsed.storage_options, own_options(storage_options, protocol))
        cache: dict[Any, Any] = {}
        self.location = Location(
            protocol=protocol,
            bucket=parsed.bucket,
            key=parsed.key,
            storage_options=options,
            options=structured(info.name, info.options_class, signer_options),
            public_endpoint=public_endpoint,
            cache=cache,
            has_fs=fs is not None,
            profile=self.profile,
            lacks=frozenset() if self._profiled is None else self._profiled.profile.lacks,
            open=_Once(
                lambda: open_filesystem(protocol, parsed.bucket, options) if fs is None else fs,
                cache,
            ),
        )

    @property
    def profile(self) -> str | None:
        """The name of the profile that the store is made of; None where it is of none."""
        return None if self._profiled is None else self._profiled.profile.name

    def __repr__(self) -> str:
        """Show the root; never an option."""
        return f"Store({self.location.path!r}, backend={self.backend.info.name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as what it was made of: without caches, open filesystems and secrets.

        Raises:
            InvalidRequestError: if there is a filesystem, a key, a secret or a token to carry.

        """
        if self._profiled is not None:
            asked, given = self._profiled.asked, self._profiled.given
            fs = self.location.fs if self.location.has_fs else None
            check_portable("Store", fs=fs, **given)
            root = ParsedPath(asked.protocol, asked.bucket, asked.key)
            return _made_of, (root, {**given, "caller": self.caller})
        place = self.location
        signing = place.options and attrs.asdict(place.options, recurse=False)
        check_portable(
            "Store",
            storage_options=place.storage_options,
            signer_options=signing,
            fs=place.fs if place.has_fs else None,
        )
        made_of = {
            "storage_options": dict(place.storage_options),
            "public_endpoint": place.public_endpoint,
            "signer": self.signer,
            "signer_options": signing,
            "caller": self.caller,
        }
        return _made_of, (ParsedPath(place.protocol, place.bucket, place.key), made_of)

    def path_of(self, location: Location) -> str:
        """Return the path that leads to a location of this store again, by its profile where it has one."""
        if self._profiled is None:
            return location.path
        root = self._profiled.profile.root.key
        below = location.key.removeprefix(root)
        if root and not root.endswith("/"):
            below = below.removeprefix("/")
        return f"{PROFILES}://{self.profile}/{below}"

    def called(self, caller: str | None) -> Self:
        """Return the same store for another caller, with all that it has prepared."""
        if caller == self.caller:
            return self
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy.caller = caller
        return copy

    def with_defaults(self, request: Request, options: Mapping[str, Any]) -> Request:
        """Return the request that the same keywords make with the defaults of the store's profile."""
        if self._profiled is None:
            return request
        make: Any = make_form_request if isinstance(request, FormRequest) else make_request
        made: Request = make(self._profiled.profile.defaults.filled(options, request.method))
        return made

    def at(self, key: str, version: str | None = None, *, whole: bool = False) -> Location:
        """Return where a key below the root is.

        Args:
            key: the key.
            version: the version of the object.
            whole: take no key for the whole root, as a listing does, and not for a missing key.

        Raises:
            InvalidPathError: if the key is not text.
            InvalidRequestError: if the version cannot be one.

        """
        if not isinstance(key, str):
            msg = f"a key must be text, not {type(key).__name__}"
            raise InvalidPathError(msg, option="key")
        version = check_version(version)
        # Exact text: a subclass may write itself in its own way, and sign another key.
        key = str.__str__(key)
        root = self.location.key
        if not key and root and not root.endswith("/") and not whole:
            return self.location.at("", version)
        if root and not root.endswith("/"):
            key = f"{root}/{key}"
        elif root:
            key = root + key
        return self.location.at(key, version)

    def below(self, prefix: str) -> Location:
        """Return the location of a folder below the root: it ends in a slash, or is the bucket.

        Raises:
            InvalidPathError: if the prefix is not text.

        """
        whole = isinstance(prefix, str) and not prefix
        location = self.location if whole else self.at(prefix)
        key = location.key
        return location.at(key if not key or key.endswith("/") else f"{key}/")

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
        request = self.with_defaults(make_request(options), options)
        location = self.at(key, version, whole=request.method == "LIST")
        return gate.create_signed_url(self.backend, location, request, caller=self.caller)

    def create_signed_prefix(self, prefix: str, **options: Unpack[SharedOptions]) -> SignedPrefix:
        """Sign one grant for everything below a prefix, where the store knows such grants.

        >>> store = Store("az://maps", storage_options={"account_name": "a", "account_key": "a2V5"})
        >>> grant = store.create_signed_prefix("", expires_in="1d")
        >>> grant.url_for("europe.tif").partition("?")[0]
        'https://a.blob.core.windows.net/maps/europe.tif'

        Args:
            prefix: the prefix relative to the root; a slash is added where it does not end in one,
                so that ``data`` never opens ``data2``. Empty, it is the whole root.
            options: what the grant shall permit: the fields of `SignRequest` that many objects
                can share.

        Raises:
            UnsupportedOptionError: with ``option="prefix"`` where the store cannot bind a prefix.
            DaypassError: another of the tree in `daypass.errors`.

        """
        return gate.create_signed_prefix(
            self.backend,
            self.below(prefix),
            self.with_defaults(make_request(options), options),
            caller=self.caller,
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
            return gate.head_metadata(*self._reading(self.at(key, version)))
        except ObjectNotFoundError:
            if missing_ok:
                return None
            raise

    def _reading(self, location: Location) -> tuple[Backend, Location]:
        """Return who reads an object, and its location: a signer only signs."""
        if self.signer is None:
            return self.backend, location
        reader = registry.backend(location.protocol)
        options = structured(reader.info.name, reader.info.options_class, None)
        return reader, attrs.evolve(location, options=options)

    @overload
    def create_signed_urls(  # type: ignore[overload-overlap] # an iterator is taken first
        self,
        keys: Iterator[str],
        *,
        errors: Literal["raise", "collect"] = "raise",
        version: Iterable[str | None] | None = None,
        content_md5: Iterable[str | bytes | None] | None = None,
        checksum_sha256: Iterable[str | bytes | None] | None = None,
        content_length: Iterable[int | None] | None = None,
        **options: Unpack[SharedOptions],
    ) -> Iterator[SignedURL]: ...

    @overload
    def create_signed_urls(
        self,
        keys: Iterable[str],
        *,
        errors: Literal["raise", "collect"] = "raise",
        version: Iterable[str | None] | None = None,
        content_md5: Iterable[str | bytes | None] | None = None,
        checksum_sha256: Iterable[str | bytes | None] | None = None,
        content_length: Iterable[int | None] | None = None,
        **options: Unpack[SharedOptions],
    ) -> SignedURLBatch: ...

    def create_signed_urls(
        self,
        keys: Iterable[str],
        *,
        errors: Literal["raise", "collect"] = "raise",
        version: Iterable[str | None] | None = None,
        content_md5: Iterable[str | bytes | None] | None = None,
        checksum_sha256: Iterable[str | bytes | None] | None = None,
        content_length: Iterable[int | None] | None = None,
        **options: Unpack[SharedOptions],
    ) -> SignedURLBatch | Iterator[SignedURL]:
        """Sign a URL for each of many keys below the root.

        >>> store = Store("s3://maps", storage_options={"key": "AK", "secret": "SK"})
        >>> store.create_signed_urls(["europe.tif", "asia.tif"], expires_in="1d")
        <SignedURLBatch of 2 links>

        Args:
            keys: the keys, exactly as stored, relative to the root. An iterator gives an iterator
                of `SignedURL`, in bounded memory; anything else a `SignedURLBatch`.
            errors: ``"raise"`` the first row's error, which names the row; or ``"collect"`` them in
                the batch's ``errors`` (an iterator always raises).
            version: one version for each key.
            content_md5: one MD5 for each key.
            checksum_sha256: one SHA-256 for each key.
            content_length: one size in bytes for each key.
            options: what every URL shall permit: the other fields of `SignRequest`.

        Raises:
            DaypassError: one of the tree in `daypass.errors`.

        """
        root = self.location.key
        prefix = root if not root or root.endswith("/") else f"{root}/"

        def sort(rows: Sequence[str], _: object) -> dict[Store, tuple[Sequence[int], list[str]]]:
            found = [prefix + key for key in rows] if prefix else list(rows)
            return {self: (range(len(rows)), found)}

        columns = {
            "version": version,
            "content_md5": content_md5,
            "checksum_sha256": checksum_sha256,
            "content_length": content_length,
        }
        job = bulk.Job(sort, dict(options), errors, self.caller)
        return bulk.sign_all(job, keys, columns)

    async def acreate_signed_url(
        self, key: str, *, version: str | None = None, **options: Unpack[SignOptions]
    ) -> SignedURL:
        """Do what `create_signed_url` does, in a thread."""
        return await asyncio.to_thread(self.create_signed_url, key, version=version, **options)

    async def acreate_signed_prefix(
        self, prefix: str, **options: Unpack[SharedOptions]
    ) -> SignedPrefix:
        """Do what `create_signed_prefix` does, in a thread."""
        return await asyncio.to_thread(self.create_signed_prefix, prefix, **options)

    async def ahead_metadata(
        self, key: str, *, version: str | None = None, missing_ok: bool = False
    ) -> ObjectMetadata | None:
        """Do what `head_metadata` does, in a thread."""
        return await asyncio.to_thread(
            self.head_metadata, key, version=version, missing_ok=missing_ok
        )


def _made_of(path: ParsedPath, options: dict[str, Any]) -> Store:
    """Make a store that has travelled."""
    return Store(path, **options)
