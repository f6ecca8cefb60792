"""``daypass://`` as an fsspec protocol: every profile is a directory, and each leads to its own filesystem."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
from fsspec import AbstractFileSystem

from daypass import config
from daypass.errors import InvalidPathError, StoreError
from daypass.model.paths import PROFILES
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


class DaypassFileSystem(AbstractFileSystem):  # type: ignore[misc] # fsspec has no types
    """Read and write below the roots of profiles.

    >>> import fsspec
    >>> fsspec.filesystem("daypass").ls("")
    []

    Paths are ``daypass://NAME/path``. A name keeps what the inner filesystem keeps of it: like all of
    fsspec it drops a slash at the end, which `daypass.create_signed_url` does not.

    Args:
        storage_options: laid over those of the profiles.

    """

    protocol = PROFILES
    root_marker = ""

    def _place(self, path: str) -> _Place:
        name, _, key = self._strip_protocol(path).partition("/")
        place, _ = root_for(
            f"{PROFILES}://{name}", storage_options=self.storage_options or None, fs=None
        )
        fs = place.location.fs
        if ".." in key.split("/") and getattr(fs, "local_file", False):
            msg = f"the path leaves the root of the profile {name} by a '..' segment"
            raise InvalidPathError(msg, option="path")
        root, inner = (
            fs._strip_protocol(place.at(below, whole=True).full_path)  # noqa: SLF001 - as url_to_fs does
            for below in ("", key)
        )
        return _Place(fs, inner, name, root)

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> list[Any]:  # noqa: FBT002 - fsspec's
        """List the profiles, or what is directly below a path."""
        if not self._strip_protocol(path):
            names = sorted(config.load().profiles)
            found = [{"name": name, "size": 0, "type": "directory"} for name in names]
        else:
            place = self._place(path)
            found = [place.shown(info) for info in place.fs.ls(place.path, detail=True, **kwargs)]
        return found if detail else [info["name"] for info in found]

    def find(
        self,
        path: str,
        maxdepth: int | None = None,
        withdirs: bool = False,  # noqa: FBT002 - fsspec's
        detail: bool = False,  # noqa: FBT002 - fsspec's
        **kwargs: Any,
    ) -> Any:
        """List all files below a path."""
        if not self._strip_protocol(path):
            return super().find(path, maxdepth, withdirs, detail, **kwargs)
        place = self._place(path)
        found = place.fs.find(
            place.path, maxdepth=maxdepth, withdirs=withdirs, detail=True, **kwargs
        )
        ours = {place.ours(name): place.shown(info) for name, info in found.items()}
        return ours if detail else sorted(ours)

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        """Say what is known of one path."""
        if not self._strip_protocol(path):
            return {"name": "", "size": 0, "type": "directory"}
        place = self._place(path)
        return place.shown(place.fs.info(place.path, **kwargs))

    def exists(self, path: str, **kwargs: Any) -> bool:
        """Tell whether there is anything; a profile that is misspelt is an error all the same."""
        place = self._place(path)
        return bool(place.fs.exists(place.path, **kwargs))

    def sign(self, path: str, expiration: int = 100, **kwargs: Any) -> str:
        """Return the URL that `daypass.create_signed_url` makes, with its keywords."""
        given = {"storage_options": self.storage_options or None, **kwargs}
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
            block_size=block_size or place.fs.blocksize,
            autocommit=autocommit,
            cache_options=cache_options,
            **kwargs,
        )

    def cp_file(self, path1: str, path2: str, **kwargs: Any) -> None:
        """Copy in the store, or through this process from one profile to another."""
        one, other = self._place(path1), self._place(path2)
        if one.profile == other.profile:
            one.fs.cp_file(one.path, other.path, **kwargs)
            return
        with one.fs.open(one.path, "rb") as source, other.fs.open(other.path, "wb") as target:
            while data := source.read(self.blocksize):
                target.write(data)

    def rm(
        self,
        path: str | list[str],
        recursive: bool = False,  # noqa: FBT002 - fsspec's
        maxdepth: int | None = None,
    ) -> None:
        """Remove files, and with ``recursive`` what is below directories."""
        for one in [path] if isinstance(path, str) else path:
            place = self._place(one)
            place.fs.rm(place.path, recursive=recursive, maxdepth=maxdepth)

    def invalidate_cache(self, path: str | None = None) -> None:
        """Forget listings."""
        names: Iterable[str] = config.load().profiles if path is None else [path]
        for name in names:
            place = self._place(name)
            place.fs.invalidate_cache(None if path is None else place.path)


def _passed_on(name: str, doc: str) -> Any:
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
    "rmdir": "Remove an empty directory.",
    "created": "Return when a file was made.",
    "modified": "Return when a file was changed.",
    "checksum": "Return what changes when a file does.",
    "ukey": "Return what changes when a file does.",
}.items():
    setattr(DaypassFileSystem, _name, _passed_on(_name, _doc))
