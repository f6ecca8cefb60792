"""Words of which there are a few: a method, a scope, a state."""

from __future__ import annotations

from collections.abc import Iterable

from daypass.base.messages import nearest, shown
from daypass.errors import InvalidRequestError

__all__ = ["check_words"]


def check_words(words: Iterable[str], legal: Iterable[str], option: str) -> None:
    """Raise where one is none of the legal ones.

    Raises:
        InvalidRequestError: naming the nearest.

    """
    known = [*legal]
    for word in words:
        if word not in known:
            near = nearest(word, known)
            hint = f"did you mean {near}?" if near else f"there are {', '.join(known)}"
            msg = f"{option} cannot be {shown(word)}: {hint}"
            raise InvalidRequestError(msg, option=option)
