"""What ``authorize`` and ``record`` plugins are told, and what becomes of their refusals."""

from __future__ import annotations

import hashlib
from typing import Any

from daypass.backends import Backend, registry
from daypass.errors import AuditError, DaypassError, RefusedError
from daypass.hookspecs import SigningEvent
from daypass.locations import Location
from daypass.prefixes import SignedPrefix
from daypass.requests import SignRequest
from daypass.results import SignedURL

__all__ = ["authorize", "named", "record"]


def named(error: Exception) -> str:
    """Name an error without its text, which may hold a credential or a URL."""
    return f"{type(error).__module__}.{type(error).__qualname__} (its cause is chained)"


def authorize(
    backend: Backend,
    location: Location,
    request: SignRequest,
    caller: str | None,
    *,
    action: str = "create_signed_url",
) -> None:
    """Ask every ``authorize`` plugin.

    Raises:
        RefusedError: if one of them raises anything that is not a `DaypassError` itself.

    """
    hook = registry.listeners("authorize")
    if hook is None:
        return
    event = SigningEvent(**_common(backend, location, request, caller), action=action)
    try:
        hook(event)
    except DaypassError:
        raise
    except Exception as error:
        msg = f"{event.method} on {event.path} was refused by a plugin: {named(error)}"
        raise RefusedError(msg) from error


def record(
    backend: Backend,
    location: Location,
    request: SignRequest,
    answer: SignedURL | SignedPrefix,
    urls: list[str],
    *,
    caller: str | None,
    action: str = "create_signed_url",
) -> None:
    """Tell every ``record`` plugin of links that are about to leave.

    Args:
        backend: who signed.
        location: of the object, or of the root that a batch lies below.
        request: what was asked, resolved.
        answer: the link, one that stands for a batch, or a grant.
        urls: all that leave; of a grant its query, by which each URL below it can be recognised.
        caller: who asked.
        action: the function that was called.

    Raises:
        AuditError: if one of them raises; then no link leaves.

    """
    hook = registry.listeners("record")
    if hook is None:
        return
    event = SigningEvent(
        **{**_common(backend, location, request, caller), "expires_at": answer.expires_at},
        action=action,
        expires_because=answer.expires_because,
        unenforced=answer.unenforced,
        count=len(urls),
        url_sha256=hashlib.sha256("\n".join(urls).encode()).hexdigest(),
    )
    try:
        hook(event)
    except Exception as error:
        msg = (
            f"the {event.method} link for {event.path} could not be recorded, so it was not "
            f"handed out: {named(error)}"
        )
        raise AuditError(msg) from error


def _common(
    backend: Backend, location: Location, request: SignRequest, caller: str | None
) -> dict[str, Any]:
    return {
        "caller": caller,
        "backend": backend.info.name,
        "path": location.path,
        "version": location.version,
        "method": request.method,
        "signing_time": request.signing_time,
        "expires_at": request.expires_at,
        "conditions": request.conditions,
    }
