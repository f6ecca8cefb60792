"""A link of the service as text: what can be said of it without asking."""

from __future__ import annotations

import re

from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.findings import OPAQUE, Finding
from daypass.hookspecs.found import FoundURL, decoded

__all__ = ["explain"]

_LINK = re.compile(
    r"(?:/[A-Za-z0-9._~-]{1,64}){0,4}/l/[A-Za-z0-9_-]{22}(?:(?P<slash>/)(?P<key>.*))?"
)
_SAYS = (
    "the URL says nothing but itself: what it opens, until when and how often, the service alone "
    "knows, and it answers whoever made it (daypass link show)"
)
_STATUSES = {
    403: "the service refused this use: it is too early, from another address or page, not over https, or its maker has lost the right",
    404: "the service knows no such link",
    405: "the link is for another method",
    410: "the link has ended, is used up, or was taken back",
    429: "too many requests: wait as long as Retry-After says",
    503: "the service cannot write down what it does, and so does nothing",
}


def explain(url: FoundURL) -> Explanation | None:
    """Recognise a link by its path; None for anything else."""
    found = None if url.fields is not None else _LINK.fullmatch(url.path)
    if found is None:
        return None
    findings = [Finding("note", OPAQUE, _SAYS)]
    error = url.error
    if error is not None and error.status in _STATUSES:
        findings.append(Finding("error", "answered", _STATUSES[error.status]))
    return Explanation(
        url=url.url,
        backend="links",
        scheme="a link of a links service",
        key=decoded(found["key"]) if found["key"] else None,
        permits_because="the service decides at each use",
        headers=None,
        findings=findings,
        now=url.now,
    )
