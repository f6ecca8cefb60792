"""What a URL is written with: percent-encoding, hosts, endpoints, and a mask for what makes it work."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from daypass.base.secrets import MASK, OPAQUE_LINK
from daypass.errors import InvalidRequestError

__all__ = [
    "check_endpoint",
    "encode",
    "encode_key",
    "encode_keys",
    "host_header",
    "is_of_a_service",
    "mask_tokens",
    "mask_url",
    "masked_repr",
    "token_of",
]

#: What needs no encoding in a key: asking whether it has anything else is cheaper than encoding.
_PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~/-"
#: What stays as it is where many keys are encoded at once: the same, a mark, and what joins keys.
_BARE = _PLAIN + b"%\n"


def encode(text: str) -> str:
    """Percent-encode by RFC 3986: only unreserved characters stay bare.

    >>> encode("a b/é~'")
    'a%20b%2F%C3%A9~%27'
    """
    return quote(text, safe="~")


def encode_key(key: str) -> str:
    """Percent-encode an object's key: unreserved characters and slashes stay bare."""
    return quote(key, "/~") if key.encode().translate(None, _PLAIN) else key


def encode_keys(keys: Sequence[str]) -> list[str]:
    """Percent-encode many keys as `encode_key` does, all at once: a byte is replaced in one go.

    >>> encode_keys(["day=1/a", "é b"])
    ['day%3D1/a', '%C3%A9%20b']
    """
    text = "\n".join(keys).encode().replace(b"%", b"%25")
    odd = text.translate(None, _BARE)
    while odd:
        byte = odd[:1]
        text = text.replace(byte, b"%%%02X" % byte[0])
        odd = odd.replace(byte, b"")
    encoded = text.decode().split("\n")
    # A key that holds the line break would be two here; no door lets one in.
    return encoded if len(encoded) == len(keys) else [encode_key(key) for key in keys]


def host_header(scheme: str, host: str) -> str:
    """Return a URL's host as clients send it: lower case, without the scheme's own port."""
    return host.lower().removesuffix({"http": ":80", "https": ":443"}[scheme])


_LAST_PORT = 65_535
#: RFC 1035 section 2.3.4: 255 octets with a length before each label, and the root's.
_LONGEST_HOST, _LONGEST_LABEL = 253, 63


def check_endpoint(url: str, option: str) -> str:
    """Return an http(s) endpoint, scheme and host in lower case as clients send them; raise for anything else.

    >>> check_endpoint("HTTP://MinIO.example:9000/S3", "endpoint_url")
    'http://minio.example:9000/S3'

    Raises:
        InvalidRequestError: for another scheme, a missing or odd host, a port out of range,
            user info, a query or a fragment.

    """
    url = str.__str__(url) if isinstance(url, str) else url
    match = isinstance(url, str) and re.fullmatch(
        r"(?i:https?)://(?P<host>[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?"
        r"(?P<path>/[A-Za-z0-9._~/-]*)?",
        url,
        re.ASCII,
    )
    if not match or (match["port"] and not 0 < int(match["port"]) <= _LAST_PORT):
        shown = (
            ""
            # What is no URL at all may be a secret that was pasted into the wrong place.
            if not isinstance(url, str) or "://" not in url or re.search(r"[@?#]", url)
            else f", not {ascii(url)[:60]}"
        )
        msg = f"{option} must be http(s)://host[:port][/path] without user info, query or fragment{shown}"
        raise InvalidRequestError(msg, option=option)
    host = match["host"].removesuffix(".")
    if len(host) > _LONGEST_HOST or max(map(len, host.split("."))) > _LONGEST_LABEL:
        msg = (
            f"{option} must name a host of at most {_LONGEST_HOST} characters, with at most "
            f"{_LONGEST_LABEL} between two dots (RFC 1035), not {ascii(host)[:60]}"
        )
        raise InvalidRequestError(msg, option=option)
    path = match["path"] or ""
    return url[: len(url) - len(path)].lower() + path


def mask_url(url: str) -> str:
    """Show where a URL leads without what makes it work.

    >>> mask_url("https://b.example/k?X-Amz-Signature=1234")
    'https://b.example/k?****'
    >>> mask_url("https://links.example/l/AAAAAAAAAAAAAAAAAAAAAA/k")
    'https://links.example/l/****/k'
    """
    place, query, _ = url.partition("?")
    return mask_tokens(place) + query + (MASK if query else "")


def masked_repr(url: str) -> str:
    """Return the repr that a class shows of a URL among its fields."""
    return repr(mask_url(url))


def mask_tokens(path: str) -> str:
    """Show a path without the tokens by which alone it opens something."""
    return re.sub(OPAQUE_LINK, _without_token, path)


def _without_token(found: re.Match[str]) -> str:
    return found[0].removesuffix(found["token"]) + MASK


def token_of(url: str) -> str | None:
    """Return the token in a URL's path by which alone it opens something; None where there is none.

    >>> token_of("https://links.example/l/AAAAAAAAAAAAAAAAAAAAAA?as=json")
    'AAAAAAAAAAAAAAAAAAAAAA'
    """
    found = re.search(OPAQUE_LINK, url.partition("?")[0])
    return None if found is None else found["token"]


def is_of_a_service(url: str) -> bool:
    """Tell whether a URL is a link of a links service, by its form: it ends in a token, or in a path behind one, and has no query.

    >>> is_of_a_service("https://links.example/l/AAAAAAAAAAAAAAAAAAAAAA")
    True
    """
    token = token_of(url)
    return token is not None and "?" not in url and f"/l/{token}" in url
