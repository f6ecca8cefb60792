"""Who has come with the token of a link, and whether it is for them: of its page and of what is sent to it; a redirect asks the same, with answers that are made before."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import attrs

from daypass.errors import AuditError, DaypassError, QuotaError
from daypass_links.server.events.writer import Writer
from daypass_links.server.links.addresses import from_proxies, plain
from daypass_links.server.links.asking import Asker, kept_out
from daypass_links.server.links.resolve import Ready
from daypass_links.server.service import Service
from daypass_links.server.suspensions import SuspendedError
from daypass_links.server.tokens import TOKEN, digest

__all__ = ["Arrival", "ClosedLinkError", "arrived", "kind_of", "named", "note_refusal", "peer_of"]

#: From here on it is the service's fault, or the store's.
_FAILED = 500


class ClosedLinkError(Exception):
    """A link opens nothing for whoever has come, or takes nothing from them, or not now.

    Args:
        status: of HTTP.
        code: the word for programs.
        detail: why, and what to do.
        retry_after: when to ask again, in seconds, where that would help.
        moment: when it will open, in seconds since the epoch, where that is known.

    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        retry_after: int | None = None,
        moment: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.retry_after, self.moment = retry_after, moment


@attrs.frozen(kw_only=True)
class Arrival:
    """Somebody who has come to a link that is there, and for them."""

    link: Ready
    #: Theirs; empty where it is none.
    address: str
    asker: Asker
    now: float


def named(service: Service, token: str) -> Ready | None:
    """Return the link of a token; None where there is none."""
    service.changes.look()
    text = token.encode(errors="replace")
    return service.links.find(digest(text)) if TOKEN.fullmatch(text) else None


def arrived(service: Service, scope: Mapping[str, Any], link: Ready, method: str) -> Arrival:
    """Return who has come to a link; whom it refuses is on record.

    Args:
        service: the service.
        scope: of their request.
        link: which.
        method: what they ask for, as the record says it.

    Raises:
        ClosedLinkError: if it was revoked, has ended, or is not for whoever asks, or not now.
        DaypassError: what keeps it from being used at all.

    """
    now = service.clock()
    if link.revoked_at is not None:
        raise ClosedLinkError(
            410, "revoked", "the link was taken back: ask who sent it for another"
        )
    if now >= link.ends_at:
        raise ClosedLinkError(410, "ended", "the link has ended: ask who sent it for another")
    asker, proxies = Asker.of(scope["headers"]), service.settings.server.proxies
    peer = peer_of(scope)
    address = from_proxies(peer, asker.forwarded, proxies)
    if link.refusal is not None:
        refusal = link.refusal
        kind = kind_of(refusal)
        note_refusal(service.events, link, method, address, refusal.code, kind=kind)
        raise refusal.with_traceback(None)  # which the link keeps, and each raise would add to
    is_https = asker.is_https(scope["scheme"], peer, proxies)
    if why := kept_out(link, now, address, is_https=is_https):
        note_refusal(service.events, link, method, address, why[0])
        moment = link.starts_at if why[0] == "not-yet" else None
        raise ClosedLinkError(403, *why, moment=moment)
    return Arrival(link=link, address=address, asker=asker, now=now)


def peer_of(scope: Mapping[str, Any]) -> str:
    """Return the address of who is connected; empty where it is none."""
    client = scope["client"]
    return plain(client[0]) if client else ""


def kind_of(error: DaypassError) -> str:
    """Return the event of an error: what the holder did not bring about is no refusal, of which too many suspend a link."""
    if error.http_status >= _FAILED:
        return "fail"
    return "hold" if isinstance(error, (SuspendedError, QuotaError)) else "refuse"


def note_refusal(
    events: Writer, link: Ready, method: str, address: str, why: str, *, kind: str = "refuse"
) -> None:
    """Write down that nothing was handed out, and why; where that cannot be, nothing was handed out all the same."""
    with suppress(AuditError):
        events.note(kind, link_id=link.id, method=method, address=address, why=why)
