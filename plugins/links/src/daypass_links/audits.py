"""What ``daypass audit verify`` verifies of a service: its events, where its database is on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daypass.audit import Verdict

__all__ = ["verify"]


def verify() -> dict[str, Verdict]:
    """Verify the events of the configured service; nothing where only the client is installed, or no service has run."""
    try:
        from daypass_links.server.events.configured import verify
    except ImportError:  # without the extra there is no service
        return {}
    return verify()
