"""``share``: an object is written to a store, and a link to it comes back."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO, Unpack

from daypass.base.tracebacks import discreet
from daypass.errors import InvalidPathError, InvalidRequestError, StoreError
from daypass.model.links import SIZE, SignedURL
from daypass.model.paths import PathLike, parse_path
from daypass.model.requests import SignOptions
from daypass.sharing.trees import upload_tree
from daypass.sharing.writers import write
from daypass.store.functions import create_signed_prefix, create_signed_url, rehearse
from daypass.store.keywords import hidden
from daypass.transfer.links import check_method
from daypass.transfer.names import inside
from daypass.transfer.streams import is_stream
from daypass.transfer.upload_functions import upload

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from daypass.model.prefixes import SignedPrefix

__all__ = ["share"]

#: How stores say that an object is there already: S3, Google and the service, and Azure.
_EXISTS = (409, 412)
#: Bytes of a file's name, which nearly every filesystem takes at most.
_LONGEST_NAME = 255


@discreet
def share(
    thing: object,
    path: PathLike | None = None,
    *,
    overwrite: bool = False,
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
    public_endpoint: str | None = None,
    signer: str | None = None,
    signer_options: Mapping[str, Any] | None = None,
    caller: str | None = None,
    **options: Unpack[SignOptions],
) -> SignedURL | SignedPrefix:
    """Write an object to a store, and return a link that reads it; of a path alone, the link.

    >>> options = {"key": "AK", "secret": "SK"}
    >>> link = share("s3://maps/europe.tif", expires_in="7d", storage_options=options)
    >>> link.path, link.method
    ('s3://maps/europe.tif', 'GET')

    It goes up by `daypass.upload`, so that policies and audits see it, in the format that the path's suffix says. The same
    signer signs upload and link. A link that could not be made is refused before anything is written.

    Args:
        thing: bytes, a stream of bytes, or the name of a file or folder here; a data frame of pandas or polars, a table of Arrow, a
            relation of DuckDB, a dataset of xarray, a figure of matplotlib, Plotly or Altair; or what an installed distribution
            writes (the hook `share_object`). Without ``path`` it is the path of an object that is there already, or with
            a slash at its end of all that lies below.
        path: where it goes: an fsspec-style path. One that ends in a slash takes a file under its own name, and a Zarr store or a folder as it is.
        overwrite: replace the object that is there. Without it, the store is told to refuse; a folder is never replaced.
        storage_options: fsspec's options for the filesystem, passed on untouched.
        fs: a filesystem that exists, in place of ``storage_options``.
        public_endpoint: the endpoint that the link's reader can reach, where it differs.
        signer: who signs in place of the path's own backend, such as ``"links"``; a profile may say so.
        signer_options: options of the signing backend.
        caller: who asks, told to policy and audit plugins.
        options: what the link shall permit, such as ``expires_in``: the fields of `SignRequest`.

    Returns:
        A link to the object; or, of a Zarr store or a folder, a grant for all that lies below.

    Raises:
        InvalidRequestError: for what nobody can write, or not in this format.
        StoreError: if an object is there already, or the store refuses.
        UnsupportedOptionError: with ``option="prefix"`` for a folder where the store has no grants for prefixes; the
            signer ``links`` has.
        DaypassError: another of the tree in `daypass.errors`.

    """
    check_method(options, "GET")
    place: dict[str, Any] = {
        "storage_options": hidden(storage_options),
        "fs": fs,
        "signer": signer,
        "signer_options": hidden(signer_options),
        "caller": caller,
    }
    keywords: dict[str, Any] = {**place, "public_endpoint": public_endpoint, **options}
    if path is None:
        if not isinstance(thing, (str, os.PathLike)) and not hasattr(thing, "storage_options"):
            msg = f"no path says where the {type(thing).__name__} goes: write it behind, as in share(thing, 's3://bucket/report.parquet')"
            raise InvalidPathError(msg, option="path")
        return _signed(thing, keywords, is_folder=str(thing).endswith("/"))
    size: int | None = None
    with _file(thing, path) as file:
        folder = file if isinstance(file, Path) and file.is_dir() else None
        if folder is not None and overwrite:
            msg = f"{path} is to be a folder of many objects, and none of those that are there would go: choose another path, or delete it first"
            raise InvalidRequestError(msg, option="overwrite")
        name = file.name if isinstance(file, Path) else None
        target = inside(path, name) if folder is None else path
        action: Any = "create_signed_url" if folder is None else "create_signed_prefix"
        if rehearse(target, action=action, **keywords).allowed:  # or signing says why not
            if folder is None:
                size = _put(file, target, place, overwrite=overwrite)
            else:
                below = f"{str(target).rstrip('/')}/"
                upload_tree(folder, lambda part, key: _put(part, f"{below}{key}", place))
    shared = _signed(target, keywords, is_folder=folder is not None)
    if size is not None:
        shared.__dict__[SIZE] = size
    return shared


def _signed(path: Any, keywords: dict[str, Any], *, is_folder: bool) -> SignedURL | SignedPrefix:
    return (
        create_signed_prefix(path, **keywords) if is_folder else create_signed_url(path, **keywords)
    )


def _put(
    file: Path | BinaryIO, path: PathLike, place: dict[str, Any], *, overwrite: bool = False
) -> int:
    try:
        return upload(file, path, if_absent=not overwrite, **place).size
    except StoreError as error:
        if overwrite or error.status not in _EXISTS:
            raise
        msg = f"{path} is there already, and was left as it is: choose another path, or say overwrite=True"
        raise StoreError(msg, status=error.status, store_code=error.store_code) from None


@contextmanager
def _file(thing: Any, path: PathLike) -> Iterator[Path | BinaryIO]:
    """Give what goes up, for the length of a block: a file, a folder or a stream."""
    if isinstance(thing, (bytes, bytearray, memoryview)):
        yield io.BytesIO(thing)
    elif is_stream(thing, "read"):
        yield thing
    elif isinstance(thing, (str, os.PathLike)):
        if not os.path.exists(thing):  # noqa: PTH110 - no error for text that is no name of a file
            msg = f"{str(thing)[:100]!r} is no file here: to share text, give its bytes"
            raise InvalidRequestError(msg, option="thing")
        yield Path(thing)
    else:
        name = parse_path(path).key.rstrip("/").rpartition("/")[2]
        if not name:
            msg = f"the path names no object, and a {type(thing).__name__} has no name of its own: write the whole path, such as s3://bucket/report.parquet"
            raise InvalidPathError(msg, option="path")
        with TemporaryDirectory(prefix="daypass-") as folder:
            # A key may be longer than the name of a file; of one it is the suffix that says the format.
            fits = len(os.fsencode(name)) <= _LONGEST_NAME
            file = Path(folder, name if fits else f"object{Path(name).suffix}")
            write(thing, file)
            yield file
