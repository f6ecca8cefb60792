"""From an object of somebody's library to a file, by its type: no library is imported to find out whose it is."""

from __future__ import annotations

from pathlib import Path

from daypass.backends.objects import answered, writer_of
from daypass.errors import InvalidRequestError
from daypass.sharing.formats import WRITERS

__all__ = ["write"]


class _LackingError(InvalidRequestError, ImportError):
    """A library lacks another one, by which it writes a format."""


def _lacking(package: str, suffix: str, error: ImportError) -> _LackingError:
    what = f"pip install {error.name}" if error.name else f"it says: {error}"
    msg = f"{package} needs another package to write {suffix}, which is not installed: {what}"
    return _LackingError(msg, option="path")


def write(thing: object, file: Path) -> None:
    """Write an object to a file, or to a folder, in the format that the suffix says.

    Args:
        thing: the object, of a class that is known here or that an installed distribution knows.
        file: where it goes; nothing is there yet.

    Raises:
        InvalidRequestError: for an object that nobody can write, or not in this format; an ImportError too, where a package is not installed.
        BackendConflictError: if several distributions write types of one package, and no setting chooses.
        PluginError: if one that does is broken, or fails.

    """
    hook = writer_of(thing)
    if hook is not None and answered("share_object", hook, thing=thing, file=file):
        return
    formats: list[str] = []
    suffix = file.suffix.lower()
    for kind in type(thing).__mro__:
        # Compiled parts of a package have a name of their own, as _duckdb.
        package = kind.__module__.partition(".")[0].lstrip("_")
        known = WRITERS.get((package, kind.__name__), {})
        if suffix in known:
            try:
                known[suffix](thing, file)
            except ImportError as error:
                raise _lacking(package, suffix, error) from error
            return
        formats += known
    what = f"{type(thing).__module__.partition('.')[0]}.{type(thing).__qualname__}"
    if formats:
        msg = f"a {what} is written as {', '.join(dict.fromkeys(formats))}, and the path ends in {suffix or 'none of them'}: name the object so"
        raise InvalidRequestError(msg, option="path")
    msg = (
        f"share writes bytes, files, data frames, tables, datasets and figures, and not a {what}: write it to a file "
        "yourself and share that, or install a distribution that has the hook share_object for it"
    )
    raise InvalidRequestError(msg, option="thing")
