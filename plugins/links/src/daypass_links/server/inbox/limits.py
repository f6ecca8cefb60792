"""``Limits``: what may be sent to an inbox; told before anything is, and held by what is then signed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from daypass.base.messages import shown
from daypass.errors import InvalidRequestError, UnsupportedOptionError
from daypass.model.options import WHOLE_UPLOAD
from daypass.model.written import read_option

__all__ = ["PLAIN", "Limits", "TooLargeError", "WrongTypeError", "taken", "type_of"]

#: The media type of a file of which nobody says one.
PLAIN = "application/octet-stream"
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_PATTERN = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/(?:\*|[a-z0-9][a-z0-9!#$&^_.+-]{0,126})")
_MOST_TYPES = 50
#: Of a link that is for many files and is a page of its own, these say nothing.
_NOT_HERE = (WHOLE_UPLOAD | {"content_type", "preview"}) - {"max_bytes", "max_uses"}


class TooLargeError(InvalidRequestError):
    """A file is larger than the inbox takes."""

    code = "too-large"
    http_status = 413


class WrongTypeError(InvalidRequestError):
    """A file is of a type that the inbox does not take."""

    code = "wrong-type"
    http_status = 422


@attrs.frozen
class Limits:
    """What an inbox takes."""

    #: The largest file, in bytes; None for any that the store takes.
    max_bytes: int | None = None
    #: Media types, each a whole one or such as ``image/*``; empty for any.
    content_types: Sequence[str] = ()
    #: What the store is asked for with every file besides.
    options: Mapping[str, Any] = attrs.field(factory=dict, repr=False)

    def told(self) -> dict[str, Any]:
        """Return them as JSON has them."""
        return {"max_bytes": self.max_bytes, "content_types": list(self.content_types)}

    def check(self, size: int, content_type: str) -> None:
        """Raise unless a file may be sent.

        Raises:
            InvalidRequestError: for what has no bytes.
            TooLargeError: saying how large one may be.
            WrongTypeError: saying which there are.

        """
        if size < 1:
            msg = "an empty file cannot be sent: there is nothing in it"
            raise InvalidRequestError(msg, option="size")
        if self.max_bytes is not None and size > self.max_bytes:
            msg = f"a file of {size} bytes is above the {self.max_bytes} that may be sent here"
            raise TooLargeError(msg, option="size")
        if self.content_types and not any(
            content_type == known or (known.endswith("/*") and content_type.startswith(known[:-1]))
            for known in self.content_types
        ):
            msg = f"only files of {', '.join(self.content_types)} may be sent here, not {shown(content_type)}"
            raise WrongTypeError(msg, option="type")


def type_of(said: str | None) -> str:
    """Return the media type of a file, without parameters; `PLAIN` where what is said is none.

    >>> type_of("Text/CSV; charset=utf-8"), type_of("<script>"), type_of(None)
    ('text/csv', 'application/octet-stream', 'application/octet-stream')
    """
    found = (said or "").partition(";")[0].strip().lower()
    return found if _TYPE.fullmatch(found) else PLAIN


def taken(given: dict[str, Any]) -> Limits | None:
    """Take out of what is asked of a link what makes it an inbox, and put there what follows from it; None of another link.

    Raises:
        InvalidRequestError: for limits that are none.
        UnsupportedOptionError: for an option that says nothing of an inbox.

    """
    wanted = given.pop("inbox", False)
    if not isinstance(wanted, bool):
        msg = f"inbox is true or false, not {shown(wanted)}"
        raise InvalidRequestError(msg, option="inbox")
    if not wanted:
        if "content_types" in given:
            msg = "content_types is what an inbox takes: say inbox too, or content_type"
            raise UnsupportedOptionError(msg, option="content_types", backend="links")
        return None
    if given.pop("method", "PUT") != "PUT" or given.pop("methods", ["PUT"]) != ["PUT"]:
        msg = "an inbox is for PUT alone: leave method out"
        raise InvalidRequestError(msg, option="method")
    if beyond := sorted(_NOT_HERE.intersection(given)):
        msg = f"{beyond[0]} is nothing for an inbox, to which many files are sent from a page of its own: leave it out"
        raise UnsupportedOptionError(msg, option=beyond[0], backend="links")
    given.pop("if_absent", None)  # as it always is
    given |= {"method": "PUT", "prefix": True}
    most = given.pop("max_bytes", None)
    read = None if most is None else read_option("max_bytes", most)
    if read == 0:
        msg = "max_bytes of an inbox is 1 at least, since no empty file is taken: leave it out for files of any size"
        raise InvalidRequestError(msg, option="max_bytes")
    return Limits(
        read,
        _types(given.pop("content_types", [])),
    )


def _types(said: Any) -> list[str]:
    if (
        not isinstance(said, list)
        or len(said) > _MOST_TYPES
        or not all(isinstance(one, str) and _PATTERN.fullmatch(one.lower()) for one in said)
    ):
        msg = f"content_types is a list of at most {_MOST_TYPES} media types, such as image/* or application/pdf"
        raise InvalidRequestError(msg, option="content_types")
    return [one.lower() for one in said]
