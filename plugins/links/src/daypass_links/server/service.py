"""``Service``: what all parts of one process share; made once, before the first request."""

from __future__ import annotations

import time
from collections.abc import Callable

import attrs

from daypass_links.server.alerts.destinations import destination
from daypass_links.server.alerts.signatures import secret_of
from daypass_links.server.alerts.watcher import Watcher
from daypass_links.server.alerts.webhook import Webhook
from daypass_links.server.database.changes import Changes
from daypass_links.server.database.engine import Databases, opened
from daypass_links.server.events.checkpointer import Checkpointer
from daypass_links.server.events.writer import Writer
from daypass_links.server.keyset import KeySet
from daypass_links.server.links.resolve import Resolver
from daypass_links.server.metrics import Metrics
from daypass_links.server.principals.issuer import Issuer
from daypass_links.server.roots import Roots
from daypass_links.server.settings import Alerts, OpenID, Settings

__all__ = ["Service"]


@attrs.frozen(eq=False)
class Service:
    """One process of the service."""

    settings: Settings
    databases: Databases
    events: Writer
    checkpoints: Checkpointer
    roots: Roots
    links: Resolver
    changes: Changes
    #: Whose tokens are taken beside API keys; None where nobody's are.
    issuer: Issuer | None
    metrics: Metrics
    #: Who looks for unusual rates, if anybody does.
    alerts: Watcher | None
    #: The time, in seconds since the epoch.
    clock: Callable[[], float]

    @classmethod
    def of(cls, settings: Settings, clock: Callable[[], float] = time.time) -> Service:
        """Open what the settings name; the databases have their newest schema already."""
        databases = opened(*settings.server.databases)
        roots = Roots(settings.roots)
        links = Resolver(databases, roots, settings)
        events = Writer(databases.events, clock=clock)
        return cls(
            settings=settings,
            databases=databases,
            events=events,
            checkpoints=Checkpointer(
                databases.events,
                KeySet.made(settings.server.keys).signing,
                every=settings.audit.checkpoint_every,
                clock=clock,
            ),
            roots=roots,
            links=links,
            changes=Changes(databases, links.forget, roots.renewed),
            issuer=_issuer(settings.oidc, clock),
            metrics=Metrics(events, links),
            alerts=_watcher(settings.alerts, databases, events, clock),
            clock=clock,
        )

    def close(self) -> None:
        """Write what is to be written, and let everything go."""
        if self.alerts is not None:
            self.alerts.close()
        self.events.close()
        self.checkpoints.close()
        self.changes.close()
        self.databases.close()


def _issuer(told: OpenID | None, clock: Callable[[], float]) -> Issuer | None:
    if told is None:
        return None
    return Issuer(
        told.issuer,
        told.audience,
        principal_claim=told.principal_claim,
        groups_claim=told.groups_claim,
        clock=clock,
    )


def _watcher(
    said: Alerts | None, databases: Databases, events: Writer, clock: Callable[[], float]
) -> Watcher | None:
    if said is None:
        return None
    webhook = None
    if said.webhook is not None and said.webhook_secret is not None:
        place = destination(said.webhook, may_be_private=said.webhook_private)
        webhook = Webhook(place, secret_of(said.webhook_secret), clock=clock)
    return Watcher(databases, events, said, webhook, clock=clock)
