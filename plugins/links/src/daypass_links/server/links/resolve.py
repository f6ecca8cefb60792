"""``Resolver``: from the hash of a token to a link that is ready to be used, kept until it changes."""

from __future__ import annotations

import threading
from typing import Any

import attrs
from sqlalchemy import bindparam, select

import daypass
from daypass.errors import DaypassError, RefusedError
from daypass.model.options import DOWNLOAD_ONLY, UPLOAD_ONLY
from daypass_links.server.database.engine import Databases
from daypass_links.server.database.tables import link as table
from daypass_links.server.database.tables import principal
from daypass_links.server.links.link import COLUMNS, Link, link_of, permits
from daypass_links.server.roots import Roots
from daypass_links.server.settings import Settings

__all__ = ["Ready", "Resolver", "options_for"]

#: So many links are kept; whichever came first makes room.
_MOST = 200_000
#: Made once: to compare it with others like it takes as long as to ask it.
_FIND = (
    select(*COLUMNS, principal.c.groups)
    .join_from(table, principal)
    .where(table.c.hash == bindparam("hashed"))
)
_DOWNLOADS = ("GET", "HEAD")


@attrs.frozen(eq=False)
class Ready:
    """A link with all that a use of it needs, worked out once."""

    link: Link
    #: In which its maker asks; None where the maker may no longer share it.
    store: daypass.Store | None
    #: Why not.
    refusal: DaypassError | None
    #: The key below the store's root; of a prefix what its keys begin with.
    key: str
    #: What to ask the store for, by the method of the request.
    methods: dict[str, dict[str, Any]]
    #: Whether anything about it depends on who asks.
    is_bound: bool
    #: What every redirect says besides where it leads.
    headers: list[tuple[bytes, bytes]]


def options_for(method: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return those of a link's options that go with one of its methods."""
    others = {
        *(UPLOAD_ONLY if method != "PUT" else ()),
        *(DOWNLOAD_ONLY if method not in _DOWNLOADS else ()),
    }
    return {name: value for name, value in options.items() if name not in others}


class Resolver:
    """Finds links."""

    def __init__(self, databases: Databases, roots: Roots, settings: Settings) -> None:
        self._engine = databases.reading_main
        self._roots = roots
        self._settings = settings
        self._lock = threading.Lock()
        self._hashes: dict[str, bytes] = {}
        #: By the hash of the token.
        self.known: dict[bytes, Ready] = {}

    def find(self, hashed: bytes) -> Ready | None:
        """Return a link, from the database where it is not known; None where there is none."""
        found = self.known.get(hashed)
        if found is None:
            before = self._forgotten
            with self._engine.connect() as connection:
                row = connection.execute(_FIND, {"hashed": hashed}).mappings().first()
            if row is None:
                return None
            found = self._ready(link_of(row), frozenset(row["groups"]))
            with self._lock:
                # What was read before somebody changed it is used once, by a request that came before, and not kept;
                # nor is what may be mended outside, such as credentials that are not there.
                lasting = found.refusal is None or isinstance(found.refusal, RefusedError)
                if before == self._forgotten and lasting:
                    self._keep(hashed, found)
        return found

    #: How often something was forgotten.
    _forgotten = 0

    def forget(self, link_id: str | None) -> None:
        """Forget a link, or all of them."""
        with self._lock:
            self._forgotten += 1
            if link_id is None:
                self.known.clear()
                self._hashes.clear()
            elif (hashed := self._hashes.pop(link_id, None)) is not None:
                self.known.pop(hashed, None)

    def _keep(self, hashed: bytes, found: Ready) -> None:
        if len(self.known) >= _MOST:
            oldest = next(iter(self.known))
            self._hashes.pop(self.known.pop(oldest).link.id, None)
        self.known[hashed] = found
        self._hashes[found.link.id] = hashed

    def _ready(self, link: Link, groups: frozenset[str]) -> Ready:
        store, key, refusal = None, "", None
        methods: dict[str, dict[str, Any]] = {}
        try:
            place = self._roots.find(
                link.path, prefix=link.prefix, methods=link.methods, groups=groups
            )
            store, key = self._roots.store(place, link.owner, groups), place.key
            options = daypass.sign_options(link.options)
            methods = {
                method: options_for(method, dict(options)) for method in permits(link.methods)
            }
        except DaypassError as error:
            refusal = error
        bound = (link.max_uses, link.ip_range, link.referrers, link.starts_at)
        is_bound = link.https_only or any(part is not None for part in bound)
        return Ready(
            link=link,
            store=store,
            refusal=refusal,
            key=key,
            methods=methods,
            is_bound=is_bound,
            headers=self._headers(is_bound=is_bound),
        )

    def _headers(self, *, is_bound: bool) -> list[tuple[bytes, bytes]]:
        age = 0 if is_bound else self._settings.links.max_age
        return [
            (b"cache-control", f"private, max-age={age}".encode() if age else b"no-store"),
            (b"referrer-policy", b"no-referrer"),
            (b"x-robots-tag", b"noindex"),
            (b"access-control-allow-origin", b"*"),
            (b"content-length", b"0"),
        ]
