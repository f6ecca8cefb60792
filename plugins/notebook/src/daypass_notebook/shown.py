"""``show``: a card with what a card holds only when it is asked for, since it is the secret or the object itself."""

from __future__ import annotations

import attrs

from daypass.errors import InvalidRequestError
from daypass.model.inboxes import Inbox
from daypass.model.links import SignedURL
from daypass.model.prefixes import SignedPrefix
from daypass_notebook.faces import face_of
from daypass_notebook.look import html, text
from daypass_notebook.previews import preview as previewed
from daypass_notebook.qr import qr_code

__all__ = ["Card", "show"]


@attrs.frozen
class Card:
    """A card: a notebook shows its HTML, anything else its text."""

    #: The card as HTML, with literal inline styles alone.
    html: str = attrs.field(repr=False)
    #: The card as text.
    text: str

    def __repr__(self) -> str:
        """Return the text."""
        return self.text

    def _repr_html_(self) -> str:
        """Return the HTML."""
        return self.html


def show(result: object, *, preview: bool = False, qr: bool = False) -> Card:
    """Return the card of a result.

    >>> import daypass
    >>> show(daypass.Store("memory://maps"))
    [store] memory://maps
      signed by: generic
      ...

    Args:
        result: what daypass returned.
        preview: read the first MiB through a link, and show the first rows of a table, the first lines of a text, or a picture.
        qr: draw a link of a links service as a QR code too. Whoever sees the picture, in a saved notebook too, has the link.

    Raises:
        InvalidRequestError: for what is no result of daypass, a preview of what cannot be read or shown, and a QR code of
            what has no short link.
        StoreError: if the store lets nobody read what is to be previewed.

    """
    face = face_of(result)
    if face is None:
        msg = f"a card is of what daypass returns, such as a SignedURL, not of a {type(result).__name__}"
        raise InvalidRequestError(msg, option="result")
    pictures: list[str] = []
    if preview:
        if not isinstance(result, SignedURL):
            msg = f"a preview is of an object, by a SignedURL, and not of a {type(result).__name__}: leave preview out"
            raise InvalidRequestError(msg, option="preview")
        pictures.append(previewed(result))
    if qr:
        if not isinstance(result, (SignedURL, SignedPrefix, Inbox)):
            msg = f"a QR code is of a link, and a {type(result).__name__} is none: leave qr out"
            raise InvalidRequestError(msg, option="qr")
        pictures.append(qr_code(str(result)))
    return Card(html(face, pictures=pictures), text(face))
