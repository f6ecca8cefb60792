"""``Store``: a root and all that can be asked of what lies below it; the face that users hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack, overload

from daypass.backends.calls import Backend
from daypass.base.process import in_thread
from daypass.base.tracebacks import discreet, forget
from daypass.errors import ObjectNotFoundError
from daypass.gate import doors
from daypass.model.cards import html_card
from daypass.model.form_options import FormOptions
from daypass.model.links import SignedURL
from daypass.model.locations import Location
from daypass.model.paths import PathLike, check_root
from daypass.model.requests import (
    BulkOptions,
    ReadOptions,
    SharedOptions,
    SignOptions,
    make_reading,
)
from daypass.store.keywords import ManyHeadsOptions, at_once
from daypass.store.root import Root

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from daypass.model.batches import SignedURLBatch
    from daypass.model.forms import UploadForm
    from daypass.model.metadata import ObjectMetadata
    from daypass.model.prefixes import SignedPrefix
    from daypass.store.heads import Head
    from daypass.store.multipart import MultipartUpload

__all__ = ["Store"]


class Store:
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
        public_endpoint: ``http(s)://host[:port][/path]`` that the links' readers can reach, where it
            differs from the filesystem's endpoint; metadata is still read from the latter.
        signer: who signs in place of the path's own backend, such as ``"cloudfront"``; metadata is
            still read by the latter.
        signer_options: options of the signing backend, such as ``signature_version``.
        caller: who asks, told to policy and audit plugins.

    Raises:
        InvalidRequestError: for an option that is not legal.
        InvalidPathError: for a root that is a bare word, such as ``holiday``, without ``fs``.
        BackendNotFoundError: if no installed backend serves the protocol, or no signer has the name.

    """

    @discreet
    def __init__(
        self,
        url: PathLike,
        *,
        storage_options: Mapping[str, Any] | None = None,
        fs: AbstractFileSystem | None = None,
        public_endpoint: str | None = None,
        signer: str | None = None,
        signer_options: Mapping[str, Any] | None = None,
        caller: str | None = None,
    ) -> None:
        if fs is None:
            check_root(url)
        self.root = Root.of(
            url,
            storage_options=storage_options,
            fs=fs,
            public_endpoint=public_endpoint,
            signer=signer,
            signer_options=signer_options,
            caller=caller,
        )

    @property
    def location(self) -> Location:
        """Where the root is."""
        return self.root.location

    @property
    def backend(self) -> Backend:
        """Who signs."""
        return self.root.backend

    @property
    def signer(self) -> str | None:
        """The name of the signer; None where the path's own backend signs."""
        return self.root.signer

    @property
    def caller(self) -> str | None:
        """Who asks, told to policy and audit plugins."""
        return self.root.caller

    @property
    def profile(self) -> str | None:
        """The name of the profile that the store is made of; None where it is of none."""
        return self.root.location.profile

    @discreet
    def within(self, prefix: str) -> Self:
        """Return the same store for links that all belong to one grant.

        A profile that says ``narrow`` then has one session for all of them, where each would have its own.

        >>> store = Store("s3://maps", storage_options={"key": "AK", "secret": "SK"})
        >>> store.within("2026/").create_signed_url("2026/europe.tif").path
        's3://maps/2026/europe.tif'

        Args:
            prefix: what the grant is for, relative to the root; keys stay relative to the root too.

        Raises:
            InvalidPathError: if the prefix is not text.

        """
        copy = object.__new__(type(self))
        copy.root = self.root.within(prefix)
        return copy

    def __repr__(self) -> str:
        """Show the root; never an option."""
        return f"Store({self.location.path!r}, backend={self.backend.info.name!r})"

    def _repr_html_(self) -> str:
        """Render a card for notebooks: the root and who signs; never an option."""
        rows = {
            "store": self.location.path,
            "backend": self.backend.info.name,
            "signer": self.signer,
            "profile": self.profile,
            "caller": self.caller,
        }
        return html_card(self, {name: [text] for name, text in rows.items() if text is not None})

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
        root = self.root
        try:
            made = root.request_for("create_signed_url", key, options, version)
            return doors.create_signed_url(*made, root.caller)
        except BaseException as error:  # as `discreet` does, which would cost each link a call
            del options
            forget(error)
            raise

    @discreet
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
        asked = self.root.request_for("create_signed_prefix", prefix, options)
        return doors.create_signed_prefix(*asked, caller=self.caller)

    @overload
    def head_metadata(
        self,
        key: str,
        *,
        version: str | None = None,
        missing_ok: Literal[False] = False,
        **options: Unpack[ReadOptions],
    ) -> ObjectMetadata: ...

    @overload
    def head_metadata(
        self,
        key: str,
        *,
        version: str | None = None,
        missing_ok: bool,
        **options: Unpack[ReadOptions],
    ) -> ObjectMetadata | None: ...

    @discreet
    def head_metadata(
        self,
        key: str,
        *,
        version: str | None = None,
        missing_ok: bool = False,
        **options: Unpack[ReadOptions],
    ) -> ObjectMetadata | None:
        """Read the metadata of one object below the root.

        Args:
            key: the key, exactly as stored, relative to the root.
            version: the version of the object to read.
            missing_ok: return None where there is no such object, instead of raising.
            options: without what the store would not let the object be read: the fields of
                `SignRequest` ``headers``, ``requester_pays`` and ``encryption_key``.

        Raises:
            ObjectNotFoundError: if there is no such object and ``missing_ok`` is False.
            DaypassError: another of the tree in `daypass.errors`.

        """
        request = make_reading(options)
        with suppress(ObjectNotFoundError) if missing_ok else nullcontext():
            return doors.head_metadata(*self.root.reading(key, request, version))
        return None

    @overload
    def head_metadata_many(  # type: ignore[overload-overlap] # an iterator is taken first
        self, keys: Iterator[str], *, errors: Literal["raise"], **options: Unpack[ManyHeadsOptions]
    ) -> Iterator[ObjectMetadata]: ...

    @overload
    def head_metadata_many(  # type: ignore[overload-overlap] # and errors that are raised
        self, keys: Iterable[str], *, errors: Literal["raise"], **options: Unpack[ManyHeadsOptions]
    ) -> list[ObjectMetadata]: ...

    @overload
    def head_metadata_many(  # type: ignore[overload-overlap] # an iterator is taken first
        self,
        keys: Iterator[str],
        *,
        errors: Literal["raise", "collect"] = "collect",
        **options: Unpack[ManyHeadsOptions],
    ) -> Iterator[Head]: ...

    @overload
    def head_metadata_many(
        self,
        keys: Iterable[str],
        *,
        errors: Literal["raise", "collect"] = "collect",
        **options: Unpack[ManyHeadsOptions],
    ) -> list[Head]: ...

    @discreet
    def head_metadata_many(
        self,
        keys: Iterable[str],
        *,
        version: Iterable[str | None] | None = None,
        errors: Literal["raise", "collect"] = "collect",
        concurrency: int = 32,
        **options: Unpack[ReadOptions],
    ) -> Any:
        """Read the metadata of many objects below the root, several at a time.

        Args:
            keys: the keys, exactly as stored, relative to the root. An iterator gives an iterator,
                in bounded memory; anything else a list. Either is in the order of the keys.
            version: one version for each key.
            errors: ``"collect"`` puts the row's `DaypassError` in the place of its
                `ObjectMetadata`; ``"raise"`` raises the first, which names its row.
            concurrency: how many objects are asked for at once.
            options: the same as of `head_metadata`, for all of them.

        Raises:
            InvalidRequestError: for an option that is not legal.
            DaypassError: another of the tree in `daypass.errors`, with ``errors="raise"``.

        """
        from daypass.store.heads import head_all

        request = make_reading(options)

        def read(key: str, version: str | None) -> ObjectMetadata:
            return doors.head_metadata(*self.root.reading(key, request, version))

        return head_all(read, keys, version, errors=errors, concurrency=concurrency)

    @overload
    def create_signed_urls(  # type: ignore[overload-overlap] # an iterator is taken first
        self,
        keys: Iterator[str],
        *,
        errors: Literal["raise", "collect"] = "raise",
        **options: Unpack[BulkOptions],
    ) -> Iterator[SignedURL]: ...

    @overload
    def create_signed_urls(
        self,
        keys: Iterable[str],
        *,
        errors: Literal["raise", "collect"] = "raise",
        **options: Unpack[BulkOptions],
    ) -> SignedURLBatch: ...

    @overload
    def create_signed_urls(
        self,
        keys: None = None,
        *,
        glob: str,
        errors: Literal["raise", "collect"] = "raise",
        **options: Unpack[BulkOptions],
    ) -> SignedURLBatch: ...

    @discreet
    def create_signed_urls(
        self,
        keys: Iterable[str] | None = None,
        *,
        glob: str | None = None,
        errors: Literal["raise", "collect"] = "raise",
        **options: Unpack[BulkOptions],
    ) -> SignedURLBatch | Iterator[SignedURL]:
        """Sign a URL for each of many keys below the root.

        >>> store = Store("s3://maps", storage_options={"key": "AK", "secret": "SK"})
        >>> store.create_signed_urls(["europe.tif", "asia.tif"], expires_in="1d")
        <SignedURLBatch of 2 links>

        Args:
            keys: the keys, exactly as stored, relative to the root. An iterator gives an iterator
                of `SignedURL`, in bounded memory; anything else a `SignedURLBatch`.
            glob: a pattern in place of ``keys``, such as ``"2026/**/*.tif"``, relative to the root: each
                object that it matches, in the order of their keys. ``*`` and ``?`` match no slash.
            errors: ``"raise"`` the first row's error, which names the row; or ``"collect"`` them in
                the batch's ``errors`` (an iterator always raises).
            options: what every URL shall permit: the fields of `SignRequest`. Of ``version`` and of
                what belongs to one object (``content_md5``, ``content_length``,
                ``checksum_sha256``, ``copy_source``) it is one value for each key.

        Raises:
            ObjectNotFoundError: if ``glob`` matches nothing.
            DaypassError: another of the tree in `daypass.errors`.

        """
        from daypass.store import bulk  # which one link does not need
        from daypass.store.listing import check_either, matching

        check_either(keys, glob)
        if keys is None:
            assert glob is not None  # noqa: S101 - which is checked above
            keys = [found.key for found in matching(self.root, glob)]
        return bulk.sign_all(partial(bulk.in_root, self.root), keys, options, errors)

    @discreet
    def create_multipart_upload(
        self, key: str, *, size: int, part_size: int | None = None, **options: Unpack[SharedOptions]
    ) -> MultipartUpload:
        """Begin an upload in parts of one key below the root.

        Args:
            key: the key, exactly as stored, relative to the root.
            size: size of the object in bytes.
            part_size: size of each part in bytes; by default 16 MiB, or more where that would make
                more parts than the store takes.
            options: what describes the object, and how long each part's link lives: the fields of
                `SignRequest`.

        Raises:
            UnsupportedOptionError: with ``option="multipart"`` where the store takes no uploads in
                parts; or for an option that it cannot carry out on one.
            DaypassError: another of the tree in `daypass.errors`.

        """
        from daypass.store import multipart  # which few stores need

        return multipart.begin(self.root, key, options, size=size, part_size=part_size)

    @discreet
    def resume_multipart_upload(
        self,
        key: str,
        upload_id: str,
        *,
        size: int,
        part_size: int | None = None,
        **options: Unpack[SharedOptions],
    ) -> MultipartUpload:
        """Go on with an upload in parts that has begun; everything as it was given then.

        Args:
            key: the key, exactly as stored, relative to the root.
            upload_id: the upload's id.
            size: size of the object in bytes.
            part_size: size of each part in bytes.
            options: the same as when it was begun.

        Raises:
            DaypassError: one of the tree in `daypass.errors`.

        """
        from daypass.store import multipart

        return multipart.resume(self.root, key, upload_id, options, size=size, part_size=part_size)

    @discreet
    def create_upload_form(self, key: str, **options: Unpack[FormOptions]) -> UploadForm:
        """Sign a form by which a browser uploads one file below the root.

        Args:
            key: the key relative to the root; where it ends in ``${filename}``, the file's name
                goes there, and the sender may name any key that begins with the rest.
            options: what the form shall permit: the fields of `FormRequest`.

        Raises:
            UnsupportedOptionError: with ``option="form"`` where the store has no forms.
            DaypassError: another of the tree in `daypass.errors`.

        """
        asked = self.root.request_for("create_upload_form", key, options)
        return doors.create_upload_form(*asked, caller=self.root.caller)

    @discreet
    async def acreate_signed_url(
        self, key: str, *, version: str | None = None, **options: Unpack[SignOptions]
    ) -> SignedURL:
        """Do what `create_signed_url` does, in a thread."""
        return await in_thread(self.create_signed_url, key, version=version, **options)

    @discreet
    async def acreate_signed_prefix(
        self, prefix: str, **options: Unpack[SharedOptions]
    ) -> SignedPrefix:
        """Do what `create_signed_prefix` does, in a thread."""
        return await in_thread(self.create_signed_prefix, prefix, **options)

    @discreet
    async def acreate_signed_urls(
        self,
        keys: Iterable[str] | None = None,
        *,
        glob: str | None = None,
        errors: Literal["raise", "collect"] = "raise",
        **options: Unpack[BulkOptions],
    ) -> SignedURLBatch:
        """Do what `create_signed_urls` does, in a thread; an iterator is read to its end, and gives a batch too."""
        sign: Any = self.create_signed_urls
        return await in_thread(
            lambda: sign(
                None if keys is None else at_once(keys), glob=glob, errors=errors, **options
            )
        )

    @overload
    async def ahead_metadata_many(
        self, keys: Iterable[str], *, errors: Literal["raise"], **options: Unpack[ManyHeadsOptions]
    ) -> list[ObjectMetadata]: ...

    @overload
    async def ahead_metadata_many(
        self,
        keys: Iterable[str],
        *,
        errors: Literal["raise", "collect"] = "collect",
        **options: Unpack[ManyHeadsOptions],
    ) -> list[Head]: ...

    @discreet
    async def ahead_metadata_many(
        self,
        keys: Iterable[str],
        *,
        errors: Literal["raise", "collect"] = "collect",
        **options: Unpack[ManyHeadsOptions],
    ) -> Any:
        """Do what `head_metadata_many` does, in threads; an iterator is read to its end, and gives a list too."""
        return await in_thread(
            lambda: self.head_metadata_many(at_once(keys), errors=errors, **options)
        )

    @overload
    async def ahead_metadata(
        self,
        key: str,
        *,
        version: str | None = None,
        missing_ok: Literal[False] = False,
        **options: Unpack[ReadOptions],
    ) -> ObjectMetadata: ...

    @overload
    async def ahead_metadata(
        self,
        key: str,
        *,
        version: str | None = None,
        missing_ok: bool,
        **options: Unpack[ReadOptions],
    ) -> ObjectMetadata | None: ...

    @discreet
    async def ahead_metadata(
        self,
        key: str,
        *,
        version: str | None = None,
        missing_ok: bool = False,
        **options: Unpack[ReadOptions],
    ) -> ObjectMetadata | None:
        """Do what `head_metadata` does, in a thread."""
        return await in_thread(
            lambda: self.head_metadata(key, version=version, missing_ok=missing_ok, **options)
        )

    @discreet
    async def acreate_multipart_upload(
        self, key: str, *, size: int, part_size: int | None = None, **options: Unpack[SharedOptions]
    ) -> MultipartUpload:
        """Do what `create_multipart_upload` does, in a thread."""
        return await in_thread(
            self.create_multipart_upload, key, size=size, part_size=part_size, **options
        )

    @discreet
    async def aresume_multipart_upload(
        self,
        key: str,
        upload_id: str,
        *,
        size: int,
        part_size: int | None = None,
        **options: Unpack[SharedOptions],
    ) -> MultipartUpload:
        """Do what `resume_multipart_upload` does, in a thread."""
        return await in_thread(
            self.resume_multipart_upload,
            key,
            upload_id,
            size=size,
            part_size=part_size,
            **options,
        )

    @discreet
    async def acreate_upload_form(self, key: str, **options: Unpack[FormOptions]) -> UploadForm:
        """Do what `create_upload_form` does, in a thread."""
        return await in_thread(self.create_upload_form, key, **options)
