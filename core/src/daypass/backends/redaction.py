"""``redact``: masking by what every installed backend declares to be secret, in any text and in log records."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any

from daypass.backends.loading import registry
from daypass.base.masking import mask
from daypass.errors import InvalidRequestError

__all__ = ["RedactingFilter", "redact"]


def redact(text: str) -> str:
    """Return a text in which every signature and token of a signed URL is masked.

    >>> redact("GET https://b.example/k?X-Amz-Signature=ab12&x=1 failed")
    'GET https://b.example/k?X-Amz-Signature=****&x=1 failed'

    Masked are the parameters that each installed backend declares (`BackendInfo.secret_query_keys`),
    and whatever is installed ``sig`` and all that end in ``signature``, ``security-token`` or ``s3session-token``; in
    URLs, headers, cookies, settings, JSON, dicts, lists, HARs, HTML forms and bodies of ``multipart/form-data``. So are the token
    of a link that is secret by its path (``/l/`` or ``/p/``, and 22 characters of base64url), in a URL of HTTP or a path alone; a login
    in front of a URL's host, the credential of an ``Authorization``, and a customer's encryption key (``encryption_key`` and ``sse-c-key`` too);
    private keys in PEM; and ``access_token``, ``refresh_token``, ``session_token``, ``id_token``, ``auth_token``, ``client_secret``,
    ``secret_access_key`` and ``account_key`` (``aws_session_token``, ``AccountKey``), and ``token`` and ``upload_id`` in a query: as a member of JSON, in a query and as
    a variable of the environment whatever they are, and in headers, settings, code and on a command line where the value is in quotes or looks like a secret:
    letters with digits, or twenty letters in both cases. Names and values may be
    percent-encoded or written with escapes of JSON, shells, Markdown or LaTeX or references of HTML, also one within the other, up to eight deep,
    and have colours of a terminal or tags of HTML in their midst, which stay.
    Words that say how a signature is, such as ``right``, ``wrong`` and ``unchecked``, stay. What is compressed or in base64 is not looked into. Not found are secrets in tables (CSV, TSV, and what pandas and rich print), the second half of a URL that is
    wrapped or cut over two lines, the lines of a YAML block from its second on, passwords, and a secret without its name.
    Masking twice changes nothing.

    Args:
        text: any text.

    Raises:
        InvalidRequestError: for what is no text.

    """
    if not isinstance(text, str):
        msg = f"redact takes text, not {type(text).__name__}"
        raise InvalidRequestError(msg, option="text")
    return mask(text, _names())


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    found = registry.installed().values()
    return frozenset(name for backend in found for name in backend.info.secret_query_keys)


class RedactingFilter(logging.Filter):
    """A logging filter that masks signatures and tokens in messages, arguments and tracebacks.

    >>> handler = logging.StreamHandler()
    >>> handler.addFilter(RedactingFilter())

    Put it on every handler: a logger's filters do not see what its children log. It changes the
    record, so handlers that come later get it masked too. Nothing is dropped.
    """

    def __init__(self) -> None:
        super().__init__()
        _names()  # now, and not in the middle of somebody's logging

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record; always True."""
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - arguments that do not fit: logging's own report shows them
            message = f"{record.msg} {record.args!r}"
        record.msg, record.args = redact(message), ()
        if record.exc_info:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
            record.exc_info = None
        for name in ("exc_text", "stack_info"):
            if text := getattr(record, name):
                setattr(record, name, redact(text))
        for name, value in vars(record).items():
            if name not in _STANDARD:
                vars(record)[name] = _masked_extra(value)
        return True


#: What every record has; anything else came as ``extra``.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def _masked_extra(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, (int, float, type(None))):
        return value
    shown = str(value)
    masked = redact(shown)
    return value if masked == shown else masked
