"""What the fields of an options class are checked with; no message shows a value, which may be a secret."""

from __future__ import annotations

import re

from daypass.base.urls import check_endpoint
from daypass.errors import InvalidRequestError

__all__ = ["bound_origin", "flag", "matching", "one_of"]


def matching(value: str | None, option: str, pattern: str) -> str | None:
    r"""Return plain text of a form, or None.

    >>> matching("red-team", "encryption_scope", "[A-Za-z0-9-]{3,63}")
    'red-team'

    Args:
        value: what was given.
        option: its name.
        pattern: a regular expression for all of it; ``\w`` and ``\d`` are ASCII alone.

    Raises:
        InvalidRequestError: for anything else.

    """
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
        msg = f"{option} must be text of the form {pattern}: check how it was read"
        raise InvalidRequestError(msg, option=option)
    return str.__str__(value)


def one_of(value: str, option: str, *words: str) -> str:
    """Return one of some words.

    Raises:
        InvalidRequestError: for anything else.

    """
    if not isinstance(value, str) or value not in words:
        msg = f"{option} must be {' or '.join(map(repr, words))}: check how it was read"
        raise InvalidRequestError(msg, option=option)
    return str.__str__(value)


def bound_origin(host: str, option: str) -> str:
    """Return the origin of a host that leads to one bucket: https unless another scheme was written.

    >>> bound_origin("Media.example", "bucket_bound_hostname")
    'https://media.example'

    Raises:
        InvalidRequestError: for what is no host, or has a path behind it.

    """
    if not isinstance(host, str) or not host:
        msg = f"{option} must be text that is not empty"
        raise InvalidRequestError(msg, option=option)
    origin = check_endpoint(host if "://" in host else f"https://{host}", option)
    if "/" in origin.partition("://")[2]:
        msg = f"{option} must be a host alone, without a path"
        raise InvalidRequestError(msg, option=option)
    return origin


def flag(value: bool, option: str) -> bool:
    """Return True or False.

    Raises:
        InvalidRequestError: for anything else, such as 1 or ``"yes"``.

    """
    if not isinstance(value, bool):
        msg = f"{option} must be True or False, not a {type(value).__name__}"
        raise InvalidRequestError(msg, option=option)
    return value
