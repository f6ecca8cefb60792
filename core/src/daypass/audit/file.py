"""``AuditFile``: an audit in a file that several processes append to, each line chained to the one before."""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from daypass.audit.lines import (
    LONGEST_LINE,
    Head,
    event_text,
    lost_text,
    read_line,
    repair_text,
    write_line,
)
from daypass.base.files import check_own
from daypass.base.messages import shown
from daypass.base.process import follow_forks
from daypass.errors import AuditError, InvalidRequestError, StoreError
from daypass.hookspecs.events import SigningEvent

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]

__all__ = ["AuditFile", "head"]

#: How long to wait for other processes that append, in seconds.
LOCK_WAIT = 10.0
#: The last line and its end fit into so many bytes, nearly always.
_TAIL = 4096


class AuditFile:
    """An audit as lines of JSON. A link leaves when its line is written, and not before.

    Processes and threads may share a file. It is opened when there is something to record, and
    created with the mode 0600. When it is renamed (logrotate), the next line begins a new file, whose
    first line names the last of the old one.

    Args:
        path: the file; its directory must be there.
        fsync: wait for each line to be on the disk, so that no power cut loses one. Without, the
            operating system writes it in its own time.
        clock: the time in seconds since the epoch, as it is recorded.

    Raises:
        InvalidRequestError: for a path that is none or whose directory is not there, or where the system has no file locks.

    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        fsync: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if fcntl is None:
            msg = "an audit file needs file locks (flock), which this system does not have: log the audit instead"
            raise InvalidRequestError(msg, option="path")
        if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str):
            msg = f"path is the path of a file, not {shown(path)}"
            raise InvalidRequestError(msg, option="path")
        if not isinstance(fsync, bool):
            msg = f"fsync must be true or false, not {shown(fsync)}"
            raise InvalidRequestError(msg, option="fsync")
        # Absolute, so that it stays the same file where the process changes its directory.
        self.path = os.path.abspath(path)  # noqa: PTH100 - resolve() would follow a link, once
        directory = os.path.dirname(self.path)  # noqa: PTH120 - text as it is
        if not os.path.isdir(directory):  # noqa: PTH112 - text as it is
            msg = f"the audit's directory {directory} does not exist: make it, or name another file"
            raise InvalidRequestError(msg, option="path")
        self.fsync = fsync
        self._clock = clock
        self._begin()
        follow_forks(self)

    def __repr__(self) -> str:
        """Show the path."""
        return f"AuditFile({self.path!r}, fsync={self.fsync})"

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        #: Where the newest line ended, what it was, and in which file, when this process last looked.
        self._known: tuple[int, Head, tuple[int, int]] | None = None

    def after_fork(self) -> None:
        """Begin again, in the child of a fork: the lock on the parent's descriptor is the parent's."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._begin()

    def record(self, event: SigningEvent) -> None:
        """Append one line.

        Raises:
            AuditError: if it cannot be written, whole and in its place.

        """
        text = event_text(event, self._clock())
        with self._lock:
            try:
                self._append(text)
            except OSError as error:
                self._close()
                why = error.strerror or type(error).__name__
                if error.errno == errno.ELOOP:
                    why = "it is a symbolic link: name the file itself"
                msg = f"the audit {self.path} cannot be written: {why}"
                raise AuditError(msg) from error
            except BaseException:
                self._close()
                raise

    def _append(self, text: str) -> None:
        before = Head()
        while True:
            descriptor = self._open()
            self._wait_for(descriptor)
            try:
                if self._is_current(descriptor):
                    self._write(descriptor, before, text)
                    return
                # Renamed: what was written here last is what the new file goes on from.
                _, before, _ = _newest_of(descriptor, self.path, Head())
            finally:
                fcntl.flock(descriptor, fcntl.LOCK_UN)
            self._close()

    def _open(self) -> int:
        if self._descriptor is None:
            flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
            try:
                descriptor = os.open(self.path, flags)
            except FileNotFoundError:
                descriptor = os.open(self.path, flags | os.O_CREAT, 0o600)
                self._sync_directory()
            self._descriptor = descriptor
            try:
                check_own(descriptor, f"the audit {self.path}")
            except StoreError as error:
                raise AuditError(str(error)) from None
        return self._descriptor

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _sync_directory(self) -> None:
        """Let the new file's name be on the disk too."""
        if self.fsync:
            directory = os.open(os.path.dirname(self.path), os.O_RDONLY)  # noqa: PTH120 - text as it is
            try:
                os.fsync(directory)
            finally:
                os.close(directory)

    def _wait_for(self, descriptor: int) -> None:
        """Lock the file; another process that holds it and stands still is not waited for without end."""
        pause, end = 0.0001, time.monotonic() + LOCK_WAIT
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    msg = (
                        f"the audit {self.path} was locked by another process for {LOCK_WAIT:.0f} s"
                    )
                    raise AuditError(msg) from None
                time.sleep(pause)
                pause = min(pause * 2, 0.01)
            else:
                return

    def _is_current(self, descriptor: int) -> bool:
        """Tell whether the file is still the one of that name."""
        try:
            return os.path.samestat(os.stat(self.path), os.fstat(descriptor))  # noqa: PTH116 - a hundredth of the time
        except FileNotFoundError:
            return False

    def _write(self, descriptor: int, before: Head, text: str) -> None:
        size = os.fstat(descriptor).st_size
        lost = self._lost(descriptor, size, before)
        if self._known and not lost and self._known[0] == size and not before.seq:
            end, head, torn = size, self._known[1], b""
        elif size == 0:
            end, head, torn = 0, Head(0, lost[0].hash if lost else before.hash), b""
        else:
            end, head, torn = _newest_of(descriptor, self.path, before)
        if torn:
            end, head = self._repair(descriptor, end, head, torn)
        data = b""
        if lost:
            known, moved = lost
            data, head = write_line(head, lost_text(known, self._clock(), moved=moved))
        line, head = write_line(head, text)
        data += line
        if len(line) > LONGEST_LINE:
            msg = f"the audit {self.path} takes lines of at most {LONGEST_LINE} bytes, and this one has {len(line)}"
            raise AuditError(msg)
        try:
            written = 0
            while written < len(data):
                written += os.write(descriptor, data[written:])
            if self.fsync:
                os.fsync(descriptor)
        except BaseException:
            with suppress(OSError):  # what cannot be taken back is removed before the next line
                os.ftruncate(descriptor, end)
            raise
        self._known = (end + len(data), head, _identity(descriptor))

    def _repair(self, descriptor: int, end: int, head: Head, torn: bytes) -> tuple[int, Head]:
        """Put in the place of an unfinished line one that says so; until that is whole, one is unfinished there."""
        line, head = write_line(head, repair_text(torn, self._clock()))
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
        fcntl.fcntl(
            descriptor, fcntl.F_SETFL, flags & ~os.O_APPEND
        )  # or it would be written behind
        try:
            written = 0
            while written < len(line):
                written += os.pwrite(descriptor, line[written:], end + written)
        finally:
            fcntl.fcntl(descriptor, fcntl.F_SETFL, flags)
        os.ftruncate(descriptor, end + len(line))
        return end + len(line), head

    def _lost(self, descriptor: int, size: int, before: Head) -> tuple[Head, bool] | None:
        """Return the newest line that this process knows of, where it is gone, and whether the file is another.

        Args:
            descriptor: of the file that is there now.
            size: its size.
            before: the newest line of the file that was there before, where that was just looked at.

        """
        if self._known is None:
            return None
        end, known, identity = self._known
        ending = b',"hash":"%b"}\n' % known.hash.encode()
        if os.pread(descriptor, len(ending), end - len(ending)) == ending:
            return None
        moved = identity != _identity(descriptor)
        if moved:
            if size == 0:
                return None  # it goes on from the one before
            known = before if before.seq else known
            first = read_line(os.pread(descriptor, LONGEST_LINE, 0).partition(b"\n")[0] + b"\n")
            if first is not None and first.prev == known.hash:
                return None
        return known, moved


def _identity(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def _newest_of(descriptor: int, path: str, before: Head) -> tuple[int, Head, bytes]:
    """Find the newest line, reading backwards.

    Returns:
        Where it ends, what it is, and what unfinished line follows it; of an empty file, ``before``.

    """
    size = os.fstat(descriptor).st_size
    length = _TAIL
    while True:
        start = max(0, size - length)
        data = os.pread(descriptor, size - start, start)
        last = data.rfind(b"\n")
        first = data.rfind(b"\n", 0, last) if last >= 0 else -1
        if first >= 0 or start == 0:
            break
        if length > 2 * LONGEST_LINE:
            msg = f"the audit {path} ends in {length} bytes that are no line: move it away"
            raise AuditError(msg)
        length *= 4
    if last < 0:
        return 0, Head(0, before.hash), data
    line = read_line(data[first + 1 : last + 1])
    if line is None or not line.sound:
        msg = f"the last line of the audit {path} is not as it was written: verify it, and move it away"
        raise AuditError(msg)
    return start + last + 1, Head(line.seq, line.hash), data[last + 1 :]


def head(path: str | os.PathLike[str]) -> Head:
    """Return the newest line of an audit file, unverified: what to keep elsewhere.

    Raises:
        AuditError: if the file cannot be read, or does not end in a line of an audit.

    """
    text = os.fspath(path)
    try:
        descriptor = os.open(text, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        msg = f"the audit {text} cannot be read: {error.strerror}"
        raise AuditError(msg) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            msg = f"the audit {text} is not a regular file"
            raise AuditError(msg)
        return _newest_of(descriptor, text, Head())[1]
    finally:
        os.close(descriptor)
