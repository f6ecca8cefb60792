"""``sign`` and ``sign_inplace``: what comes in goes out, with a URL in the place of each path that can be signed."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, Unpack

from daypass.backends.objects import answered, packages_of, signable, signer_of
from daypass.base.tracebacks import discreet
from daypass.errors import InvalidPathError, InvalidRequestError, PluginError
from daypass.hookspecs.signings import Signing
from daypass.model.batches import SignedURLBatch
from daypass.model.links import SignedURL
from daypass.model.requests import make_request
from daypass.objects.containers import is_row, sign_dict, sign_list
from daypass.objects.texts import sign_text
from daypass.store.functions import create_signed_url, create_signed_urls
from daypass.store.keywords import SharedKeywords, hide_options, permitting

__all__ = ["sign", "sign_inplace"]

_T = TypeVar("_T")

#: Who signs what a library makes, by its package: modules of this room, imported where such an object is there.
_OWN = {
    "pandas": "frames",
    "polars": "frames",
    "pyarrow": "frames",
    "pystac": "stac",
    "pystac_client": "stac",
}
_PROTOCOL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://[^\r\n]")


@discreet
def sign(thing: Any, **options: Unpack[SharedKeywords]) -> Any:
    """Return a thing with a signed URL in the place of each path in it; the thing itself stays as it is.

    >>> signed = sign(
    ...     {"image": "s3://maps/europe.tif", "size": 5, "page": "https://example.org"},
    ...     storage_options={"key": "AK", "secret": "SK"},
    ... )
    >>> signed["image"].startswith("https://maps.s3."), signed["page"]
    (True, 'https://example.org')

    URLs, signed or not, are left as they are, and so is whatever else stands beside a path. All paths are signed together.
    No path is a pattern here, since keys may hold a ``*``: ``create_signed_urls(glob=...)`` signs what one matches.

    Args:
        thing: a path as text, an ``os.PathLike`` or a UPath, of which the URL is returned as text; text in which
            paths stand (VRT, HTML, Markdown); a list, a tuple or a dictionary, such as references of kerchunk, a STAC
            item as JSON or a manifest; a column or a table of pandas, polars or Arrow; an item, a collection, an item
            collection or a search of pystac and pystac-client; or what an installed distribution knows (`sign_object`).
        options: the keywords of `create_signed_url` that many paths can share, such as ``expires_in``,
            ``signer`` or ``storage_options``.

    Raises:
        InvalidPathError: for text in which there is no path.
        InvalidRequestError: for a thing of a type that nobody signs.
        DaypassError: what signing raises.

    """
    return _Work(options, in_place=False).whole(thing)


@discreet
def sign_inplace(thing: _T, **options: Unpack[SharedKeywords]) -> _T:
    """Put a signed URL in the place of each path in a thing, and return the thing.

    It is what a search of pystac-client takes as ``modifier``.

    >>> item = {"type": "Feature", "assets": {"image": {"href": "s3://maps/europe.tif"}}}
    >>> _ = sign_inplace(item, storage_options={"key": "AK", "secret": "SK"})
    >>> item["assets"]["image"]["href"].startswith("https://maps.s3.")
    True

    Args:
        thing: a list, a dictionary, or an object of pystac.
        options: as of `sign`.

    Raises:
        InvalidRequestError: for a thing that cannot be changed.
        DaypassError: what signing raises.

    """
    signed: _T = _Work(options, in_place=True).whole(thing)
    if signed is not thing:
        msg = f"a {type(thing).__name__} cannot be changed in place: take what daypass.sign returns"
        raise InvalidRequestError(msg, option="thing")
    return signed


class _Work:
    """One call: its options, and the URLs of all paths that it has met."""

    def __init__(self, options: SharedKeywords, *, in_place: bool) -> None:
        hide_options(options)
        make_request(permitting(options))
        self._options: Any = options
        self._known: dict[str, str] = {}
        self._signable = signable()
        self._signing = Signing(self.urls, self.inner, in_place)

    def whole(self, thing: Any) -> Any:
        """Return what the caller gave, signed.

        Raises:
            InvalidPathError: for text in which there is no path.
            InvalidRequestError: for a thing of a type that nobody signs, and one without a bottom.

        """
        if isinstance(thing, str):
            return self._text(str.__str__(thing))
        if isinstance(thing, (SignedURL, SignedURLBatch)):
            return thing
        try:
            signed = self._signed(thing)
        except RecursionError:
            msg = f"this {type(thing).__name__} holds itself, or is nested deeper than Python goes: give what holds the paths"
            raise InvalidRequestError(msg, option="thing") from None
        if signed is not NotImplemented:
            return signed
        if isinstance(thing, os.PathLike) or hasattr(thing, "storage_options"):
            return create_signed_url(thing, **self._options).url
        msg = f"nobody signs a {type(thing).__module__}.{type(thing).__name__}: give paths, text, lists, dictionaries, columns or tables, or install a distribution with an entry point in daypass.objects for it"
        raise InvalidRequestError(msg, option="thing")

    def inner(self, thing: Any) -> Any:
        """Return what stands in another thing, signed; what nobody knows is left as it is."""
        if isinstance(thing, str):
            return self.urls([thing])[0]
        if (signed := self._signed(thing)) is not NotImplemented:
            return signed
        if hasattr(thing, "storage_options") and self._is_path(str(thing)):  # a UPath
            return create_signed_url(thing, **self._options).url
        return thing

    def urls(self, texts: Sequence[Any]) -> list[Any]:
        """Return the URLs of those texts that are paths, signed together, and the others as they are."""
        new = [
            text for text in dict.fromkeys(filter(self._is_path, texts)) if text not in self._known
        ]
        if new:
            batch = create_signed_urls(new, **self._options)
            self._known.update((path, str(url)) for path, url in zip(new, batch.urls, strict=True))
        return [self._known.get(text, text) if isinstance(text, str) else text for text in texts]

    def _is_path(self, text: object) -> bool:
        found = _PROTOCOL.match(text) if isinstance(text, str) else None
        return found is not None and found[1] in self._signable

    def _text(self, text: str) -> str:
        if "\n" not in text and (found := _PROTOCOL.match(text)):
            if found[1].lower() in ("http", "https"):
                return text
            return create_signed_url(text, **self._options).url
        signed = sign_text(text, self._signable, self.urls)
        if signed == text:
            msg = "there is no path in the text that can be signed: a path is written as s3://bucket/key, in text as the value of an attribute or an element, or as the target of a link in Markdown"
            raise InvalidPathError(msg, option="thing")
        return signed

    def _signed(self, thing: Any) -> Any:
        """Return a thing signed by a distribution, or by this room; NotImplemented of what neither knows."""
        if (hook := signer_of(thing)) is not None:
            return _signed_by(hook, thing, self._signing)
        if isinstance(thing, Mapping):
            return sign_dict(thing, self._signing)
        if type(thing) in (list, tuple, set, frozenset) or is_row(thing):
            return sign_list(thing, self._signing)
        for package in packages_of(thing):
            if package in _OWN:
                own = importlib.import_module(f"daypass.objects.{_OWN[package]}")
                return own.sign_object(thing, self._signing)
        return NotImplemented


def _signed_by(hook: Callable[..., Any], thing: Any, signing: Signing) -> Any:
    """Let a distribution sign an object.

    Raises:
        PluginError: if it fails, or returns None.

    """
    answer = answered("sign_object", hook, thing=thing, signing=signing)
    if answer is None:
        plugin = hook.__module__
        msg = f"plugin {plugin}: sign_object returned None and not the object: return what it is with URLs in it"
        raise PluginError(msg, plugin=plugin)
    return answer
