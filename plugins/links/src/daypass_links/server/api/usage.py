"""``/v1/usage``: how often links were used, per link, owner, path or day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from litestar import Controller, Request, get
from litestar.datastructures import State
from litestar.params import FromQuery, QueryParameter

from daypass.base.messages import shown
from daypass.errors import InvalidRequestError
from daypass_links.server.api.answers import NO_STORE, Ours, caller_of
from daypass_links.server.links import revoke
from daypass_links.server.links.usage import Usage, usage
from daypass_links.server.moments import told
from daypass_links.server.words import check_words
from daypass_links.wire import USAGE_BY

__all__ = ["UsageController"]

Asked = Request[Any, Any, State]
#: How many days are told of where nobody says since when.
_RECENT = 30


class UsageController(Controller):
    """Usage."""

    path = "/v1/usage"
    response_headers = NO_STORE

    @get(sync_to_thread=True)
    def added_up(
        self,
        request: Asked,
        service: Ours,
        *,
        by: FromQuery[str],
        since: FromQuery[str | None] = None,
        until: FromQuery[str | None] = None,
        owner: FromQuery[str | None] = None,
        label: FromQuery[str | None] = None,
        prefix: FromQuery[str | None] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=10_000)] = 1000,
    ) -> dict[str, Any]:
        """Add up how often links were used, per link, owner, path or day (in UTC); for who is no ``admin``, their own."""
        caller = caller_of(request, service, "links:read")
        check_words([by], USAGE_BY, "by")
        last = _day(until, "until") or datetime.fromtimestamp(service.clock(), UTC).date()
        first = _day(since, "since") or last - timedelta(days=min(_RECENT, last.toordinal()) - 1)
        if first > last:
            msg = f"since ({first}) is after until ({last}): give a day before it"
            raise InvalidRequestError(msg, option="since")
        below = None if prefix is None else service.roots.named(prefix)
        chosen = revoke.matching(owner=owner, prefix=below, label=label)
        which = [*revoke.of_caller(caller), *chosen]
        service.events.flush()
        found = usage(service.databases, by, *which, since=first, until=last)
        # Of days the newest stay; of all else the most used are in front.
        items = found[-limit:] if by == "day" else found[:limit]
        return {
            "since": first.isoformat(),
            "until": last.isoformat(),
            "uses": sum(one.uses for one in found),
            "items": [_told(one) for one in items],
        }


def _day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        msg = f"{option} is a day in UTC such as 2026-11-30, not {shown(text)}"
        raise InvalidRequestError(msg, option=option) from None


def _told(one: Usage) -> dict[str, Any]:
    return {**one.of, "uses": one.uses, "last_used_at": told(one.last_at)}
