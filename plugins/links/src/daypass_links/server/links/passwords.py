"""Passwords of links: kept as Argon2 has them, guessed a few times only, and then as good as a cookie for some minutes."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from daypass.errors import InvalidRequestError
from daypass.toolkit.deadlines import check_may_wait
from daypass_links.server.keyset import KeySet
from daypass_links.server.links.resolve import Ready
from daypass_links.server.service import Service

__all__ = ["LASTS", "hashed", "is_given", "is_right", "name_of", "proof_of"]

#: How long a password that was given is good for, in seconds.
LASTS = 900
#: The shortest password and the longest, in characters.
_SHORTEST, _LONGEST = 8, 200
#: By the second recommendation of RFC 9106: 64 MiB for each.
_HASHER = PasswordHasher()
#: So much memory is taken at most, whoever asks: two at once.
_HASHERS = ThreadPoolExecutor(2, "daypass-passwords")
#: What keys are derived for.
_PURPOSE = b"daypass-links: passwords given"


def hashed(password: Any) -> str:
    """Return what is kept of a new password.

    Raises:
        InvalidRequestError: if it is none, or too short.
        DeadlineError: inside `daypass.toolkit.deadlines.at_once`.

    """
    if (
        not isinstance(password, str)
        or not password.isprintable()
        or not _SHORTEST <= len(password) <= _LONGEST
    ):
        msg = f"password is one line of text, of {_SHORTEST} to {_LONGEST} characters"
        raise InvalidRequestError(msg, option="password")
    check_may_wait("hashing a password")
    return _HASHERS.submit(_HASHER.hash, password).result()


def is_right(kept: str, password: str) -> bool:
    """Tell whether a password is that of which something is kept. It takes its time, right or wrong."""
    return _HASHERS.submit(_matches, kept, password[: _LONGEST + 1]).result()


def _matches(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except VerifyMismatchError:
        return False


def name_of(service: Service, link_id: str) -> str:
    """Return the name of a link's cookie: over https no other host, and nothing on plain http, can set it."""
    name = f"daypass-{link_id}"
    return f"__Host-{name}" if service.settings.server.url.startswith("https:") else name


def proof_of(service: Service, link_id: str, kept: str, now: float) -> str:
    """Return what a link's cookie holds once its password was given: an end, and who says so."""
    until = str(int(now) + LASTS)
    return f"{until}.{_signed(next(_keys(service)), link_id, kept, until)}"


def is_given(service: Service, link: Ready, cookies: bytes, now: float) -> bool:
    """Tell whether the password of a link that has one was given, by the header ``Cookie`` of a request."""
    kept = link.password or ""
    name = f"{name_of(service, link.id)}=".encode()
    for part in cookies.split(b";"):
        if not part.strip().startswith(name):
            continue
        until, _, said = part.strip()[len(name) :].decode("latin-1").partition(".")
        if not until.isdecimal() or not until.isascii() or not now < int(until[:12]) <= now + LASTS:
            continue
        if any(
            hmac.compare_digest(_signed(key, link.id, kept, until).encode(), said.encode())
            for key in _keys(service)
        ):
            return True
    return False


def _signed(key: bytes, link_id: str, kept: str, until: str) -> str:
    # Whatever is kept is another thing with another password.
    text = "\0".join((link_id, sha256(kept.encode()).hexdigest(), until)).encode()
    return urlsafe_b64encode(hmac.digest(key, text, "sha256")).decode().rstrip("=")


def _keys(service: Service) -> Iterator[bytes]:
    """Yield what signs, the newest first: what an older one has signed is good until it ends."""
    for key in KeySet.read(service.settings.server.keys).keys:
        if key.private is not None:
            yield key.derived(_PURPOSE)
