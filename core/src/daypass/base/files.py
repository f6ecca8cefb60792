"""Files that are written: where one may be, whole or not at all, and by one run alone."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from daypass.base.messages import shown
from daypass.errors import InvalidRequestError, StoreError

__all__ = ["check_own", "lock", "named", "opened", "partly", "private", "target_of", "whole"]

#: Follow no symbolic link; Windows has no such flag.
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)


def named(given: object, option: str) -> Path:
    """Return the file that a caller names.

    Args:
        given: text, or what is path-like and says text.
        option: what the caller calls it.

    Raises:
        InvalidRequestError: for anything else, and for text that can name no file.

    """
    text = os.fspath(given) if isinstance(given, (str, os.PathLike)) else given
    if not isinstance(text, str):
        msg = f"{option} is the name of a file, as text or path-like, not {shown(given)}"
        raise InvalidRequestError(msg, option=option)
    if not text or "\0" in text:
        msg = f"{option} is the name of a file, and no file is called {shown(text)}"
        raise InvalidRequestError(msg, option=option)
    if text.startswith(("http://", "https://")):
        msg = (
            f"{option} is the name of a file, and a URL was given: are the two in the other order?"
        )
        raise InvalidRequestError(msg, option=option)
    return Path(text)


@contextmanager
def opened(name: str | Path) -> Iterator[BinaryIO]:
    """Open a file to read it, for the length of a ``with`` block.

    Raises:
        InvalidRequestError: if it is missing or cannot be opened.

    """
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - closed below; errors of reading are others
    except OSError as error:
        why = (
            "does not exist"
            if isinstance(error, FileNotFoundError)
            else f"cannot be read: {error.strerror}"
        )
        msg = f"{name} {why}"
        raise InvalidRequestError(msg, option="file") from error
    with file:
        yield file


def target_of(file: Path) -> Path:
    """Return the file that is written: where a symbolic link leads, as with cp.

    Raises:
        InvalidRequestError: if it cannot be one.

    """
    try:
        target = file.resolve()
        is_other = target.is_symlink() or (target.exists() and not target.is_file())
    except (OSError, RuntimeError, ValueError) as error:  # too long, a loop of links, a NUL
        raise _unwritable(file, error) from error
    if is_other:
        msg = f"{file} is not a regular file"
        raise InvalidRequestError(msg, option="file")
    if not target.parent.is_dir():
        there = target.parent.exists()
        why = "is not a directory" if there else "does not exist: make the directory first"
        msg = f"{target.parent} {why}"
        raise InvalidRequestError(msg, option="file")
    return target


#: No room, for anybody or for this user, or more than one file may hold.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def _unwritable(file: Path, error: Exception) -> InvalidRequestError:
    why = getattr(error, "strerror", None) or "no file has such a name"
    return InvalidRequestError(f"{file} cannot be written: {why}", option="file")


def _created(file: Path, flags: int, target: Path) -> int:
    """Open a file that is to take a target's name; return its descriptor.

    Who may not read what is there may not read what comes either; where nothing is there, the file
    has the permissions that any new file would have.
    """
    try:
        mode = stat.S_IMODE(target.stat().st_mode) & 0o777 | stat.S_IRUSR | stat.S_IWUSR
    except FileNotFoundError:
        return os.open(file, flags | os.O_CREAT, 0o666)
    descriptor = os.open(file, flags | os.O_CREAT, mode)
    if hasattr(os, "fchmod"):  # past the umask; Windows knows neither
        os.fchmod(descriptor, mode)
    return descriptor


@contextmanager
def whole(target: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the target's name when the block ends well, and goes otherwise.

    Raises:
        InvalidRequestError: if it cannot be made, is too much for the disk, or cannot take the name.

    """
    temporary = target.with_name(f".daypass-{os.urandom(6).hex()}.part")
    try:
        try:
            descriptor = _created(temporary, os.O_WRONLY | os.O_EXCL, target)
        except OSError as error:
            raise _unwritable(target, error) from error
        try:
            with os.fdopen(descriptor, "wb") as sink:
                yield sink
        except OSError as error:
            if error.errno in _FULL:
                raise _unwritable(target, error) from error
            raise
        try:
            temporary.replace(target)
        except OSError as error:
            raise _unwritable(target, error) from error
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


@contextmanager
def partly(target: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the target's name when the block ends well, and else stays as it is for the next run.

    Raises:
        StoreError: if another run is at it, or somebody else's file is in its place.
        InvalidRequestError: if it cannot be made, is too much for the disk, or cannot take the name.

    """
    part = target.with_name(f".{target.name}.daypass-part")
    try:
        descriptor = _created(part, os.O_RDWR | _NO_LINKS, target)
    except OSError as error:
        raise _unwritable(target, error) from error
    try:
        with os.fdopen(descriptor, "r+b") as sink:
            check_own(descriptor, str(part))
            lock(sink, f"downloading to {target}")
            yield sink
        part.replace(target)
    except OSError as error:
        if error.errno in _FULL or error.filename == str(part):
            raise _unwritable(target, error) from error
        raise


def private(place: Path) -> BinaryIO:
    """Open a file of our own for reading and writing, or make it: nobody else may read it, since it holds links.

    Its name can be guessed, so whoever can write to its directory may have put something else there.

    Raises:
        StoreError: for a symbolic link, another user's file, or one that has a second name.
        OSError: if it cannot be opened.

    """
    flags = os.O_RDWR | os.O_CREAT | _NO_LINKS
    try:
        descriptor = os.open(place, flags, 0o600)
    except OSError as error:
        if error.errno == errno.ELOOP:
            msg = f"{place} is a symbolic link, and what holds links is written to no other file: remove it"
            raise StoreError(msg) from error
        raise
    try:
        check_own(descriptor, str(place))
        if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            os.fchmod(descriptor, 0o600)
    except BaseException:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "r+b")


def check_own(descriptor: int, place: str) -> None:
    """Raise where an open file is none, somebody else's, or to be found under another name too.

    Raises:
        StoreError: saying which.

    """
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        why = "is not a regular file"
    elif hasattr(os, "geteuid") and found.st_uid not in (os.geteuid(), 0):
        why = "belongs to another user"
    elif found.st_nlink > 1:
        why = "has another name too (a hard link)"
    else:
        return
    msg = f"{place} {why}, so it is not written to: remove it, or name another place"
    raise StoreError(msg)


def lock(file: BinaryIO, doing: str) -> None:
    """Lock a file until it is closed, so that two runs do not write the same.

    Args:
        file: what every such run opens.
        doing: what another run is doing where it has the lock, for the message.

    Raises:
        StoreError: if another run has it.

    """
    from filelock import lock_descriptor

    if not lock_descriptor(file.fileno(), blocking=False):
        msg = f"another run is {doing}"
        raise StoreError(msg)
