"""A link as a QR code."""

from __future__ import annotations

from daypass.errors import InvalidRequestError
from daypass.model.cards import QR_TEXT
from daypass_notebook.look import picture

__all__ = ["qr_code"]

#: A phone reads no denser code from a screen with ease: version 10 with error correction M has 213 bytes (ISO/IEC 18004).
_LONGEST = 213


def qr_code(url: str) -> str:
    """Return a link as an image of a QR code, on white whatever is behind it.

    Raises:
        InvalidRequestError: for a link that is too long to be read from a screen.

    """
    import segno

    if len(url) > _LONGEST:
        msg = (
            f"a QR code of a link of {len(url)} characters is too dense for a phone: have the link made by a "
            "links service (signer='links'), whose links are short"
        )
        raise InvalidRequestError(msg, option="qr")
    data = segno.make(url, error="m", micro=False).png_data_uri(scale=5, border=4)
    return picture(QR_TEXT, data)
