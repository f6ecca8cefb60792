"""The keywords that say where and by whom is signed: their types; read and checked, and never changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import attrs

from daypass.base.messages import brief, refuse_unknown
from daypass.base.secrets import Options, check_portable
from daypass.base.times import Duration
from daypass.errors import DaypassError, InvalidPathError, InvalidRequestError
from daypass.model.form_options import FormOptions
from daypass.model.options import SECRET
from daypass.model.requests import BulkOptions, ReadOptions, SharedOptions, SignOptions

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = [
    "BulkKeywords",
    "FormKeywords",
    "HeadKeywords",
    "ManyHeadsKeywords",
    "ManyHeadsOptions",
    "RequestKeywords",
    "ShareKeywords",
    "SharedKeywords",
    "SignKeywords",
    "at_once",
    "check_column",
    "check_errors",
    "check_travels",
    "hidden",
    "hide_options",
    "joined",
    "mapping",
    "own_options",
    "permitting",
    "structured",
]

_Row = TypeVar("_Row")
#: Keywords that can hold a secret, or an object that does.
_DELICATE = ("storage_options", "fs", "signer_options", "public_endpoint", *sorted(SECRET))


class _Place(TypedDict, total=False):
    """Where a path's store is, and the options of its backend."""

    storage_options: Mapping[str, Any] | None
    fs: AbstractFileSystem | None
    signer_options: Mapping[str, Any] | None


class _Signed(_Place, total=False):
    """The same, and who signs for whom."""

    public_endpoint: str | None
    signer: str | None
    caller: str | None


class SignKeywords(SignOptions, _Signed, total=False):
    """The keywords of a link for one path."""

    version: str | None


class SharedKeywords(SharedOptions, _Signed, total=False):
    """Those of what is not one object's alone: a grant for a prefix, an upload in parts, and many links."""


class ShareKeywords(SignOptions, _Signed, total=False):
    """Those of a link to what is written before."""

    overwrite: bool


class RequestKeywords(_Signed, total=False):
    """Those of an upload that somebody is asked for."""

    max_bytes: int | str | None
    max_uses: int | None
    content_types: Iterable[str] | None
    expires_in: Duration | None


class FormKeywords(FormOptions, _Signed, total=False):
    """Those of an upload form."""


class BulkKeywords(BulkOptions, _Signed, total=False):
    """Those of links for many paths."""


class HeadKeywords(ReadOptions, _Place, total=False):
    """Those of the metadata of one path."""

    version: str | None


class ManyHeadsOptions(ReadOptions, total=False):
    """How the metadata of many objects is read."""

    version: Iterable[str | None] | None
    concurrency: int


class ManyHeadsKeywords(ManyHeadsOptions, _Place, total=False):
    """The keywords of the metadata of many paths."""


def check_errors(errors: str) -> None:
    """Raise for a word that does not say what becomes of the errors of rows."""
    if errors not in ("raise", "collect"):
        msg = f"errors must be 'raise' or 'collect', not {ascii(errors)[:40]}"
        raise InvalidRequestError(msg, option="errors")


def check_column(name: str, column: object) -> None:
    """Raise for a column that is one value, or a text, which is an iterable of its characters.

    Raises:
        InvalidRequestError: saying what a column is.

    """
    if isinstance(column, (str, bytes, bytearray, memoryview)) or not isinstance(column, Iterable):
        msg = f"{name} of many rows is a column, an iterable of one value for each row, not one {type(column).__name__}: give a list"
        raise InvalidRequestError(msg, option=name)


def permitting(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of a function's keywords that say what a link permits, without where and by whom it is signed."""
    return {name: value for name, value in keywords.items() if name not in _Signed.__annotations__}


def check_travels(what: str, keywords: Mapping[str, Any]) -> None:
    """Raise where the keywords of links hold what no pickle shall: a secret, or an object that may hold one.

    Args:
        what: the kind of object that was to travel, for the message.
        keywords: what it was made with.

    Raises:
        InvalidRequestError: naming the keyword; never its value.

    """
    given = {name: keywords[name] for name in _DELICATE if name in keywords}
    check_portable(what, **given)
    if kept := sorted(name for name in SECRET if keywords.get(name)):
        msg = f"a {what} cannot be pickled with {kept[0]}, whose values may be secrets: make it in the process that signs"
        raise InvalidRequestError(msg, option=kept[0])


def at_once(rows: Iterable[_Row]) -> Iterable[_Row]:
    """Read an iterator to its end: what it gave would be an iterator too, which async code must not wait for."""
    return list(rows) if isinstance(rows, Iterator) else rows


def hidden(options: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return a caller's options as such that show no value in tracebacks that print local variables."""
    return Options(options) if type(options) is dict else options


def hide_options(keywords: SharedKeywords) -> None:
    """Have a function's keywords show none of these values either; in place, since its own frame holds them."""
    for name in ("storage_options", "signer_options"):
        if name in keywords:
            keywords[name] = hidden(keywords[name])


def own_options(storage_options: Mapping[str, Any] | None, protocol: str) -> Mapping[str, Any]:
    """Take the inner filesystem's options out of a chained URL's, as fsspec nests them."""
    options = mapping(storage_options, "storage_options")
    nested = options.get(protocol)
    return nested if isinstance(nested, Mapping) else options


def joined(brought: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Join the options that a path object brought with the caller's, which may not contradict."""
    for name in brought.keys() & given.keys():
        if brought[name] != given[name]:
            msg = f"the path's own option {brief(str(name))} contradicts storage_options: give it once"
            raise InvalidPathError(msg, option=str(name))
    options = Options(brought)
    options.update(given)
    try:
        return Options((name, _ours(value)) for name, value in options.items())
    except RecursionError:  # an option that holds itself
        return options


def _ours(value: Any) -> Any:
    """Return plain containers of our own: a store may be opened long after the caller has changed theirs."""
    if type(value) is dict:
        return {name: _ours(item) for name, item in value.items()}
    if type(value) is list:
        return [_ours(item) for item in value]
    return value


def structured(backend: str, options_class: type | None, given: Mapping[str, Any] | None) -> Any:
    """Make the backend's own class of ``signer_options``; None where it has none."""
    options = mapping(given, "signer_options")
    fields = () if options_class is None else attrs.fields(options_class)
    refuse_unknown(options, [field.name for field in fields], what=f"signer option of {backend}")
    try:
        return None if options_class is None else options_class(**options)
    except DaypassError:
        raise
    except Exception as error:
        msg = f"the signer_options of {backend} are not legal ({type(error).__name__}): {', '.join(options) or 'none'} were given"
        raise InvalidRequestError(msg, option="signer_options") from error


def mapping(given: Mapping[str, Any] | None, option: str) -> dict[str, Any]:
    """Return a keyword's mapping as a dictionary of our own; an empty one where none was given."""
    if given is not None and not isinstance(given, Mapping):
        msg = f"{option} must be a mapping, not {type(given).__name__}"
        raise InvalidRequestError(msg, option=option)
    try:
        return Options() if given is None else Options(given)
    except Exception as error:
        msg = f"{option} is a {type(given).__name__} that cannot be read"
        raise InvalidRequestError(msg, option=option) from error
