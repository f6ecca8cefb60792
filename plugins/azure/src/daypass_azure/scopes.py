"""Signatures of more than one blob: a container's, or a directory's where the account has directories.

A shared access signature is for a blob (``sr=b``), a container (``sr=c``) or a directory (``sr=d``),
the last on accounts with a hierarchical namespace alone. No signature of a container binds a prefix:
https://learn.microsoft.com/rest/api/storageservices/create-service-sas#specify-the-signed-resource-blob-storage-only
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import attrs

from daypass.base.urls import encode, encode_key
from daypass.errors import InvalidPathError, UnsupportedOptionError
from daypass.model.links import SignedURL
from daypass.model.locations import Location
from daypass.model.prefixes import SignedPrefix
from daypass.model.requests import SignRequest
from daypass.toolkit.engine import Begun
from daypass_azure.paths import check_name

if TYPE_CHECKING:
    from daypass_azure.signer import Signer

_NO_DIRECTORY = re.compile(r"(?:^|/)\.{0,2}(?:/|$)")
_WHY = (
    "a signature is for one blob or for its whole container, unless the account has a hierarchical "
    "namespace and signer_options say hierarchical_namespace=True"
)


@attrs.frozen
class Scope:
    """What a signature is for."""

    #: Without slashes around it; empty for the container.
    directory: str
    #: True where it opens exactly what lies below the prefix.
    exact: bool


def scope_of(prefix: str, *, directories: bool) -> Scope:
    """Return the smallest scope that holds all that lies below a prefix.

    >>> scope_of("a/b/", directories=True)
    Scope(directory='a/b', exact=True)

    Args:
        prefix: the prefix.
        directories: whether the account has a hierarchical namespace.

    Raises:
        InvalidPathError: for what can be no directory.

    """
    if not directories:
        return Scope("", exact=not prefix)
    directory, slash, rest = prefix.rpartition("/")
    if slash and _NO_DIRECTORY.search(directory):
        msg = "the prefix holds an empty segment, '.' or '..', and no directory has such a name"
        raise InvalidPathError(msg, option="prefix")
    check_name(directory)
    return Scope(directory, exact=not rest)


def list_below(signer: Signer, location: Location, request: SignRequest) -> SignedURL:
    """Sign a listing; ``request`` is resolved and asks for LIST.

    https://learn.microsoft.com/rest/api/storageservices/list-blobs

    Raises:
        UnsupportedOptionError: for a prefix that no signature can bind, unless ``strict=False``.

    """
    scope = scope_of(location.key, directories=signer.directories)
    if request.strict and not scope.exact:
        msg = (
            f"azure cannot enforce prefix here, and the link would list more than was asked: {_WHY}: "
            "list the whole container, or what lies below a directory (dir/), or pass strict=False"
        )
        raise UnsupportedOptionError(msg, option="prefix", backend="azure")
    begun = signer.begin(location, request, scope.directory)
    return SignedURL(
        f"{_listing(signer)}?{_list_query(_token(begun, scope), request, location.key)}",
        "LIST",
        begun.headers,
        begun.expires_at,
        begun.expires_because,
        begun.permits,
        begun.unenforced | (frozenset() if scope.exact else {"prefix"}),
        location.path,
        "azure",
    )


def grant_below(signer: Signer, location: Location, request: SignRequest) -> SignedPrefix:
    """Grant a method on all that lies below a prefix; ``request`` is resolved.

    Raises:
        UnsupportedOptionError: for a prefix that no signature can bind, whatever ``strict`` says:
            it would open the whole container.

    """
    prefix = location.key
    scope = scope_of(prefix, directories=signer.directories)
    if not scope.exact:
        msg = (
            f"azure cannot bind a signature to the prefix {ascii(prefix)[:60]}: {_WHY}: sign the "
            "whole container (the path without a key), keep the files in a container of their own, "
            "or sign each object (create_signed_urls)"
        )
        raise UnsupportedOptionError(
            msg, option="prefix", backend="azure", alternatives=["create_signed_urls"]
        )
    begun = signer.begin(location, request, scope.directory)
    token = _token(begun, scope)
    listing = request.method == "LIST"
    return SignedPrefix(
        url=_listing(signer) if listing else signer.before + encode_key(prefix),
        query=_list_query(token, request, prefix) if listing else token,
        method=request.method,
        headers=begun.headers,
        expires_at=begun.expires_at,
        expires_because=begun.expires_because,
        permits=begun.permits,
        unenforced=begun.unenforced,
        path=location.path,
        backend="azure",
        check=None if listing else partial(_check_below, prefix),
    )


def _token(begun: Begun, scope: Scope) -> str:
    """Return the signature's query, without the URL that a blob would have."""
    return begun.filled.url(scope.directory).partition("?")[2]


def _listing(signer: Signer) -> str:
    return signer.before.removesuffix("/")


def _list_query(token: str, request: SignRequest, prefix: str) -> str:
    """Return the query of a listing; the prefix is last, where a longer one can follow.

    No signature holds what shapes it: https://learn.microsoft.com/en-us/rest/api/storageservices/list-blobs.
    """
    paging = {
        "delimiter": request.delimiter,
        "maxresults": None if request.max_keys is None else str(request.max_keys),
        "marker": request.continuation_token,
    }
    shaped = [f"&{name}={encode(text)}" for name, text in paging.items() if text is not None]
    return f"restype=container&comp=list&{token}{''.join(shaped)}&prefix={encode(prefix)}"


def _check_below(prefix: str, name: str) -> None:
    """Raise where Azure would take a blob's name below a prefix for another."""
    check_name(prefix + name)
