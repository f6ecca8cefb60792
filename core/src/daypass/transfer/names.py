"""Names of their own: a file's in the prefix that it goes into, and an object's in the folder that it goes into."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from daypass.base.files import named
from daypass.base.urls import token_of
from daypass.errors import InvalidPathError, InvalidRequestError
from daypass.model.headers import INVISIBLE
from daypass.model.links import SignedURL
from daypass.model.paths import PathLike, parse_path

__all__ = ["inside", "within"]

#: What ends the name of a folder.
_SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))


def inside(path: PathLike, name: str | None) -> PathLike:
    """Return where a file of this name goes: into a path that is a bucket's, or ends in a slash; else that path.

    >>> inside("s3://bucket/runs/", "7.csv"), inside("s3://bucket", "7.csv"), inside("s3://bucket/7", "7.csv")
    ('s3://bucket/runs/7.csv', 's3://bucket/7.csv', 's3://bucket/7')

    Raises:
        InvalidPathError: if nothing has a name that it could have there: a stream brings none along.

    """
    key = parse_path(path).key
    if key and not key.endswith("/"):
        return path
    if name is None:
        msg = "a stream has no name that it could have in a prefix: name the whole key"
        raise InvalidPathError(msg, option="path")
    if isinstance(path, str):
        return f"{path}{'' if path.endswith('/') else '/'}{name}"
    joined: PathLike = path.joinpath(name)  # type: ignore[union-attr] # of a UPath, with its options
    return joined


def within(file: Any, link: SignedURL | PathLike) -> Path:
    """Return which file an object goes to: in a folder, one of the object's own name; else that file.

    Raises:
        InvalidRequestError: if the object has no name that a file can have.

    """
    place = named(file, "file")
    given = os.fspath(file)
    is_folder = os.path.isdir(given)  # noqa: PTH112 - of what no file can be called, Path raises
    if not given.endswith(_SEPARATORS) and not is_folder:
        return place
    name = _name_of(link)
    if not name and isinstance(link, str) and token_of(link):
        msg = f"the link gives the object no name of its own: name the file too, such as {place / 'data.bin'}"
        raise InvalidRequestError(msg, option="file")
    if not name:
        msg = "what is to be fetched names no object of its own: a bucket and a prefix are none, so name a key (a link with method='LIST' lists them)"
        raise InvalidRequestError(msg, option="file")
    # A stranger's URL may bring what moves a terminal's cursor, wherever the folder is listed.
    if name in (".", "..") or "/" in name or "\\" in name or re.search(INVISIBLE, name):
        msg = f"the object has no name of its own that a file in {place} could have: name the file too"
        raise InvalidRequestError(msg, option="file")
    return place / name


def _name_of(link: SignedURL | PathLike) -> str:
    if isinstance(link, SignedURL):
        return link.path.rpartition("/")[2]
    if isinstance(link, str) and link[:8].lower().startswith(("http://", "https://")):
        try:
            name = unquote(urlsplit(link).path.rpartition("/")[2], errors="strict")
        except ValueError:
            return ""
        return "" if name == token_of(link) else name  # a token is a secret, and no name
    return parse_path(link).key.rpartition("/")[2]
