"""AWS's published vectors, replayed against the public API."""

import json
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

import daypass
from tests.each import each

VECTORS = Path(__file__).parents[2] / "vectors" / "s3"

#: What daypass refuses on purpose although the provider's rules name an endpoint.
REFUSED_ON_PURPOSE = {
    "S3 Express": "a directory bucket takes session credentials only",
    "multi-region": "a multi-region access point takes SigV4A only",
    "is not the name of a bucket": "no store allows '#', '!' or a space in a bucket's name",
}
#: What the rule set tests and a signed URL has no way to ask for.
NOT_ASKED = {
    "rules-009": "DisableAccessPoints is a setting of operations that no link is for",
    "rules-085": "the same",
    "rules-039": "without a region botocore signs for us-east-1, as s3fs does",
    "rules-268": "a bucket's name with a slash is a bucket and a key",
}


def cases(name, *families):
    vectors = json.loads((VECTORS / f"{name}.json").read_text())["cases"]
    return [
        pytest.param(case, id=case["id"])
        for case in vectors
        if case["family"] in families and case["id"] not in NOT_ASKED
    ]


def options(request):
    """Translate a vector's request into storage options."""
    keys = request["creds"]
    found = {
        "key": keys["access_key"],
        "secret": keys["secret_key"],
        "token": keys.get("session_token"),
        "endpoint_url": request.get("endpoint"),
        "client_kwargs": {"region_name": request["region"]} if request.get("region") else {},
        "config_kwargs": {"s3": {"addressing_style": request["addressing"]}},
    }
    return {name: value for name, value in found.items() if value is not None}


def conditions(request):
    """Translate a vector's headers and query into options of a request."""
    own = {
        "content-type": "content_type",
        "content-md5": "content_md5",
        "x-amz-acl": "acl",
    }
    found = {}
    for name, value in request.get("headers", []):
        if name.lower() in own:
            found[own[name.lower()]] = value
        elif name.lower() != "host":
            found.setdefault("headers", {})[name] = value
    for name, value in request.get("query", []):
        found["version" if name == "versionId" else name.replace("-", "_")] = value
    return found


def parts(url):
    split = urlsplit(url)
    return split[:3], sorted(parse_qsl(split.query, keep_blank_values=True))


def sign(request, **more):
    return daypass.create_signed_url(
        f"s3://{request['bucket']}/{request['key']}",
        method=request["method"],
        expires_in=request["expires"],
        signing_time=datetime.fromisoformat(request["now"]),
        storage_options=options(request),
        **conditions(request),
        **more,
    )


@pytest.mark.filterwarnings("ignore::daypass.ShortLivedURLWarning")
@pytest.mark.parametrize("case", cases("aws_docs_sigv4", "s3v4") + cases("aws_sdk_presign", "s3v4"))
def test_presigned_urls_equal_the_published_ones(case, monkeypatch):
    """Every V4 URL printed in AWS's docs and SDK tests comes out byte for byte, query order free."""
    if case["id"] == "ruby-request-payer-signed-header":
        # Its value is no requester's, so no option says it, and the header alone is refused.
        monkeypatch.setattr("daypass.model.headers.option_of", lambda name: None)
    link = sign(case["req"])

    if "url" in case["expect"]:
        assert parts(case["expect"]["url"]) == parts(link.url)
    else:
        assert case["expect"]["signature"] == dict(parts(link.url)[1])["X-Amz-Signature"]


#: The V2 vectors that hold a header no caller may set, or no MD5: refused, see the last test.
_ILLEGAL_V2 = {
    "botocore-v2-amz-headers",
    "botocore-v2-content-headers",
    "botocore-v2-unused-header",
}


@pytest.mark.parametrize("case", cases("aws_sigv2", "s3v2"))
def test_legacy_signatures_equal_the_published_ones(case):
    """Signature Version 2 equals AWS's, where the vector's request is one a caller may make."""
    if case["id"] in _ILLEGAL_V2:
        with pytest.raises(daypass.InvalidRequestError):
            sign(case["req"], signer_options={"signature_version": "s3"})
        return

    link = sign(case["req"], signer_options={"signature_version": "s3"})

    if "url" in case["expect"]:
        assert parts(case["expect"]["url"]) == parts(link.url)
    else:
        assert case["expect"]["signature"] == dict(parts(link.url)[1])["Signature"]


@each("case", cases("aws_presign_addressing", "s3v4-address"))
def test_hosts_equal_the_published_ones_but_for_the_global_host(case):
    """Hosts are botocore's, except that a region's bucket gets the region's host."""
    request = case["req"]
    style = {"addressing_style": request["s3_config"].get("addressing_style")}
    signature = request["signature_version"]
    link = daypass.create_signed_url(
        f"s3://{request['bucket']}/{request['key']}",
        storage_options={
            "key": "AK",
            "secret": "SK",
            "endpoint_url": request["endpoint"],
            "client_kwargs": {"region_name": request["region"]},
            "config_kwargs": {"s3": request["s3_config"]},
        },
        signer_options={"signature_version": signature} if signature else None,
    )

    expected = case["expect"]["base_url"]
    if style["addressing_style"] is None and expected == "https://bucket.s3.amazonaws.com/key":
        region = request["region"]
        if region not in (None, "us-east-1"):
            expected = f"https://bucket.s3.{region}.amazonaws.com/key"
    assert expected == link.url.partition("?")[0]


def rule_options(request):
    """Translate the parameters of AWS's endpoint rules into storage options."""
    s3 = {}
    config = {"s3": s3}
    if request.get("UseFIPS"):
        config["use_fips_endpoint"] = True
    if request.get("UseDualStack"):
        config["use_dualstack_endpoint"] = True
    if request.get("Accelerate"):
        s3["use_accelerate_endpoint"] = True
    if "ForcePathStyle" in request:
        s3["addressing_style"] = "path" if request["ForcePathStyle"] else "virtual"
    elif "Endpoint" in request:
        s3["addressing_style"] = "virtual"
    if "UseArnRegion" in request:
        s3["use_arn_region"] = request["UseArnRegion"]
    return {
        "key": "AK",
        "secret": "SK",
        "endpoint_url": request.get("Endpoint"),
        "client_kwargs": {"region_name": request.get("Region")},
        "config_kwargs": config,
    }


def expected_url(case):
    """Return the rule set's URL, with the one host that the SDK's virtual style names otherwise."""
    url = case["expect"]["url"].rstrip("/")
    if set(case["req"]) == {"Bucket", "Region"} and case["req"]["Region"] == "us-east-1":
        url = url.replace("s3.us-east-1.", "s3.")
    return f"{url}/key"


@each("case", cases("aws_s3_endpoint_rules", "s3v4-address"))
def test_endpoint_rules_hold(case):
    """AWS's own rule set: each endpoint is named as it says, each illegal mixture is refused."""
    request = case["req"]
    bucket = request["Bucket"]
    try:
        link = daypass.create_signed_url(
            f"s3://{bucket}/key", storage_options=rule_options(request)
        )
    except daypass.DaypassError as error:
        refused = any(words in str(error) for words in REFUSED_ON_PURPOSE)
        assert case["replay"] == "error" or refused, str(error)
    else:
        assert case["replay"] == "endpoint", link.url.partition("?")[0]
        assert expected_url(case) == link.url.partition("?")[0]
