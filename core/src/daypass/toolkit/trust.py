"""Whose certificates are taken, as SDKs let it be said, as what Python's own HTTP takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from daypass.errors import InvalidRequestError

if TYPE_CHECKING:
    import ssl

__all__ = ["context_of"]


def context_of(
    verify: object, certificate: str | tuple[str, str] | None = None
) -> ssl.SSLContext | None:
    """Return the context of TLS for what an SDK is configured with; None where that is nothing of its own.

    Args:
        verify: False to check no certificate, or a file or folder with those that are trusted; True or None for
            the system's.
        certificate: the file of the client's own certificate and key, or one of each.

    Raises:
        InvalidRequestError: if a file cannot be read, or holds none.

    """
    if verify in (None, True, "") and certificate is None:
        return None
    import ssl

    try:
        if isinstance(verify, str) and verify:
            folder = Path(verify).is_dir()
            context = ssl.create_default_context(
                cafile=None if folder else verify, capath=verify if folder else None
            )
        else:
            context = ssl.create_default_context()
        if verify is False:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if certificate is not None:
            files = (certificate,) if isinstance(certificate, str) else certificate
            context.load_cert_chain(*files)
    except (OSError, TypeError, ValueError) as error:  # ssl.SSLError is an OSError
        why = getattr(error, "strerror", None) or type(error).__name__
        msg = f"the certificates that the filesystem is configured with cannot be read ({why}): check verify and client_cert, or the variables that name them"
        raise InvalidRequestError(msg, option="storage_options") from error
    return context
