"""Our own links as `explain` reads them: none leaves that it would call dead."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

from daypass.base.urls import host_header
from daypass.errors import InvalidPathError, InvalidRequestError
from daypass.hookspecs.found import FoundURL
from daypass_s3.explain import read_url
from daypass_s3.hosts import is_amazon

#: What a clock has to do with, and not how a store was configured.
_OF_CLOCKS = frozenset({"not-yet-valid", "expired"})


def check_alive(url: str, bucket: str) -> None:
    """Raise where no link like this one would work: asked once for each kind of request.

    Args:
        url: what the SDK signed.
        bucket: what it was asked to sign for.

    Raises:
        InvalidRequestError: saying what explain says, and what to do.
        InvalidPathError: for another tenant's bucket where there are no tenants.

    """
    parts = urlsplit(url)
    if ":" in bucket and not bucket.startswith("arn:") and is_amazon(parts.hostname or ""):
        msg = "Amazon knows no buckets of tenants (tenant:bucket): name the bucket alone, or the endpoint of a store that has them"
        raise InvalidPathError(msg, option="path")
    said = read_url(
        FoundURL(
            url=url,
            scheme=parts.scheme,
            host=host_header(parts.scheme, parts.netloc),
            path=parts.path,
            query=tuple(pair.partition("=")[::2] for pair in parts.query.split("&")),
            now=datetime.now(UTC),
        )
    )
    for finding in said.findings if said is not None else ():
        if finding.severity == "error" and finding.code not in _OF_CLOCKS:
            msg = f"with these settings a link would be dead, since {finding.message}: make client_kwargs region_name and the endpoint agree"
            raise InvalidRequestError(msg, option="storage_options")
