"""Signature Version 2 in the query string, for stores that know nothing newer, and only when asked.

The rules: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html. It signs
Content-MD5, Content-Type and ``x-amz-*`` headers and nothing else, so that is all it may enforce.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Self
from urllib.parse import quote, unquote

import attrs

from daypass.base.urls import encode, encode_key
from daypass.errors import UnsupportedOptionError
from daypass.model.locations import Location
from daypass.toolkit.engine import Shape
from daypass.toolkit.v4 import SENTINEL

_OPTION_OF_HEADER = {"content-length": "content_length", "if-none-match": "if_absent"}
_POSITIONAL = ("content-md5", "content-type")
#: Stands where the signature goes; no encoded value can hold it.
_PLACE = "\0"


def check_v2(shape: Shape, location: Location) -> None:
    """Raise for a header or a parameter that Version 2 does not sign."""
    if "prefix" in shape.query:
        msg = "signature_version='s3' does not sign a listing's prefix, so the holder could list the whole bucket: use 's3v4'"
        raise UnsupportedOptionError(msg, option="method", backend="s3", alternatives=["s3v4"])
    for name in shape.query:
        if name != "versionId" and not name.startswith("response-"):
            msg = f"signature_version='s3' does not sign the parameter {name}, so the holder could change it: use 's3v4'"
            raise UnsupportedOptionError(msg, option="query", backend="s3", alternatives=["s3v4"])
    for name in shape.headers:
        lower = name.lower()
        if lower in _POSITIONAL or lower.startswith("x-amz-"):
            continue
        option = _OPTION_OF_HEADER.get(lower, "headers")
        msg = f"signature_version='s3' does not sign {name}, so it cannot enforce {option}: use 's3v4'"
        raise UnsupportedOptionError(msg, option=option, backend="s3", alternatives=["s3v4"])
    if location.bucket.startswith("arn:"):
        msg = "access points need signature_version='s3v4'"
        raise UnsupportedOptionError(
            msg, option="signature_version", backend="s3", alternatives=["s3v4"]
        )


@attrs.frozen
class PreparedV2:
    """All that is the same for every key of one request."""

    _place: str
    _to_sign: str
    _subresource: str
    _query_before: str
    _query_after: str
    _secret: bytes = attrs.field(repr=False)

    def url(self, key: str) -> str:
        """Return the signed URL of one key."""
        path = quote(key, "/~")
        message = f"{self._to_sign}{path}{self._subresource}"
        signature = b64encode(hmac.digest(self._secret, message.encode(), "sha1")).decode()
        return f"{self._place}{path}{self._query_before}{encode(signature)}{self._query_after}"

    def urls(self, keys: Iterable[str]) -> list[str | None]:
        """Return the signed URLs of many keys."""
        return [self.url(key) for key in keys]


@attrs.frozen
class TemplateV2:
    """The form of a V2 URL as the SDK writes it."""

    method: str
    #: The URL up to the key, encoded.
    place: str
    #: ``/bucket/``, whatever the addressing style.
    resource: str
    #: Query parameters in the SDK's order, encoded; None where the value varies.
    query: tuple[tuple[str, str | None], ...] = attrs.field(repr=False)
    #: Signed headers whose values never vary, names in lower case.
    fixed: dict[str, str] = attrs.field(repr=False)

    @classmethod
    def learn(
        cls,
        method: str,
        url: str,
        *,
        bucket: str,
        headers: Mapping[str, str],
        varying: Iterable[str],
        secret: str,
        fixed: Mapping[str, str],
    ) -> Self | None:
        """Take apart the SDK's URL for `SENTINEL`; None unless its signature can be recomputed."""
        place, _, query = url.partition("?")
        sentinel = encode_key(SENTINEL)
        if not place.endswith(sentinel):
            return None
        pairs = [pair.partition("=")[::2] for pair in query.split("&")]
        found = {name: unquote(value) for name, value in pairs}
        sent = {name.lower(): value for name, value in headers.items() if name.lower() != "date"}
        kept = {name.lower(): value for name, value in fixed.items() if name.lower() != "date"}
        open_ = {"Signature", "Expires", *varying, *(sent.keys() - kept.keys())}
        before = place.removesuffix(sentinel)
        path = before.partition("://")[2].partition("/")[2]
        for resource in (f"/{path}", f"/{bucket}/{path}"):
            template = cls(
                method,
                before,
                resource,
                tuple((name, None if name in open_ else value) for name, value in pairs),
                kept,
            )
            again = template.prepare(
                secret, expires=found.get("Expires", ""), query=found, headers=sent
            ).url(SENTINEL)
            if hmac.compare_digest(again, url):
                # The SDK writes the headers into the query too, where nobody signs them, and a store that
                # reads both (Ceph RGW) joins the two and refuses the link.
                alone = tuple((name, value) for name, value in template.query if name not in sent)
                return attrs.evolve(template, query=alone)
        return None

    def prepare(
        self, secret: str, *, expires: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> PreparedV2:
        """Fill in all but the key.

        Args:
            secret: the secret key.
            expires: the end in seconds since 1970.
            query: values of the varying parameters, not encoded.
            headers: values of the varying headers, names in lower case.

        """
        sent = {**self.fixed, **headers}
        values = {**query, **headers, "Expires": expires}
        pairs = [
            (name, encode(values[name]) if value is None and name != "Signature" else value)
            for name, value in self.query
        ]
        token = next((value for name, value in pairs if name == "x-amz-security-token"), None)
        if token is not None:
            sent["x-amz-security-token"] = unquote(token)
        amz = "".join(
            f"{name}:{sent[name]}\n" for name in sorted(sent) if name.startswith("x-amz-")
        )
        positional = "\n".join(sent.get(name, "") for name in _POSITIONAL)
        signed = sorted(
            (n, unquote(v or "")) for n, v in pairs if n.startswith("response-") or n == "versionId"
        )
        before, _, after = "&".join(
            f"{name}={_PLACE if value is None else value}" for name, value in pairs
        ).partition(_PLACE)
        return PreparedV2(
            self.place,
            f"{self.method}\n{positional}\n{expires}\n{amz}{self.resource}",
            "?" + "&".join(f"{name}={value}" for name, value in signed) if signed else "",
            f"?{before}",
            after,
            secret.encode(),
        )
