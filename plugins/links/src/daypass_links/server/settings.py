"""What the service is told: ``[server]``, ``[links]``, ``[[roots]]``, ``[oidc]``, ``[alerts]`` and its keys of ``[audit]``, as attrs classes."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from daypass import config
from daypass.base.times import seconds
from daypass.base.urls import check_endpoint
from daypass.errors import InvalidRequestError
from daypass.model.paths import parse_path
from daypass_links.server.alerts.destinations import destination
from daypass_links.server.alerts.signatures import secret_of
from daypass_links.server.words import check_words
from daypass_links.wire import SCOPES

__all__ = [
    "METHODS",
    "Alerts",
    "Audit",
    "Links",
    "Network",
    "OpenID",
    "Root",
    "Server",
    "Settings",
    "load",
    "sections",
]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
#: What a link can be for.
METHODS = ("GET", "HEAD", "PUT", "DELETE")


def _span(value: Any) -> int:
    return seconds(value, "a duration")


def _span_or_zero(value: Any) -> int:
    return 0 if value in (0, "0", "0s") else _span(value)


def _methods(value: tuple[str, ...]) -> tuple[str, ...]:
    check_words(value, METHODS, "methods")
    return value


def _when(value: str) -> str:
    check_words([value], ("async", "before"), "use")
    return value


def _public(value: str | None) -> str | None:
    return None if value is None else check_endpoint(value, "public_url").rstrip("/")


def _networks(values: tuple[str, ...]) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(value) for value in values)
    except ValueError as error:
        msg = f"trusted_proxies holds addresses and networks such as 10.0.0.0/8: {error}"
        raise InvalidRequestError(msg, option="trusted_proxies") from None


@attrs.frozen(kw_only=True)
class Server:
    """``[server]``: where the service listens, is reached, and keeps what it knows."""

    #: The address it listens on.
    host: str = "127.0.0.1"
    #: The port it listens on.
    port: int = 8321
    #: What links begin with; without it ``http://HOST:PORT``. No header ever says it.
    public_url: str | None = attrs.field(default=None, converter=_public)
    #: How many processes serve.
    workers: int = 1
    #: Whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed.
    trusted_proxies: tuple[str, ...] = ()
    #: Where links and keys are, as SQLAlchemy writes it; without it, SQLite in the user's data directory.
    database: str | None = None
    #: Where events are; without it, beside the database.
    events: str | None = None
    #: The file with the keys that sign checkpoints, which only its owner may read; without it, beside a database of SQLite,
    #: or in the user's data directory. Whoever has the database alone signs nothing.
    key_file: str | None = None
    #: The networks of ``trusted_proxies``.
    proxies: tuple[Network, ...] = attrs.field(init=False, repr=False)

    @proxies.default
    def _read_proxies(self) -> tuple[Network, ...]:
        return _networks(self.trusted_proxies)

    @property
    def url(self) -> str:
        """What links begin with."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def keys(self) -> Path:
        """The file with the server's keys."""
        if self.key_file is not None:
            return Path(self.key_file).expanduser()
        file = self._file
        if file is not None:
            return file.with_name("server.key")
        from platformdirs import user_data_path

        return user_data_path("daypass", appauthor=False) / "server.key"

    @property
    def is_there(self) -> bool:
        """Whether there may be a database: one of SQLite has a file."""
        file = self._file
        return file is None or file.exists()

    @property
    def _file(self) -> Path | None:
        """The main database's file, where it is one of SQLite."""
        scheme, _, path = self.databases[0].partition(":///")
        return Path(path) if scheme.startswith("sqlite") else None

    @property
    def databases(self) -> tuple[str, str]:
        """Where links and keys, and where events are, as SQLAlchemy writes it."""
        main = self.database
        if main is None:
            from platformdirs import user_data_path

            main = f"sqlite:///{user_data_path('daypass', appauthor=False) / 'links.db'}"
        if self.events is not None:
            return main, self.events
        scheme, colon, path = main.partition(":///")
        if not scheme.startswith("sqlite"):
            return main, main
        return main, f"{scheme}{colon}{Path(path).with_name('events.db')}"


@attrs.frozen(kw_only=True)
class Links:
    """``[links]``: how long they live, and what a redirect is."""

    #: How long a link lives whose maker does not say, in seconds.
    default_ends_in: Any = attrs.field(default="7d", converter=_span)
    #: The longest that one may live from now on, in seconds.
    max_ends_in: Any = attrs.field(default="90d", converter=_span)
    #: How long what a link leads to can be used, in seconds.
    redirect_ttl: Any = attrs.field(default="60s", converter=_span)
    #: How long a client may keep where a link led to, where nothing about the link forbids it, in seconds; 0 for never.
    max_age: Any = attrs.field(default=0, converter=_span_or_zero)

    def __attrs_post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if self.max_age >= self.redirect_ttl:
            msg = "max_age is below redirect_ttl, since what a client keeps would have ended"
            raise InvalidRequestError(msg, option="max_age")


@attrs.frozen(kw_only=True)
class Root:
    """One of ``[[roots]]``: what may be shared at all, by whom and how."""

    #: The profile whose root it is; or ``url``.
    profile: str | None = None
    #: The path of the root, such as ``s3://results``; or ``profile``.
    url: str | None = None
    #: Patterns of the policy, relative to the root.
    paths: tuple[str, ...] = ("**",)
    #: Who may; empty for everybody who may make links.
    groups: tuple[str, ...] = ()
    #: What links may be for.
    methods: tuple[str, ...] = attrs.field(default=METHODS, converter=_methods)

    def __attrs_post_init__(self) -> None:
        """Refuse a root that is none, or two."""
        if (self.profile is None) is (self.url is None):
            msg = "a root is a profile or a url, and this says both or neither"
            raise InvalidRequestError(msg, option="roots")
        parse_path(self.path)

    @property
    def path(self) -> str:
        """The path of the root."""
        return self.url if self.url is not None else f"daypass://{self.profile}"


@attrs.frozen(kw_only=True)
class Audit:
    """What the service reads of ``[audit]`` besides what daypass itself does."""

    #: Whether a use is written down before the redirect (``"before"``) or within 20 ms (``"async"``).
    use: str = attrs.field(default="async", converter=_when)
    #: How many seconds lie between two checkpoints.
    checkpoint_every: Any = attrs.field(default="60s", converter=_span)


def _at_least(low: float) -> Callable[[Any, attrs.Attribute[Any], Any], None]:
    def check(_: Any, field: attrs.Attribute[Any], value: Any) -> None:
        if not value >= low:
            msg = f"{field.name} is at least {low}, not {value}"
            raise InvalidRequestError(msg, option=field.name)

    return check


def _scopes(value: tuple[str, ...]) -> tuple[str, ...]:
    check_words(value, SCOPES, "scopes")
    return value


@attrs.frozen(kw_only=True)
class OpenID:
    """``[oidc]``: whose tokens are taken beside API keys."""

    #: The address of the provider, as ``iss`` of its tokens says it; https, or on this machine.
    issuer: str
    #: What its tokens for this service are for (``aud``).
    audience: str
    #: The claim that names who asks: one that nobody chooses for themselves, since policy, keys and links know them by it.
    principal_claim: str = "sub"
    #: The claim with their groups.
    groups_claim: str = "groups"
    #: What whoever has such a token may ask.
    scopes: tuple[str, ...] = attrs.field(
        default=("links:read", "links:write", "sign"), converter=_scopes
    )
    #: Groups whose members are an ``admin``.
    admin_groups: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Alerts:
    """``[alerts]``: tell of unusual rates. The section switches it on, an empty one too.

    Unusual is what a caller does, or what is done with a link, in one window more than ``floor`` (of refusals ``refusals``) times
    and more than ``factor`` times the median of the windows before.
    """

    #: How long a window is, in seconds.
    window: Any = attrs.field(default="5m", converter=_span)
    #: How many windows before say what is usual.
    history: int = attrs.field(default=12, validator=_at_least(1))
    #: How many times the usual is not usual.
    factor: float = attrs.field(default=5.0, validator=_at_least(1))
    #: Up to so many mints or uses in a window are never unusual.
    floor: int = attrs.field(default=100, validator=_at_least(0))
    #: Up to so many refusals in a window are never unusual.
    refusals: int = attrs.field(default=20, validator=_at_least(0))
    #: Who is told, by POST: https, or this machine.
    webhook: str | None = None
    #: What signs what they are told (Standard Webhooks): ``whsec_`` and random bytes in base64.
    webhook_secret: str | None = attrs.field(default=None, repr=False)
    #: Whether the webhook may be in a network of one's own, and by http there.
    webhook_private: bool = False

    def __attrs_post_init__(self) -> None:
        """Refuse a webhook that leads where none may, or that nobody could tell from others."""
        if (self.webhook is None) is not (self.webhook_secret is None):
            msg = "a webhook has a webhook_secret, by which whoever is told knows that it is us, and the other way round"
            raise InvalidRequestError(msg, option="webhook")
        if self.webhook is not None and self.webhook_secret is not None:
            destination(self.webhook, may_be_private=self.webhook_private)
            secret_of(self.webhook_secret)


#: What `daypass.config` reads for us.
sections: Mapping[str, Any] = {
    "server": Server,
    "links": Links,
    "roots": tuple[Root, ...],
    "audit": Audit,
    "oidc": OpenID,
    "alerts": Alerts,
}


@attrs.frozen(kw_only=True)
class Settings:
    """All of it."""

    server: Server = attrs.field(factory=Server)
    links: Links = attrs.field(factory=Links)
    roots: tuple[Root, ...] = ()
    audit: Audit = attrs.field(factory=Audit)
    oidc: OpenID | None = None
    alerts: Alerts | None = None


def load() -> Settings:
    """Read what the files and variables of daypass's configuration say.

    Raises:
        ConfigError: naming the file and the key that is wrong.

    """
    found = config.load()
    said = {name: found.section(name) for name in sections}
    return Settings(**{name: value for name, value in said.items() if value is not None})
