"""The functions on whole paths that sign links, rehearse them and read metadata: each finds the path's root."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from daypass.base.messages import refuse_unknown
from daypass.base.process import environment_number
from daypass.base.tracebacks import discreet, forget
from daypass.errors import InvalidRequestError, ObjectNotFoundError
from daypass.gate import doors
from daypass.model.form_options import FormOptions
from daypass.model.links import SignedURL
from daypass.model.paths import PathLike
from daypass.model.requests import (
    BulkOptions,
    ReadOptions,
    SharedOptions,
    SignOptions,
    make_reading,
    make_request,
)
from daypass.store.keywords import BulkKeywords, ManyHeadsKeywords, hidden
from daypass.store.prepared import root_for
from daypass.store.root import made_for

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from daypass.model.batches import SignedURLBatch
    from daypass.model.metadata import ObjectMetadata
    from daypass.model.prefixes import SignedPrefix
    from daypass.policy.decisions import Rehearsal
    from daypass.store.heads import Head

__all__ = [
    "create_signed_prefix",
    "create_signed_url",
    "create_signed_urls",
    "head_metadata",
    "head_metadata_many",
    "rehearse",
]

#: The functions that can be rehearsed.
_REHEARSED = ("create_signed_prefix", "create_signed_url", "create_upload_form")


class _EitherOptions(SignOptions, FormOptions, total=False):
    """The keywords of a link, and those of a form."""


def create_signed_url(
    path: PathLike,
    *,
    version: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
    public_endpoint: str | None = None,
    signer: str | None = None,
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
        signer: who signs in place of the path's own backend, such as ``"cloudfront"``.
        signer_options: options of the signing backend, such as ``signature_version``.
        caller: who asks, told to policy and audit plugins.
        options: what the URL shall permit: the fields of `SignRequest`, such as ``method``,
            ``expires_in``, ``content_type`` or ``filename``.

    Raises:
        DaypassError: one of the tree in `daypass.errors`; each is also a builtin exception.

    """
    try:
        made = make_request(options)
        environment = environment_number()  # which takes a while: once for each link
        root, key = root_for(
            path,
            storage_options=storage_options,
            fs=fs,
            public_endpoint=public_endpoint,
            signer=signer,
            signer_options=signer_options,
            caller=caller,
            environment=environment,
        )
        backend, location, request = root.request_for(
            "create_signed_url", key, options, version, made
        )
        return doors.create_signed_url(backend, location, request, root.caller, environment)
    except BaseException as error:  # as `discreet` does, which would cost each link a call
        del path, storage_options, fs, public_endpoint, signer_options, options
        forget(error)
        raise


@discreet
def create_signed_prefix(
    path: PathLike,
    *,
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
    public_endpoint: str | None = None,
    signer: str | None = None,
    signer_options: Mapping[str, Any] | None = None,
    caller: str | None = None,
    **options: Unpack[SharedOptions],
) -> SignedPrefix:
    """Sign one grant for everything below a prefix, where the store knows such grants.

    >>> grant = create_signed_prefix(
    ...     "az://maps", expires_in="1d", storage_options={"account_name": "a", "account_key": "a2V5"}
    ... )
    >>> grant.permits == {"GET", "HEAD"}, grant.url
    (True, 'https://a.blob.core.windows.net/maps/')

    Args:
        path: the prefix as an fsspec-style path; a slash is added where its key does not end in
            one, so that ``data`` never opens ``data2``. Without a key it is the whole bucket.
        storage_options: fsspec's options for the filesystem, passed on untouched.
        fs: a filesystem that exists, in place of ``storage_options``.
        public_endpoint: the endpoint that the grant's reader can reach, where it differs.
        signer: who signs in place of the path's own backend, such as ``"cloudfront"``.
        signer_options: options of the signing backend.
        caller: who asks, told to policy and audit plugins.
        options: what the grant shall permit: the fields of `SignRequest` that many objects can
            share, such as ``method``, ``expires_in`` or ``ip_range``.

    Raises:
        UnsupportedOptionError: with ``option="prefix"`` where the store cannot bind a prefix; the
            message names what can.
        DaypassError: another of the tree in `daypass.errors`.

    """
    request = make_request(options)
    root, key = root_for(
        path,
        storage_options=storage_options,
        fs=fs,
        public_endpoint=public_endpoint,
        signer=signer,
        signer_options=signer_options,
        caller=caller,
    )
    asked = root.request_for("create_signed_prefix", key, options, made=request)
    return doors.create_signed_prefix(*asked, caller=root.caller)


@overload
def create_signed_urls(  # type: ignore[overload-overlap] # an iterator is taken first
    paths: Iterator[PathLike],
    *,
    errors: Literal["raise", "collect"] = "raise",
    **options: Unpack[BulkKeywords],
) -> Iterator[SignedURL]: ...


@overload
def create_signed_urls(
    paths: Iterable[PathLike],
    *,
    errors: Literal["raise", "collect"] = "raise",
    **options: Unpack[BulkKeywords],
) -> SignedURLBatch: ...


@overload
def create_signed_urls(
    paths: None = None,
    *,
    glob: PathLike,
    errors: Literal["raise", "collect"] = "raise",
    **options: Unpack[BulkKeywords],
) -> SignedURLBatch: ...


@discreet
def create_signed_urls(
    paths: Iterable[PathLike] | None = None,
    *,
    glob: PathLike | None = None,
    errors: Literal["raise", "collect"] = "raise",
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
    public_endpoint: str | None = None,
    signer: str | None = None,
    signer_options: Mapping[str, Any] | None = None,
    caller: str | None = None,
    **options: Unpack[BulkOptions],
) -> SignedURLBatch | Iterator[SignedURL]:
    """Sign a URL for each of many paths, on one store or on many; their order is kept.

    >>> batch = create_signed_urls(
    ...     ["s3://maps/europe.tif", "s3://maps/asia.tif"],
    ...     expires_in="1d",
    ...     storage_options={"key": "AK", "secret": "SK"},
    ... )
    >>> [link.path for link in batch]
    ['s3://maps/europe.tif', 's3://maps/asia.tif']

    Args:
        paths: fsspec-style paths. An iterator gives an iterator of `SignedURL`, in bounded memory;
            anything else a `SignedURLBatch`.
        glob: a pattern in place of ``paths``, such as ``"s3://maps/2026/**/*.tif"``: each object that it matches,
            in the order of their keys. ``*`` and ``?`` match no slash. The caller lists the folder, as
            the policies in force let them.
        errors: ``"raise"`` the first row's error, which names the row; or ``"collect"`` them in the
            batch's ``errors``.
        storage_options: fsspec's options; for paths of several protocols, one mapping for each
            under the protocol's name.
        fs: a filesystem that exists, in place of ``storage_options``.
        public_endpoint: the endpoint that the links' readers can reach, where it differs.
        signer: who signs in place of the path's own backend, such as ``"cloudfront"``.
        signer_options: options of the signing backend.
        caller: who asks, told to policy and audit plugins.
        options: what every URL shall permit: the fields of `SignRequest`. Of ``version`` and of what
            belongs to one object (``content_md5``, ``content_length``, ``checksum_sha256``,
            ``copy_source``) it is one value for each path.

    Raises:
        ObjectNotFoundError: if ``glob`` matches nothing.
        DaypassError: another of the tree in `daypass.errors`; its ``row`` is the row to blame.

    """
    from daypass.store import bulk  # which one link does not need
    from daypass.store.listing import check_either, matching

    check_either(paths, glob)
    find = partial(
        root_for,
        storage_options=hidden(storage_options),
        fs=fs,
        public_endpoint=public_endpoint,
        signer=signer,
        signer_options=hidden(signer_options),
    )
    if paths is not None:
        return bulk.sign_all(partial(bulk.by_path, find, caller), paths, options, errors)
    assert glob is not None  # noqa: S101 - which is checked above
    root, pattern = find(glob)
    root = root.called(caller)
    keys = [found.key for found in matching(root, pattern)]
    return bulk.sign_all(partial(bulk.in_root, root), keys, options, errors)


@overload
def head_metadata(
    path: PathLike,
    *,
    version: str | None = None,
    missing_ok: Literal[False] = False,
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
    signer_options: Mapping[str, Any] | None = None,
    **options: Unpack[ReadOptions],
) -> ObjectMetadata: ...


@overload
def head_metadata(
    path: PathLike,
    *,
    version: str | None = None,
    missing_ok: bool,
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
    signer_options: Mapping[str, Any] | None = None,
    **options: Unpack[ReadOptions],
) -> ObjectMetadata | None: ...


@discreet
def head_metadata(
    path: PathLike,
    *,
    version: str | None = None,
    missing_ok: bool = False,
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
    signer_options: Mapping[str, Any] | None = None,
    **options: Unpack[ReadOptions],
) -> ObjectMetadata | None:
    """Read the metadata of one object, from the store and never from a listing's cache.

    Args:
        path: an fsspec-style path, an ``os.PathLike`` or a UPath.
        version: the version of the object to read.
        missing_ok: return None where there is no such object, instead of raising.
        storage_options: fsspec's options for the filesystem, passed on untouched.
        fs: a filesystem that exists, in place of ``storage_options``.
        signer_options: options of the path's backend, the same as for its links.
        options: without what the store would not let the object be read: the fields of
            `SignRequest` ``headers``, ``requester_pays`` and ``encryption_key``.

    Raises:
        ObjectNotFoundError: a ``FileNotFoundError``, if there is no such object.
        DaypassError: another of the tree in `daypass.errors`.

    """
    request = make_reading(options)
    root, key = root_for(
        path, storage_options=storage_options, fs=fs, signer_options=signer_options
    )
    with suppress(ObjectNotFoundError) if missing_ok else nullcontext():
        return doors.head_metadata(*root.reading(key, request, version))
    return None


@overload
def head_metadata_many(  # type: ignore[overload-overlap] # an iterator is taken first
    paths: Iterator[PathLike], *, errors: Literal["raise"], **options: Unpack[ManyHeadsKeywords]
) -> Iterator[ObjectMetadata]: ...


@overload
def head_metadata_many(  # type: ignore[overload-overlap] # and errors that are raised
    paths: Iterable[PathLike], *, errors: Literal["raise"], **options: Unpack[ManyHeadsKeywords]
) -> list[ObjectMetadata]: ...


@overload
def head_metadata_many(  # type: ignore[overload-overlap] # an iterator is taken first
    paths: Iterator[PathLike],
    *,
    errors: Literal["raise", "collect"] = "collect",
    **options: Unpack[ManyHeadsKeywords],
) -> Iterator[Head]: ...


@overload
def head_metadata_many(
    paths: Iterable[PathLike],
    *,
    errors: Literal["raise", "collect"] = "collect",
    **options: Unpack[ManyHeadsKeywords],
) -> list[Head]: ...


@discreet
def head_metadata_many(
    paths: Iterable[PathLike],
    *,
    version: Iterable[str | None] | None = None,
    errors: Literal["raise", "collect"] = "collect",
    concurrency: int = 32,
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
    signer_options: Mapping[str, Any] | None = None,
    **options: Unpack[ReadOptions],
) -> Any:
    """Read the metadata of many objects, several at a time; one that fails does not lose the rest.

    The same as an Arrow table comes from `daypass.arrow.head_metadata_many`.

    Args:
        paths: fsspec-style paths. An iterator gives an iterator, in bounded memory; anything else
            a list. Either is in the order of the paths.
        version: one version for each path.
        errors: ``"collect"`` puts the row's `DaypassError` in the place of its `ObjectMetadata`;
            ``"raise"`` raises the first, which names its row.
        concurrency: how many objects are asked for at once.
        storage_options: fsspec's options; for paths of several protocols, one mapping for each
            under the protocol's name.
        fs: a filesystem that exists, in place of ``storage_options``.
        signer_options: options of the paths' backend, the same as for their links.
        options: the same as of `head_metadata`, for all of them.

    Raises:
        InvalidRequestError: for an option that is not legal.
        DaypassError: another of the tree in `daypass.errors`, with ``errors="raise"``.

    """
    from daypass.store.heads import head_all

    request = make_reading(options)
    storage_options, signer_options = hidden(storage_options), hidden(signer_options)

    def read(path: PathLike, version: str | None) -> ObjectMetadata:
        root, key = root_for(
            path, storage_options=storage_options, fs=fs, signer_options=signer_options
        )
        return doors.head_metadata(*root.reading(key, request, version))

    return head_all(read, paths, version, errors=errors, concurrency=concurrency)


@discreet
def rehearse(
    path: PathLike,
    *,
    action: Literal["create_signed_prefix", "create_signed_url", "create_upload_form"] = (
        "create_signed_url"
    ),
    version: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
    public_endpoint: str | None = None,
    signer: str | None = None,
    signer_options: Mapping[str, Any] | None = None,
    caller: str | None = None,
    **options: Unpack[_EitherOptions],
) -> Rehearsal:
    """Say what the policies in force decide about a link, and why, without making one.

    It is asked for as the link is: with the defaults of a profile, and within what the store can do.
    No quota is counted, no plugin asked and nothing recorded.

    >>> found = rehearse("s3://maps/europe.tif", method="PUT")
    >>> found.allowed, found.expires_in
    (True, 900)

    Args:
        path: an fsspec-style path, an ``os.PathLike`` or a UPath.
        action: the function that would make it: ``"create_signed_url"``, ``"create_signed_prefix"``
            or ``"create_upload_form"``.
        version: the version of the object to sign for; of one link alone.
        storage_options: fsspec's options for the filesystem, passed on untouched.
        fs: a filesystem that exists, in place of ``storage_options``.
        public_endpoint: the endpoint that the link's reader can reach, where it differs.
        signer: who signs in place of the path's own backend, such as ``"cloudfront"``.
        signer_options: options of the signing backend.
        caller: who asks.
        options: what would be permitted: the keywords of that function.

    Returns:
        A `Rehearsal`. A refusal by a policy is no error.

    Raises:
        DaypassError: what the function itself would raise for anything but a policy.

    """
    refuse_unknown([action], _REHEARSED, what="function that can be rehearsed")
    if version is not None and action != "create_signed_url":
        msg = f"version names one object, and {action} takes none: leave it out"
        raise InvalidRequestError(msg, option="version")
    made = made_for(action, options)
    root, key = root_for(
        path,
        storage_options=storage_options,
        fs=fs,
        public_endpoint=public_endpoint,
        signer=signer,
        signer_options=signer_options,
        caller=caller,
    )
    asked = root.request_for(action, key, options, version, made=made)
    return doors.rehearse(*asked, caller=root.caller, action=action)
