r"""An fsspec filesystem on Redis: keys are files, and what stands before a ``/`` is a directory.

Example::

    import fsspec

    fs = fsspec.filesystem("redis", host="localhost", port=6379, db=0)
    fs.pipe_file("reports/may.csv", b"day,sum\n")
    fs.ls("reports", detail=False)
    with fsspec.open("redis://localhost:6379/0/reports/may.csv") as file:
        file.read()

Keys are taken exactly as they are written, in UTF-8: no slash is added, folded or stripped.
"""

from __future__ import annotations

import io
import operator
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from fsspec import AbstractFileSystem
from fsspec.spec import AbstractBufferedFile
from fsspec.utils import stringify_path

from daypass.errors import InvalidPathError, ObjectNotFoundError, StoreError
from daypass_redis import listing
from daypass_redis.address import DEFAULT_PORT, Address, split_url
from daypass_redis.client import Stat, call_server, connect, stat
from daypass_redis.names import Key, encoded, prefix_of, shown
from daypass_redis.settings import Settings

__all__ = ["RedisFile", "RedisFileSystem", "RedissFileSystem"]

_Answer = TypeVar("_Answer")


class RedisFileSystem(AbstractFileSystem):  # type: ignore[misc] # fsspec has no types
    """Read and write the string values of one Redis database.

    Every error is a builtin one as well (``FileNotFoundError``, ``PermissionError``,
    ``TimeoutError``, ``ValueError``, otherwise ``OSError``); none is redis-py's. ``repr()`` shows
    no credential, but like every fsspec filesystem it keeps its options: ``to_json()`` and pickles
    hold the password (``to_json(include_password=False)`` leaves it out).

    Args:
        host: host name or IP address.
        port: TCP port.
        db: the number of the database.
        username: the ACL user; without it, the default user.
        password: the password.
        timeout: seconds to wait for a connection and for each answer.
        options: redis-py's ``ssl_*`` options, for ``rediss`` only.

    Raises:
        InvalidRequestError: (a ``ValueError``) for an option that is not legal.

    Example::

        fs = fsspec.filesystem("redis", host="localhost", username="reader", password=secret)
        fs.cat_file("greeting", start=0, end=5)

    """

    protocol = "redis"
    root_marker = ""

    def __init__(
        self,
        host: str = "localhost",
        port: int = DEFAULT_PORT,
        db: int = 0,
        *,
        username: str | None = None,
        password: str | None = None,
        timeout: float = 30.0,
        **options: Any,
    ) -> None:
        super().__init__()
        options.update(username=username, password=password, timeout=timeout)
        #: The database and how to log in to it.
        self.settings = Settings.of(Address(self.protocol, host, port, db), options)
        self._client = connect(self.settings)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.settings.address)!r})"

    def to_dict(self, *, include_password: bool = True) -> dict[str, Any]:
        """Return fsspec's picture of a filesystem, with or without its two passwords."""
        picture: dict[str, Any] = super().to_dict(include_password=include_password)
        if not include_password:
            picture.pop("ssl_password", None)
        return picture

    # Paths

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(one) for one in path]
        if isinstance(path, Key):
            return path
        text = stringify_path(path)
        found = split_url(text)
        return Key(text) if found is None else Key(found[1], found[0])

    @staticmethod
    def _get_kwargs_from_urls(path: str) -> dict[str, Any]:
        text = stringify_path(path)
        bare = text.count("/") == 2  # noqa: PLR2004 # redis://host alone names the server
        found = split_url(f"{text}/0" if bare else text)
        if found is None:
            return {}
        place = {"host": found[0].host, "port": found[0].port}
        return place if bare else {**place, "db": found[0].db}

    def unstrip_protocol(self, name: str) -> str:
        """Return the URL of a key."""
        return f"{self.settings.address}/{self._strip_protocol(name)}"

    def _place(self, path: str | os.PathLike[str]) -> Key:
        """Return the key that a path names in this very database."""
        key: Key = self._strip_protocol(path)
        if key.address is not None and key.address != self.settings.address:
            msg = f"the path is on {key.address} but this filesystem is connected to {self.settings.address}"
            raise InvalidPathError(msg, option="path")
        return key

    def _key(self, path: str | os.PathLike[str]) -> Key:
        key = self._place(path)
        if not key:
            msg = f"the path names a database but no key: write {self.settings.address}/key"
            raise InvalidPathError(msg, option="path")
        return key

    def _shown(self, key: Key) -> str:
        return shown(f"{self.settings.address}/{key}")

    def _call(self, key: Key, call: Callable[[], _Answer]) -> _Answer:
        return call_server(self.settings, self._shown(key), call)

    def _missing(self, key: Key) -> ObjectNotFoundError:
        return ObjectNotFoundError(f"{self._shown(key)} does not exist")

    # Values

    def cat_file(
        self,
        path: str,
        start: int | None = None,
        end: int | None = None,
        **kwargs: Any,  # noqa: ARG002 # fsspec's
    ) -> bytes:
        """Read a value, or a part of it.

        Args:
            path: the key or its URL.
            start: the first byte; negative: from the end; None: from the first.
            end: the byte behind the last; negative: from the end; None: to the last.
            kwargs: for other filesystems.

        Raises:
            FileNotFoundError: if there is no such key.
            OSError: if it is no string, or the server fails; see `daypass_redis.client.call_server`.

        """
        key = self._key(path)
        name = encoded(key)
        if start is None and end is None:
            value: Any = self._call(key, lambda: self._client.get(name))
            if value is None:
                raise self._missing(key)
            return bytes(value)
        first, last = self._range(key, start, end)
        part: Any = (
            self._call(key, lambda: self._client.getrange(name, first, last))
            if first <= last
            else b""
        )
        if not part:  # GETRANGE answers the same for an empty part and for no key at all
            self._size(key)
        return bytes(part)

    def _range(self, key: Key, start: int | None, end: int | None) -> tuple[int, int]:
        """Return first and last byte of a Python slice, as GETRANGE counts."""
        first = 0 if start is None else operator.index(start)
        behind = sys.maxsize if end is None else operator.index(end)
        if first < 0 or behind < 0:
            first, behind, _ = slice(first, behind).indices(self._size(key))
        return min(first, sys.maxsize), min(behind, sys.maxsize) - 1

    def _size(self, key: Key) -> int:
        found = self._stat(key)
        if found is None:
            raise self._missing(key)
        if found.size is None:
            msg = f"{self._shown(key)} is of the type {found.kind}, and only a string has bytes to read"
            raise StoreError(msg)
        return found.size

    def pipe_file(
        self,
        path: str,
        value: bytes | bytearray | memoryview,
        mode: str = "overwrite",
        **kwargs: Any,  # noqa: ARG002 # fsspec's
    ) -> None:
        """Write a value at once. Whatever the key held, a time to live included, is replaced.

        Args:
            path: the key or its URL.
            value: the bytes.
            mode: ``"overwrite"``, or ``"create"`` to write only where there is no such key, which
                the server decides and not a look beforehand.
            kwargs: for other filesystems.

        Raises:
            FileExistsError: if there is such a key and ``mode`` is ``"create"``.
            OSError: if the server fails; see `daypass_redis.client.call_server`.

        """
        key = self._key(path)
        name, data = encoded(key), bytes(memoryview(value))
        done: Any = self._call(key, lambda: self._client.set(name, data, nx=mode == "create"))
        if not done:
            msg = f"{self._shown(key)} exists"
            raise FileExistsError(msg)

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,  # noqa: FBT002 # fsspec's
        cache_options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> RedisFile:
        key = self._key(path)
        if mode not in ("rb", "wb", "xb"):
            msg = f"a value in Redis can be opened as rb, wb or xb, not {mode}"
            raise NotImplementedError(msg)
        if mode == "rb":
            kwargs["size"] = self._size(key)
        return RedisFile(
            self, key, mode, block_size, autocommit, cache_options=cache_options, **kwargs
        )

    def rm_file(self, path: str) -> None:
        """Delete one key, of whatever type.

        Raises:
            FileNotFoundError: if there is no such key.

        """
        key = self._key(path)
        if not self._call(key, lambda: self._client.delete(encoded(key))):
            raise self._missing(key)

    def rm(
        self,
        path: str | list[str],
        recursive: bool = False,  # noqa: FBT002 # fsspec's
        maxdepth: int | None = None,
    ) -> None:
        """Delete keys, exactly as named: here ``*``, ``?`` and ``[`` are characters, not patterns.

        Args:
            path: a key, its URL, or a list of them.
            recursive: also delete all keys below it.
            maxdepth: with ``recursive``: how many levels below it.

        Raises:
            FileNotFoundError: if there is no such key, and none below it.

        """
        for one in path if isinstance(path, list) else [path]:
            if not recursive:
                self.rm_file(one)
                continue
            key = self._place(one)
            deleted = self._call(key, lambda one=key: listing.delete(self._client, one, maxdepth))  # type: ignore[misc]
            if key and not deleted:
                raise self._missing(key)

    # Listings. They run SCAN over the whole database: Redis has no index of its keys.

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:  # noqa: ARG002 # fsspec's
        """Describe a key or a directory.

        Returns:
            ``name``; ``type``: ``"file"`` for a string, ``"directory"``, or ``"other"`` for a key
            of another type; ``size`` in bytes, 0 for a directory, None for ``"other"``; and for
            keys ``redis_type``. The time to live is not among them: fsspec takes what changes here
            for a change of the content. `daypass.head_metadata` gives it.

        Raises:
            FileNotFoundError: if there is no such key, and none below it.

        """
        key = self._place(path)
        found = self._stat(key) if key else None
        if found is not None:
            return listing.file(key, found)
        prefix = prefix_of(key)
        if (
            not key
            or self._call(key, lambda: next(listing.scan(self._client, prefix), None)) is not None
        ):
            return listing.directory(prefix)
        raise self._missing(key)

    def exists(self, path: str, **kwargs: Any) -> bool:
        """Tell whether there is such a key or directory; a failing server is no answer, but raises."""
        try:
            self.info(path, **kwargs)
        except FileNotFoundError:
            return False
        return True

    def ls(
        self,
        path: str,
        detail: bool = True,  # noqa: FBT002 # fsspec's
        **kwargs: Any,  # noqa: ARG002 # fsspec's
    ) -> list[Any]:
        """List one level below a directory, or the key itself where nothing is below it.

        Args:
            path: the directory, with or without a slash at its end; ``""`` for the database.
            detail: return what `info` says of each, instead of the names alone; a name that is a
                key and a directory comes as both.
            kwargs: for other filesystems.

        Raises:
            FileNotFoundError: if there is no such key, and none below it.

        """
        key = self._place(path)
        files, directories = self._call(key, lambda: listing.below(self._client, key, 1))
        found = [*files.values(), *directories.values()] or ([self.info(key)] if key else [])
        found.sort(key=lambda one: (one["name"], one["type"]))
        return found if detail else sorted({one["name"] for one in found})

    def find(
        self,
        path: str,
        maxdepth: int | None = None,
        withdirs: bool = False,  # noqa: FBT002 # fsspec's
        detail: bool = False,  # noqa: FBT002 # fsspec's
        **kwargs: Any,  # noqa: ARG002 # fsspec's
    ) -> list[str] | dict[str, dict[str, Any]]:
        """List all keys below a directory, or the key itself where nothing is below it.

        Args:
            path: the directory; ``""`` for the database.
            maxdepth: how many levels; None for all.
            withdirs: also give the directories, but for those that a key has the name of.
            detail: return a dict of what `info` says of each, instead of the names alone.
            kwargs: for other filesystems.

        """
        if maxdepth is not None and maxdepth < 1:
            msg = "maxdepth must be at least 1"
            raise ValueError(msg)
        key = self._place(path)
        files, directories = self._call(key, lambda: listing.below(self._client, key, maxdepth))
        if not files and not directories and key and (itself := self._stat(key)) is not None:
            files[key] = listing.file(key, itself)
        elif withdirs and directories | files and key:
            own = listing.directory(prefix_of(key))
            directories[own["name"]] = own
        found = directories | files if withdirs else files
        return {name: found[name] for name in sorted(found)} if detail else sorted(found)

    def _stat(self, key: Key) -> Stat | None:
        return self._call(key, lambda: next(stat(self._client, [encoded(key)])))


class RedissFileSystem(RedisFileSystem):
    """The same over TLS, which checks the server's certificate and name unless told otherwise.

    Example::

        fs = fsspec.filesystem("rediss", host="cache.example", password=secret, ssl_ca_certs="ca.pem")

    """

    protocol = "rediss"


class RedisFile(AbstractBufferedFile):  # type: ignore[misc] # fsspec has no types
    """A value opened as a file: read by ranges, written whole when it is closed."""

    def _upload_chunk(self, final: bool = False) -> bool:  # noqa: FBT002 # fsspec's
        if final and self.autocommit:
            self.commit()
        return False  # so that the buffer is kept: nobody ever sees half a value

    def commit(self) -> None:
        """Write the value."""
        mode = "create" if self.mode == "xb" else "overwrite"
        self.fs.pipe_file(self.path, self.buffer.getvalue(), mode=mode)

    def discard(self) -> None:
        """Forget the value."""
        self.buffer = io.BytesIO()
