"""Bodies of requests, read as JSON."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import InternalServerException

from daypass.base.messages import escaped, shown
from daypass.errors import InvalidRequestError
from daypass_links.server.problems import MediaTypeError

__all__ = ["JSONRequest", "read_json"]

_JSON = "application/json"


def read_json(text: bytes) -> Any:
    """Return what a text of JSON says.

    Raises:
        InvalidRequestError: if it is none, of more levels than anything that is asked here has, or says something twice.

    """
    try:
        found = msgspec.json.decode(text)
        # Of a name that is there twice msgspec takes the last, and what has looked at the body before us may have taken the first.
        json.loads(text, object_pairs_hook=_check_once, parse_int=len, parse_float=len)
    except RecursionError:
        msg = "the body has too many levels of arrays and objects: nothing that can be asked has more than a few"
    except (msgspec.DecodeError, UnicodeDecodeError):
        msg = "the body is no JSON: send an object as the reference of the API has it, in UTF-8"
    else:
        return found
    raise InvalidRequestError(msg)


def _check_once(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) < len(pairs):
        ((name, _),) = Counter(name for name, _ in pairs).most_common(1)
        msg = f"{shown(name)} is there twice in one object: say it once"
        raise InvalidRequestError(msg, option=escaped(name, 60))


class JSONRequest(Request[Any, Any, Any]):
    """A request whose body is read by `read_json`."""

    async def body(self) -> bytes:
        """Return the body.

        Raises:
            InvalidRequestError: if it is not all of it; for Litestar, the service has failed then.

        """
        try:
            return await super().body()
        except InternalServerException as error:
            msg = "the body has ended before all of it was there"
            raise InvalidRequestError(msg) from error

    def check_type(self, *others: str) -> None:
        """Raise unless the body is JSON, or one of other types; one that does not say what it is may be JSON.

        Raises:
            MediaTypeError: saying what is read here.

        """
        said = self.content_type[0].lower()
        if said not in ("", _JSON, *others):
            msg = f"the body is {shown(said)}, and read is {' or '.join((_JSON, *others))}: say so in Content-Type"
            raise MediaTypeError(msg)

    async def json(self) -> Any:
        """Return what the body says.

        Raises:
            MediaTypeError: if it says that it is something else.
            InvalidRequestError: as `read_json` does.

        """
        self.check_type()
        return read_json(await self.body())
