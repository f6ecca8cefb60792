"""``live``: a card that counts down, copies, extends, revokes and uploads, while its kernel runs.

What it holds for the browser is masked: a trait would be saved with the notebook. A URL leaves the kernel in a message to the one
view that was clicked, and is nobody's state.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from daypass.backends.redaction import redact
from daypass.base.times import Duration, in_utc
from daypass.base.urls import is_of_a_service, mask_tokens, mask_url, token_of
from daypass.errors import DaypassError, InvalidRequestError
from daypass.model.forms import UploadForm
from daypass.model.links import SignedURL
from daypass.model.prefixes import SignedPrefix
from daypass_notebook.cards import card
from daypass_notebook.said import name_of

try:
    import anywidget
    import traitlets
except ImportError as error:
    msg = "a live card needs anywidget: pip install 'daypass-notebook[live]'"
    raise ImportError(msg, name=error.name) from None

__all__ = ["Live", "live"]


class _Client(Protocol):
    """The part of `daypass_links.Client` that a widget calls."""

    def extend(self, link_id: str, expires_in: Duration) -> Any: ...

    def revoke(self, link_id: str) -> int: ...


class Live(anywidget.AnyWidget):
    """A widget of one link. Its traits hold no secret."""

    _esm = Path(__file__).with_name("live.js")
    #: What is shown: text, and the end in milliseconds since 1970.
    shown = traitlets.Dict().tag(sync=True)
    #: What went wrong last, or was done.
    said = traitlets.Unicode().tag(sync=True)

    def __init__(self, link: Any, client: Any) -> None:
        self._link, self._client = link, client
        #: A service tells it once, and not again when the link is extended.
        self._address = _address(link)
        self._card = card(link)
        super().__init__(shown=_shown(link, client))
        self.on_msg(self._heard)

    def __repr__(self) -> str:
        """Return what the card says, for where there are no widgets."""
        shown = self.shown
        return f"[{shown['method']}] {shown['title']}\n  address: {shown['address']}\n  live: while its kernel runs"

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return the widget, and the plain card, which a notebook shows that is opened without its kernel."""
        bundle = super()._repr_mimebundle_()
        if bundle is not None and self._card is not None:
            bundle[0]["text/html"] = self._card
        return bundle

    def _heard(self, _: object, asked: Any, __: object) -> None:
        """Do what a click asks for."""
        what = asked.get("ask") if isinstance(asked, dict) else None
        if what not in self.shown["can"]:
            return
        self.said = ""  # what is said twice is told of twice
        try:
            if what == "copy":
                self.send({"answer": what, "id": asked.get("id"), "url": self._address})
            elif what == "upload":
                target = _target(self._link, self._address, str(asked.get("name", "")))
                self.send({"answer": what, "id": asked.get("id"), **target})
            elif what == "extend":
                longer = self._client.extend(self._link.link_id, str(asked.get("by")))
                self.shown = {**self.shown, "ends": _milliseconds(longer.expires_at)}
                self.said = f"extended to {in_utc(longer.expires_at)}"
            else:
                self._client.revoke(self._link.link_id)
                self.shown, self.said = {**self.shown, "can": [], "over": "revoked"}, "revoked"
        except DaypassError as error:
            self.said = redact(str(error))


def live(link: Any, *, client: _Client | None = None) -> Live:
    """Return a widget of a link, a grant or a form: a countdown, and buttons for what it is good for.

    Args:
        link: what daypass returned, or a link of a service (`daypass_links.Link`).
        client: the service's client, by which its link is extended and revoked.

    Raises:
        InvalidRequestError: for what is no link, and for a client without a link of its service.

    """
    if not hasattr(link, "expires_at") or not _address(link):
        msg = f"a live card is of a link, a grant or a form that is known whole, not of a {type(link).__name__}"
        raise InvalidRequestError(msg, option="link")
    if client is not None and getattr(link, "link_id", None) is None:
        msg = "a client extends and revokes a link that its service has made: give what Client.create, or request_upload of that service, returned"
        raise InvalidRequestError(msg, option="client")
    return Live(link, client)


def _address(link: Any) -> str:
    """Return the URL, which is empty where nobody knows it."""
    told = str(link) if isinstance(link, (SignedURL, SignedPrefix)) else getattr(link, "url", None)
    return told or ""


def _method(link: Any) -> str:
    methods = sorted(getattr(link, "methods", ()))
    return str(getattr(link, "method", None) or " ".join(methods))


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _takes(link: Any) -> str:
    """Tell how many files a browser may send: ``"many"``, ``"one"``, or none."""
    if isinstance(link, UploadForm):
        return "many" if "${filename}" in link.path else "one"
    if _method(link) != "PUT":
        return ""
    if isinstance(link, SignedPrefix):
        return "many"
    return "one" if isinstance(link, SignedURL) or is_of_a_service(link.url) else ""


def _shown(link: Any, client: _Client | None) -> dict[str, Any]:
    takes = _takes(link)
    can = [] if isinstance(link, UploadForm) else ["copy"]
    if takes:
        can.append("upload")
    if client is not None:
        can += ["extend", "revoke"]
    return {
        "title": name_of(mask_tokens(link.path).removesuffix("${filename}")),
        "method": _method(link),
        "ends": _milliseconds(link.expires_at),
        "address": mask_url(_address(link)),
        "can": can,
        "takes": takes,
        "over": "",
    }


def _target(link: Any, url: str, name: str) -> dict[str, Any]:
    """Return where a browser sends a file to, and how; of a service it is to be asked for first, since a redirect loses the page's origin."""
    if isinstance(link, UploadForm):
        return {"method": "POST", "url": url, "fields": link.fields_with(name)}
    if isinstance(link, SignedPrefix):
        url = link.url_for(name)
    asks = token_of(url) is not None
    return {"method": "PUT", "url": url, "headers": link.headers, "asks": asks}
