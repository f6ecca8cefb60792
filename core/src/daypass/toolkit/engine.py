"""What signers are built of: a request in the provider's words, and what is made once and kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

import attrs

from daypass.base.process import follow_forks
from daypass.errors import UnsupportedOptionError
from daypass.model.links import SignedURL
from daypass.model.locations import Location
from daypass.model.requests import SignRequest

if TYPE_CHECKING:
    from daypass.model.batches import SignedURLBatch

__all__ = [
    "CREDENTIALS_END",
    "NOTHING",
    "ONLY",
    "Begun",
    "Filled",
    "Latest",
    "Shape",
    "Templates",
    "Unenforced",
    "prepared",
]

_Made = TypeVar("_Made")
_Template = TypeVar("_Template")

#: ``SignedURL.expires_because`` of a link that ends with the credentials, before its own end.
CREDENTIALS_END = "the credentials it is signed with end first"
#: ``SignedURL.permits`` of a link that allows the one method it was made for.
ONLY = {method: frozenset({method}) for method in ("GET", "PUT", "DELETE", "HEAD", "LIST", "POST")}
#: ``SignedURL.unenforced`` of a link that enforces all that was asked.
NOTHING: frozenset[str] = frozenset()
#: Templates that one signer keeps; one more, and it learns all of them anew.
_MOST_TEMPLATES = 256


def prepared(location: Location, name: str, make: Callable[[Location], _Made]) -> _Made:
    """Return what was made for a store, made on first use and kept for all that lies below it.

    Two threads may make it at the same time; one of the two is kept, and both get it.

    Args:
        location: any of the store's.
        name: what it is called in ``location.cache``.
        make: makes it; import an SDK in here, so that the module of the hooks stays light.

    """
    made: _Made | None = location.cache.get(name)
    if made is None:
        made = location.cache.setdefault(name, make(location))
    return made


@attrs.frozen
class Shape:
    """Headers and query of one request; requests of one outline share a template.

    >>> Shape({"Content-Type": "text/csv"}).below("2026/").outline
    (('content-type',), ('prefix',))
    """

    #: As they are to be sent.
    headers: dict[str, str] = attrs.field(factory=dict, repr=lambda headers: repr(list(headers)))
    #: Query parameters, not encoded.
    query: dict[str, str] = attrs.field(factory=dict)

    @property
    def outline(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What decides on the template: the names, not the values."""
        return tuple(name.lower() for name in self.headers), tuple(self.query)

    def below(self, prefix: str) -> Self:
        """Return the shape of a listing of the keys that begin with ``prefix``."""
        return attrs.evolve(self, query={**self.query, "prefix": prefix})


class Templates(Generic[_Template]):
    """The templates of one signer, each learnt once, and the one that was filled in last.

    >>> templates = Templates()
    >>> templates.of("GET", str.lower, "LEARNT"), templates.of("GET", str.lower, "NEVER ASKED")
    ('learnt', 'learnt')
    """

    def __init__(self) -> None:
        self.after_fork()
        follow_forks(self)
        self._known: dict[Hashable, _Template] = {}
        self._last: tuple[Any, Any] = (None, None)

    def after_fork(self) -> None:
        """Begin with a lock that no thread of the parent holds."""
        #: Held while a template is learnt; hold it for whatever else shares what it is learnt from.
        self.lock = Lock()

    def of(self, outline: Hashable, learn: Callable[..., _Template], *args: Any) -> _Template:
        """Return the template of all requests that have one outline.

        Args:
            outline: what tells them from others.
            learn: makes the template, by one thread at a time.
            args: its arguments.

        """
        template = self._known.get(outline)
        if template is None:
            with self.lock:
                template = self._known.get(outline)
                if template is None:
                    template = learn(*args)
                    if len(self._known) >= _MOST_TEMPLATES:
                        self._known.clear()
                    self._known[outline] = template
        return template

    def filled(self, values: tuple[Any, ...], fill: Callable[..., _Made], *args: Any) -> _Made:
        """Return a template filled in: that of the last call, where its values were the same.

        Args:
            values: all that it is filled in with, the template and the second among them.
            fill: fills it in.
            args: its arguments.

        """
        known, made = self._last
        if known != values:
            made = fill(*args)
            self._last = (values, made)
        return made  # type: ignore[no-any-return]

    def forget(self) -> None:
        """Learn all of them anew: the keys have been replaced, or the rules."""
        self._known.clear()


class Filled(Protocol):
    """A template that is filled in with all but the key, such as `daypass.toolkit.v4.Prepared`."""

    def url(self, key: str, /) -> str:
        """Return the signed URL of one key."""

    def urls(self, keys: Sequence[str], /) -> Sequence[str | None]:
        """Return the signed URLs of many keys, in their order."""


@attrs.frozen(eq=False)
class Begun:
    """One request on one bucket, up to the key: what all its links have in common."""

    filled: Filled
    #: As it was asked for: LIST, and not the GET that it is sent with.
    method: str
    #: All that must be sent.
    headers: dict[str, str]
    expires_at: datetime
    expires_because: str
    permits: frozenset[str]
    unenforced: frozenset[str]
    backend: str
    #: What every link says; a link waits for the copy.
    _told: dict[str, Any] = attrs.field(init=False, repr=False)

    @_told.default
    def _say(self) -> dict[str, Any]:
        return dict(self.of_url("", "").__dict__)

    def link(self, key: str, path: str) -> SignedURL:
        """Return the link of one key.

        Args:
            key: as it is signed; empty for a listing whose prefix is in the query.
            path: the path that was asked for.

        """
        # What `of_url` does, past the generated __init__: every single link comes this way.
        link = object.__new__(SignedURL)
        told = self._told.copy()
        told["url"], told["path"] = self.filled.url(key), path
        told["headers"] = self.headers.copy()  # which are the holder's of the link
        object.__setattr__(link, "__dict__", told)
        return link

    def links(self, keys: Sequence[str], location: Location) -> SignedURLBatch:
        """Return the links of many keys below a location, in their order."""
        from daypass.model.batches import SignedURLBatch  # which one link does not need

        return SignedURLBatch(self.filled.urls(keys), keys, self.like(location))

    def like(self, location: Location) -> SignedURL:
        """Return what a `SignedURLBatch` is made with, where the URLs come from elsewhere."""
        return self.of_url("", location.at("").path)

    def of_url(self, url: str, path: str) -> SignedURL:
        """Return the link of a URL that was made with `filled`, and perhaps changed since."""
        return SignedURL(
            url,
            self.method,
            self.headers.copy(),
            self.expires_at,
            self.expires_because,
            self.permits,
            self.unenforced,
            path,
            self.backend,
        )


_AnyBegun = TypeVar("_AnyBegun")


class Latest(Generic[_AnyBegun]):
    """What was begun last, at hand for the next key: within a second daypass asks by the very same requests, for GET and HEAD by turns."""

    def __init__(self) -> None:
        self._last: tuple[tuple[SignRequest, object, Any], ...] = ()

    def of(
        self,
        location: Location,
        request: SignRequest,
        keys: object,
        begin: Callable[[Location, SignRequest], _AnyBegun],
    ) -> _AnyBegun:
        """Return what is begun for a request: what was begun last, or before that, where it was for the same.

        Args:
            location: of the key.
            request: what is asked, resolved.
            keys: what is signed with just now, found anew for every link: others begin anew.
            begin: does what is the same for every key.

        """
        for known, before, begun in self._last:
            if known is request and location.version is None and (keys is before or keys == before):
                return begun  # type: ignore[no-any-return]
        found = begin(location, request)
        if (
            location.version is None and request.method != "LIST"
        ):  # whose prefix is no part of the key
            others = [
                one for one in self._last[:1] if one[1] == keys
            ]  # none of keys that were replaced
            self._last = ((request, keys, found), *others)
        return found


class Unenforced:
    """What one link cannot enforce: refused, unless the caller goes without it (``strict=False``).

    Args:
        backend: its name, for messages.
        request: what is asked.

    """

    def __init__(self, backend: str, request: SignRequest) -> None:
        self._backend = backend
        self._strict = request.strict
        self._names: set[str] = set()

    @property
    def names(self) -> frozenset[str]:
        """The options that are not enforced, for `SignedURL.unenforced`."""
        return frozenset(self._names)

    def note(self, *options: str) -> None:
        """Name options that are not enforced, and that nobody is refused for: descriptions."""
        self._names.update(options)

    def refuse_or_waive(self, option: str, why: str) -> None:
        """Refuse a restriction that this very link cannot enforce, or name it where the caller waives it.

        Args:
            option: the option.
            why: after "since", without a full stop.

        Raises:
            UnsupportedOptionError: unless the request says ``strict=False``.

        """
        if self._strict:
            msg = f"{self._backend} cannot enforce {option} here, since {why}: leave it out, or pass strict=False to go without"
            raise UnsupportedOptionError(msg, option=option, backend=self._backend)
        self._names.add(option)
