"""What a filesystem is configured with, read without opening it."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from daypass.base.messages import refuse_unknown
from daypass.base.secrets import Options

__all__ = ["FSSPEC_OPTIONS", "arguments_of", "effective_options", "refuse_misspelt"]

#: What fsspec takes for every filesystem: nothing that a signature depends on.
FSSPEC_OPTIONS = frozenset(
    {"listings_expiry_time", "max_paths", "skip_instance_cache", "use_listings_cache"}
)


def effective_options(
    storage_options: Mapping[str, Any], protocols: tuple[str, ...]
) -> dict[str, Any]:
    """Return storage options with what fsspec's configuration adds to them.

    That is what ``fsspec.filesystem()`` would do with its files and with ``FSSPEC_S3_KEY`` and the
    like, without importing the filesystem.

    >>> dict(effective_options({"key": "AK"}, ("s3", "s3a")))
    {'key': 'AK'}

    Args:
        storage_options: as they were given.
        protocols: the filesystem's, as its class names them.

    """
    if "fsspec.config" not in sys.modules and not _is_configured():
        return Options(storage_options)  # without importing fsspec to learn that it adds nothing
    from fsspec.config import apply_config

    filesystem = type("_Filesystem", (), {"protocol": protocols})  # all that is read of a class
    return Options(apply_config(filesystem, dict(storage_options)))


def _is_configured() -> bool:
    """Tell whether fsspec might find something when it is imported: a variable, or its directory."""
    if any(name.startswith("FSSPEC") for name in os.environ):
        return True
    return os.path.exists(os.path.expanduser("~/.config/fsspec"))  # noqa: PTH110, PTH111 - as fsspec does


def refuse_misspelt(
    names: Iterable[str],
    known: Iterable[str],
    further: Callable[[], Iterable[str]],
    *,
    what: str,
    meant: Mapping[str, str] | None = None,
) -> None:
    """Refuse an option that nobody would read: a misspelt key must not end in another login.

    Args:
        names: of the options that were given.
        known: names to accept without further ado.
        further: names the filesystem takes beyond those; called only where it has to be, so that
            it may import the filesystem.
        what: what they are called in the message, such as ``"storage option of s3"``.
        meant: names that others have for an option, the provider's SDK say, in small letters, with what it is called
            here; dotted where that is nested. No spelling is near enough to tell.

    Raises:
        UnknownOptionError: naming what is meant, or the nearest that there is.

    """
    known = frozenset(known)
    if beyond := [name for name in names if name not in known]:
        refuse_unknown(beyond, known.union(further()), what=what, meant=meant or {})


def arguments_of(*functions: Callable[..., Any]) -> set[str]:
    """Return the names of arguments that functions take, such as a filesystem's ``__init__``.

    >>> sorted(arguments_of(effective_options))
    ['protocols', 'storage_options']
    """
    names = {name for function in functions for name in inspect.signature(function).parameters}
    return names - {"self", "args", "kwargs"}
