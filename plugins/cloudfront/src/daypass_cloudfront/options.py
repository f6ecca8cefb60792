"""``signer_options`` of CloudFront, checked on creation."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import attrs

from daypass.base.urls import check_endpoint, host_header
from daypass.errors import InvalidRequestError
from daypass.model.paths import check_text
from daypass.toolkit.options import matching, one_of

__all__ = ["CloudFrontOptions"]

#: What every distribution lets through.
READING = frozenset({"GET", "HEAD"})
#: All that one can be told to let through:
#: https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_AllowedMethods.html
_METHODS = READING | {"OPTIONS", "PUT", "POST", "PATCH", "DELETE"}


def _key_pair_id(value: str | None) -> str | None:
    return matching(value, "key_pair_id", r"[A-Za-z0-9_-]{1,128}")


def _passphrase_env(value: str | None) -> str | None:
    return matching(value, "passphrase_env", r"[A-Za-z_][A-Za-z0-9_]{0,127}")


def _private_key(value: str | os.PathLike[str] | None) -> str | Path | None:
    """Keep PEM text and the name of a file apart by their types."""
    if value is None:
        return None
    if isinstance(value, str) and "-----BEGIN" in value:
        return str.__str__(value)
    if isinstance(value, str) and (not value or not value.isprintable()):
        msg = "private_key is no PEM text, which begins with -----BEGIN, and no path of a PEM file"
        raise InvalidRequestError(msg, option="private_key")
    try:
        return Path(value)
    except Exception:  # noqa: BLE001 - of a path object that cannot be read
        msg = f"private_key must be PEM text or the path of a PEM file, not {type(value).__name__}"
        raise InvalidRequestError(msg, option="private_key") from None


def _domain(value: str | None) -> str:
    """Return ``scheme://host[:port]`` as clients send it: the policy names it to the letter."""
    if value is None:
        msg = "cloudfront needs the distribution's host: give signer_options domain, such as d111111abcdef8.cloudfront.net"
        raise InvalidRequestError(msg, option="domain")
    whole = f"https://{value}" if isinstance(value, str) and "://" not in value else value
    scheme, _, rest = check_endpoint(whole, "domain").partition("://")
    host, _, path = rest.partition("/")
    if path:
        msg = "domain must be a host alone, without a path: origin_path says which prefix it serves"
        raise InvalidRequestError(msg, option="domain")
    scheme = scheme.lower()
    return f"{scheme}://{host_header(scheme, host)}"


def _origin_path(value: str) -> str:
    """Return the prefix with one slash at its end, as the keys below it begin."""
    if not isinstance(value, str):
        msg = f"origin_path must be text, not {type(value).__name__}"
        raise InvalidRequestError(msg, option="origin_path")
    prefix = str.__str__(value).removeprefix("/").removesuffix("/")
    if not prefix:
        return ""
    check_text(prefix, "origin_path")
    if {".", ".."} & set(prefix.split("/")):
        msg = "origin_path holds a '.' or '..' segment, which no distribution serves as it stands"
        raise InvalidRequestError(msg, option="origin_path")
    return f"{prefix}/"


def _allowed_methods(value: Iterable[str]) -> frozenset[str]:
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        msg = f"allowed_methods must be a list of methods, not one {type(value).__name__}"
        raise InvalidRequestError(msg, option="allowed_methods")
    found = list(value)
    wrong = [name for name in found if not isinstance(name, str) or name not in _METHODS]
    if wrong or not READING.issubset(found):
        shown = f", not {ascii(wrong[0])[:40]}" if wrong and isinstance(wrong[0], str) else ""
        msg = f"allowed_methods must hold GET, HEAD and what else the distribution lets through of {', '.join(sorted(_METHODS - READING))}{shown}"
        raise InvalidRequestError(msg, option="allowed_methods")
    return frozenset(map(str.__str__, found))


def _hash_algorithm(value: str | None) -> str | None:
    return None if value is None else one_of(value, "hash_algorithm", "SHA1", "SHA256")


@attrs.frozen(kw_only=True)
class CloudFrontOptions:
    """The ``signer_options`` of CloudFront."""

    #: The host that readers use: the distribution's own (``d111111abcdef8.cloudfront.net``) or an
    #: alternate domain name. Links are https, unless it is written as ``http://host``.
    domain: str = attrs.field(default=None, converter=_domain)
    #: The ID of the public key in CloudFront, such as ``K2JCJMDEHXQW5F``.
    key_pair_id: str | None = attrs.field(default=None, converter=_key_pair_id)
    #: The private key as PEM text, or the path of a PEM file: RSA with 2048 bits, or ECDSA P-256.
    private_key: str | Path | None = attrs.field(default=None, converter=_private_key, repr=False)
    #: The name of the environment variable that holds the passphrase of an encrypted private key.
    passphrase_env: str | None = attrs.field(default=None, converter=_passphrase_env)
    #: The prefix of the store that the distribution serves: the *origin path*. URLs leave it out,
    #: and keys outside it are refused. Empty, it is the whole bucket.
    origin_path: str = attrs.field(default="", converter=_origin_path)
    #: ``"SHA1"`` or ``"SHA256"``. Without it SHA-1 for an RSA key, which is what CloudFront takes
    #: where nothing is said, and SHA-256 for an ECDSA key. SHA-256 is said in the URL.
    hash_algorithm: str | None = attrs.field(default=None, converter=_hash_algorithm)
    #: The methods that the distribution lets through. A policy binds none of them, so that every
    #: link permits them all; PUT and DELETE are signed only where they are among them.
    allowed_methods: frozenset[str] = attrs.field(default=READING, converter=_allowed_methods)

    @property
    def https(self) -> bool:
        """True where links begin with https."""
        return self.domain.startswith("https:")
