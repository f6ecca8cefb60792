"""What ``authorize`` and ``record`` plugins and the audit are told, and what becomes of their refusals."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from daypass.audit.force import sinks
from daypass.audit.sink import AuditSink
from daypass.backends import registry
from daypass.errors import AuditError, DaypassError, RefusedError
from daypass.hookspecs import SigningEvent
from daypass.prefixes import SignedPrefix
from daypass.results import SignedURL
from daypass.uploads.forms import UploadForm

if TYPE_CHECKING:
    from daypass.permits import Permit

__all__ = ["ask_plugins", "named", "record", "record_refusal"]


#: How many URLs are hashed at once.
_PIECE = 512
#: What an event says where nothing else is told.
_UNTOLD = {
    field.name: field.default
    for field in attrs.fields(SigningEvent)
    if field.default is not attrs.NOTHING
}


def named(error: Exception) -> str:
    """Name an error without its text, which may hold a credential or a URL."""
    return f"{type(error).__module__}.{type(error).__qualname__} (its cause is chained)"


def ask_plugins(permit: Permit) -> None:
    """Ask every ``authorize`` plugin, and record where one refuses.

    Raises:
        RefusedError: if one of them raises anything that is not a `DaypassError` itself.

    """
    hook = registry.listeners("authorize")
    if hook is None:
        return
    event = _event(permit, {})
    try:
        hook(event)
    except DaypassError as error:
        record_refusal(permit, error, permit.rule)
        raise
    except Exception as error:
        msg = f"{event.method} on {event.path} was refused by a plugin: {named(error)}"
        refusal = RefusedError(msg)
        record_refusal(permit, refusal, permit.rule)
        raise refusal from error


def record(
    permit: Permit, answer: SignedURL | SignedPrefix | UploadForm | None, urls: Sequence[str]
) -> None:
    """Tell every ``record`` plugin and the audit of links that are about to leave.

    Args:
        permit: what was permitted.
        answer: the link, one that stands for a batch, or a grant; None where an upload in parts
            begins, of which no link has left yet.
        urls: all that leave; of a grant its query, by which each URL below it can be recognised; of
            an upload form its policy.

    Raises:
        AuditError: if one of them raises; then no link leaves.

    """
    hook, audits = registry.listeners("record"), sinks()
    if hook is None and not audits:
        return
    told: dict[str, Any] = {"count": len(urls)}
    if answer is not None:
        told["expires_at"] = answer.expires_at
        told["expires_because"] = answer.expires_because
        told["unenforced"] = answer.unenforced
        told["url_sha256"] = _digest(urls)
    _tell(hook, audits, _event(permit, told))


def _digest(urls: Sequence[str]) -> str:
    """Return the SHA-256 of URLs joined by line feeds; of many in pieces that a processor's cache holds."""
    if len(urls) == 1:
        return hashlib.sha256(urls[0].encode()).hexdigest()
    digest = hashlib.sha256("\n".join(urls[:_PIECE]).encode())
    for start in range(_PIECE, len(urls), _PIECE):
        digest.update(b"\n")
        digest.update("\n".join(urls[start : start + _PIECE]).encode())
    return digest.hexdigest()


def record_refusal(permit: Permit, error: DaypassError, rule: str | None) -> None:
    """Tell of links that were refused.

    Args:
        permit: what was asked.
        error: the refusal.
        rule: the policy's rule that refused, or under which a plugin did.

    Raises:
        AuditError: if it cannot be recorded.

    """
    hook, audits = registry.listeners("record"), sinks()
    if hook is None and not audits:
        return
    told = {
        "count": permit.count,
        "decision": "refused",
        "reason": str(error),
        "rule": rule,
    }
    _tell(hook, audits, _event(permit, told))


def _tell(
    hook: Callable[[SigningEvent], None] | None, audits: Iterable[AuditSink], event: SigningEvent
) -> None:
    try:
        # The plugins first: what is on record last of all is what leaves.
        if hook is not None:
            hook(event)
        for audit in audits:
            audit.record(event)
    except Exception as error:
        what = (
            "could not be recorded, so it was not handed out"
            if event.decision == "allowed"
            else "was refused, and that could not be recorded"
        )
        why = str(error) if isinstance(error, AuditError) else named(error)
        msg = f"the {event.method} link for {event.path} {what}: {why}"
        raise AuditError(msg) from error


def _event(permit: Permit, told: dict[str, Any]) -> SigningEvent:
    """Make an event of what was permitted and of what else is told."""
    request = permit.request
    place = permit.location if permit.keys is None else permit.place
    # Past the generated __init__, which takes twice the time: a link waits for it.
    event = object.__new__(SigningEvent)
    event.__dict__.update(
        {
            **_UNTOLD,
            "action": permit.action,
            "caller": permit.caller,
            "backend": permit.backend.info.name,
            "path": place.path,
            "version": place.version,
            "method": request.method,
            "signing_time": request.signing_time,
            "expires_at": request.expires_at,
            "conditions": request.conditions,
            "rule": permit.rule,
            **told,
        }
    )
    return event
