"""Links that lead nowhere, as a browser shows it: what is so, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response

from daypass_links.server.links.redirect import ASKS, BEGINNING, LOCKED, Answer
from daypass_links.server.pages.rendering import HEADERS, Asked, page, rendered
from daypass_links.server.problems import PROBLEM, body

__all__ = ["ClosedError", "as_shown", "closed", "failed", "wants_page"]

#: Words for codes; of others the status says which.
_KINDS = {
    "unknown-link": "unknown",
    "revoked": "revoked",
    "ended": "ended",
    "used-up": "used_up",
    "not-yet": "not_yet",
    "https-only": "https",
    "address": "address",
    "referrer": "referrer",
    "preview": "preview",
    "suspended": "suspended",
    "unlisted": "unlisted",
}
#: For programs, which are told all of it where they use the link.
_DETAILS = {
    "unknown-link": "there is no such link",
    "password": "the link has a password: give it on its page, whose address has /p/ in the place of /l/",
    "unlisted": "who made the link may not list what is in it, or the store does not",
}
_BY_STATUS = {403: "refused", 404: "missing", 405: "method", 429: "busy"}
#: From here on something is refused.
_REFUSED = 400
#: From here on it is the service's fault, or the store's.
_FAILED = 500
_SHOWN = ("GET", "HEAD")
#: What whoever has a link sees is below these.
_OF_LINKS = (BEGINNING, "/p/")
#: Of an answer that leads to a page.
_PLAIN = [
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex"),
    (b"content-length", b"0"),
    (b"vary", b"accept, cookie"),
]


class ClosedError(Exception):
    """A link opens nothing for whoever asks, or not now.

    Args:
        status: of HTTP.
        code: the word for programs.
        moment: when it will open, in seconds since the epoch, where that is known.

    """

    def __init__(self, status: int, code: str, moment: int | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.moment = status, code, moment

    @property
    def detail(self) -> str:
        """What programs are told."""
        return _DETAILS.get(self.code, "nothing is listed here")


def closed(request: Asked, error: ClosedError) -> Response[Any]:
    """Return the page of a link that opens nothing; to a program below the link itself, a problem."""
    if request.url.path.startswith(BEGINNING) and not wants_page(request):
        text = body(error.status, error.code, error.detail)
        return Response(text, status_code=error.status, media_type=PROBLEM, headers=HEADERS)
    kind = _kind(error.status, error.code)
    return page(request, "closed.html", status=error.status, kind=kind, moment=error.moment)


def failed(request: Asked, status: int, why: str, detail: str | None = None) -> Response[Any]:
    """Return the page of what did not work; whoever has a link is led nowhere, since they need not have heard of the service.

    Args:
        request: who asks.
        status: of HTTP.
        why: the word for what is so.
        detail: what there is to say besides.

    """
    said = {"why": why, "detail": detail}
    is_guest = request.url.path.startswith(_OF_LINKS)
    return page(request, "problem.html", status=status, is_guest=is_guest, **said)


def as_shown(scope: Mapping[str, Any], answer: Answer) -> Answer:
    """Return a refusal as a page, if it is a browser that asks: what wants HTML before anything else."""
    said = {name: value.decode("latin-1") for name, value in scope["headers"]}
    if scope["method"] not in _SHOWN or not _prefers_html(said.get(b"accept", "")):
        return answer
    status, headers, text = answer
    if status < _REFUSED:  # it leads somewhere
        return answer
    code = msgspec.json.decode(text)["code"]
    if code in (ASKS, LOCKED):
        token = scope["raw_path"].split(b"/")[2]
        return 303, [*_PLAIN, (b"location", b"/p/" + token)], b""
    kind = _kind(status, code)
    html, own = rendered(
        said.get(b"accept-language", ""), "closed.html", visitor=None, kind=kind, moment=None
    )
    shown = html.encode()
    kept = [one for one in headers if one[0] in (b"retry-after", b"allow")]
    own |= {"content-type": "text/html; charset=utf-8", "content-length": str(len(shown))}
    own["vary"] = f"accept, {own['vary']}"
    return status, [*kept, *((name.encode(), value.encode()) for name, value in own.items())], shown


def wants_page(request: Asked) -> bool:
    """Tell whether it is a browser that asks."""
    return _prefers_html(request.headers.get("accept", ""))


def _kind(status: int, code: str) -> str:
    other = "failed" if status >= _FAILED else "other"
    return _KINDS.get(code) or _BY_STATUS.get(status, other)


def _prefers_html(accepted: str) -> bool:
    """Tell whether HTML is named, and wanted more than what a refusal is told in otherwise."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        kind, *parameters = (one.strip() for one in part.split(";"))
        weight = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        try:
            weights[kind] = float(weight)
        except ValueError:
            return False
    html = weights.pop("text/html", 0.0)
    others = ("*/*", "text/*", "application/*", "application/json", PROBLEM)
    return html > max(weights.get(kind, 0.0) for kind in others)
