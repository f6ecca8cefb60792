"""A folder that goes up object by object, as a Zarr store does."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from daypass.errors import InvalidRequestError

__all__ = ["upload_tree"]

#: How many of its files are sent at a time.
_JOBS = 8


def upload_tree(folder: Path, put: Callable[[Path, str], object]) -> None:
    """Upload every file below a folder; what describes all of it goes first, and alone.

    So that of two who write to one place the second is refused before anything of theirs is there.

    Args:
        folder: where the files are.
        put: uploads a file to a key relative to the prefix.

    Raises:
        InvalidRequestError: if there is none.

    """
    files = sorted(
        (path for path in folder.rglob("*") if path.is_file()),
        key=lambda path: (len(path.relative_to(folder).parts), path.as_posix()),
    )
    if not files:
        msg = f"{folder} holds no file, and a store keeps no folder without one: put a file into it"
        raise InvalidRequestError(msg, option="thing")
    first, *others = [(path, path.relative_to(folder).as_posix()) for path in files]
    put(*first)
    with ThreadPoolExecutor(_JOBS) as pool:
        sent = [pool.submit(put, *each) for each in others]
        try:
            for one in sent:
                one.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
