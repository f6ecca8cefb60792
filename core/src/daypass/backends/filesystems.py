"""fsspec filesystems: which one a path means, how one is opened, and what stands behind a cache."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from daypass.backends.calls import because
from daypass.base.messages import nearest, refuse_unknown
from daypass.base.secrets import Options
from daypass.errors import BackendNotFoundError, DaypassError, InvalidRequestError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from daypass.model.locations import Location

__all__ = ["fs_path", "misspelt_options", "open_filesystem", "protocols", "unwrap"]

#: How alike a misspelt name is to the right one.
_ALIKE = 0.8


def protocols(fs: AbstractFileSystem) -> tuple[str, ...]:
    """Return the protocols that a filesystem serves."""
    protocol = _attribute(fs, "protocol")
    if isinstance(protocol, str):
        return (protocol,)
    if (
        not isinstance(protocol, (tuple, list))
        or not protocol
        or not all(isinstance(name, str) for name in protocol)
    ):
        msg = f"fs must be an fsspec filesystem, not {type(fs).__name__}"
        raise InvalidRequestError(msg, option="fs")
    return tuple(protocol)


def fs_path(location: Location) -> str:
    """Return the path that a location's filesystem has for it, as fsspec.core.url_to_fs does."""
    path: str = location.fs._strip_protocol(location.full_path)  # noqa: SLF001 - fsspec has no other name for it
    return path


def unwrap(fs: AbstractFileSystem | None) -> AbstractFileSystem | None:
    """Look through fsspec's caching filesystems: the object behind them is the same object."""
    while (inner := _attribute(fs, "fs")) is not None:
        kinds = {kind.__name__ for kind in type(fs).__mro__}
        if "DirFileSystem" in kinds:
            msg = "fs is a DirFileSystem, whose paths are not the store's: give its inner filesystem (fs.fs) and the whole path"
            raise InvalidRequestError(msg, option="fs")
        if "CachingFileSystem" not in kinds:
            break
        fs = inner
    return fs


def _attribute(fs: object, name: str) -> Any:
    try:
        return getattr(fs, name, None)
    except Exception as error:
        msg = f"fs must be an fsspec filesystem, not {type(fs).__name__}"
        raise InvalidRequestError(msg, option="fs") from error


def misspelt_options(
    protocol: str, options: Mapping[str, Any], judged: Iterable[str]
) -> dict[str, str]:
    """Return the options that look like misspelt ones, dotted where they are nested, and what each should be.

    Filesystems swallow what they do not know, and a store is then another one than was meant. Nobody is contacted.

    Args:
        protocol: whose filesystem takes them.
        options: fsspec's options for it.
        judged: the names that its backend knows, dotted too.

    """
    import fsspec

    kind = fsspec.get_filesystem_class(protocol)
    known = set(judged)
    for one in kind.__mro__[:-1]:
        known |= set(inspect.signature(one.__init__).parameters)
    return _misspelt(options, known, "")


def _misspelt(options: Mapping[str, Any], known: Iterable[str], table: str) -> dict[str, str]:
    here = {name.removeprefix(table).partition(".")[0] for name in known if name.startswith(table)}
    found: dict[str, str] = {}
    for name, value in options.items():
        near = None if name in here else nearest(name, here, cutoff=_ALIKE)
        if near is not None:
            found[table + name] = near
        elif isinstance(value, Mapping):
            found |= _misspelt(value, known, f"{table}{name}.")
    return found


def open_filesystem(protocol: str, bucket: str, options: Mapping[str, Any]) -> AbstractFileSystem:
    """Open the filesystem of a protocol, outside fsspec's own cache of instances.

    Raises:
        BackendNotFoundError: for an unknown protocol, or one whose package is not installed.
        InvalidRequestError: for options that the filesystem does not take.

    """
    import fsspec

    from daypass.backends.loading import registry

    try:
        kind = fsspec.get_filesystem_class(protocol)
    except ImportError as error:
        msg = f"{protocol}:// needs a package that is not installed: {error}"
        raise BackendNotFoundError(msg, protocol=protocol) from error
    except ValueError:
        from fsspec.registry import known_implementations

        # An installed backend is meant rather than one of the many that fsspec knows of.
        near = nearest(protocol, registry.claims(), cutoff=0.7)
        try:
            refuse_unknown([protocol], [near] if near else known_implementations, what="protocol")
        except InvalidRequestError as error:
            raise BackendNotFoundError(str(error), protocol=protocol) from None
        raise
    # Some protocols name host or account in the path (sftp://host/..., abfss://box@account/...).
    named = Options(kind._get_kwargs_from_urls(f"{protocol}://{bucket}"))  # noqa: SLF001 - fsspec's own way
    info = registry.backend(protocol).info
    options = Options(info.open_options(options))
    failed: DaypassError
    try:
        # fsspec's cache of instances would keep credentials alive for ever.
        return kind(**{**named, **options, "skip_instance_cache": True})
    except ImportError as error:
        msg = f"{protocol}:// needs a package that is not installed: {error}"
        failed = because(BackendNotFoundError(msg, protocol=protocol), error)
    except (TypeError, ValueError, KeyError) as error:
        msg = f"the filesystem for {protocol}:// refuses these storage_options ({type(error).__name__}): compare them with its documentation"
        failed = because(InvalidRequestError(msg, option="storage_options"), error)
    from daypass.base.scrubbing import scrubbed

    raise scrubbed(failed, options, own=info.secret_storage_options)
