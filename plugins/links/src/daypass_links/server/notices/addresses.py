"""Addresses of mail servers and of people, as the configuration and the provider write them."""

from __future__ import annotations

from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from urllib.parse import urlsplit

from daypass.errors import InvalidRequestError

__all__ = ["address", "sender_of", "server_of"]

_PORTS = {"smtp": 587, "smtps": 465}
#: The longest address, in characters (RFC 5321, section 4.5.3.1.3).
_LONGEST = 254


def server_of(url: str) -> tuple[str, int, bool]:
    """Return the host and the port that an address of a mail server names, and whether TLS comes first.

    >>> server_of("smtp://mail.example.org"), server_of("smtps://mail.example.org:4650")
    (('mail.example.org', 587, False), ('mail.example.org', 4650, True))

    Raises:
        InvalidRequestError: for what is no such address; it is not shown.

    """
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
        is_plain = parts.username is None and parts[2:] == ("", "", "")
    except ValueError:
        scheme, host, port, is_plain = "", None, None, False
    if scheme not in _PORTS or not host or not is_plain:
        msg = "smtp is smtp://HOST:587, which goes on by STARTTLS, or smtps://HOST:465; who signs in there, smtp_user and smtp_password say"
        raise InvalidRequestError(msg, option="smtp")
    return host, port or _PORTS[scheme], scheme == "smtps"


def address(text: str) -> str:
    """Return an address for mail, as it is written.

    >>> address("ann@example.org")
    'ann@example.org'

    Raises:
        InvalidRequestError: for what is none, or more than one, or would begin a line of its own.

    """
    try:
        found = Address(addr_spec=text)
    except (MessageError, ValueError, IndexError):
        found = Address()
    plain = text.isascii() and text.isprintable() and " " not in text and len(text) <= _LONGEST
    if not plain or not (found.username and found.domain):
        msg = "an address for mail is written as ann@example.org"
        raise InvalidRequestError(msg, option="addresses")
    return text


def sender_of(text: str) -> str:
    """Return the address of a sender, who may have a name before it.

    >>> sender_of("daypass <links@example.org>")
    'links@example.org'

    Raises:
        InvalidRequestError: for what is none, or would begin a line of its own.

    """
    if not text.isprintable():
        msg = "a sender is written in one line, as daypass <links@example.org>"
        raise InvalidRequestError(msg, option="sender")
    return address(parseaddr(text)[1])
