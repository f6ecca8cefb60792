"""What a request asks of S3, as headers to send and query parameters to sign."""

from __future__ import annotations

from email.utils import format_datetime
from typing import Any

import attrs

from daypass.errors import InvalidRequestError
from daypass.model.requests import SignRequest


@attrs.frozen
class Shape:
    """Headers and query of one request; two requests of one form share a template."""

    #: As they are to be sent.
    headers: dict[str, str] = attrs.field(factory=dict)
    #: Query parameters, not encoded.
    query: dict[str, str] = attrs.field(factory=dict)
    #: The same parameters by the SDK's names.
    params: dict[str, Any] = attrs.field(factory=dict)

    @property
    def form(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What decides on the template: the names, not the values."""
        return tuple(name.lower() for name in self.headers), tuple(self.query)

    def below(self, prefix: str) -> Shape:
        """Return the shape of a listing below a prefix.

        Parameters: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html.
        """
        return attrs.evolve(
            self, query={**self.query, "prefix": prefix}, params={**self.params, "Prefix": prefix}
        )


PLAIN = Shape()


def shape_of(request: SignRequest, version: str | None, *, requester_pays: bool) -> Shape:
    """Translate a request into S3's words.

    Headers: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html;
    overrides: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html.
    """
    if not request.conditions and version is None and not requester_pays:
        return PLAIN
    return Shape(_headers(request, requester_pays=requester_pays), *_query(request, version))


def _headers(request: SignRequest, *, requester_pays: bool) -> dict[str, str]:
    headers = {
        "Content-Type": request.content_type,
        "Content-MD5": request.content_md5,
        "Content-Length": None if request.content_length is None else str(request.content_length),
        "If-None-Match": "*" if request.if_absent else None,
        "x-amz-checksum-sha256": request.checksum_sha256,
        "x-amz-acl": request.acl,
        "x-amz-request-payer": "requester" if request.requester_pays or requester_pays else None,
        **{f"x-amz-meta-{name}": value for name, value in request.object_metadata.items()},
    }
    found = {name: value for name, value in headers.items() if value is not None}
    taken = {name.lower() for name in found}
    for name, value in (request.headers or {}).items():
        if name.lower() in taken:
            msg = f"headers: {name} is already set by an option of its own: give it once"
            raise InvalidRequestError(msg, option="headers")
        found[name] = value
    return found


def _query(request: SignRequest, version: str | None) -> tuple[dict[str, str], dict[str, str]]:
    """Return the parameters by their own names and by the SDK's."""
    expires = request.response_expires
    values = [
        ("response-content-type", "ResponseContentType", request.response_content_type),
        ("response-content-encoding", "ResponseContentEncoding", request.response_content_encoding),
        ("response-content-language", "ResponseContentLanguage", request.response_content_language),
        ("response-cache-control", "ResponseCacheControl", request.response_cache_control),
        ("response-content-disposition", "ResponseContentDisposition", request.disposition),
        (
            "response-expires",
            "ResponseExpires",
            None if expires is None else format_datetime(expires, usegmt=True),
        ),
        ("versionId", "VersionId", version),
    ]
    query = {name: value for name, _, value in values if value is not None}
    return query, {name: value for _, name, value in values if value is not None}
