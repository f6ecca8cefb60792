"""From a request to a policy, and from a policy to a link: what one key pair signs on one distribution."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import attrs

from daypass.base.urls import encode, encode_key
from daypass.errors import InvalidExpiryError, InvalidPathError, UnsupportedOptionError
from daypass.model.links import REQUESTED, SignedURL
from daypass.model.locations import Location
from daypass.model.prefixes import SignedPrefix
from daypass.model.requests import SignRequest
from daypass.toolkit.engine import Unenforced
from daypass_cloudfront.addresses import NotOneNetworkError, network
from daypass_cloudfront.keys import key_of
from daypass_cloudfront.options import CloudFrontOptions
from daypass_cloudfront.policies import PolicyStatement, cookies_of

__all__ = ["Signer"]

#: The last second that a policy can name:
#: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html
_LAST = datetime.fromtimestamp(2**31 - 1, UTC)
#: The longest URL, in bytes:
#: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
_LONGEST_URL = 8192
#: S3 is the one kind of origin that CloudFront itself signs in to.
_S3 = frozenset({"s3", "s3a"})
#: The longest key of S3, in bytes of UTF-8; other stores' limits are not known here.
_LONGEST_S3_KEY = 1024


@attrs.frozen
class _Terms:
    """What a request comes to, whichever object it is for."""

    end: datetime
    start: datetime | None
    addresses: str | None
    headers: dict[str, str]
    unenforced: frozenset[str]

    def policy(self, resource: str) -> PolicyStatement:
        """Return the policy for one URL, or for all that a wildcard matches."""
        return PolicyStatement(resource, self.end, self.start, self.addresses)


class Signer:
    """Signs with one key pair for one distribution."""

    def __init__(self, options: CloudFrontOptions) -> None:
        self._options = options
        self._key = key_of(options)

    def sign(self, location: Location, request: SignRequest) -> SignedURL:
        """Sign one URL; ``request`` is resolved."""
        terms = self._terms(location, request)
        key = self._served(location.key)
        if not key:
            msg = f"{location.path} is the origin_path itself, and no object below it"
            raise InvalidPathError(msg, option="path")
        if location.protocol in _S3 and len(location.key.encode()) > _LONGEST_S3_KEY:
            msg = f"the key has more than the {_LONGEST_S3_KEY} bytes that S3 keeps"
            raise InvalidPathError(msg, option="path")
        place = self._place(key)
        if request.query is not None:  # a * in a value is encoded, and no wildcard
            own = "&".join(f"{name}={encode(value)}" for name, value in request.query.items())
            place = f"{place}?{own}"
        url = (
            f"{place}{'?' if request.query is None else '&'}{terms.policy(place).query(self._key)}"
        )
        _check_length(len(url), "")
        return SignedURL(
            url=url,
            method=request.method,
            headers=terms.headers,
            expires_at=terms.end,
            expires_because=REQUESTED,
            permits=self._options.allowed_methods,
            unenforced=terms.unenforced,
            path=location.path,
            backend="cloudfront",
            cookie_maker=cookies_of,
        )

    def grant(self, location: Location, request: SignRequest) -> SignedPrefix:
        """Sign one policy for everything below a prefix; ``request`` is resolved."""
        if request.query is not None:
            msg = "cloudfront cannot enforce query for a prefix, whose policy opens every query: sign each object (create_signed_url)"
            raise UnsupportedOptionError(
                msg, option="query", backend="cloudfront", alternatives=["create_signed_url"]
            )
        terms = self._terms(location, request)
        place = self._place(self._served(location.key))
        query = terms.policy(f"{place}*").query(self._key)
        check = partial(_check_length, len(place) + 1 + len(query))
        check("")
        return SignedPrefix(
            url=place,
            query=query,
            method=request.method,
            headers=terms.headers,
            expires_at=terms.end,
            expires_because=REQUESTED,
            permits=self._options.allowed_methods,
            unenforced=terms.unenforced,
            path=location.path,
            backend="cloudfront",
            check=check,
            cookie_maker=cookies_of,
        )

    def _served(self, key: str) -> str:
        """Return the key as the distribution knows it."""
        prefix = self._options.origin_path
        if not key.startswith(prefix):
            msg = f"the distribution serves what lies below its origin_path {ascii(prefix)[:60]}, and the key does not: sign a key below it"
            raise InvalidPathError(msg, option="path")
        return key[len(prefix) :]

    def _place(self, key: str) -> str:
        """Return the URL without its query; ``*`` and ``?`` in a key are encoded, and no wildcards."""
        return f"{self._options.domain}/{encode_key(key)}"

    def _terms(self, location: Location, request: SignRequest) -> _Terms:
        self._check_method(request.method)
        unenforced = Unenforced("cloudfront", request)
        if request.https_only and not self._options.https:
            unenforced.refuse_or_waive(
                "https_only", "the domain is http, so the link would not work"
            )
        return _Terms(
            end=_end(request),
            start=_start(request),
            addresses=_addresses(request, unenforced),
            headers=_headers(location, request, unenforced),
            unenforced=unenforced.names,
        )

    def _check_method(self, method: str) -> None:
        allowed = self._options.allowed_methods
        if method not in allowed:
            msg = (
                f"cloudfront cannot sign {method} here: a policy binds no method, so the distribution "
                f"decides, and allowed_methods names {', '.join(sorted(allowed))}; where it lets "
                f"{method} through, name it there, and every link permits it"
            )
            raise UnsupportedOptionError(
                msg, option="method", backend="cloudfront", alternatives=sorted(allowed)
            )


def _end(request: SignRequest) -> datetime:
    end: datetime = request.expires_at  # type: ignore[assignment] # resolved
    if end > _LAST:
        msg = f"a CloudFront policy ends by {_LAST:%Y-%m-%dT%H:%M:%SZ}, and this one would end at {end:%Y-%m-%dT%H:%M:%SZ}: ask for less"
        raise InvalidExpiryError(msg, option="expires_in")
    return end


def _start(request: SignRequest) -> datetime | None:
    start = request.starts_at
    if start is not None and start.timestamp() < 1:
        msg = "a CloudFront policy counts seconds from 1970 on, so starts_at must lie after that"
        raise InvalidExpiryError(msg, option="starts_at")
    return start


def _addresses(request: SignRequest, unenforced: Unenforced) -> str | None:
    if request.ip_range is None:
        return None
    try:
        return network(request.ip_range)
    except NotOneNetworkError as error:
        unenforced.refuse_or_waive("ip_range", str(error))
        return None


def _headers(location: Location, request: SignRequest, unenforced: Unenforced) -> dict[str, str]:
    """Return what describes an upload: CloudFront signs no header, so none of it is enforced."""
    headers = {}
    if request.content_type is not None:
        headers["Content-Type"] = request.content_type
        unenforced.note("content_type")
    if metadata := request.object_metadata:
        if location.protocol not in _S3:
            msg = f"cloudfront cannot say metadata to an origin that is not S3, and {location.protocol}:// is not: leave it out"
            raise UnsupportedOptionError(
                msg, option="metadata", backend="cloudfront", alternatives=[location.protocol]
            )
        headers |= {f"x-amz-meta-{name}": value for name, value in metadata.items()}
        unenforced.note("metadata")
    return headers


def _check_length(length: int, key: str) -> None:
    """Raise where CloudFront would refuse a URL for its length."""
    length += len(encode_key(key))
    if length > _LONGEST_URL:
        msg = f"the URL would have {length} bytes, above the {_LONGEST_URL} that CloudFront takes: the key is too long"
        raise InvalidPathError(msg, option="path")
