"""``daypass://`` as an fsspec protocol: every profile is a directory, and each leads to its own filesystem."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from typing import Any

import attrs
from fsspec.asyn import AsyncFileSystem, get_loop

from daypass import config
from daypass.backends.filesystems import fs_path
from daypass.errors import StoreError
from daypass.model.paths import PROFILES, check_below
from daypass.store.functions import create_signed_url
from daypass.store.prepared import root_for

__all__ = ["DaypassFileSystem"]


@attrs.frozen
class _Place:
    """Where a path of ours is: in which filesystem, under which name, below which root."""

    fs: Any
    path: str
    profile: str
    root: str

    def ours(self, path: str) -> str:
        """Return our path of one that the inner filesystem names.

        Raises:
            StoreError: if it does not lie below the profile's root.

        """
        below = self.root.rstrip("/")
        if path.rstrip("/") == below:
            return self.profile
        if not path.startswith(f"{below}/"):
            msg = f"the filesystem of the profile {self.profile} lists what is not below its root"
            raise StoreError(msg)
        return self.profile + path[len(below) :]

    def shown(self, info: dict[str, Any]) -> dict[str, Any]:
        """Return what the inner filesystem says of an object, under our name."""
        return {**info, "name": self.ours(info["name"])}

    async def ask(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the inner filesystem: on the loop that it lives on, or in a thread where it has none."""
        if not self.fs.async_impl:
            return await asyncio.to_thread(getattr(self.fs, name), *args, **kwargs)
        answer = getattr(self.fs, f"_{name}")(*args, **kwargs)
        if self.fs.loop is asyncio.get_running_loop():
            return await answer
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(answer, self.fs.loop))


class DaypassFileSystem(AsyncFileSystem):  # type: ignore[misc] # fsspec has no types
    """Read and write below the roots of profiles.

    >>> import fsspec
    >>> fsspec.filesystem("daypass").ls("")
    []

    Paths are ``daypass://NAME/path``. A name keeps what the inner filesystem keeps of it: like all of
    fsspec it drops a slash at the end, which `daypass.create_signed_url` does not.

    It is asynchronous, as fsspec means it: what asks for that, as Zarr does, awaits its methods on
    any event loop, whatever the inner filesystem is; everything else calls them as ever.

    Args:
        asynchronous: the methods are awaited by the caller.
        loop: where they run otherwise; None for that of fsspec.
        batch_size: how many requests are under way at once, unless a call says so.
        storage_options: laid over those of the profiles.

    """

    protocol = PROFILES
    root_marker = ""

    def __init__(
        self,
        *,
        asynchronous: bool = False,
        loop: Any = None,
        batch_size: int | None = None,
        **storage_options: Any,
    ) -> None:
        super().__init__(
            asynchronous=asynchronous, loop=loop, batch_size=batch_size, **storage_options
        )
        #: The options of the inner filesystems, which live on loops of their own.
        self.given = storage_options or None

    @property
    def loop(self) -> Any:
        """Where methods run that nobody awaits; a fork has its own, since nothing here is bound to one."""
        return self._loop if self.asynchronous or self._pid == os.getpid() else get_loop()

    def _place(self, path: str) -> _Place:
        name, _, key = self._strip_protocol(path).partition("/")
        check_below(key, f"the profile {name}")
        place, _ = root_for(f"{PROFILES}://{name}", storage_options=self.given, fs=None)
        root, inner = (fs_path(place.at(below, whole=True)) for below in ("", key))
        return _Place(place.location.fs, inner, name, root)

    async def _at(self, path: str) -> _Place:
        """Return where a path is; in a thread, since to open a filesystem may take its time."""
        return await asyncio.to_thread(self._place, path)

    async def _ls(self, path: str, detail: bool = True, **kwargs: Any) -> list[Any]:  # noqa: FBT002 - fsspec's
        """List the profiles, or what is directly below a path."""
        if not self._strip_protocol(path):
            names = sorted(config.load().profiles)
            found = [{"name": name, "size": 0, "type": "directory"} for name in names]
        else:
            place = await self._at(path)
            listed = await place.ask("ls", place.path, detail=True, **kwargs)
            found = [place.shown(info) for info in listed]
        return found if detail else [info["name"] for info in found]

    async def _find(
        self,
        path: str,
        maxdepth: int | None = None,
        withdirs: bool = False,  # noqa: FBT002 - fsspec's
        detail: bool = False,  # noqa: FBT002 - fsspec's
        **kwargs: Any,
    ) -> Any:
        """List all files below a path."""
        if not self._strip_protocol(path):
            # A glob's hint for what the store need not list, which here would be said of the profiles' names.
            kwargs.pop("prefix", None)
            return await super()._find(path, maxdepth, withdirs, detail=detail, **kwargs)
        place = await self._at(path)
        found = await place.ask(
            "find", place.path, maxdepth=maxdepth, withdirs=withdirs, detail=True, **kwargs
        )
        ours = {
            (own := place.ours(name)): {**info, "name": own}  # fsspec knows nothing of a lone file
            for name, info in found.items()
        }
        return ours if detail else sorted(ours)

    async def _info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        """Say what is known of one path."""
        if not self._strip_protocol(path):
            return {"name": "", "size": 0, "type": "directory"}
        place = await self._at(path)
        return place.shown(await place.ask("info", place.path, **kwargs))

    async def _exists(self, path: str, **kwargs: Any) -> bool:
        """Tell whether there is anything; a profile that is misspelt is an error all the same."""
        if not self._strip_protocol(path):
            return True
        place = await self._at(path)
        return bool(await place.ask("exists", place.path, **kwargs))

    def sign(self, path: str, expiration: int = 100, **kwargs: Any) -> str:
        """Return the URL that `daypass.create_signed_url` makes, with its keywords."""
        given = {"storage_options": self.given, **kwargs}
        return create_signed_url(
            self.unstrip_protocol(self._strip_protocol(path)), expires_in=expiration, **given
        ).url

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,  # noqa: FBT002 - fsspec's
        cache_options: Any = None,
        **kwargs: Any,
    ) -> Any:
        place = self._place(path)
        return place.fs._open(  # noqa: SLF001 - as every filesystem that wraps another
            place.path,
            mode=mode,
            block_size=block_size,
            autocommit=autocommit,
            cache_options=cache_options,
            **kwargs,
        )

    async def _cp_file(self, path1: str, path2: str, **kwargs: Any) -> None:
        """Copy in the store, or through this process from one profile to another."""
        one, other = await self._at(path1), await self._at(path2)
        if one.profile == other.profile:
            await one.ask("cp_file", one.path, other.path, **kwargs)
        else:
            await asyncio.to_thread(_carry, one, other, self.blocksize)

    async def _rm(
        self,
        path: str | list[str],
        recursive: bool = False,  # noqa: FBT002 - fsspec's
        batch_size: int | None = None,  # noqa: ARG002 - how many at once is the inner filesystem's word
        maxdepth: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Remove files, and with ``recursive`` what is below directories."""
        below: dict[str, list[_Place]] = {}
        for one in [path] if isinstance(path, str) else path:
            place = await self._at(one)
            below.setdefault(place.profile, []).append(place)
        for places in below.values():  # all of a store at once, as it may take them
            paths = [place.path for place in places]
            of_one = paths[0] if isinstance(path, str) else paths
            await places[0].ask("rm", of_one, recursive=recursive, maxdepth=maxdepth, **kwargs)

    async def _put_file(self, lpath: str, rpath: str, **kwargs: Any) -> None:
        """Copy a file of this machine."""
        place = await self._at(rpath)
        await place.ask("put_file", lpath, place.path, **kwargs)

    def invalidate_cache(self, path: str | None = None) -> None:
        """Forget listings."""
        names: Iterable[str] = config.load().profiles if path is None else [path]
        for name in names:
            place = self._place(name)
            place.fs.invalidate_cache(None if path is None else place.path)


def _carry(one: _Place, other: _Place, block_size: int) -> None:
    with one.fs.open(one.path, "rb") as source, other.fs.open(other.path, "wb") as target:
        while data := source.read(block_size):
            target.write(data)


def _awaited(name: str, doc: str) -> Any:
    async def method(self: DaypassFileSystem, path: str, *args: Any, **kwargs: Any) -> Any:
        place = await self._at(path)
        return await place.ask(name, place.path, *args, **kwargs)

    method.__name__, method.__doc__ = f"_{name}", doc
    return method


def _called(name: str, doc: str) -> Any:
    def method(self: DaypassFileSystem, path: str, *args: Any, **kwargs: Any) -> Any:
        place = self._place(path)
        return getattr(place.fs, name)(place.path, *args, **kwargs)

    method.__name__, method.__doc__ = name, doc
    return method


for _name, _doc in {
    "cat_file": "Read a file, or a part of it.",
    "pipe_file": "Write a file.",
    "get_file": "Copy a file to this machine.",
    "rm_file": "Remove a file.",
    "mkdir": "Make a directory.",
    "makedirs": "Make a directory and those above it.",
}.items():
    setattr(DaypassFileSystem, f"_{_name}", _awaited(_name, _doc))

# What fsspec knows no coroutine for.
for _name, _doc in {
    "rmdir": "Remove an empty directory.",
    "touch": "Make an empty file.",
    "created": "Return when a file was made.",
    "modified": "Return when a file was changed.",
    "checksum": "Return what changes when a file does.",
    "ukey": "Return what changes when a file does.",
}.items():
    setattr(DaypassFileSystem, _name, _called(_name, _doc))
