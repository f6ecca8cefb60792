"""The events of the configured service, verified where they are."""

from __future__ import annotations

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from daypass.audit import Verdict
from daypass.errors import AuditError
from daypass_links.server import settings
from daypass_links.server.database.engine import opened
from daypass_links.server.database.schema import is_new
from daypass_links.server.events.verification import verify_events
from daypass_links.server.keyset import KeySet

__all__ = ["verify"]


def verify() -> dict[str, Verdict]:
    """Return the verdict by the name of the database; nothing where no service has run.

    Raises:
        AuditError: if the database cannot be read.
        ConfigError: if the configuration is wrong, or the key file is not there.

    """
    server = settings.load().server
    if not server.is_there:
        return {}
    databases = opened(*server.databases)
    name = f"the events in {make_url(server.databases[1]).render_as_string(hide_password=True)}"
    try:
        if is_new(databases):
            return {}
        found = verify_events(databases.events, KeySet.read(server.keys))
    except SQLAlchemyError as error:
        msg = f"{name} cannot be read: {type(error).__name__}"
        raise AuditError(msg) from error
    finally:
        databases.close()
    why, *others = (*found.faults, "")
    return {
        name: Verdict(
            ok=found.ok,
            lines=found.events,
            head=found.head or "0" * 64,
            why=why or None,
            notes=(*filter(None, others), *found.notes),
        )
    }
