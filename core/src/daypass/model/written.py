"""How options are written where there are no types of Python: in JSON, on a command line, in a configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, cast

from daypass.base.messages import refuse_unknown, shown
from daypass.base.sizes import byte_count
from daypass.base.times import utc_or_text
from daypass.errors import InvalidRequestError
from daypass.model.options import OF_FORMS, OF_LINKS, OPTIONS

if TYPE_CHECKING:
    from daypass.model.form_options import FormOptions
    from daypass.model.requests import SignOptions

__all__ = ["form_options", "read_option", "sign_options", "value_of"]


def value_of(text: str) -> Any:
    """Read a value of any kind: what is JSON is read as such, anything else is text.

    >>> value_of("true"), value_of("4"), value_of("eu-west-1"), value_of('"4"')
    (True, 4, 'eu-west-1', '4')

    Raises:
        InvalidRequestError: for an object of JSON that says a name twice.

    """
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once_each)
    except InvalidRequestError:
        raise
    except (ValueError, RecursionError):
        return text


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that is there twice: Python takes the last, others the first."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            msg = f"an object of JSON says {shown(name)} twice, and readers differ in which holds: leave one out"
            raise InvalidRequestError(msg)
        found[name] = value
    return found


def _no_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python reads as JSON and nobody else does."""
    raise ValueError(name)


#: Sizes that are bounds, which people round; an exact one has no unit.
_BOUNDS = ("min_bytes", "max_bytes")


def _number(text: str, option: str) -> Any:
    size = byte_count(text) if option in _BOUNDS else None
    if size is not None:
        return size
    return int(text) if re.fullmatch(r"[0-9]{1,19}", text) else text


def _flag(text: str, _option: str) -> Any:
    return {"true": True, "false": False}.get(text, text)


def _container(text: str, _option: str) -> Any:
    return value_of(text)


#: What reads an option's text, by the type that its check returns; the check then judges what was read.
_READ: dict[str, Callable[[str, str], Any]] = {
    "datetime": utc_or_text,
    "int": _number,
    "bool": _flag,
    "dict": _container,
    "tuple": _container,
}


def read_option(name: str, value: Any) -> Any:
    """Return the value of one option as a request keeps it.

    >>> read_option("expires_in", "15m"), read_option("if_absent", "true")
    (900, True)

    Args:
        name: the option's name.
        value: text such as ``"15m"``, ``"2026-12-01T09:30Z"``, ``"true"``, ``"1024"``, ``"2GB"`` or
            ``'{"a": "b"}'``; or what the option takes in Python.

    Raises:
        InvalidRequestError: naming the option, and what would be right.

    """
    check = OPTIONS[name].check
    kind = re.split(r"\W", check.__annotations__["return"], maxsplit=1)[0]
    if isinstance(value, str) and kind in _READ:
        value = _READ[kind](value, name)
    return check(value, name)


def sign_options(given: Mapping[str, Any]) -> SignOptions:
    """Return the keywords of ``create_signed_url`` from JSON, or from other text.

    Each is checked by itself; whether they go with each other, and with the store, is judged where they are used.

    >>> sign_options({"method": "PUT", "expires_in": "15m", "if_absent": True, "max_bytes": None})
    {'method': 'PUT', 'expires_in': 900, 'if_absent': True}

    Args:
        given: values by the option's name: durations as text or seconds, moments as ISO 8601 with
            their offset from UTC, digests as base64. None is as good as left out.

    Raises:
        InvalidRequestError: naming the option that is wrong, or unknown and what is near to it.

    """
    return cast("SignOptions", _read(given, OF_LINKS, "option"))


def form_options(given: Mapping[str, Any]) -> FormOptions:
    """Return the keywords of ``create_upload_form`` from JSON, or from other text, as `sign_options` does.

    >>> form_options({"expires_in": "1h", "max_bytes": 5_000_000})
    {'expires_in': 3600, 'max_bytes': 5000000}

    Raises:
        InvalidRequestError: naming the option that is wrong, or unknown and what is near to it.

    """
    return cast("FormOptions", _read(given, OF_FORMS, "option of an upload form"))


def _read(given: Mapping[str, Any], names: Iterable[str], what: str) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        msg = f"options are a mapping of values by name, such as an object of JSON, not {shown(given)}"
        raise InvalidRequestError(msg)
    refuse_unknown(given, names, what=what)
    return {name: read_option(name, value) for name, value in given.items() if value is not None}
