"""From what is asked of a link to the link: judged by the roots, the policy and the store before it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Any

import attrs

import daypass
from daypass.base.messages import shown
from daypass.base.times import exactly
from daypass.errors import (
    DaypassError,
    DeadlineError,
    InvalidExpiryError,
    InvalidPathError,
    InvalidRequestError,
    UnsupportedOptionError,
)
from daypass.model.links import SignedURL
from daypass.model.written import read_option
from daypass.toolkit.deadlines import at_once, check_may_wait
from daypass_links.server.inbox.limits import taken
from daypass_links.server.links.link import Link, permits
from daypass_links.server.links.passwords import hashed
from daypass_links.server.links.resolve import options_for
from daypass_links.server.links.shown import sealing, url_of
from daypass_links.server.links.slow import SIGNERS, is_slow, was_slow
from daypass_links.server.principals.callers import Caller
from daypass_links.server.principals.rights import store_of
from daypass_links.server.quotas import NoShareError
from daypass_links.server.service import Service
from daypass_links.server.settings import METHODS
from daypass_links.server.tokens import digest, new_id, new_token
from daypass_links.server.words import check_words
from daypass_links.wire import NEVER

__all__ = ["ANY_KEY", "described", "lifetime", "mint", "mint_many", "minted", "planned", "trials"]

#: What the service enforces itself, so that the store is not asked for it.
_OWN = ("expires_in", "expires_at", "starts_at", "max_uses", "ip_range", "https_only", "referrers")
#: The longest label, note and message, in characters.
_LABEL, _NOTE, _MESSAGE = 200, 2000, 2000
#: Below a prefix, any key will do to learn what the store says of such a link.
ANY_KEY = "_"


async def minted(service: Service, caller: Caller, asked: Mapping[str, Any]) -> tuple[Link, str]:
    """Do what `mint` does, in an event loop: what has to wait for the network is signed in a thread."""
    try:
        with at_once:
            made = planned(service, caller, asked)
    except DeadlineError:
        loop = asyncio.get_running_loop()
        made = await loop.run_in_executor(SIGNERS, planned, service, caller, asked)
    link, token = made
    # The event first: with `show_again` a link that is there can be used, whatever its maker was told.
    await asyncio.wrap_future(_noted(service, link))
    await asyncio.wrap_future(_inserted(service, link, token, sealing(service)))
    return link, url_of(service, token, link)


def mint(service: Service, caller: Caller, asked: Mapping[str, Any]) -> tuple[Link, str]:
    """Make a link and return it with its URL, which nothing can tell again without ``show_again``. On record and on the disk when this returns.

    Args:
        service: the service.
        caller: who makes it, and by whose right it will work.
        asked: what `POST /v1/links` takes.

    Raises:
        DaypassError: whatever keeps it from being made, as the function of daypass that signs would say it.

    """
    link, token = planned(service, caller, asked)
    _noted(service, link).result()
    _inserted(service, link, token, sealing(service)).result()
    return link, url_of(service, token, link)


def mint_many(
    service: Service, caller: Caller, rows: Iterable[Any]
) -> list[tuple[Link, str] | DaypassError]:
    """Make a link for each row as `mint` does, and wait for all at once; of a row that cannot be, return what `mint` would raise."""
    found: list[tuple[Link, str] | DaypassError] = []
    for row in rows:
        try:
            found.append(planned(service, caller, row))
        except DaypassError as error:
            found.append(error)
    judged, seal = [one for one in found if isinstance(one, tuple)], sealing(service)
    for written in [_noted(service, link) for link, _ in judged]:
        written.result()
    for written in [_inserted(service, link, token, seal) for link, token in judged]:
        written.result()
    return [
        (one[0], url_of(service, one[1], one[0])) if isinstance(one, tuple) else one
        for one in found
    ]


def _inserted(
    service: Service, link: Link, token: str, seal: Callable[[str, str], bytes | None]
) -> Future[None]:
    row = attrs.asdict(link, recurse=False)
    row |= {"hash": digest(token.encode()), "sealed": seal(link.id, token)}
    return service.made.add(row)


def _noted(service: Service, link: Link) -> Future[None]:
    return service.events.durable(
        "mint",
        link_id=link.id,
        principal=link.owner,
        path=link.path,
        methods=list(link.methods),
        ends_at=link.ends_at,
        max_uses=link.max_uses,
    )


def planned(service: Service, caller: Caller, asked: Any) -> tuple[Link, str]:
    """Return a link as `mint` would make it, and a token for it, and keep nothing of it; it raises as `mint` does.

    The store is tried by signing once for each method, which quotas of the policy count and core's audit tells.
    """
    link, store, key = described(service, caller, asked)
    signed = _tried(service, store, key, link)
    headers = {name: value for one in signed for name, value in one.headers.items()}
    unenforced = {*link.unenforced}.union(*(one.unenforced for one in signed))
    return attrs.evolve(link, headers=headers, unenforced=tuple(sorted(unenforced))), new_token()


def described(service: Service, caller: Caller, asked: Any) -> tuple[Link, daypass.Store, str]:
    """Return the link that is asked for, before anybody has asked the store or the policy; the store, and the key in it.

    Raises:
        DaypassError: for what cannot be a link, and where the roots do not permit it.

    """
    if not isinstance(asked, Mapping):
        msg = f"a link is asked for by an object of JSON with a path, not {shown(asked)}"
        raise InvalidRequestError(msg)
    given = {name: value for name, value in asked.items() if value is not None}
    limits = taken(given)
    if limits is not None:
        _check_folder(given.get("path"))
    written, prefix = _path(
        given.pop("path", None), prefix=_yes(given.pop("prefix", False), "prefix")
    )
    path = service.roots.named(written)
    methods = _methods(given.pop("method", None), given.pop("methods", None))
    label = _text(given.pop("label", None), "label", _LABEL)
    note = _text(given.pop("note", None), "note", _NOTE)
    message = _text(given.pop("message", None), "message", _MESSAGE)
    preview = _yes(given.pop("preview", False), "preview")
    password = given.pop("password", None)
    kept = None if password is None else hashed(password)
    own = {name: read_option(name, given.pop(name)) for name in _OWN if name in given}
    if preview:
        _check_preview(prefix=prefix, methods=methods, own=own)
    now = int(service.clock())
    starts_at, ends_at = _times(service, own, now)
    if never := sorted(NEVER.intersection(given)):
        msg = f"{never[0]} is nothing for a link that lives on: sign a URL with it where it is used (POST /v1/sign)"
        raise UnsupportedOptionError(msg, option=never[0], backend="links")
    options = daypass.sign_options(given)
    unenforced = _unenforced(service, own, strict=options.get("strict", True))
    store, key = store_of(service, caller, path, prefix=prefix, methods=methods, written=written)
    if limits is not None:
        _check_parts(store)
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
        headers={},
        unenforced=tuple(sorted(unenforced)),
        created_at=now,
        message=message,
        preview=preview,
        password=kept,
        inbox=None if limits is None else limits.told(),
    )
    return link, store, key


def trials(link: Link) -> dict[str, dict[str, Any]]:
    """Return what the store is asked for by the uses of a link: options by method."""
    options = dict(daypass.sign_options(dict(link.options)))
    split = {method: options_for(method, options) for method in permits(link.methods)}
    # What goes with none of the methods is refused by the first of them.
    split[link.methods[0]] |= {
        name: value
        for name, value in options.items()
        if not any(name in some for some in split.values())
    }
    return split


def lifetime(service: Service, expires_in: Any, now: int) -> int:
    """Return when a link ends that shall live so long from now on.

    Raises:
        InvalidExpiryError: if that is no duration, or longer than a link may live.

    """
    return _end(service, now + read_option("expires_in", expires_in), now)


def _end(service: Service, end: int, now: int) -> int:
    longest = service.settings.links.max_ends_in
    if end - now > longest:
        msg = f"a link of {exactly(end - now)} is above the {exactly(longest)} that this service gives: ask for less, and extend it later"
        raise InvalidExpiryError(msg, option="expires_in")
    return end


def _check_parts(store: daypass.Store) -> None:
    """Raise where a store takes no uploads in parts, of which the service sees how large each was before the object is there."""
    info = store.backend.info
    if info.multipart is None:
        msg = f"{info.name} takes no uploads in parts, by which files come into an inbox: make a link for PUT"
        raise UnsupportedOptionError(msg, option="inbox", backend="links")


def _check_folder(path: Any) -> None:
    """Raise where an inbox would be a folder that is called like a file."""
    if isinstance(path, str) and path and not path.endswith("/"):
        msg = f"files come into a folder, whose path ends in a slash: write {shown(f'{path}/')}"
        raise InvalidPathError(msg, option="path")


def _check_preview(*, prefix: bool, methods: tuple[str, ...], own: Mapping[str, Any]) -> None:
    """Raise where a page would show nothing, or what is seen there would be a use that nobody counts."""
    if prefix:
        why = "a link to a prefix, which opens no file of its own"
    elif "GET" not in methods:
        why = f"a link for {', '.join(methods)}, by which nobody reads"
    elif "max_uses" in own:
        why = "a link with max_uses, since to see it there would take no use"
    else:
        return
    msg = f"preview is nothing for {why}: leave it out"
    raise UnsupportedOptionError(msg, option="preview", backend="links")


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


def _path(path: Any, *, prefix: bool) -> tuple[str, bool]:
    if not isinstance(path, str) or not path:
        msg = "path is text such as s3://results/a.csv or daypass://maps/a.csv"
        raise InvalidPathError(msg, option="path")
    return (path if not prefix or path.endswith("/") else f"{path}/"), prefix


def _yes(value: Any, option: str) -> bool:
    if not isinstance(value, bool):
        msg = f"{option} is true or false, not {shown(value)}"
        raise InvalidRequestError(msg, option=option)
    return value


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


def _tried(service: Service, store: daypass.Store, key: str, link: Link) -> list[SignedURL]:
    """Sign as each use will, to learn what the holder must send, and every refusal."""
    if is_slow(store):
        check_may_wait("signing")
    key = key + ANY_KEY if link.prefix else key
    ttl = service.settings.links.redirect_ttl
    try:
        return [
            store.create_signed_url(key, method=method, expires_in=ttl, **some)
            for method, some in trials(link).items()
        ]
    except DeadlineError as error:
        if not isinstance(error, NoShareError):
            was_slow(store)
        raise
