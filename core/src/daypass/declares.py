"""What a backend may declare of itself: one check for each kind of field of ``BackendInfo``."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from daypass.errors import PluginError, UnknownOptionError
from daypass.headers import shown
from daypass.requests import CONDITIONS, METHODS, refuse_unknown

if TYPE_CHECKING:
    import attrs

__all__ = [
    "count",
    "flag",
    "form_options",
    "limits",
    "methods",
    "names",
    "options",
    "sentence",
    "text",
]


def names(value: Iterable[str], field: str = "secret_query_keys") -> frozenset[str]:
    """Return a set of names; text alone would be read letter by letter."""
    found: list[object] | None = None
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        found = list(value)
    if found is None or not all(isinstance(name, str) for name in found):
        wrong = shown(value) if found is None else "one with something else in it"
        msg = f"{field} of BackendInfo must be a set of text, such as {{'NAME'}}, not {wrong}"
        raise PluginError(msg)
    return frozenset(map(str, found))


def methods(value: Iterable[str]) -> frozenset[str]:
    """Return the methods of links."""
    return _of(names(value, "methods"), METHODS, "method")


def options(value: Iterable[str]) -> frozenset[str]:
    """Return names of the options of a link that a backend carries out."""
    return _of(names(value, "enforces"), CONDITIONS, "option that a backend enforces")


def form_options(value: Iterable[str]) -> frozenset[str]:
    """Return names of the options of an upload form."""
    found = names(value, "form_enforces")
    if not found:
        return found
    from daypass.uploads.formrequests import FormOptions  # only where there are forms

    return _of(found, FormOptions.__annotations__, "option of an upload form")


def _of(found: frozenset[str], known: Collection[str], what: str) -> frozenset[str]:
    try:
        refuse_unknown(sorted(found), known, what=what)
    except UnknownOptionError as error:
        msg = f"BackendInfo is wrong: {error}"
        raise PluginError(msg) from None
    return found


def text(_info: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is no text, and none at all."""
    if not isinstance(value, str) or not value:
        _refuse(field, "text that is not empty", value)


def sentence(_info: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is no text."""
    if not isinstance(value, str):
        _refuse(field, "text", value)


def flag(_info: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(value, bool):
        _refuse(field, "True or False", value)


def count(_info: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is no limit: a whole number above 0, or None."""
    if value is not None and (type(value) is not int or value < 1):
        unit = "seconds" if field.name == "max_expires_in" else "bytes"
        _refuse(field, f"a whole number of {unit} above 0, or None", value)


def limits(_info: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is no `PartLimits`."""
    if value is None:
        return
    from daypass.uploads.parts import PartLimits  # only where there are uploads in parts

    if not isinstance(value, PartLimits):
        _refuse(field, "a PartLimits or None", value)


def _refuse(field: attrs.Attribute[Any], right: str, value: object) -> None:
    wrong = str(value) if type(value) is int and abs(value) < 10**18 else shown(value)
    msg = f"{field.name} of BackendInfo must be {right}, not {wrong}"
    raise PluginError(msg)
