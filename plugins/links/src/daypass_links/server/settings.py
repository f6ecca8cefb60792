"""What the service is told: ``[server]``, ``[links]``, ``[[roots]]``, ``[oidc]``, ``[alerts]``, ``[notices]`` and its keys of ``[audit]``, as attrs classes."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs

from daypass import config
from daypass.base.times import seconds
from daypass.base.urls import check_endpoint
from daypass.errors import InvalidRequestError
from daypass.model.paths import parse_path
from daypass_links.server.alerts.destinations import destination
from daypass_links.server.alerts.signatures import secret_of
from daypass_links.server.languages.files import FILES, FIRST
from daypass_links.server.notices.addresses import address, sender_of, server_of
from daypass_links.server.words import check_words
from daypass_links.wire import SCOPES

__all__ = [
    "METHODS",
    "SHARED",
    "Alerts",
    "Audit",
    "Links",
    "Network",
    "Notices",
    "OpenID",
    "Root",
    "Server",
    "Settings",
    "load",
    "sections",
]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
#: The variable in which the command tells its processes of a directory that they share.
SHARED = "_DAYPASS_LINKS_SHARED"
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


def _redis(value: str | None) -> str | None:
    if value is not None and urlsplit(value).scheme not in ("redis", "rediss", "unix"):
        msg = "redis is an address such as redis://127.0.0.1:6379, rediss://HOST or unix:///run/redis.sock"
        raise InvalidRequestError(msg, option="redis")
    return value


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
    database: str | None = attrs.field(default=None, repr=False)
    #: Where events are; without it, beside the database.
    events: str | None = attrs.field(default=None, repr=False)
    #: The file with the keys that sign checkpoints, which only its owner may read; without it, beside a database of SQLite,
    #: or in the user's data directory. Whoever has the database alone signs nothing.
    key_file: str | None = None
    #: Where quotas of the policy are counted for all processes, as ``redis://HOST`` or ``rediss://HOST``; without it, each counts for itself.
    redis: str | None = attrs.field(default=None, converter=_redis, repr=False)
    #: Whether a trace is made of each request (OpenTelemetry), and sent to where ``OTEL_EXPORTER_OTLP_ENDPOINT`` says.
    traces: bool = False
    #: The networks of ``trusted_proxies``.
    proxies: tuple[Network, ...] = attrs.field(init=False, repr=False)

    @proxies.default
    def _read_proxies(self) -> tuple[Network, ...]:
        return _networks(self.trusted_proxies)

    @property
    def url(self) -> str:
        """What links begin with."""
        return self.public_url or self.own_url

    @property
    def own_url(self) -> str:
        """Where the service listens."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def keys(self) -> Path:
        """The file with the server's keys."""
        if self.key_file is not None:
            return Path(self.key_file).expanduser()
        file = self.file
        if file is not None:
            return file.with_name("server.key")
        from platformdirs import user_data_path

        return user_data_path("daypass", appauthor=False) / "server.key"

    @property
    def is_there(self) -> bool:
        """Whether there may be a database: one of SQLite has a file."""
        file = self.file
        return file is None or file.exists()

    @property
    def file(self) -> Path | None:
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
    #: Whether who made a link is shown its URL again later; then its token is kept, sealed with a key of the key file.
    show_again: bool = False
    #: Groups whose members see one another's links on the pages, and what happened to them; whoever made one, or an ``admin``, changes it.
    groups_see: tuple[str, ...] = ()

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
    #: As whom the provider knows the pages; with it, people sign in there. It takes them back to `PUBLIC_URL/auth/callback`.
    client_id: str | None = None
    #: What proves it to the provider; none of a public client, of whom PKCE proves it.
    client_secret: str | None = attrs.field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        """Refuse a secret of nobody."""
        if self.client_secret is not None and self.client_id is None:
            msg = "client_secret is that of a client_id, which says as whom the provider knows the pages"
            raise InvalidRequestError(msg, option="client_secret")


def _check_both(name: str, section: Alerts | Notices, *settings: str) -> None:
    """Raise where one of two settings of a section is there without the other."""
    missing = [one for one in settings if getattr(section, one) is None]
    if len(missing) == 1:
        (there,) = {*settings}.difference(missing)
        msg = f"{missing[0]} is missing, which goes with {there}: write it into [{name}], or set DAYPASS_{name.upper()}__{missing[0].upper()}"
        raise InvalidRequestError(msg, option=missing[0])


def _check_webhook(name: str, section: Alerts | Notices) -> None:
    """Refuse a webhook that leads where none may, or that nobody could tell from others."""
    _check_both(name, section, "webhook", "webhook_secret")
    if section.webhook is not None and section.webhook_secret is not None:
        destination(section.webhook, may_be_private=section.webhook_private)
        secret_of(section.webhook_secret)


def _unusual(value: tuple[str, ...]) -> tuple[str, ...]:
    check_words(value, ("mints", "uses", "refusals"), "suspend")
    return value


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
    #: What suspends a caller or a link that does it unusually often: ``mints``, ``uses``, ``refusals``. Who has a link can cause the last two.
    suspend: tuple[str, ...] = attrs.field(default=(), converter=_unusual)
    #: Whether the webhook may be in a network of one's own, and by http there.
    webhook_private: bool = False

    def __attrs_post_init__(self) -> None:
        """Refuse a webhook that cannot be."""
        _check_webhook("alerts", self)


def _spans(values: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(sorted({_span(value) for value in values}))


def _addresses(values: dict[str, str]) -> dict[str, str]:
    return {name: address(value) for name, value in values.items()}


def _language(value: str) -> str:
    check_words([value], FILES, "language")
    return value


@attrs.frozen(kw_only=True)
class Notices:
    """``[notices]``: tell of a link before it ends, by a ``webhook``, by mail through ``smtp``, or by both."""

    #: How long before.
    before: tuple[Any, ...] = attrs.field(default=("3d",), converter=_spans)
    #: Who is told of every link, by POST: https, or this machine.
    webhook: str | None = None
    #: What signs what they are told (Standard Webhooks): ``whsec_`` and random bytes in base64.
    webhook_secret: str | None = attrs.field(default=None, repr=False)
    #: Whether the webhook may be in a network of one's own, and by http there.
    webhook_private: bool = False
    #: By which server whoever made a link is sent a mail: ``smtp://HOST:587``, which goes on by STARTTLS, or ``smtps://HOST:465``.
    smtp: str | None = None
    #: Who signs in there, if anybody has to.
    smtp_user: str | None = None
    #: By which password.
    smtp_password: str | None = attrs.field(default=None, repr=False)
    #: From whom mails are, as ``links@example.org`` or ``daypass <links@example.org>``.
    sender: str | None = None
    #: Where mail reaches people and keys, by their names; of others it is what the OpenID provider has verified as their ``email``.
    addresses: dict[str, str] = attrs.field(factory=dict, converter=_addresses)
    #: In which language mails are, as HTML names it: one that the pages have.
    language: str = attrs.field(default=FIRST, converter=_language)

    def __attrs_post_init__(self) -> None:
        """Refuse what would tell nobody, and what cannot be."""
        _check_webhook("notices", self)
        if self.webhook is None and self.smtp is None:
            msg = "notices need somebody who is told: a webhook, or smtp and a sender"
            raise InvalidRequestError(msg, option="notices")
        if not self.before:
            msg = 'notices are sent some time before an end, such as before = ["3d"]'
            raise InvalidRequestError(msg, option="before")
        for one, other in (("smtp", "sender"), ("smtp_user", "smtp_password")):
            _check_both("notices", self, one, other)
        if self.smtp is not None and self.sender is not None:
            server_of(self.smtp)
            sender_of(self.sender)


#: What `daypass.config` reads for us.
sections: Mapping[str, Any] = {
    "server": Server,
    "links": Links,
    "roots": tuple[Root, ...],
    "audit": Audit,
    "oidc": OpenID,
    "alerts": Alerts,
    "notices": Notices,
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
    notices: Notices | None = None


def load() -> Settings:
    """Read what the files and variables of daypass's configuration say.

    Raises:
        ConfigError: naming the file and the key that is wrong.

    """
    found = config.load()
    said = {name: found.section(name) for name in sections}
    return Settings(**{name: value for name, value in said.items() if value is not None})
