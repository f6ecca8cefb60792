"""``Service``: what all parts of one process share; made once, before the first request."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from daypass.policy import set_counter
from daypass_links.server.alerts.destinations import destination
from daypass_links.server.alerts.signatures import secret_of
from daypass_links.server.alerts.watcher import Watcher
from daypass_links.server.alerts.webhook import Webhook
from daypass_links.server.database.changes import Changes
from daypass_links.server.database.engine import Databases, opened
from daypass_links.server.database.inserts import Inserts
from daypass_links.server.database.lookup import Lookup
from daypass_links.server.database.pruning import Pruner
from daypass_links.server.database.tables import link
from daypass_links.server.events.checkpointer import Checkpointer
from daypass_links.server.events.writer import Writer
from daypass_links.server.keyset import KeySet
from daypass_links.server.links.resolve import Resolver
from daypass_links.server.metrics import Metrics
from daypass_links.server.notices.notifier import Notifier
from daypass_links.server.principals.code_flow import CodeFlow
from daypass_links.server.principals.issuer import Issuer
from daypass_links.server.principals.keys import FIND as FIND_KEY
from daypass_links.server.quotas import redis_counter
from daypass_links.server.roots import Roots
from daypass_links.server.settings import Alerts, OpenID, Settings
from daypass_links.server.suspensions import Suspensions

if TYPE_CHECKING:
    from daypass_links.server.quotas.counter import RedisCounter

__all__ = ["Service"]


@attrs.frozen(eq=False)
class Service:
    """One process of the service."""

    settings: Settings
    databases: Databases
    events: Writer
    checkpoints: Checkpointer
    roots: Roots
    #: Who and what is suspended.
    suspensions: Suspensions
    links: Resolver
    changes: Changes
    #: Whose tokens are taken beside API keys; None where nobody's are.
    issuer: Issuer | None
    metrics: Metrics
    #: Who looks for unusual rates, if anybody does.
    alerts: Watcher | None
    #: Who counts under the policy's quotas for all processes; None where each counts for itself.
    counter: RedisCounter | None
    #: The time, in seconds since the epoch.
    clock: Callable[[], float]
    #: Where people sign in; None where they do by a link alone.
    sign_in: CodeFlow | None
    #: Links that are made.
    made: Inserts
    #: Finds API keys.
    keys: Lookup
    #: Removes what nobody asks for any more.
    pruner: Pruner
    #: Who tells of links that are about to end, if anybody does.
    notices: Notifier | None

    @classmethod
    def of(
        cls,
        settings: Settings,
        clock: Callable[[], float] = time.time,
        directory: Path | None = None,
    ) -> Service:
        """Open what the settings name; the databases have their newest schema already.

        Args:
            settings: what there is to know.
            clock: the time, in seconds since the epoch.
            directory: where the processes of this machine tell each other their numbers; None where there is one.

        """
        databases = opened(*settings.server.databases)
        KeySet.made(settings.server.keys)
        roots = Roots(settings.roots)
        suspensions = Suspensions(databases.looking)
        links = Resolver(databases, roots, suspensions, settings)
        events = Writer(databases.events, clock=clock)
        changes = Changes(databases, links.forget, roots.renewed)
        return cls(
            settings=settings,
            databases=databases,
            events=events,
            checkpoints=Checkpointer(
                databases.events,
                settings.server.keys,
                every=settings.audit.checkpoint_every,
                clock=clock,
            ),
            roots=roots,
            suspensions=suspensions,
            links=links,
            changes=changes,
            issuer=_issuer(settings.oidc, clock),
            metrics=Metrics(events, links, lambda: changes.is_told, directory),
            alerts=_watcher(settings.alerts, databases, events, clock),
            counter=_counter(settings.server.redis),
            clock=clock,
            sign_in=CodeFlow.of(
                settings.oidc, settings.server.url, clock, asks_email=_by_mail(settings)
            ),
            made=Inserts(databases.main, link),
            keys=Lookup(databases.looking, FIND_KEY),
            pruner=Pruner(databases, clock),
            notices=_notifier(settings, databases, events, clock),
        )

    def close(self) -> None:
        """Write what is to be written, and let everything go."""
        if self.alerts is not None:
            self.alerts.close()
        if self.counter is not None:
            set_counter(None, replacing=self.counter)
            self.counter.close()
        if self.notices is not None:
            self.notices.close()
        self.pruner.close()
        self.made.close()
        self.metrics.close()
        self.events.close()
        self.checkpoints.close()
        self.changes.close()
        self.links.close()
        self.keys.close()
        self.databases.close()


def _counter(url: str | None) -> RedisCounter | None:
    if url is None:
        return None
    counter = redis_counter(url)
    set_counter(counter)
    return counter


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


def _by_mail(settings: Settings) -> bool:
    return settings.notices is not None and settings.notices.smtp is not None


def _notifier(
    settings: Settings, databases: Databases, events: Writer, clock: Callable[[], float]
) -> Notifier | None:
    if settings.notices is None:
        return None
    return Notifier(databases, events, settings.notices, settings.server.url, clock=clock)
