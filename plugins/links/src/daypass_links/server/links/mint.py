"""From what is asked of a link to the link: judged by the roots, the policy and the store before it is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from sqlalchemy import insert

import daypass
from daypass.base.messages import shown
from daypass.errors import (
    InvalidExpiryError,
    InvalidPathError,
    InvalidRequestError,
    UnsupportedOptionError,
)
from daypass.model.links import SignedURL
from daypass.model.written import read_option
from daypass_links.server.database.tables import link as table
from daypass_links.server.links.link import Link, permits
from daypass_links.server.links.resolve import options_for
from daypass_links.server.principals.callers import Caller
from daypass_links.server.principals.rights import store_of
from daypass_links.server.service import Service
from daypass_links.server.settings import METHODS
from daypass_links.server.tokens import digest, new_id, new_token
from daypass_links.server.words import check_words
from daypass_links.wire import NEVER

__all__ = ["lifetime", "mint"]

#: What the service enforces itself, so that the store is not asked for it.
_OWN = ("expires_in", "expires_at", "starts_at", "max_uses", "ip_range", "https_only", "referrers")
#: The longest label and note, in characters.
_LABEL, _NOTE = 200, 2000
#: Below a prefix, any key will do to learn what the store says of such a link.
_ANY_KEY = "_"


def mint(service: Service, caller: Caller, asked: Mapping[str, Any]) -> tuple[Link, str]:
    """Make a link and return it with its URL, which nothing can tell again. On record and on the disk when this returns.

    Args:
        service: the service.
        caller: who makes it, and by whose right it will work.
        asked: what `POST /v1/links` takes.

    Raises:
        DaypassError: whatever keeps it from being made, as the function of daypass that signs would say it.

    """
    given = {name: value for name, value in asked.items() if value is not None}
    written, prefix = _path(given.pop("path", None), prefix=given.pop("prefix", False))
    path = service.roots.named(written)
    methods = _methods(given.pop("method", None), given.pop("methods", None))
    label = _text(given.pop("label", None), "label", _LABEL)
    note = _text(given.pop("note", None), "note", _NOTE)
    own = {name: read_option(name, given.pop(name)) for name in _OWN if name in given}
    now = int(service.clock())
    starts_at, ends_at = _times(service, own, now)
    if never := sorted(NEVER.intersection(given)):
        msg = f"{never[0]} is nothing for a link that lives on: sign a URL with it where it is used (POST /v1/sign)"
        raise UnsupportedOptionError(msg, option=never[0], backend="links")
    options = daypass.sign_options(given)
    unenforced = _unenforced(service, own, strict=options.get("strict", True))
    store, key = store_of(service, caller, path, prefix=prefix, methods=methods, written=written)
    signed = _tried(service, store, key, prefix=prefix, methods=methods, options=dict(options))
    token = new_token()
    link = Link(
        id=new_id("lnk"),
        owner=caller.principal,
        path=path,
        prefix=prefix,
        methods=methods,
        options=given,
        starts_at=starts_at,
        ends_at=ends_at,
        max_uses=own.get("max_uses"),
        ip_range=own.get("ip_range"),
        https_only=bool(own.get("https_only")) and "https_only" not in unenforced,
        referrers=own.get("referrers"),
        label=label,
        note=note,
        headers={name: value for one in signed for name, value in one.headers.items()},
        unenforced=tuple(sorted(unenforced.union(*(one.unenforced for one in signed)))),
        created_at=now,
    )
    row = attrs.asdict(link, recurse=False)
    with service.databases.main.begin() as connection:
        connection.execute(insert(table).values(hash=digest(token.encode()), **row))
    service.events.durable(
        "mint",
        link_id=link.id,
        principal=caller.principal,
        path=path,
        methods=list(methods),
        ends_at=ends_at,
        max_uses=link.max_uses,
    ).result()
    return link, f"{service.settings.server.url}/l/{token}{'/' if prefix else ''}"


def lifetime(service: Service, expires_in: Any, now: int) -> int:
    """Return when a link ends that shall live so long from now on.

    Raises:
        InvalidExpiryError: if that is no duration, or longer than a link may live.

    """
    return _end(service, now + read_option("expires_in", expires_in), now)


def _end(service: Service, end: int, now: int) -> int:
    longest = service.settings.links.max_ends_in
    if end - now > longest:
        msg = f"a link of {end - now} s is above the {longest} s that this service gives: ask for less, and extend it later"
        raise InvalidExpiryError(msg, option="expires_in")
    return end


def _times(service: Service, own: Mapping[str, Any], now: int) -> tuple[int | None, int]:
    starts, until = own.get("starts_at"), own.get("expires_at")
    if until is not None and "expires_in" in own:
        msg = "give expires_in or expires_at, not both"
        raise InvalidExpiryError(msg, option="expires_in")
    if until is not None:
        end = int(until.timestamp())
    else:
        end = now + own.get("expires_in", service.settings.links.default_ends_in)
    start = None if starts is None else int(starts.timestamp())
    if end <= max(now, start or now):
        msg = "the link would end before it begins: ask for a later end"
        raise InvalidExpiryError(msg, option="expires_at")
    return start, _end(service, end, now)


def _unenforced(service: Service, own: Mapping[str, Any], *, strict: bool) -> set[str]:
    """Return what the service cannot hold a link to: a link for https alone that leads to http would never work."""
    url = service.settings.server.url
    if not own.get("https_only") or url.startswith("https:"):
        return set()
    if strict:
        msg = f"links begin with {url}, so that none is for https alone: set public_url of [server] to the https address before it"
        raise UnsupportedOptionError(msg, option="https_only", backend="links")
    return {"https_only"}


def _path(path: Any, *, prefix: Any) -> tuple[str, bool]:
    if not isinstance(path, str) or not path:
        msg = "path is text such as s3://results/a.csv or daypass://maps/a.csv"
        raise InvalidPathError(msg, option="path")
    if not isinstance(prefix, bool):
        msg = f"prefix is true or false, not {shown(prefix)}"
        raise InvalidRequestError(msg, option="prefix")
    return (path if not prefix or path.endswith("/") else f"{path}/"), prefix


def _methods(method: Any, methods: Any) -> tuple[str, ...]:
    if method is not None and methods is not None:
        msg = "give method or methods, not both"
        raise InvalidRequestError(msg, option="methods")
    asked = methods if methods is not None else [method or "GET"]
    if not isinstance(asked, list) or not asked or not all(isinstance(one, str) for one in asked):
        msg = f"methods is a list of {', '.join(METHODS)}"
        raise InvalidRequestError(msg, option="methods")
    check_words(asked, METHODS, "method" if methods is None else "methods")
    return tuple(dict.fromkeys(asked))


def _text(value: Any, option: str, longest: int) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= longest:
        msg = f"{option} is one line of text, of at most {longest} characters"
        raise InvalidRequestError(msg, option=option)
    return value


def _tried(
    service: Service,
    store: daypass.Store,
    key: str,
    *,
    prefix: bool,
    methods: tuple[str, ...],
    options: dict[str, Any],
) -> list[SignedURL]:
    """Sign as each use will, to learn what the holder must send, and every refusal."""
    key = key + _ANY_KEY if prefix else key
    ttl = service.settings.links.redirect_ttl
    split = {method: options_for(method, options) for method in permits(methods)}
    # What goes with none of the methods is refused by the first of them.
    split[methods[0]] |= {
        name: value
        for name, value in options.items()
        if not any(name in some for some in split.values())
    }
    return [
        store.create_signed_url(key, method=method, expires_in=ttl, **some)
        for method, some in split.items()
    ]
