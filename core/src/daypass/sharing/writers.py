"""From an object of somebody's library to a file, by its type: no library is imported to find out whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from daypass.backends.objects import answered, writer_of
from daypass.errors import InvalidRequestError
from daypass.sharing.formats import NEEDS, WRITERS, Writer

__all__ = ["write"]


class _LackingError(InvalidRequestError, ImportError):
    """A library lacks another one, by which it writes a format."""


def _lacking(package: str, suffix: str, error: Exception) -> _LackingError | None:
    """Return what to say of an error, if it comes of a package that is not installed."""
    by = NEEDS.get((package, suffix), {})
    if by and not any(find_spec(module) for module in by):
        what = f"pip install {next(iter(by.values()))}"
    elif isinstance(error, ImportError):
        what = f"pip install {error.name}" if error.name else f"it says: {' '.join(str(error).split())}"  # fmt: skip
    else:
        return None
    msg = f"{package} needs another package to write {suffix}, which is not installed: {what}"
    return _LackingError(msg, option="path")


def _known(kind: type) -> tuple[str, Mapping[str, Writer]]:
    """Return the package of a class, and how its objects are written."""
    # Compiled parts of a package have a name of their own, as _duckdb.
    package = kind.__module__.partition(".")[0].lstrip("_")
    return package, WRITERS.get((package, kind.__name__), {})


def _is_on_a_figure(thing: Any) -> bool:
    """Say whether an object, as axes and lines do, names a figure that it is drawn on."""
    for _ in range(2):  # axes may be of a part of a figure, and that names the figure
        try:
            thing = thing.figure
        except Exception:  # noqa: BLE001 - whatever the attribute of a stranger's object does
            return False
        if any(_known(kind)[1] for kind in type(thing).__mro__):
            return True
    return False


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
        package, known = _known(kind)
        if suffix in known:
            try:
                known[suffix](thing, file)
            except Exception as error:
                lacking = _lacking(package, suffix, error)
                if lacking is None:
                    raise
                raise lacking from error
            return
        formats += known
    what = f"{type(thing).__module__.partition('.')[0]}.{type(thing).__qualname__}"
    if formats:
        msg = f"{what} is written as {', '.join(dict.fromkeys(formats))}, and the path ends in {suffix or 'none of them'}: name the object so"
        raise InvalidRequestError(msg, option="path")
    if _is_on_a_figure(thing):
        msg = f"{what} is drawn on a figure: share its .figure"
        raise InvalidRequestError(msg, option="thing")
    msg = (
        f"share writes bytes, files, data frames, tables, datasets and figures, and not a {what}: write it to a file "
        "yourself and share that, or install a distribution that has the hook share_object for it"
    )
    raise InvalidRequestError(msg, option="thing")
