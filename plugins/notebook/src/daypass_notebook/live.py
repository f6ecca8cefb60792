"""``live``: a card that counts down, copies, extends, revokes and uploads, while its kernel runs.

What it holds for the browser is masked: a trait would be saved with the notebook. A URL leaves the kernel in a message to the one
view that was clicked, and is nobody's state.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from daypass.backends.redaction import redact
from daypass.base.times import Duration
from daypass.base.urls import mask_url
from daypass.errors import DaypassError, InvalidRequestError
from daypass.model.forms import UploadForm
from daypass.model.links import SignedURL
from daypass.model.prefixes import SignedPrefix
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
        super().__init__(shown=_shown(link, client))
        self.on_msg(self._heard)

    def _heard(self, _: object, asked: Any, __: object) -> None:
        """Do what a click asks for."""
        what = asked.get("ask") if isinstance(asked, dict) else None
        if what not in self.shown["can"]:
            return
        try:
            if what == "copy":
                self.send({"answer": what, "url": str(_address(self._link))})
            elif what == "upload":
                target = _target(self._link, str(asked.get("name", "")))
                self.send({"answer": what, "id": asked.get("id"), **target})
            elif what == "extend":
                self._link = self._client.extend(self._link.link_id, str(asked.get("by")))
                self.shown, self.said = _shown(self._link, self._client), "extended"
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
    if not hasattr(link, "expires_at") or _address(link) is None:
        msg = f"a live card is of a link, a grant or a form that is known whole, not of a {type(link).__name__}"
        raise InvalidRequestError(msg, option="link")
    if client is not None and not hasattr(link, "link_id"):
        msg = (
            "a client extends and revokes a link that it has made: give what Client.create returned"
        )
        raise InvalidRequestError(msg, option="client")
    return Live(link, client)


def _address(link: Any) -> str | None:
    return str(link) if isinstance(link, (SignedURL, SignedPrefix)) else getattr(link, "url", None)


def _method(link: Any) -> str:
    methods = sorted(getattr(link, "methods", ()))
    return str(getattr(link, "method", None) or " ".join(methods))


def _shown(link: Any, client: _Client | None) -> dict[str, Any]:
    can = [] if isinstance(link, UploadForm) else ["copy"]
    if _method(link) in ("PUT", "POST") and isinstance(link, (SignedURL, SignedPrefix, UploadForm)):
        can.append("upload")
    if client is not None:
        can += ["extend", "revoke"]
    return {
        "title": name_of(link.path),
        "method": _method(link),
        "path": link.path,
        "ends": int(link.expires_at.timestamp() * 1000),
        "address": mask_url(str(_address(link))),
        "can": can,
        "over": "",
    }


def _target(link: Any, name: str) -> dict[str, Any]:
    """Return where a browser sends a file to, and how."""
    if isinstance(link, UploadForm):
        return {"method": "POST", "url": link.url, "fields": link.fields_with(name)}
    if isinstance(link, SignedPrefix):
        return {"method": "PUT", "url": link.url_for(name), "headers": link.headers}
    return {"method": "PUT", "url": link.url, "headers": link.headers}
