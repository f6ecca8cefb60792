"""The events of the configured service, verified where they are."""

from __future__ import annotations

from sqlalchemy import make_url

from daypass.audit import Verdict
from daypass_links.server import settings
from daypass_links.server.database.engine import used
from daypass_links.server.database.schema import is_new
from daypass_links.server.events.verification import verify_events
from daypass_links.server.keyset import KeySet

__all__ = ["verify"]


def verify() -> dict[str, Verdict]:
    """Return the verdict by the name of the database; nothing where no service has run.

    Raises:
        ConfigError: if the configuration is wrong, or the key file is not there.
        StoreError: if the database cannot be read.

    """
    server = settings.load().server
    if not server.is_there:
        return {}
    name = f"the events in {make_url(server.databases[1]).render_as_string(hide_password=True)}"
    with used(*server.databases) as databases:
        if is_new(databases):
            return {}
        found = verify_events(databases.reading_events, KeySet.read(server.keys))
    why, *others = (*found.faults, "")
    if found.head is None:
        others.append(
            "there is no checkpoint yet: what is written until the first could be changed unseen"
        )
    return {
        name: Verdict(
            ok=found.ok,
            lines=found.events,
            head=found.head,
            why=why or None,
            notes=(*filter(None, others), *found.notes),
        )
    }
