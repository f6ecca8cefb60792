"""Forms by which a browser sends one file to an inbox without a script, and Uppy its small ones; the store holds them to the limits."""

from __future__ import annotations

import secrets
from typing import Any

import daypass
from daypass.errors import DaypassError
from daypass_links.server.inbox.admission import Holder, refusal
from daypass_links.server.inbox.limits import type_of
from daypass_links.server.inbox.names import new_key
from daypass_links.server.inbox.sending import give_up, new_alone, taken_use
from daypass_links.server.service import Service

__all__ = ["signed_form"]


def signed_form(
    service: Service,
    holder: Holder,
    name: str,
    content_type: str | None,
    *,
    lasts: int,
    success_redirect: str | None = None,
) -> daypass.UploadForm:
    """Sign a form for one file, which is a use of the link, whether it is ever sent or not. On record when this returns.

    Args:
        service: the service.
        holder: who sends it.
        name: what the file is called there.
        content_type: its media type, as the sender says it.
        lasts: how long it can be sent, in seconds, whatever becomes of the link; no longer than that.
        success_redirect: where the browser goes then.

    Raises:
        ClosedLinkError: if no file is left that may be sent.
        UnsupportedOptionError: if the store has no such forms.
        DaypassError: whatever else keeps it from being signed.

    """
    kind = type_of(content_type)
    left = int(holder.link.ends_at - service.clock())
    asked: dict[str, Any] = {
        **holder.limits.options,
        "content_type": kind,
        "min_bytes": 1,
        "max_bytes": holder.limits.max_bytes,
        "success_redirect": success_redirect,
        "expires_in": min(lasts, left) or 1,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    key = holder.link.key + new_key(name, service.clock(), secrets.token_hex(8))

    def sign(options: dict[str, Any]) -> daypass.UploadForm:
        read: Any = daypass.form_options(options)
        return holder.store.create_upload_form(key, **read)

    taken_use(service, holder)
    try:
        holder.limits.check(1, kind)
        _, form = new_alone(given, sign)
    except DaypassError as error:
        give_up(service, holder)
        raise refusal(service, holder.link, holder.address, error) from None
    service.events.durable(
        "use", link_id=holder.link.id, method="POST", address=holder.address, key=key
    ).result()
    return form
