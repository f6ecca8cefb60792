"""Canonical requests and V4 signatures in the query string: HMAC-SHA256, one URL or ten million.

The rules are AWS's (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html);
Google's V4 is the same with other words. A path is encoded once and never normalised.
"""

from __future__ import annotations

import hmac
from binascii import hexlify
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self
from urllib.parse import unquote

import attrs

from daypass.base.urls import encode, encode_key, encode_keys, host_header

if TYPE_CHECKING:
    from daypass.model.batches import AlikeURLs

__all__ = [
    "AWS4",
    "GOOG4_HMAC",
    "GOOG4_RSA",
    "SENTINEL",
    "Dialect",
    "HmacKey",
    "MessageKey",
    "Prepared",
    "Template",
    "canonical_headers",
    "canonical_query",
    "canonical_request",
    "signing_key",
    "string_to_sign",
]

_IPAD = bytes(byte ^ 0x36 for byte in range(256))
_OPAD = bytes(byte ^ 0x5C for byte in range(256))
_BLOCK = 64

#: Every class of character that an encoder can treat in its own way.
SENTINEL = "a//b c/+%2F%25é\U0001f511~-_.!*'()&=?#[]@:;,$|^`{}<>\"\\"


class Dialect(NamedTuple):
    """The words that one provider's V4 uses."""

    algorithm: str
    key_prefix: str
    terminator: str
    #: What the query parameters begin with.
    parameter: str


AWS4 = Dialect("AWS4-HMAC-SHA256", "AWS4", "aws4_request", "X-Amz-")
#: https://docs.cloud.google.com/storage/docs/authentication/signatures
GOOG4_HMAC = Dialect("GOOG4-HMAC-SHA256", "GOOG4", "goog4_request", "X-Goog-")
#: The same words, signed with an RSA key: nothing is derived, so there is no prefix.
GOOG4_RSA = Dialect("GOOG4-RSA-SHA256", "", "goog4_request", "X-Goog-")


class MessageKey(Protocol):
    """What signs a string to sign: `HmacKey`, or a key that a plugin brings (RSA, a remote one)."""

    def hex(self, message: bytes) -> str:
        """Return the signature of a message in hex."""


class HmacKey:
    """HMAC-SHA256 with one key, prepared: the padded key is hashed once and not per message."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        if len(key) > _BLOCK:
            key = sha256(key).digest()
        block = key.ljust(_BLOCK, b"\0")
        self._inner = sha256(block.translate(_IPAD))
        self._outer = sha256(block.translate(_OPAD))

    def hex(self, message: bytes) -> str:
        """Return the signature of a message in hex."""
        return self.digest(message).hex()

    def digest(self, message: bytes) -> bytes:
        """Return the signature of a message."""
        inner = self._inner.copy()
        inner.update(message)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()

    def states(self, message: bytes) -> tuple[Any, Any]:
        """Return the hash states to copy for messages that all begin alike."""
        inner = self._inner.copy()
        inner.update(message)
        return inner, self._outer.copy()


def signing_key(dialect: Dialect, secret: str, date: str, region: str, service: str) -> HmacKey:
    """Derive the key of one day, region and service from a secret key."""
    key = (dialect.key_prefix + secret).encode()
    for part in (date, region, service, dialect.terminator):
        key = hmac.digest(key, part.encode(), "sha256")
    return HmacKey(key)


def canonical_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Join parameters that are encoded already, sorted by name and value."""
    return "&".join([f"{name}={value}" for name, value in sorted(pairs)])


def canonical_headers(headers: Iterable[tuple[str, str]]) -> tuple[str, str]:
    r"""Return the block of canonical headers and the list of their names.

    >>> canonical_headers([("Host", "example.com"), ("X-A", " 1  2 ")])
    ('host:example.com\nx-a:1 2\n', 'host;x-a')
    """
    merged: dict[str, list[str]] = {}
    for name, value in headers:
        merged.setdefault(name.lower(), []).append(" ".join(value.split()))
    names = sorted(merged)
    block = "".join([f"{name}:{','.join(merged[name])}\n" for name in names])
    return block, ";".join(names)


def canonical_request(
    method: str, path: str, query: str, headers: Iterable[tuple[str, str]], payload: str
) -> str:
    """Join what is signed; ``path`` and ``query`` are encoded and sorted already."""
    block, names = canonical_headers(headers)
    return f"{method}\n{path}\n{query}\n{block}\n{names}\n{payload}"


def string_to_sign(dialect: Dialect, timestamp: str, scope: str, request: str) -> str:
    """Join what the signing key signs."""
    return f"{dialect.algorithm}\n{timestamp}\n{scope}\n{sha256(request.encode()).hexdigest()}"


@attrs.frozen
class Prepared:
    """All of a signature that is the same for every key: made for one second and one request."""

    _before: str
    _prefix: str
    _request_head: str
    #: Both hold headers and parameters, a session token among them.
    _request_tail: bytes = attrs.field(repr=False)
    _to_sign: bytes
    _query: str = attrs.field(repr=False)
    _key: MessageKey = attrs.field(repr=False)
    #: The hash states that all messages begin with, of a key that has such.
    _states: tuple[Any, Any] | None = attrs.field(init=False, repr=False)

    @_states.default
    def _begin(self) -> tuple[Any, Any] | None:
        return self._key.states(self._to_sign) if isinstance(self._key, HmacKey) else None

    def url(self, key: str) -> str:
        """Return the signed URL of one key."""
        path = encode_key(key)
        digest = sha256((self._request_head + path).encode() + self._request_tail).hexdigest()
        states = self._states
        if states is None:
            signature = self._key.hex(self._to_sign + digest.encode())
        else:
            message, outer = states[0].copy(), states[1].copy()
            message.update(digest.encode())
            outer.update(message.digest())
            signature = outer.hexdigest()
        return f"{self._before}{self._prefix}{path}{self._query}{signature}"

    def urls(self, keys: Sequence[str]) -> list[str] | AlikeURLs:
        """Return the signed URLs of many keys: the bytes of `url`, without its calls per key."""
        if self._states is None:
            return [self.url(key) for key in keys]
        from daypass.model.batches import AlikeURLs, wanted  # which one link does not need

        start, query = self._before + self._prefix, self._query
        head, tail = self._request_head, self._request_tail
        inner, outer = self._states
        copy_inner, copy_outer = inner.copy, outer.copy
        paths = encode_keys(keys)
        apart = wanted()
        found: list[Any] = []
        add = found.append
        for path in paths:
            message = copy_inner()
            message.update(hexlify(sha256((head + path).encode() + tail).digest()))
            signature = copy_outer()
            signature.update(message.digest())
            add(signature.digest() if apart else f"{start}{path}{query}{signature.hexdigest()}")
        return AlikeURLs(start, paths, query, b"".join(found).hex()) if apart else found


@attrs.frozen
class Template:
    """The form of a signed URL as an SDK writes it, with places for key, time and values."""

    dialect: Dialect
    method: str
    #: ``https://host``.
    origin: str
    #: The path up to the key, encoded.
    prefix: str
    #: Query parameters in the SDK's order, encoded; None where the value varies.
    query: tuple[tuple[str, str | None], ...] = attrs.field(repr=False)
    #: Signed headers in order; None where the value varies.
    headers: tuple[tuple[str, str | None], ...] = attrs.field(repr=False)
    access_key: str
    region: str
    service: str
    payload: str = "UNSIGNED-PAYLOAD"

    @classmethod
    def learn(
        cls,
        dialect: Dialect,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        varying: Iterable[str],
        secret: str,
        fixed: Iterable[str] = (),
        key: str = SENTINEL,
    ) -> Self | None:
        """Take apart the SDK's URL for a sentinel key; None unless its signature can be recomputed.

        Args:
            dialect: the provider's words.
            method: the method the URL is for.
            url: what the SDK signed.
            headers: the headers the SDK signed, ``host`` excepted.
            varying: names of query parameters whose values come with each request.
            secret: the secret key the SDK signed with.
            fixed: names of headers whose values never vary.
            key: the key that the URL is for; empty for a request on the bucket itself.

        """
        place, _, query = url.partition("?")
        scheme, _, rest = place.partition("://")
        host, slash, path = rest.partition("/")
        sentinel = encode_key(key)
        if not path.endswith(sentinel) or scheme not in ("http", "https"):
            return None
        pairs = [pair.partition("=")[::2] for pair in query.split("&")]
        found = {name: unquote(value) for name, value in pairs}
        parameter = dialect.parameter
        credential = found.get(f"{parameter}Credential", "").rsplit("/", 4)
        needed = {parameter + name for name in ("Date", "Expires", "SignedHeaders", "Signature")}
        if len(found) != len(pairs) or not needed <= found.keys():
            return None  # a parameter twice, or one missing
        signature = found.pop(f"{parameter}Signature", "")
        if len(credential) != 5 or pairs[-1][0] != f"{parameter}Signature":  # noqa: PLR2004
            return None
        values = {name.lower(): value for name, value in headers.items()}
        values["host"] = host_header(scheme, host)
        names = found.get(f"{parameter}SignedHeaders", "").split(";")
        if sorted(values) != names or any(encode(found[n]) != v for n, v in pairs[:-1]):
            return None
        constant = {"host", *(name.lower() for name in fixed)}
        open_ = {f"{parameter}{name}" for name in ("Credential", "Date", "Expires")}
        template = cls(
            dialect,
            method,
            f"{scheme}://{host}",
            slash + path.removesuffix(sentinel),
            tuple(
                (name, None if name in open_ or unquote(name) in varying else value)
                for name, value in pairs[:-1]
            ),
            tuple((name, values[name] if name in constant else None) for name in names),
            credential[0],
            credential[2],
            credential[3],
        )
        again = template.prepare(
            secret,
            timestamp=found[f"{parameter}Date"],
            expires=found[f"{parameter}Expires"],
            query={name: found[name] for name in found if name in varying},
            headers=values,
        ).url(key)
        return template if hmac.compare_digest(again, url) and signature else None

    def of_key(self, access_key: str, token: str | None) -> Self:
        """Return the template of another access key, whose session has another token.

        Args:
            access_key: it.
            token: as it is, not encoded; None where neither has one.

        """
        name = f"{self.dialect.parameter}Security-Token"
        said = None if token is None else encode(token)
        query = tuple((known, said if known == name else value) for known, value in self.query)
        return attrs.evolve(self, access_key=access_key, query=query)

    def prepare(
        self,
        secret: str | MessageKey,
        *,
        timestamp: str,
        expires: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> Prepared:
        """Fill in all but the key.

        Args:
            secret: the secret key, or what signs in its place.
            timestamp: ``YYYYMMDDTHHMMSSZ``.
            expires: the lifetime in seconds.
            query: values of the varying parameters, not encoded.
            headers: values of the varying headers, names in lower case.

        """
        date = timestamp[:8]
        dialect = self.dialect
        scope = f"{date}/{self.region}/{self.service}/{dialect.terminator}"
        mine = {
            f"{dialect.parameter}Credential": encode(f"{self.access_key}/{scope}"),
            f"{dialect.parameter}Date": timestamp,
            f"{dialect.parameter}Expires": expires,
        }
        pairs = [
            (name, value if value is not None else mine.get(name) or encode(query[unquote(name)]))
            for name, value in self.query
        ]
        block, names = canonical_headers(
            (name, headers[name] if value is None else value) for name, value in self.headers
        )
        tail = f"\n{canonical_query(pairs)}\n{block}\n{names}\n{self.payload}"
        written = "&".join([f"{name}={value}" for name, value in pairs])
        return Prepared(
            self.origin,
            self.prefix,
            f"{self.method}\n{self.prefix}",
            tail.encode(),
            f"{dialect.algorithm}\n{timestamp}\n{scope}\n".encode(),
            f"?{written}&{dialect.parameter}Signature=",
            signing_key(dialect, secret, date, self.region, self.service)
            if isinstance(secret, str)
            else secret,
        )
