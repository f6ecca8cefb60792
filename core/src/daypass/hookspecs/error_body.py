"""``ErrorBody``: what a store answered to a link, as plugins are told of it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import attrs

from daypass.base.times import http_date, moment

__all__ = ["ErrorBody"]


@attrs.frozen(kw_only=True)
class ErrorBody:
    """What was answered, whatever the store, or a proxy in front of it."""

    #: Such as ``"AccessDenied"``; empty where the answer names none.
    code: str
    message: str = attrs.field(repr=False)
    #: What else XML or JSON says, by the names of its elements, the first of each name.
    details: dict[str, str] = attrs.field(factory=dict, repr=lambda details: repr(list(details)))
    #: The HTTP status, where the caller has it.
    status: int | None = None
    #: The headers, by their names in lower case; empty where the caller does not have them.
    headers: dict[str, str] = attrs.field(factory=dict, repr=lambda headers: repr(list(headers)))
    #: What the body is: a store's error is ``"xml"`` or ``"json"``, and ``"empty"`` of a HEAD.
    kind: Literal["xml", "json", "html", "text", "empty"] = "xml"

    @property
    def answered_at(self) -> datetime | None:
        """When it was answered by the clock of who did (aware, UTC): its element ``ServerTime`` or its header ``Date``."""
        return moment(self.details.get("ServerTime")) or http_date(self.headers.get("date"))
