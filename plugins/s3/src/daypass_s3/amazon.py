"""Amazon's own S3 hosts, as botocore's endpoint rules make them, read backwards: a bucket, an access point, or neither.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html,
https://docs.aws.amazon.com/general/latest/gr/s3.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/privatelink-interface-endpoints.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from daypass.hookspecs.findings import Finding

__all__ = ["AmazonHost", "amazon_host"]

#: By the end of their hosts: https://docs.aws.amazon.com/general/latest/gr/rande.html, and botocore's endpoint data.
_PARTITIONS = {
    "amazonaws.com": "aws",
    "amazonaws.com.cn": "aws-cn",
    "amazonaws.eu": "aws-eusc",
    "c2s.ic.gov": "aws-iso",
    "sc2s.sgov.gov": "aws-iso-b",
    "cloud.adc-e.uk": "aws-iso-e",
    "csp.hci.ic.gov": "aws-iso-f",
}
_END = rf"\.(?P<end>{'|'.join(map(re.escape, _PARTITIONS))})"
_REGION = r"(?P<region>[a-z]{2,4}(?:-[a-z]+){1,3}-[0-9]+)"
_BUCKET = r"(?:(?P<bucket>[^/]{1,255})\.)?"
#: An access point's name and the account's number.
_POINT = r"(?P<name>[a-z0-9-]{1,50})-(?P<account>[0-9]{12})"
_OUTPOST = r"(?P<outpost>op-[0-9a-z]{1,30})\.s3-outposts"


class AmazonHost(NamedTuple):
    """What a host of Amazon's says."""

    #: A bucket, or the ARN of an access point; None where it stands in the path, or nobody can tell.
    bucket: str | None = None
    region: str | None = None
    #: True for ``s3.amazonaws.com`` and what is below it.
    is_global: bool = False
    #: True where the bucket is the first part of the path.
    in_path: bool = False
    findings: tuple[Finding, ...] = ()


def amazon_host(hostname: str) -> AmazonHost | None:
    """Read a host; None for one that is not Amazon's.

    >>> amazon_host("maps.s3.eu-west-1.amazonaws.com").bucket
    'maps'
    >>> amazon_host("mine-123456789012.s3-accesspoint.eu-west-1.amazonaws.com").bucket
    'arn:aws:s3:eu-west-1:123456789012:accesspoint/mine'
    """
    for pattern, read in _KINDS:
        if (match := re.fullmatch(pattern, hostname)) is not None:
            return read(match)
    if re.fullmatch(rf".*{_END}", hostname) is None:
        return None
    why = "the host is Amazon's and none of those of S3 that daypass knows, so nobody can tell the bucket"
    return AmazonHost(findings=(Finding("note", "addressing", why),))


def _of_bucket(match: re.Match[str]) -> AmazonHost:
    region = "us-east-1" if match["flavour"] == "-external-1" else match["region"]
    return AmazonHost(
        bucket=match["bucket"],
        region=region,
        is_global=region is None and match["flavour"] is None,
        in_path=match["bucket"] is None,
    )


def _arn(match: re.Match[str], service: str, resource: str) -> AmazonHost:
    partition = _PARTITIONS[match["end"]]
    if match["region"].startswith("us-gov-"):  # whose hosts end as those of the first partition
        partition = "aws-us-gov"
    arn = f"arn:{partition}:{service}:{match['region']}:{match['account']}:{resource}"
    return AmazonHost(bucket=arn, region=match["region"])


def _of_point(match: re.Match[str]) -> AmazonHost:
    service = "s3-object-lambda" if match["kind"].startswith("-object") else "s3"
    return _arn(match, service, f"accesspoint/{match['name']}")


def _of_outpost(match: re.Match[str]) -> AmazonHost:
    return _arn(match, "s3-outposts", f"outpost/{match['outpost']}/accesspoint/{match['name']}")


def _of_link(match: re.Match[str]) -> AmazonHost:
    bucket = match["bucket"]
    return AmazonHost(bucket=bucket, region=match["region"], in_path=bucket is None)


def _named(match: re.Match[str]) -> AmazonHost:
    return AmazonHost(bucket=match["bucket"], region=match["region"])


def _of_regions(_: re.Match[str]) -> AmazonHost:
    why = "it is the host of a multi-region access point, which does not say whose it is: its links need SigV4A, and daypass makes none"
    return AmazonHost(findings=(Finding("note", "addressing", why),))


def _of_website(match: re.Match[str]) -> AmazonHost:
    why = "it is a website's endpoint, which looks at no signature: sign for the bucket's REST endpoint"
    found = (Finding("error", "website", why),)
    return AmazonHost(bucket=match["bucket"], region=match["region"], findings=found)


#: No host is of two kinds. The commonest comes first, and `re` compiles each when it is asked for: to look at a link of our
#: own, a command needs no more than one.
_KINDS: tuple[tuple[str, Callable[[re.Match[str]], AmazonHost]], ...] = (
    (
        rf"{_BUCKET}s3(?P<flavour>-accelerate|-fips|-external-1)?(?:\.dualstack)?(?:[.-]{_REGION})?{_END}",
        _of_bucket,
    ),
    (rf"[a-z0-9]+\.mrap\.accesspoint\.s3-global{_END}", _of_regions),
    (
        rf"{_POINT}\.s3(?P<kind>-accesspoint|-object-lambda)(?:-fips)?(?:\.dualstack)?\.{_REGION}{_END}",
        _of_point,
    ),
    (rf"{_POINT}\.{_OUTPOST}\.{_REGION}{_END}", _of_outpost),
    (rf"(?P<bucket>[a-z0-9-]+--op-s3)\.{_OUTPOST}\.{_REGION}{_END}", _named),
    # Directory buckets.
    (
        rf"(?P<bucket>[a-z0-9-]+--xa?-s3)\.s3express(?:-fips)?-[a-z0-9-]+\.(?:dualstack\.)?{_REGION}{_END}",
        _named,
    ),
    # Interface endpoints (PrivateLink).
    (
        rf"{_POINT}\.(?P<kind>accesspoint)\.vpce-[0-9a-z-]+\.s3\.{_REGION}\.vpce{_END}",
        _of_point,
    ),
    (rf"{_BUCKET}bucket\.vpce-[0-9a-z-]+\.s3\.{_REGION}\.vpce{_END}", _of_link),
    (rf"(?P<bucket>[^/]{{1,255}})\.s3-website[.-]{_REGION}{_END}", _of_website),
)
