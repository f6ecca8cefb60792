"""``verify`` on what others have published: links and signatures that must pass."""

from __future__ import annotations

import json
from datetime import datetime
from urllib.parse import quote

import pytest

import daypass
from tests.plugins.s3.sdk import VECTORS
from tests.plugins.s3.verifying import codes


def vectors(name):
    return [
        pytest.param(case, id=case["id"])
        for case in json.loads((VECTORS / f"{name}.json").read_text())["cases"]
        if "url" in case["expect"]
    ]


@pytest.mark.parametrize("case", [*vectors("aws_sdk_presign"), *vectors("aws_sigv2")])
def test_published_links_pass(case):
    """Of the AWS CLI (both versions), the Ruby SDK and minio-py."""
    asked = case["req"]
    answer = daypass.verify(
        case["expect"]["url"],
        method=asked["method"],
        headers=dict(asked.get("headers", [])),
        key=asked["creds"]["secret_key"],
        now=datetime.fromisoformat(asked["now"]),
    )
    assert (answer.signature, codes(answer)) == ("right", set())


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case["id"])
        for case in json.loads((VECTORS / "aws_sigv2.json").read_text())["cases"]
        if case["family"] == "s3v2" and "url" in case["req"]
    ],
)
def test_published_signatures_of_version_2_pass(case):
    asked, expected = case["req"], case["expect"]
    query = f"AWSAccessKeyId=a&Expires={expected['expires']}&Signature={quote(expected['signature'], '')}"
    answer = daypass.verify(
        f"{asked['url']}?{query}",
        method=asked["method"],
        headers=dict(asked["headers"]),
        key=asked["creds"]["secret_key"],
        now=datetime.fromisoformat(asked["now"]),
    )
    assert (answer.signature, codes(answer)) == ("right", set())


def test_the_documentations_link_of_version_2_passes():
    """https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html."""
    cases = json.loads((VECTORS / "aws_sigv2.json").read_text())["cases"]
    case = next(one for one in cases if one["id"] == "docs-v2-query-url")
    signature = quote(case["expect"]["signature"], "")
    answer = daypass.verify(
        "https://johnsmith.s3.us-west-1.amazonaws.com/photos/puppy.jpg?AWSAccessKeyId="
        f"AKIAIOSFODNN7EXAMPLE&Signature={signature}&Expires=1175139620",
        key=case["req"]["creds"]["secret_key"],
        now=datetime.fromisoformat(case["req"]["now"]),
    )
    assert (answer.signature, codes(answer)) == ("right", set())


#: What S3 does not do, and other services do.
NOT_S3 = {
    "crt-query-get-relative-normalized": "S3 normalises no path",
    "crt-query-get-relative-relative-normalized": "S3 normalises no path",
    "crt-query-get-slash-dot-slash-normalized": "S3 normalises no path",
    "crt-query-get-slash-normalized": "S3 normalises no path",
    "crt-query-get-slash-pointless-dot-normalized": "S3 normalises no path",
    "crt-query-get-slashes-normalized": "S3 normalises no path",
    "crt-query-post-sts-header-after": "S3 signs the session token",
}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case["id"])
        for case in json.loads((VECTORS / "aws_crt_sigv4_query.json").read_text())["cases"]
    ],
)
def test_published_queries_of_version_4_pass(case):
    """Of the AWS common runtime, for a service that hashes the body."""
    asked = case["req"]
    headers = {}
    for name, value in asked["headers"]:
        headers.setdefault(name.lower(), []).append(value.strip())
    answer = daypass.verify(
        f"https://{asked['host']}{case['expect']['target']}",
        method=asked["method"],
        headers={name: ",".join(values) for name, values in headers.items()},
        body=asked["body"].encode() if asked["body"] else None,
        key=asked["creds"]["secret_key"],
        now=datetime.fromisoformat(asked["now"]),
    )
    if case["id"] == "crt-query-post-sts-header-after":
        assert codes(answer) == {"parameter-added"}  # the token was added after it was signed
    else:
        assert (answer.signature == "right") is (case["id"] not in NOT_S3)
