"""A URL is explained by the backend that knows it, where that is installed, and never taken for another's."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from importlib.metadata import entry_points
from urllib.parse import urlencode

import pytest

import daypass

pytestmark = pytest.mark.isolated

BEGIN = datetime(2026, 5, 4, 12, tzinfo=UTC)
END = datetime(2026, 5, 4, 13, tzinfo=UTC)
INSTALLED = {
    entry.value
    for group in ("daypass.backends", "daypass.signers")
    for entry in entry_points(group=group)
}

S3 = "https://maps.s3.eu-west-1.amazonaws.com"
S3_SIGNED = {
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-credential": "AKIDEXAMPLE/20260504/eu-west-1/s3/aws4_request",
    "x-amz-date": "20260504T120000Z",
    "x-amz-signature": "ab" * 32,
}
POLICY = {"expiration": "2026-05-04T13:00:00Z", "conditions": [["eq", "$key", "k"]]}
FORM = {**S3_SIGNED, "key": "k", "policy": base64.b64encode(json.dumps(POLICY).encode()).decode()}
V4 = {"X-Amz-Expires": 3600, "X-Amz-SignedHeaders": "host"} | {
    name.title(): value for name, value in S3_SIGNED.items()
}
V2 = {"AWSAccessKeyId": "AKIDEXAMPLE", "Signature": "Zm9v", "Expires": int(END.timestamp())}
GOOG4 = {
    "X-Goog-Algorithm": "GOOG4-HMAC-SHA256",
    "X-Goog-Credential": "GOOG1EXAMPLE/20260504/auto/storage/goog4_request",
    "X-Goog-Date": "20260504T120000Z",
    "X-Goog-Expires": 3600,
    "X-Goog-SignedHeaders": "host",
    "X-Goog-Signature": "ab" * 32,
}
SAS = {"se": "2026-05-04T13:00:00Z", "sp": "r", "sv": "2022-11-02", "sr": "b", "sig": "Zm9v" * 11}
CANNED = {"Expires": int(END.timestamp()), "Signature": "Zm9v", "Key-Pair-Id": "KEXAMPLE"}


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("s3", f"{S3}/k?{urlencode(V4)}"),
        ("s3", f"{S3}/k?{urlencode(V2)}"),
        ("s3", {"url": f"{S3}/", "fields": FORM}),
        ("gcs", f"https://storage.googleapis.com/maps/k?{urlencode(GOOG4)}"),
        ("azure", f"https://contoso.blob.core.windows.net/maps/k?{urlencode(SAS)}"),
        ("cloudfront", f"https://d111111abcdef8.cloudfront.net/k?{urlencode(CANNED)}"),
    ],
    ids=["s3", "s3 by version 2", "s3 form", "gcs", "azure", "cloudfront"],
)
def test_each_kind_of_url_is_explained_where_its_backend_is_installed(name, url):
    answer = daypass.explain(url, now=BEGIN)
    if f"daypass_{name}" in INSTALLED:
        assert (answer.backend, answer.key, answer.expires_at) == (name, "k", END)
    else:
        assert (answer.backend, answer.findings[0].code) == (None, "unknown")
