"""The URL of a link, and its token where it can be shown again: kept sealed, with a key that is not in the database."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable

import attrs
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select

from daypass.errors import RefusedError
from daypass_links.server.database.tables import link as table
from daypass_links.server.keyset import KeySet, ServerKey
from daypass_links.server.links.link import Link
from daypass_links.server.principals.callers import Caller
from daypass_links.server.service import Service

__all__ = ["sealing", "shown_again", "url_of"]

#: Of AES-GCM, in bytes (NIST SP 800-38D, 8.2.2).
_NONCE = 12
#: What keys are derived for.
_PURPOSE = b"daypass-links: tokens shown again"


def url_of(service: Service, token: str, link: Link) -> str:
    """Return the URL of a link: of one to a prefix a key can follow, and an inbox is a page."""
    place = "p" if link.inbox is not None else "l"
    slash = "/" if link.prefix and link.inbox is None else ""
    return f"{service.settings.server.url}/{place}/{token}{slash}"


def sealing(service: Service) -> Callable[[str, str], bytes | None]:
    """Return what makes of a link's ID and its token what is kept of it: the name of a key, a nonce, and what AES-256-GCM makes of it.

    Nothing is kept without ``show_again``.

    Raises:
        ConfigError: if the key file cannot be read.

    """
    if not service.settings.links.show_again:
        return lambda _, __: None
    key = KeySet.read(service.settings.server.keys).signing
    cipher, name = _cipher(key), key.kid.encode()

    def seal(link_id: str, token: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return b"%s:%s" % (name, nonce + cipher.encrypt(nonce, token.encode(), link_id.encode()))

    return seal


def shown_again(service: Service, caller: Caller, links: Iterable[Link]) -> dict[str, str | None]:
    """Return the URLs of a caller's own links by their IDs: whoever else has one acts with the maker's rights.

    Of those alone that they could make by this key, since it may be for less than the one that made them. Nothing without ``show_again``; None for a link whose token was not kept, or is sealed with a key that is not here.

    Raises:
        ConfigError: if the key file cannot be read.

    """
    if not service.settings.links.show_again:
        return {}
    own = {link.id: link for link in links if _may_make(service, caller, link)}
    chosen = select(table.c.id, table.c.sealed).where(table.c.id.in_(own))
    with service.databases.reading_main.connect() as connection:
        rows = connection.execute(chosen).all()
    keys = {key.kid: key for key in KeySet.read(service.settings.server.keys).keys}
    tokens = {row.id: _opened(keys, row.id, row.sealed) for row in rows}
    return {
        link_id: token and url_of(service, token, own[link_id]) for link_id, token in tokens.items()
    }


def _may_make(service: Service, caller: Caller, link: Link) -> bool:
    if link.owner != caller.principal:
        return False
    named = tuple(service.roots.named(prefix) for prefix in caller.prefixes)
    try:
        caller.check("links:write")
        attrs.evolve(caller, prefixes=(*caller.prefixes, *named)).check_path(link.path)
    except RefusedError:
        return False
    return True


def _opened(keys: dict[str, ServerKey], link_id: str, kept: bytes | None) -> str | None:
    kid, _, text = (kept or b"").partition(b":")
    key = keys.get(kid.decode(errors="replace"))
    if key is None:
        return None
    try:
        return _cipher(key).decrypt(text[:_NONCE], text[_NONCE:], link_id.encode()).decode()
    except (InvalidTag, ValueError):  # another's, or changed
        return None


def _cipher(key: ServerKey) -> AESGCM:
    return AESGCM(key.derived(_PURPOSE))
