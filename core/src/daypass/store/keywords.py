"""The keywords that say where and by whom is signed: read and checked, and never changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from daypass.base.messages import brief, refuse_unknown
from daypass.errors import DaypassError, InvalidPathError, InvalidRequestError

__all__ = ["joined", "mapping", "own_options", "structured"]


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
    return {**brought, **given}


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
        return {} if given is None else dict(given)
    except Exception as error:
        msg = f"{option} is a {type(given).__name__} that cannot be read"
        raise InvalidRequestError(msg, option=option) from error
