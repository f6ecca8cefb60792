"""What would become of a link that is asked for: said without signing, so that no quota counts it and no audit tells of it."""

from __future__ import annotations

from typing import Any

import daypass
from daypass.errors import PolicyError
from daypass_links.server.links.link import Link
from daypass_links.server.links.mint import ANY_KEY, described, trials
from daypass_links.server.principals.callers import Caller
from daypass_links.server.service import Service

__all__ = ["rehearsed"]


def rehearsed(service: Service, caller: Caller, asked: Any) -> Link:
    """Return a link as `daypass_links.server.links.mint.mint` would make it, if the policy and the store do what they say.

    What only signing tells is not known: the headers that its holder sends, and whether the store's credentials are there.

    Args:
        service: the service.
        caller: who would make it.
        asked: what `POST /v1/links` takes.

    Raises:
        PolicyError: if the policy refuses.
        DaypassError: whatever else keeps it from being made.

    """
    link, store, _ = described(service, caller, asked)
    path = link.path + ANY_KEY if link.prefix else link.path
    ttl = service.settings.links.redirect_ttl
    for method, some in trials(link).items():
        said = daypass.rehearse(path, method=method, expires_in=ttl, caller=store.caller, **some)
        if not said.allowed:
            msg = said.reason or f"the policy refuses {method} on {link.path}"
            raise PolicyError(msg, rule=said.rule, asked=said.asked, nearest=said.nearest)
    return link
