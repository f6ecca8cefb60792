"""Which bucket and key a URL on an S3 host names: virtual-hosted style, path style, access points.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html,
https://docs.aws.amazon.com/general/latest/gr/s3.html.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import FoundURL, decoded
from daypass_s3.amazon import AmazonHost, amazon_host

# Patterns are texts, which `re` compiles when they are asked for: a command that signs for Amazon needs one of them.
#: ``[bucket.]s3[-flavour][.dualstack][.region].amazonaws.com[.cn]``; old hosts write ``s3-region``.
_AWS = (
    r"(?:(?P<bucket>[^/]{1,255})\.)?"
    r"s3(?P<flavour>-accesspoint(?:-fips)?|-object-lambda(?:-fips)?|-accelerate|-fips|-external-1)?"
    r"(?:\.(?P<dualstack>dualstack))?"
    r"(?:[.-](?P<region>[a-z]{2}(?:-[a-z]+){1,3}-\d))?"
    r"\.amazonaws\.com(?:\.cn)?"
)
#: Hosts of other stores, with the bucket in front of them or in the path.
_STORES = (
    # R2, Spaces, Hetzner, Linode, Backblaze, Wasabi, Google's interoperability, OVH, Scaleway, Outscale
    r"[0-9a-f]{32}(?:\.(?:eu|us|fedramp))?\.r2\.cloudflarestorage\.com",
    r"(?!cdn\.)[a-z0-9]+(?:\.cdn)?\.digitaloceanspaces\.com",
    r"[a-z0-9]+\.your-objectstorage\.com",
    r"(?!website-)[a-z0-9-]+\.linodeobjects\.com",
    r"s3\.[a-z0-9-]+\.backblazeb2\.com",
    r"s3(?:\.[a-z0-9-]+)?\.wasabisys\.com",
    r"storage\.googleapis\.com",
    r"s3\.[a-z0-9-]+\.(?:io\.)?cloud\.ovh\.net",
    r"s3\.[a-z0-9-]+\.scw\.cloud",
    r"oos\.[a-z0-9-]+\.outscale\.com",
    # Alibaba OSS: https://help.aliyun.com/en/oss/developer-reference/use-aws-sdks-to-access-oss
    r"(?:s3\.)?oss-[a-z0-9-]+\.aliyuncs\.com",
    # Tencent COS: https://tencentcloud.com/document/product/436/32537, its older and newer domain
    r"cos(?:-internal)?\.[a-z0-9-]+\.(?:myqcloud\.com|tencentcos\.(?:cn|com))",
    # Huawei OBS: https://support.huaweicloud.com/en-us/devg-obs/obs_06_0007.html, in Europe ...myhuaweicloud.eu
    r"obs(?:\.[a-z0-9-]+)?\.myhuaweicloud\.(?:com|eu)",
    # Volcengine TOS and its twin abroad, the hosts for S3 alone:
    # https://docs.byteplus.com/en/docs/tos/docs-compatibility-with-amazon-s3, https://www.volcengine.com/docs/6349/107356
    r"tos-s3-[a-z0-9-]+\.i?(?:volces|bytepluses)\.com",
    # Baidu BOS: https://cloud.baidu.com/doc/BOS/s/xjwvyq9l4-en
    r"s3\.[a-z0-9]+\.bcebos\.com",
    # IBM: https://cloud.ibm.com/docs/cloud-object-storage?topic=cloud-object-storage-endpoints
    r"s3(?:\.(?:private|direct))?(?:\.[a-z0-9-]+){1,2}\.cloud-object-storage\.appdomain\.cloud",
    # Oracle, with the namespace in front where the bucket is in the path:
    # https://docs.oracle.com/en-us/iaas/Content/Object/s3-virtual-style.htm
    r"(?:[a-z0-9_-]+\.compat|vhcompat)\.objectstorage\.[a-z0-9-]+\.(?:oraclecloud\.com|oci\.customer-oci\.com)",
    # Qiniu: https://developer.qiniu.com/kodo/12553/S3%20SDK%20sample, and the regions of https://developer.qiniu.com/kodo/4088
    r"s3[.-][a-z0-9-]+\.qiniucs\.com",
)
#: As few labels as can be are the bucket: the s3 in s3.oss-cn-hangzhou.aliyuncs.com is none.
_OTHERS = rf"(?:(?P<bucket>[^/]{{1,255}}?)\.)??(?:{'|'.join(_STORES)})"

#: https://docs.digitalocean.com/products/spaces/how-to/enable-cdn/
_CDN = r"[^/]+\.[a-z0-9]+\.cdn\.digitaloceanspaces\.com"
_EDGE = Finding(
    "warning",
    "cdn",
    "it names the host of a content network, which the signature was not made for unless it was signed for that host: use the store's own",
)

_INTEROPERABILITY = Finding(
    "note",
    "interoperability",
    "it is signed in Amazon's words with an HMAC key of Google Cloud Storage, which serves it: the bucket is Google's",
)

#: Every host of Amazon's own S3: buckets, access points and interface endpoints, in all but isolated partitions.
_AMAZON = r"(?:[^/]+\.)?s3(?:express)?(?:-[a-z0-9-]+)?(?:\.dualstack)?(?:\.[a-z]{2,4}(?:-[a-z]+){1,3}-\d)?(?:\.vpce)?\.amazonaws\.(?:com(?:\.cn)?|eu)"


def is_amazon(hostname: str) -> bool:
    """Tell whether a host is Amazon's own S3, and none that rents a name there.

    >>> is_amazon("maps.s3.eu-west-2.amazonaws.com"), is_amazon("ec2-1-2-3-4.compute-1.amazonaws.com")
    (True, False)
    """
    return re.fullmatch(_AMAZON, hostname.lower()) is not None


#: The region in a host that serves one: Amazon's (regional, dual-stack, FIPS, interface endpoints) and those of stores
#: that sign for it: https://docs.aws.amazon.com/general/latest/gr/s3.html,
#: https://www.backblaze.com/apidocs/introduction-to-the-s3-compatible-api (s3.REGION.backblazeb2.com),
#: https://docs.digitalocean.com/reference/api/spaces/ (REGION_SLUG), https://docs.outscale.com/en/userguide/About-Endpoints.html,
#: https://www.scaleway.com/en/docs/object-storage/concepts/#endpoint, https://docs.wasabi.com/docs/what-are-the-service-urls-for-wasabi-s-different-storage-regions
_REGIONAL = (
    r"(?:[^/]+\.)?(?:"
    r"s3(?:-[a-z0-9-]+?)?[.-](?:dualstack\.)?(?P<aws>[a-z]{2,4}(?:-[a-z]+){1,3}-\d)(?:\.vpce)?\.amazonaws\.(?:com(?:\.cn)?|eu)"
    r"|s3\.(?P<own>[a-z0-9-]+)\.(?:backblazeb2\.com|wasabisys\.com|scw\.cloud)"
    r"|oos\.(?P<oos>[a-z0-9-]+)\.outscale\.com|(?P<spaces>[a-z0-9]+)\.digitaloceanspaces\.com)"
)


def region_of(hostname: str) -> str | None:
    """Return the region that a store's own host serves, or None where the host does not say.

    >>> region_of("s3.dualstack.eu-west-1.amazonaws.com"), region_of("minio.example.org")
    ('eu-west-1', None)
    """
    match = re.fullmatch(_REGIONAL, hostname.lower())
    return None if match is None else next(filter(None, match.groups()))


def bucket_in(host: str, path: str) -> str | None:
    """Return the bucket that an endpoint names, which should name none; None too where nobody can tell.

    Args:
        host: the endpoint's, without a port.
        path: the endpoint's, such as ``"/maps"``.

    """
    match = re.fullmatch(_AWS, host.lower()) or re.fullmatch(_OTHERS, host.lower())
    return None if match is None else match["bucket"] or path.strip("/") or None


class Place(NamedTuple):
    """Where a URL leads."""

    bucket: str | None
    key: str | None
    #: The region in the host's name; None where it has none.
    region: str | None = None
    #: True for ``s3.amazonaws.com`` and what is below it.
    is_global: bool = False
    #: True where the bucket is part of the path.
    path_style: bool = False
    findings: tuple[Finding, ...] = ()


def place_of(url: FoundURL) -> Place:
    """Read bucket and key from host and path."""
    if not url.host:  # a form whose URL nobody gave
        return Place(bucket=None, key=None)
    if (amazon := amazon_host(url.hostname)) is not None:
        return _of_amazon(url, amazon)
    if (match := re.fullmatch(_OTHERS, url.hostname)) is not None:
        findings = (_INTEROPERABILITY,) if url.hostname.endswith("storage.googleapis.com") else ()
        if re.fullmatch(_CDN, url.hostname):
            findings = (_EDGE,)
        if match["bucket"]:
            return Place(bucket=match["bucket"], key=url.key, findings=findings)
        return _by_path(url, findings=findings)
    if _is_address(url.hostname) or "." not in url.hostname:
        return _by_path(url)
    why = (
        "the host is no store's that daypass knows by name, so the bucket is taken from the path; if the "
        "bucket is part of the host's name, all of the path is the key"
    )
    return _by_path(url, findings=(Finding("note", "addressing", why),))


def _of_amazon(url: FoundURL, amazon: AmazonHost) -> Place:
    found = _by_path(url) if amazon.in_path else Place(bucket=amazon.bucket, key=url.key)
    return found._replace(
        region=amazon.region, is_global=amazon.is_global, findings=amazon.findings
    )


def _by_path(url: FoundURL, findings: tuple[Finding, ...] = ()) -> Place:
    bucket, slash, key = url.path.removeprefix("/").partition("/")
    del slash
    return Place(
        bucket=decoded(bucket) or None,
        key=decoded(key) if bucket else None,
        path_style=True,
        findings=findings,
    )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return name.endswith(".localhost")
    return True
