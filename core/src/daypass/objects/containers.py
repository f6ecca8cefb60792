"""Lists and dictionaries: their texts are signed together, and of STAC and kerchunk what leads to data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from daypass.errors import InvalidRequestError
from daypass.hookspecs.signings import Signing

__all__ = ["is_row", "sign_dict", "sign_list"]

#: A template of kerchunk's in a reference; others than plain names are for who makes references of them.
_TEMPLATE = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")


def sign_list(things: Any, signing: Signing) -> Any:
    """Sign what is in a list, a tuple or a set."""
    signing.urls(list(_texts(things)))  # together: what follows finds each there
    signed = [signing.inner(thing) for thing in things]
    if signing.in_place and isinstance(things, list):
        things[:] = signed
        return things
    return type(things)._make(signed) if is_row(things) else type(things)(signed)


def is_row(thing: Any) -> bool:
    """Tell whether a thing is a named tuple, as the rows are that pandas iterates over."""
    return isinstance(thing, tuple) and hasattr(thing, "_make")


def sign_dict(things: Any, signing: Signing) -> Any:
    """Sign the values of a dictionary: of a STAC object those of its assets alone, and not where it is itself."""
    if isinstance(things.get("assets"), Mapping):
        signed = {"assets": sign_dict(things["assets"], signing)}
    else:
        expanded = _expanded(things)
        signing.urls(list(_texts(expanded)))
        signed = {name: signing.inner(value) for name, value in expanded.items()}
    if signing.in_place:
        things.update(signed)
        return things
    return {**things, **signed}


def _texts(things: Any) -> Iterator[str]:
    """Give the texts in lists and dictionaries, of any depth."""
    for thing in things.values() if isinstance(things, Mapping) else things:
        if isinstance(thing, str):
            yield thing
        elif isinstance(thing, Mapping) or type(thing) in (list, tuple):
            yield from _texts(thing)


def _expanded(things: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return references of kerchunk with their templates filled in: a URL is signed for all of a path, and no beginning of one.

    Raises:
        InvalidRequestError: where paths are computed.

    """
    templates, refs = things.get("templates"), things.get("refs")
    if not isinstance(templates, Mapping) or not isinstance(refs, Mapping):
        return things

    def fill(text: Any) -> Any:
        if not isinstance(text, str):
            return text
        return _TEMPLATE.sub(lambda found: str(templates.get(found[1], found[0])), text)

    filled = {
        name: [fill(ref[0]), *ref[1:]] if isinstance(ref, (list, tuple)) and ref else fill(ref)
        for name, ref in refs.items()
    }
    if things.get("gen") or any(
        isinstance(ref, list) and ref and "{{" in str(ref[0]) for ref in filled.values()
    ):
        msg = "these references compute paths, by gen or by a template that is no plain name, and a link is to a path that is there: write them out, as fsspec's ReferenceFileSystem has them in .references"
        raise InvalidRequestError(msg, option="thing")
    return {**things, "templates": {}, "refs": filled}
