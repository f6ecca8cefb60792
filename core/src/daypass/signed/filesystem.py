"""``signed::`` as an fsspec protocol: ``signed::s3://maps/europe.tif`` is the object, read through links.

A reader that knows fsspec needs to know nothing of links: each request goes through one that has a while left, and the
filesystem travels to other processes as names, never as a key or a URL.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from fsspec.asyn import AsyncFileSystem, get_loop
from fsspec.implementations.chained import ChainedFileSystem
from fsspec.spec import AbstractBufferedFile

from daypass.base.secrets import check_portable
from daypass.base.times import seconds
from daypass.base.tracebacks import discreet
from daypass.errors import (
    AccessDeniedError,
    DeadlineError,
    InvalidRequestError,
    ObjectNotFoundError,
    SigningNotSupportedError,
    StoreError,
    UnknownOptionError,
)
from daypass.model.requests import make_request
from daypass.signed.ahead import NAME
from daypass.signed.paths import own_path, stripped
from daypass.signed.reading import CHANGED, Found, Reader
from daypass.store.fresh import Kept
from daypass.store.functions import create_signed_url
from daypass.store.keywords import check_travels
from daypass.store.listing import within
from daypass.store.prepared import root_for

__all__ = ["SignedFileSystem"]

T = TypeVar("T")

#: Of how many objects it is kept what was found: of more it is asked again.
_MOST = 4096
#: Seconds for which a reader that opens an object, or asks what it is, is told what was found before; readers do both at once.
_FRESH = 10
#: So many names of files are kept, beside those of the newest listing.
_MOST_LISTED = 1 << 16
#: What to do in place of writing.
_ELSEWHERE = "write with daypass.upload, or through the store's own filesystem"
_PLACE = ("signer", "signer_options", "public_endpoint", "caller")


async def _apart(call: Callable[..., T], *args: Any) -> T:
    """Call in a thread what waits for a store."""
    try:
        return await asyncio.to_thread(call, *args)
    except DeadlineError as error:
        # fsspec takes each TimeoutError for a limit of its own, and raises one that has no words.
        raise StoreError(str(error)) from error


class SignedFileSystem(AsyncFileSystem, ChainedFileSystem):  # type: ignore[misc] # fsspec has no types
    """Read what can be signed through links that are always fresh.

    >>> import fsspec
    >>> file = fsspec.open("signed::s3://maps/europe.tif", s3={"profile": "maps"})
    >>> file.path, type(file.fs).__name__
    ('maps/europe.tif', 'SignedFileSystem')

    It reads by ranges, asks for an object's size where it is opened, and signs again before a link ends and where one is
    refused. It can be pickled where no option holds a secret. Nothing is written through it.

    Args:
        target_protocol: the protocol of the paths, which fsspec takes from what stands behind ``signed::``.
        target_options: the options of its filesystem. Beside a path fsspec takes them from the keyword of its name: ``s3={...}``.
        fo: the path, as fsspec gives it; of no use here.
        min_life: what is left of each link at least: seconds, a timedelta, or text such as ``"5m"``.
        signer: who signs in place of the path's own backend, such as ``"links"``.
        signer_options: options of the signing backend.
        public_endpoint: the endpoint that this process can reach, where it differs.
        caller: who asks, told to policy and audit plugins.
        asynchronous: the methods are awaited by the caller.
        loop: where they run otherwise; None for that of fsspec.
        batch_size: how many requests are under way at once, unless a call says so.
        options: what each link permits: the fields of `SignRequest` for GET, such as ``expires_in``.

    Raises:
        InvalidRequestError: for an option that is not legal, or without a protocol.

    """

    protocol: Any = "signed"
    root_marker = ""
    # The path is in no way an option: all of one store have one filesystem.
    _strip_tokenize_options = ("fo",)

    @discreet
    def __init__(
        self,
        target_protocol: str | None = None,
        target_options: Mapping[str, Any] | None = None,
        fo: str | None = None,
        *,
        min_life: Any = 60,
        signer: str | None = None,
        signer_options: Mapping[str, Any] | None = None,
        public_endpoint: str | None = None,
        caller: str | None = None,
        asynchronous: bool = False,
        loop: Any = None,
        batch_size: int | None = None,
        **options: Any,
    ) -> None:
        del fo
        super().__init__(asynchronous=asynchronous, loop=loop, batch_size=batch_size)
        if not isinstance(target_protocol, str):
            msg = "signed:: reads what stands behind it: write signed::s3://bucket/key, or give target_protocol"
            raise InvalidRequestError(msg, option="target_protocol")
        if target_protocol in options:
            msg = f"a filesystem that is made by hand takes the options of {target_protocol}:// as target_options={{...}}: {target_protocol}={{...}} stands beside a path, as in fsspec.open"
            raise UnknownOptionError(msg, option=target_protocol)
        if make_request(options).method != "GET":
            msg = "signed:: reads by links for GET: leave method out"
            raise InvalidRequestError(msg, option="method")
        given = (signer, signer_options, public_endpoint, caller)
        place: dict[str, Any] = {
            name: value for name, value in zip(_PLACE, given, strict=True) if value is not None
        }
        place["storage_options"] = target_options or None
        self.target_protocol = target_protocol
        # fsspec asks the filesystem in all that it does with a path, and the class where it has none yet.
        self.__dict__["_strip_protocol"] = partial(own_path, protocol=target_protocol)
        #: Ours, and the beginning of a whole path, by which DuckDB knows whose it is.
        self.protocol = ("signed", f"signed::{target_protocol}")
        self._place: dict[str, Any] = {"fs": None, **place}
        self._given = {**place, **options}
        self._reader = Reader(Kept(seconds(min_life, "min_life"), self._given), self._place)
        #: What was found of objects, and when by the clock that never goes back.
        self._found: dict[str, tuple[Found, float]] = {}
        #: What listings called a file. What they call a folder may be an object of that name, too.
        self._files: set[str] = set()

    @property
    def loop(self) -> Any:
        """Where methods run that nobody awaits; a fork has its own, since nothing here is bound to one."""
        return self._loop if self.asynchronous or self._pid == os.getpid() else get_loop()

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        return stripped(path)

    def unstrip_protocol(self, name: str) -> str:
        """Return the whole path."""
        return f"signed::{self._whole(name)}"

    def _whole(self, path: str) -> str:
        return f"{self.target_protocol}://{self._strip_protocol(path)}"

    def _check_travels(self) -> None:
        """Raise where an option holds a secret, by the name that this filesystem has for it."""
        given = {**self._given}
        check_portable("filesystem", target_options=given.pop("storage_options"))
        check_travels("filesystem", given)

    def __reduce__(self) -> Any:
        """Travel as what it was made of.

        Raises:
            InvalidRequestError: if an option holds a secret.

        """
        self._check_travels()
        reduce: Any = super().__reduce__
        return reduce()

    def to_dict(self, *, include_password: bool = True) -> Any:
        """Return what it was made of.

        Raises:
            InvalidRequestError: if an option holds a secret.

        """
        self._check_travels()
        to_dict: Any = super().to_dict
        return to_dict(include_password=include_password)

    @discreet
    def find_object(self, path: str) -> Found:
        """Return what is known of an object; the store is asked where nothing was found, or some time ago."""
        whole = self._whole(path)
        known, when = self._found.get(whole, (None, 0.0))
        if known is None or time.monotonic() - when > _FRESH:
            known = self._reader.find(whole)
            if len(self._found) >= _MOST:
                self._found.clear()
            self._found[whole] = known, time.monotonic()
        return known

    @discreet
    def read_part(
        self, path: str, start: int | None, end: int | None, known: Found | None = None
    ) -> bytes:
        """Read a part of an object, places as a slice has them; ``known`` is what a file was opened on.

        Without it the parts that are read one after the other are of the object that was found first.
        """
        whole = self._whole(path)
        if known is None:
            found = self._found.get(whole)
            known = self.find_object(path) if found is None else found[0]
        first, last, _ = slice(start, end).indices(known.size)
        if first >= last:
            return b""
        try:
            return self._reader.read(whole, first, last, known)
        except StoreError:
            self._found.pop(whole, None)
            raise

    @discreet
    def read_whole(self, path: str) -> bytes:
        """Read an object as it is now, even if it has become another since it was found."""
        try:
            return self.read_part(path, None, None, self.find_object(path))
        except StoreError as error:
            if error.status != CHANGED:
                raise
        return self.read_part(path, None, None)

    def _is_root(self, path: str) -> bool:
        """Tell whether a path has no key: a bucket is a folder, and there is no link to it."""
        return not path or not root_for(self._whole(path), **self._place)[1]

    async def _info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        """Say what is known of one path: of an object what its link tells, of a folder that it is one."""
        del kwargs
        path = self._strip_protocol(path)
        if await _apart(self._is_root, path):
            return {"name": path, "size": 0, "type": "directory"}
        try:
            found = await _apart(self.find_object, path)
        except ObjectNotFoundError:
            if self._place.get("signer") is None and await self._is_folder(path):
                return {"name": path, "size": 0, "type": "directory"}
            raise
        return {
            "name": path,
            "size": found.size,
            "type": "file",
            "ETag": found.etag and found.etag.strip('"'),
            "LastModified": found.last_modified,
            "content_type": found.content_type,
        }

    async def _is_folder(self, path: str) -> bool:
        """Tell whether something lies below a path, as far as this process may know: many may read and not list."""
        try:
            return bool(await self._listed(path, missing_ok=True))
        except AccessDeniedError:
            return False

    async def _isdir(self, path: str) -> bool:
        """Tell whether a path is a folder: fsspec asks of each that a pattern matches, and a listing has told."""
        if self._strip_protocol(path) in self._files:
            return False
        return bool(await super()._isdir(path))

    async def _cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **kwargs: Any
    ) -> bytes:
        """Read a file, or a part of it."""
        del kwargs
        if start is None and end is None:
            return await _apart(self.read_whole, path)
        return await _apart(self.read_part, path, start, end)

    async def _get_file(self, rpath: str, lpath: str, **kwargs: Any) -> None:
        """Copy a file to this machine."""
        del kwargs

        def copy() -> None:
            if Path(lpath).is_dir():
                return
            with self._open(rpath) as source, Path(lpath).open("wb") as target:
                shutil.copyfileobj(source, target, source.blocksize)

        await _apart(copy)

    async def _listed(
        self, path: str, *, recursive: bool = False, missing_ok: bool = False
    ) -> list[dict[str, Any]]:
        """List with this process's own credentials, as the policies let the caller: a link lists nothing."""

        def ask() -> list[dict[str, Any]]:
            root, key = root_for(self._whole(path), **self._place)
            try:
                entries = within(root, key, recursive=recursive)
            except ObjectNotFoundError:
                if missing_ok:
                    return []
                raise
            infos = [
                {
                    "name": self._strip_protocol(entry.path),
                    "size": entry.size or 0,
                    "type": "file" if entry.size is not None else "directory",
                    "ETag": entry.etag,
                    "LastModified": entry.last_modified,
                }
                for entry in entries
            ]
            if len(self._files) >= _MOST_LISTED:
                self._files.clear()
            self._files.update(info["name"] for info in infos if info["type"] == "file")
            return infos

        return await _apart(ask)

    async def _ls(self, path: str, detail: bool = True, **kwargs: Any) -> list[Any]:  # noqa: FBT002 - fsspec's
        """List what lies directly below a path."""
        del kwargs
        path = self._strip_protocol(path)
        found = await self._listed(path, missing_ok=True) or await self._alone(path)
        return found if detail else [info["name"] for info in found]

    async def _alone(self, path: str) -> list[dict[str, Any]]:
        """Return the object that a path is, below which nothing lies; of an empty bucket none."""
        info = await self._info(path)
        return [info] if info["type"] == "file" else []

    async def _find(
        self,
        path: str,
        maxdepth: int | None = None,
        withdirs: bool = False,  # noqa: FBT002 - fsspec's
        **kwargs: Any,
    ) -> Any:
        """List all files below a path, in one request where no folder is wanted."""
        if maxdepth is not None or withdirs:
            return await super()._find(path, maxdepth, withdirs, **kwargs)
        path = self._strip_protocol(path)
        entries = await self._listed(path, recursive=True, missing_ok=True)
        if not entries:
            try:
                entries = await self._alone(path)
            except ObjectNotFoundError:
                entries = []
        found = {info["name"]: info for info in entries}
        return found if kwargs.get("detail") else sorted(found)

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | str | None = "default",
        cache_options: Any = None,
        **kwargs: Any,
    ) -> SignedFile:
        if mode != "rb":
            msg = f"signed:: reads, and cannot open {self._strip_protocol(path)} with mode {mode!r}: {_ELSEWHERE}"
            raise SigningNotSupportedError(msg)
        kwargs.pop("size", None)
        kwargs["cache_type"] = kwargs.get("cache_type") or NAME
        return SignedFile(
            self,
            self._strip_protocol(path),
            self.find_object(path),
            block_size=block_size or "default",
            cache_options=cache_options,
            **kwargs,
        )

    async def _unwritten(self, *_: Any, **__: Any) -> NoReturn:
        msg = f"signed:: reads, and changes nothing: {_ELSEWHERE}"
        raise SigningNotSupportedError(msg)

    # Of which fsspec says nothing, or does nothing.
    _cp_file = _makedirs = _mkdir = _pipe_file = _put_file = _rm_file = _unwritten

    def rmdir(self, path: str) -> None:
        """Refuse to remove a folder, as all that is written is."""
        self.mkdir(path)

    def modified(self, path: str) -> datetime:
        """Return when an object was changed last (aware, UTC).

        Raises:
            StoreError: if the store does not say.

        """
        found = self.find_object(path).last_modified
        if found is None:
            msg = f"the store does not say when {self._whole(path)} was changed"
            raise StoreError(msg)
        return found

    def ukey(self, path: str) -> str:
        """Return what changes when an object does."""
        found = self.find_object(path)
        return f"{found.etag} {found.size} {found.last_modified}"

    checksum = ukey

    def sign(self, path: str, expiration: int = 100, **kwargs: Any) -> str:
        """Return a URL that lives so many seconds, as `daypass.create_signed_url` makes it."""
        given = {**self._place, "expires_in": expiration, **kwargs}
        return create_signed_url(self._whole(path), **given).url

    def invalidate_cache(self, path: str | None = None) -> None:
        """Forget what was found of objects, and what listings told."""
        if path is None:
            self._found.clear()
            self._files.clear()
        else:
            self._found.pop(self._whole(path), None)
            self._files.discard(self._strip_protocol(path))


class SignedFile(AbstractBufferedFile):  # type: ignore[misc] # fsspec has no types
    """An object, open for reading; what is read ahead is one request."""

    fs: SignedFileSystem
    path: str

    def __init__(self, fs: SignedFileSystem, path: str, found: Found, **kwargs: Any) -> None:
        #: What it was opened on: what is another by now is never read as its rest. Some caches read all of it at once.
        self._opened_on = found
        super().__init__(fs, path, size=found.size, **kwargs)

    def _fetch_range(self, start: int, end: int) -> bytes:
        return self.fs.read_part(self.path, start, end, self._opened_on)
