"""What a store's answer says of a link: its error in our words, most certain first, and then in its own.

A code alone says little: the same word stands for an ended link, a changed one and a missing right. So the
link is asked first, which says itself whether it had ended when the request arrived.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from daypass.base.masking import mask
from daypass.base.messages import escaped
from daypass.base.times import span
from daypass.errors import without_login
from daypass.hookspecs.error_body import ErrorBody
from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import FoundURL

__all__ = [
    "answered",
    "arrived_at",
    "clock_skew",
    "dropped",
    "ended_before",
    "fault_of_link",
    "headers_to_send",
    "no_stores",
    "own_words",
    "shown_words",
]

#: Seconds. S3 refuses requests whose clock differs by more than a quarter of an hour.
_SKEW = 60
#: What a saved answer is older than more likely than a clock is wrong by so much.
_OLD = timedelta(days=1)
_TOO_LARGE = 413
#: Of a store's own words so many characters are shown.
_LONGEST_WORDS = 400


def answered(error: ErrorBody, said: str | None, *, who: str = "the store") -> Finding:
    """Say what an error means.

    >>> answered(ErrorBody(code="SlowDown", message=""), "try again, more slowly").message
    'the store answered SlowDown: try again, more slowly'

    Args:
        error: the error.
        said: what it means and what to do; None where nobody knows. Its own words are shown anyway.
        who: who answered.

    """
    code = escaped(error.code, 60)
    words = [*([str(error.status)] if error.status else []), *([code] if code else [])]
    said = said or no_stores(error) or "daypass knows no more of it than its own words"
    why = f"{who} answered {' '.join(words) or 'without a code'}: {said}"
    return Finding("error", f"store-{code or 'unknown'}"[:60], why)


def own_words(error: ErrorBody) -> list[Finding]:
    """Show what the answer itself says; nothing where it says nothing.

    >>> own_words(ErrorBody(code="SlowDown", message="Reduce your rate."))[0].message
    "in the answer's own words: Reduce your rate."
    """
    details = [text for name, text in error.details.items() if name.lower().endswith(_DETAILS)]
    text = shown_words(error.message, *details)
    return [Finding("note", "store-said", f"in the answer's own words: {text}")] if text else []


def shown_words(*texts: str) -> str:
    """Return an answer's own words as they may be shown: masked, in one line and cut short; empty where there are none."""
    words = [" ".join(text.split()) for text in texts]
    text = mask(without_login(" | ".join(filter(None, words))))[:_LONGEST_WORDS]
    # In whatever language; what does not print, or turns the writing round, is shown as its escape.
    return "".join(char if char.isprintable() else escaped(char) for char in text)


#: What elements that say more than the message are called: ``Details``, ``AuthenticationErrorDetail``.
_DETAILS = ("detail", "details")


def no_stores(error: ErrorBody) -> str | None:
    """Say why an answer is no store's, or says nothing; None for an error with a code."""
    if error.code:
        return None
    if error.kind == "html":
        size = ": it takes no body of this size" if error.status == _TOO_LARGE else ""
        return (
            "it is a web page, and no store's error: a proxy, a firewall or a login page between here and the store "
            f"has answered{size}"
        )
    if error.kind == "empty":
        return (
            "it has no body, as no answer to HEAD has: repeat the request with another method, or let verify check it "
            "with the key"
        )
    return "it names no error code: it may come from a proxy and not from the store"


def arrived_at(error: ErrorBody, now: datetime) -> datetime:
    """Return when the request arrived: by the clock of who answered, or else by this machine's."""
    return error.answered_at or now


def fault_of_link(found: FoundURL, link: Explanation) -> str | None:
    """Say what the link itself says against it, at the moment when the request arrived; None for nothing.

    Args:
        found: the link, with the answer to it.
        link: what it says of itself.

    """
    by_theirs = None if found.error is None else found.error.answered_at
    at = by_theirs or found.now
    clock = "when the request arrived" if by_theirs else "by this machine's clock"
    if link.expires_at is not None and link.expires_at <= at:
        ago = span((at - link.expires_at).total_seconds())
        return f"the link had ended {clock}, {ago} before: sign a new one, or check the clock of the machine that signed"
    begins = max((one for one in (link.starts_at, link.signed_at) if one is not None), default=None)
    if begins is not None and (begins - at).total_seconds() > _SKEW:
        left = span((begins - at).total_seconds())
        return (
            f"the link began {left} later than {'the request arrived' if by_theirs else 'now'}: it is used too early, or the "
            "clock of the machine that signed is ahead: set it by NTP"
        )
    wrong = (one for one in (*found.findings, *link.findings) if one.severity == "error")
    return next((one.message for one in wrong), None)


def headers_to_send(link: Explanation) -> list[Finding]:
    """Name the headers that a link holds with only, where the answer does not say what arrived."""
    if not link.headers:
        return []
    names = ", ".join(sorted(link.headers))[:200]
    why = f"this link holds only where {names} arrive with the signed values: see its headers to send{dropped(names)}"
    return [Finding("note", "headers-to-send", why)]


def dropped(name: str) -> str:
    """Say which proxy lets a header not pass; nothing where its name has no underscore.

    >>> dropped("x-amz-meta-run")
    ''
    """
    # https://nginx.org/en/docs/http/ngx_http_core_module.html#underscores_in_headers
    why = "; nginx lets no header pass whose name has an underscore, unless underscores_in_headers is on"
    return why if "_" in name else ""


def clock_skew(now: datetime, server: datetime) -> list[Finding]:
    """Compare this machine's clock with the store's, as its answer tells it."""
    difference = (now - server).total_seconds()
    if abs(difference) <= _SKEW or now - server > _OLD:
        return []
    side = "ahead of" if difference > 0 else "behind"
    old = " (unless the answer is that old)" if difference > 0 else ""
    why = f"this machine's clock is {span(abs(difference))} {side} the store's{old}: set it by NTP"
    return [Finding("warning", "clock-skew", why)]


def ended_before(end: datetime | None, server: datetime) -> list[Finding]:
    """Say where a link had ended by the store's clock."""
    if end is None or server < end:
        return []
    why = f"by the store's clock the link had ended {span((server - end).total_seconds())} before"
    return [Finding("note", "ended-before", why)]
