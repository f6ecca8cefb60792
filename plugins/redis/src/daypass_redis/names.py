"""Names of keys, and of the directories that a ``/`` in them makes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Self

from daypass.errors import InvalidPathError
from daypass_redis.address import Address

__all__ = ["Key", "directories", "directory_of", "encoded", "is_within", "prefix_of", "shown"]

#: What would break a line of a log, or could not be written to it.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Key(str):
    """A key that has been taken out of its URL, so that it is not taken apart again.

    fsspec strips a path at every door. A key may itself look like a URL (``redis://a/0/b``), and
    stripped twice it would be another key.

    >>> Key("redis://a/0/b", None)
    'redis://a/0/b'
    """

    __slots__ = ("address",)
    #: The database that the URL named; None for a bare key.
    address: Address | None

    def __new__(cls, text: str, address: Address | None = None) -> Self:
        """Make a key of its text and, where a URL named one, its database."""
        key = super().__new__(cls, text)
        key.address = address
        return key

    def __reduce__(self) -> tuple[Any, ...]:
        return Key, (str(self), self.address)


def prefix_of(directory: str) -> str:
    """Return what all keys below a directory start with.

    >>> prefix_of("a"), prefix_of("a/"), prefix_of("")
    ('a/', 'a/', '')
    """
    return directory if not directory or directory.endswith("/") else directory + "/"


def directory_of(prefix: str) -> str:
    """Return the name of the directory below which all keys start with a prefix.

    It is the prefix without its last slash, unless that would then be another prefix's name.

    >>> directory_of("a/"), directory_of("a//"), directory_of("/")
    ('a', 'a//', '/')
    """
    return prefix if prefix == "/" or prefix.endswith("//") else prefix[:-1]


def encoded(key: str) -> bytes:
    r"""Return a key as Redis stores it: UTF-8; bytes that are none come back as they were listed.

    >>> encoded("caf\u00e9")
    b'caf\xc3\xa9'

    Raises:
        InvalidPathError: for a lone surrogate, which is no character.

    """
    try:
        return key.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        msg = "the key holds a lone surrogate, which is not Unicode text: decode the name properly first"
        raise InvalidPathError(msg, option="path") from None


def is_within(name: str, prefix: str, maxdepth: int | None) -> bool:
    """Tell whether a key is at most so many levels below a prefix; None: however many.

    >>> is_within("a/b/c", "a/", 1)
    False
    """
    return maxdepth is None or name.count("/", len(prefix)) < maxdepth


def directories(name: str, prefix: str, maxdepth: int | None) -> Iterator[str]:
    """Yield the prefixes of the directories between a prefix and a key, so many levels down.

    >>> list(directories("a/b/c/d", "a/", None))
    ['a/b/', 'a/b/c/']
    """
    slashes = (match.end() for match in re.finditer("/", name) if match.start() >= len(prefix))
    return (name[:end] for end in islice(slashes, maxdepth))


def shown(text: str) -> str:
    r"""Return a key or URL for a message, on one line.

    >>> print(shown("a\nb"))
    a\nb
    """
    return _UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], text)
