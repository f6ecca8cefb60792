"""A store and a stranger: links made in two ways, and tried."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, Self

import attrs

from daypass.backends.calls import Backend
from daypass.base.urls import token_of
from daypass.model.links import SignedURL
from daypass.model.locations import Location
from daypass.model.prefixes import SignedPrefix
from daypass.model.requests import SignRequest, make_request
from daypass.store.store import Store
from daypass.testing.strangers import Answer, Stranger

__all__ = [
    "BODY",
    "FOLDER",
    "KEY",
    "METHODS",
    "OTHER_BODY",
    "Trial",
    "changed",
    "difference",
    "hooked",
    "opened",
    "with_other_token",
]

#: The methods on one object; a LIST link is about many, and has rules of its own.
METHODS = ("GET", "HEAD", "PUT", "DELETE")
FOLDER = "folder/"
KEY = f"{FOLDER}the object.csv"
BODY = b"run,value\n42,1\n"
#: Of the same size as `BODY`, so that its digest alone tells it.
OTHER_BODY = b"run,value\n42,2\n"


def hooked(backend: Backend, location: Location, request: SignRequest) -> SignedURL | None:
    """Call the hook itself, past the gate; None where there is none."""
    sign = backend.create_signed_url
    return None if sign is None else sign(location=location, request=request)


@attrs.frozen
class Trial:
    """A store, and a stranger who tries its links."""

    store: Store
    send: Stranger
    #: Puts an object in the store without a link.
    place: Callable[[str, bytes], object]
    #: What the server's clock said when the test began.
    now: datetime
    #: Seconds that a link lives where a rule does not say.
    lifetime: int
    #: From where the server sees the stranger come.
    address: str
    #: True to ask the backend's hook itself, past the gate.
    bare: bool = False
    #: The prefix for whose grants its links are made; None for links of their own.
    prefix: str | None = None

    def granting(self, prefix: str) -> Self:
        """Return the same trial, whose links are what a grant for a prefix opens."""
        return attrs.evolve(self, prefix=prefix)

    def past_the_gate(self, now: datetime | None = None) -> Self:
        """Return the same trial, asking the hook itself for what the gate would refuse."""
        return attrs.evolve(self, bare=True, now=now or self.now)

    def at(self, **changes: Any) -> Self:
        """Return a trial of the same store with another location, and nothing prepared."""
        return attrs.evolve(self, store=changed(self.store, **changes))

    def sign(self, key: str = KEY, *, version: str | None = None, **options: Any) -> SignedURL:
        """Make a link."""
        if self.prefix is not None:
            return opened(self.grant(self.prefix, **options), key.removeprefix(self.prefix))
        if not self.bare:
            if "expires_at" not in options:
                options.setdefault("expires_in", self.lifetime)
            return self.store.create_signed_url(key, version=version, **options)
        location = self.store.root.at(key, version)
        answer = hooked(self.store.backend, location, self.resolved(**options))
        assert isinstance(answer, SignedURL)
        return answer

    def grant(self, prefix: str, **options: Any) -> SignedPrefix:
        """Make a grant for all that lies below a prefix."""
        if not self.bare:
            if "expires_at" not in options:
                options.setdefault("expires_in", self.lifetime)
            return self.store.create_signed_prefix(prefix, **options)
        sign = self.store.backend.create_signed_prefix
        assert sign is not None
        answer = sign(location=self.store.root.below(prefix), request=self.resolved(**options))
        assert isinstance(answer, SignedPrefix)
        return answer

    def resolved(self, **options: Any) -> SignRequest:
        """Return a request as the gate hands it to a hook, its clock read when the test began."""
        if "expires_at" not in options:
            options.setdefault("expires_in", self.lifetime)
        return make_request(options).resolve(self.now)

    def size(self, key: str = KEY) -> int | None:
        """Return an object's size; None where there is no such object."""
        found = self.store.head_metadata(key, missing_ok=True)
        return None if found is None else found.size

    def accepts(self, link: SignedURL, body: bytes | None = None, **changes: Any) -> Answer:
        """Use a link, which must work."""
        if link.method == "PUT" and body is None:
            body = BODY
        answer = self.send(link, body, **changes)
        assert answer.accepted, f"the store refused a {link.method} link of its own: {answer}"
        return answer

    def refuses(
        self, link: SignedURL, body: bytes | None = None, *, what: str, **changes: Any
    ) -> Answer:
        """Use a link, which must not work."""
        if (changes.get("method") or link.method) == "PUT" and body is None:
            body = BODY
        answer = self.send(link, body, **changes)
        assert answer.refused, f"the store accepted {what}: {answer}"
        return answer

    def put(self, key: str = KEY, body: bytes = BODY, **options: Any) -> None:
        """Upload through a link, which must work."""
        self.accepts(self.sign(key, method="PUT", **options), body)


def opened(grant: SignedPrefix, key: str) -> SignedURL:
    """Return the link that a grant is for one key below its prefix."""
    return SignedURL(
        url=grant.url_for(key),
        method=grant.method,
        headers=grant.headers,
        expires_at=grant.expires_at,
        expires_because=grant.expires_because,
        permits=grant.permits,
        unenforced=grant.unenforced,
        path=grant.path,
        backend=grant.backend,
    )


def changed(store: Store, **changes: Any) -> Store:
    """Return the same store with another location, and nothing prepared."""
    copy = Store.__new__(Store)
    location = attrs.evolve(store.location, cache={}, **changes)
    copy.root = attrs.evolve(store.root, location=location)
    return copy


def with_other_token(url: str) -> str | None:
    """Return a URL whose path has another token; None where it has none."""
    token = token_of(url)
    if token is None:
        return None
    return url.replace(token, ("B" if token[0] == "A" else "A") + token[1:], 1)


class Difference(NamedTuple):
    """What one link has and another has not."""

    #: Headers that differ, by name.
    headers: dict[str, str]
    #: URLs of the first link, each with one query parameter as the second link has it.
    urls: dict[str, str]


def difference(link: SignedURL, plain: SignedURL, secret: frozenset[str]) -> Difference:
    """Compare two links; parameters that are ``secret``, such as the signature, do not count."""
    headers = {
        name: value for name, value in link.headers.items() if plain.headers.get(name) != value
    }
    mine, theirs = parameters(link.url), parameters(plain.url)
    urls = {
        name: with_parameter(link.url, name, theirs.get(name))
        for name, value in mine.items()
        if name not in secret and theirs.get(name) != value
    }
    return Difference(headers, urls)


def parameters(url: str) -> dict[str, str]:
    """Return a URL's query, still encoded."""
    pairs = (pair.partition("=") for pair in url.partition("?")[2].split("&") if pair)
    return {name: value for name, _, value in pairs}


def with_parameter(url: str, name: str, value: str | None) -> str:
    """Return a URL with another value of one query parameter, or without it."""
    place, _, _ = url.partition("?")
    found = {**parameters(url), name: value}
    return f"{place}?" + "&".join(
        f"{key}={text}" for key, text in found.items() if text is not None
    )
