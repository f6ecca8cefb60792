"""``Resolver``: from the hash of a token to a link that is ready to be used, kept until it changes."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

import attrs
import msgspec
from sqlalchemy import bindparam, select

import daypass
from daypass.errors import DaypassError, RefusedError
from daypass.model.options import DOWNLOAD_ONLY, UPLOAD_ONLY
from daypass_links.server.database.engine import Databases
from daypass_links.server.database.lookup import Lookup
from daypass_links.server.database.tables import link as table
from daypass_links.server.database.tables import principal
from daypass_links.server.inbox.limits import Limits
from daypass_links.server.links.link import permits
from daypass_links.server.roots import Roots
from daypass_links.server.settings import Settings
from daypass_links.server.suspensions import Suspensions

__all__ = ["Ready", "Resolver", "options_for"]

#: So many links are kept; whichever came first makes room.
_MOST = 200_000
#: What a use has to know of a link, and no more: there are many in memory.
_TOLD = (
    *("id", "prefix", "starts_at", "ends_at", "max_uses", "ip_range", "https_only", "revoked_at"),
    "password",
)
_FIND = (
    select(
        *(table.c[name] for name in _TOLD),
        table.c.owner,
        table.c.path,
        table.c.methods,
        table.c.options,
        table.c.referrers,
        table.c.inbox,
        principal.c.groups,
    )
    .join_from(table, principal)
    .where(table.c.hash == bindparam("hashed"))
)
_DOWNLOADS = ("GET", "HEAD")
_Headers = tuple[tuple[bytes, bytes], ...]
#: By the method of a request, what to ask the store for.
_Asked = dict[str, dict[str, Any]]


@attrs.frozen(eq=False, kw_only=True)
class Ready:
    """A link with all that a use of it needs, worked out once; moments are seconds since the epoch."""

    id: str
    prefix: bool
    starts_at: int | None
    ends_at: int
    max_uses: int | None
    ip_range: str | None
    https_only: bool
    revoked_at: int | None
    #: What Argon2 makes of its password; None where it has none.
    password: str | None = attrs.field(repr=False)
    referrers: tuple[str, ...] | None
    methods: tuple[str, ...]
    #: In which its maker asks; None where the maker may no longer share it.
    store: daypass.Store | None
    #: Why not.
    refusal: DaypassError | None
    #: The key below the store's root; of a prefix what its keys begin with.
    key: str
    #: What to ask the store for, by the method of the request; many links share it.
    asked: _Asked = attrs.field(repr=False)
    #: Whether anything about it depends on who asks.
    is_bound: bool
    #: What every redirect says besides where it leads.
    headers: _Headers
    #: What may be sent to it, where it is an inbox: then it redirects nobody.
    inbox: Limits | None


def options_for(method: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return those of a link's options that go with one of its methods."""
    others = {
        *(UPLOAD_ONLY if method != "PUT" else ()),
        *(DOWNLOAD_ONLY if method not in _DOWNLOADS else ()),
    }
    return {name: value for name, value in options.items() if name not in others}


@lru_cache(maxsize=1024)
def _asked(methods: tuple[str, ...], options: bytes) -> _Asked:
    """Return what uses of a link ask the store for, by method.

    Args:
        methods: which it is for.
        options: its options, as JSON.

    """
    known = dict(daypass.sign_options(msgspec.json.decode(options)))
    return {method: options_for(method, known) for method in permits(methods)}


@lru_cache(maxsize=256)
def _tuple(*words: str) -> tuple[str, ...]:
    """Return the same tuple for the same words: many links have few of them."""
    return words


class Resolver:
    """Finds links."""

    def __init__(
        self, databases: Databases, roots: Roots, suspensions: Suspensions, settings: Settings
    ) -> None:
        self._lookup = Lookup(databases.looking, _FIND)
        self._roots = roots
        self._suspensions = suspensions
        age = settings.links.max_age
        self._bound = _headers(0)
        self._free = _headers(age)
        self._lock = threading.Lock()
        self._hashes: dict[str, bytes] = {}
        #: By the hash of the token.
        self.known: dict[bytes, Ready] = {}

    def find(self, hashed: bytes) -> Ready | None:
        """Return a link, from the database where it is not known; None where there is none."""
        found = self.known.get(hashed)
        if found is None:
            before = self._forgotten
            row = self._lookup.first(hashed)
            if row is None:
                return None
            found = self._ready(row)
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
        self._suspensions.forget()
        with self._lock:
            self._forgotten += 1
            if link_id is None:
                self.known.clear()
                self._hashes.clear()
            elif (hashed := self._hashes.pop(link_id, None)) is not None:
                self.known.pop(hashed, None)

    def close(self) -> None:
        """Let the connection go."""
        self._lookup.close()

    def _keep(self, hashed: bytes, found: Ready) -> None:
        if len(self.known) >= _MOST:
            oldest = next(iter(self.known))
            self._hashes.pop(self.known.pop(oldest).id, None)
        self.known[hashed] = found
        self._hashes[found.id] = hashed

    def _ready(self, row: dict[str, Any]) -> Ready:
        store, key, refusal = None, "", None
        asked: _Asked = {}
        methods, referrers = _tuple(*row["methods"]), row["referrers"]
        groups = frozenset(row["groups"])
        try:
            self._suspensions.check_link(row["id"], row["owner"])
            place = self._roots.find(
                row["path"], prefix=row["prefix"], methods=methods, groups=groups
            )
            store = self._roots.store(place, row["owner"], groups, prefix=row["prefix"])
            key = place.key
            if row["inbox"] is None:
                asked = _asked(methods, msgspec.json.encode(row["options"]))
        except DaypassError as error:
            refusal = error
        told = {name: row[name] for name in _TOLD}
        bound = (row["max_uses"], row["ip_range"], referrers, row["starts_at"], row["password"])
        is_bound = row["https_only"] or any(part is not None for part in bound)
        return Ready(
            **told,
            referrers=None if referrers is None else tuple(referrers),
            methods=methods,
            store=store,
            refusal=refusal,
            key=key,
            asked=asked,
            is_bound=is_bound,
            headers=self._bound if is_bound else self._free,
            inbox=row["inbox"] and Limits(**row["inbox"], options=row["options"]),
        )


def _headers(age: int) -> _Headers:
    """Return what redirects say that a client may keep for so many seconds."""
    return (
        (b"cache-control", f"private, max-age={age}".encode() if age else b"no-store"),
        (b"referrer-policy", b"no-referrer"),
        (b"x-robots-tag", b"noindex"),
        (b"access-control-allow-origin", b"*"),
        (b"content-length", b"0"),
    )
