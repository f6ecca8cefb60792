"""What a URL or a form in one of S3's signatures says of itself; a stranger wrote it.

Version 4: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html, forms:
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html, Version 2:
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from daypass.base.messages import escaped
from daypass.base.times import epoch
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import FoundURL
from daypass.toolkit.link_readers import BINDS, bound_parameters
from daypass.toolkit.v4 import AWS4
from daypass.toolkit.v4_links import V4Link, read_v4
from daypass_s3.hosts import Place, is_amazon, place_of

if TYPE_CHECKING:
    from daypass.hookspecs.explanations import Explanation

__all__ = ["TOKENS", "Reading", "explain", "read_url"]

_V2 = "AWS Signature Version 2"
_V4 = "AWS Signature Version 4"
_NAMES_V2 = {"AWSAccessKeyId", "Signature", "Expires"}
#: Parameters that are bound, and subresources.
_SHOWN = (
    "versionId",
    "partNumber",
    "uploadId",
    "prefix",
    "list-type",
    "max-keys",
    "x-id",
    "x-amz-copy-source",
)
#: What no link to PUT has.
_OF_READS = ("versionId", "prefix", "list-type", "delimiter", "max-keys")
_SUBRESOURCES = ("acl", "cors", "delete", "policy", "tagging", "uploads", "versioning")
#: A session token's parameter, of either version.
TOKENS = ("X-Amz-Security-Token", "x-amz-security-token")


class Reading(NamedTuple):
    """What a URL or a form says of itself."""

    scheme: str
    place: Place
    findings: list[Finding]
    #: What else an `Explanation` takes over as it is, by the names of its fields.
    fields: dict[str, Any]


def explain(url: FoundURL) -> Explanation | None:
    """Tell which of S3's signatures it is, and read it."""
    from daypass.hookspecs.explanations import (
        Explanation,  # which a look at our own links needs not
    )

    found = _of_form(url) if url.fields is not None else read_url(url)
    if found is None:
        return None
    place, findings = found.place, [*found.findings]
    if any(url.get(name) for name in TOKENS):
        findings.append(
            Finding(
                "note",
                "session-token",
                "it is signed with temporary credentials and dies with them, perhaps before its own end",
            )
        )
    key = place.key
    listing = url.get("prefix") if not key and url.fields is None else None
    path = None
    if place.bucket is not None:
        path = f"s3://{place.bucket}" + (f"/{key or listing}" if key or listing else "")
    answer = Explanation(
        url=url.url,
        backend="s3",
        scheme=found.scheme,
        path=path,
        bucket=place.bucket,
        key=key,
        now=url.now,
        findings=findings,
        **found.fields,
    )
    if url.error is None:
        return answer
    from daypass_s3.answers import findings_of  # which a link alone does not need

    return attrs.evolve(answer, findings=[*findings, *findings_of(url, answer, url.error)])


def read_url(url: FoundURL) -> Reading | None:
    """Read a URL in one of S3's signatures, with all that is wrong with it by its own word; None for any other."""
    names = set(url.names())
    v4 = {name for name in names if name.startswith("X-Amz-")} & {
        "X-Amz-Signature",
        "X-Amz-Credential",
        "X-Amz-Algorithm",
    }
    if v4:
        return _v4(url, also_v2=names >= _NAMES_V2)
    if names >= _NAMES_V2 or {"AWSAccessKeyId", "Signature"} <= names:
        return _v2(url)
    folded = {name.lower() for name in names}
    if "x-amz-signature" in folded and "x-amz-credential" in folded:
        why = "the X-Amz- parameters are in another case: they are case-sensitive, and S3 does not see them"
        return Reading(_V4, place_of(url), [Finding("error", "parameter-case", why)], {})
    return None


def _v4(url: FoundURL, *, also_v2: bool) -> Reading:
    link = read_v4(url, AWS4)
    place = place_of(url)
    findings = [*link.findings, *place.findings, *_of_region(link, place)]
    if link.algorithm and link.algorithm != "AWS4-HMAC-SHA256":
        why = f"X-Amz-Algorithm is {escaped(link.algorithm, 40)}, and S3's links are AWS4-HMAC-SHA256 (multi-region access points: AWS4-ECDSA-P256-SHA256)"
        findings.append(Finding("warning", "algorithm", why))
    if link.service and link.service not in ("s3", "s3-object-lambda", "s3express", "s3-outposts"):
        why = f"it is signed for the service {escaped(link.service, 40)} and not for s3"
        findings.append(Finding("warning", "service", why))
    if also_v2:
        why = "it holds the parameters of Version 2 as well as those of Version 4, which S3 refuses"
        findings.append(Finding("error", "two-signatures", why))
    findings += _of_additions(url)
    conditions = {"region": link.region, **_conditions(url)}
    conditions["body"] = _body(url, link)
    bound = {name: value for name, value in conditions.items() if value}
    fields = {"permits_because": BINDS, "conditions": bound, **link.as_fields()}
    return Reading(_V4, place, findings, fields)


def _body(url: FoundURL, link: V4Link) -> str:
    payload = url.get("X-Amz-Content-Sha256")
    if payload and payload != "UNSIGNED-PAYLOAD":
        return f"its SHA-256 is signed: {escaped(payload, 64)}"
    if "x-amz-content-sha256" in link.headers:
        return "its SHA-256 is signed, in the header x-amz-content-sha256"
    return "not signed (UNSIGNED-PAYLOAD)"


def _of_additions(url: FoundURL) -> list[Finding]:
    """Say what a holder may add, where it can be a link to PUT and its store is not known to refuse it."""
    names = url.names()
    is_read = any(name in _OF_READS or name.startswith("response-") for name in names)
    if is_read or not url.host or is_amazon(url.hostname):
        return []
    why = (
        "if it is a link to PUT, its store may take x-amz- headers that are not signed, as Ceph RGW does and Amazon does not: "
        "an added x-amz-copy-source reads what the credential can read, and goes round type, size, MD5 and if-absent; "
        "sign uploads with a credential that cannot read"
    )
    return [Finding("note", "unsigned-headers", why)]


def _of_region(link: V4Link, place: Place) -> list[Finding]:
    if place.region is not None and link.region and place.region != link.region:
        why = f"the host is in {place.region}, and it is signed for {escaped(link.region, 40)}: S3 refuses that"
        return [Finding("error", "region", why)]
    if place.is_global and link.region not in ("", "us-east-1", "aws-global"):
        why = (
            f"it names the global host and is signed for {escaped(link.region, 40)}: S3 redirects to the bucket's region for hours "
            "after a bucket was made, and the redirected request fails; sign for the regional host"
        )
        return [Finding("warning", "global-host", why)]
    return []


def _v2(url: FoundURL) -> Reading:
    place = place_of(url)
    findings = [*place.findings]
    end = epoch(url.get("Expires"))
    if end is None:
        why = "Expires is no number of seconds since 1970, or missing"
        findings.append(Finding("error", "bad-expires", why))
    findings.append(
        Finding(
            "warning",
            "v2",
            "it is signed with Version 2, which has no longest lifetime, signs few headers, and which AWS "
            "refuses for new buckets: sign with Version 4",
        )
    )
    if place.is_global and place.bucket is not None:
        why = "it names the global host: outside us-east-1 S3 redirects there, and Version 2 fails in newer regions"
        findings.append(Finding("note", "global-host", why))
    free = sorted(
        {name.lower() for name in url.names()}
        & {"prefix", "marker", "continuation-token", "delimiter", "list-type"}
    )
    if free:
        why = f"Version 2 does not sign {', '.join(free)}: the holder can list the whole bucket"
        findings.append(Finding("warning", "forgeable", why))
    fields = {
        "permits_because": BINDS,
        "credential_id": url.get("AWSAccessKeyId"),
        "expires_at": end,
        "conditions": _conditions(url),
    }
    return Reading(_V2, place, findings, fields)


def _conditions(url: FoundURL) -> dict[str, str]:
    """Return what the query binds beside the signature, by the names of its parameters."""
    found = bound_parameters(url, _SHOWN)
    subresources = (name for name in url.names() if name in _SUBRESOURCES)
    if (first := next(subresources, None)) is not None:
        found["subresource"] = first
    return found


def _of_form(url: FoundURL) -> Reading | None:
    from daypass.toolkit.form_readers import read_form  # which links do not need

    form = read_form(url, AWS4, older="AWSAccessKeyId")
    if form is None:
        return None
    place = place_of(url)
    if form.v4 is not None:
        scheme, region, findings = _V4, form.v4.region, _of_region(form.v4, place)
    else:
        scheme, region = _V2, ""
        why = "it is signed with Version 2, which AWS refuses for new buckets: sign with Version 4"
        findings = [Finding("warning", "v2", why)]
    bucket = form.policy.bucket or place.bucket
    conditions = {**({"region": region} if region else {}), **form.policy.conditions}
    return Reading(
        f"{scheme}, POST policy",
        Place(bucket=bucket, key=form.key),
        [*findings, *form.findings],
        {**form.as_fields(), "conditions": conditions},
    )
