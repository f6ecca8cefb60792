"""Masking: what makes a signed URL work is taken out of any text, and out of log records.

Linear in the text's length: no part of the pattern can give back what it took.
"""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import Any

from daypass.errors import InvalidRequestError

__all__ = ["RedactingFilter", "redact"]

#: Masked whatever is installed: a link of a store whose backend is not here is a secret too.
_ALWAYS = "signature|security-token"
#: Where a name that may be part of another word begins: no word before it but an encoded & or ?.
_BEGINS = "(?:(?<![a-z0-9])|(?<=26)|(?<=3F))"
#: How an equals sign, and what ends a value, look in a URL, in one that is a parameter of another
#: (once, or several times), and in JSON.
_EQUALS = r"=|%(?:25){0,4}3D|\\{1,4}u003d"
_AMPERSAND = r"%(?:25){0,4}(?:26|3B|22|27|20|0A|0D|5C)"
#: In JSON and in Python's dicts: a name in quotes, and a value in quotes.
_QUOTED = r"\\{0,4}[\"']\s{0,9}[:,]\s{0,9}b?\\{0,4}[\"']"
_VALUE = rf"(?:(?!{_AMPERSAND})[A-Za-z0-9%+/=_~.:-])+"
MASK = "****"
#: A login in front of a URL's host.
_LOGIN = re.compile(r"(?<=://)[^\s/?#@\"'<>]{1,512}@")


def redact(text: str) -> str:
    """Return a text in which every signature and token of a signed URL is masked.

    >>> redact("GET https://b.example/k?X-Amz-Signature=ab12&x=1 failed")
    'GET https://b.example/k?X-Amz-Signature=****&x=1 failed'

    Masked are the parameters that each installed backend declares (`BackendInfo.secret_query_keys`),
    and whatever is installed ``sig`` and all that end in ``signature`` or ``security-token``; in
    URLs, percent-encoded ones, JSON, dicts and form fields. So is a login in front of a URL's host. Masking twice changes nothing.

    Args:
        text: any text.

    Raises:
        InvalidRequestError: for what is no text.

    """
    if not isinstance(text, str):
        msg = f"redact takes text, not {type(text).__name__}"
        raise InvalidRequestError(msg, option="text")
    return _LOGIN.sub(MASK + "@", _pattern().sub(_masked, text))


def _masked(match: re.Match[str]) -> str:
    return match["name"] + match["sign"] + MASK


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    from daypass.backends import registry

    names = {
        re.escape(name)
        for backend in registry.installed().values()
        for name in backend.info.secret_query_keys
    }
    words = "|".join(sorted({"sig", *names}))
    return re.compile(
        rf"(?i)(?P<name>{_ALWAYS}|{_BEGINS}(?:{words}))(?P<sign>{_EQUALS}|{_QUOTED}){_VALUE}"
    )


class RedactingFilter(logging.Filter):
    """A logging filter that masks signatures and tokens in messages, arguments and tracebacks.

    >>> handler = logging.StreamHandler()
    >>> handler.addFilter(RedactingFilter())

    Put it on every handler: a logger's filters do not see what its children log. It changes the
    record, so handlers that come later get it masked too. Nothing is dropped.
    """

    def __init__(self) -> None:
        super().__init__()
        _pattern()  # now, and not in the middle of somebody's logging

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
