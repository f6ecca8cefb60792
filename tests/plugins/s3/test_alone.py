"""Every hook of S3 is used once where nothing is installed but the plugin, core and what they declare.

What the hooks give is proven in the other modules, by boto3, vectors and real servers.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import pytest

import daypass
from daypass.gate.cors import plan_cors
from daypass.hookspecs.cors_rules import CorsRule
from daypass.testing import BackendConformance
from tests.servers.canned import canned

pytestmark = pytest.mark.isolated

SECRET = "opensesame-7f3a"
OPTIONS = {"key": "AKIDEXAMPLE", "secret": SECRET, "client_kwargs": {"region_name": "eu-west-1"}}


@cache
def store(endpoint=None):
    """Make a store once: its first link is slow, and nothing is ever in the store."""
    options = OPTIONS if endpoint is None else {**OPTIONS, "endpoint_url": endpoint}
    return daypass.Store("s3://maps", storage_options=options)


class TestContract(BackendConformance):
    """Links, forms, bulk, explanations and verification."""

    protocol = "s3"
    sign_only = True

    @pytest.fixture
    def store(self):
        return store()

    @pytest.fixture
    def secrets(self):
        return [SECRET]


def test_metadata_is_read():
    headers = {
        "Content-Length": "5",
        "ETag": '"abc"',
        "Last-Modified": "Mon, 04 May 2026 12:00:00 GMT",
    }
    with canned(headers) as endpoint:
        found = store(endpoint).head_metadata("k")
    assert (found.size, found.etag) == (5, "abc")
    assert found.last_modified == datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_rules_of_cors_are_read():
    body = (
        b"<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod>"
        b"<AllowedOrigin>https://old.example</AllowedOrigin></CORSRule></CORSConfiguration>"
    )
    with canned({"Content-Type": "application/xml"}, body) as endpoint:
        rule = CorsRule(origins=["https://app.example"], methods=["PUT"])
        plan = plan_cors(store(endpoint).backend, store(endpoint).location, rule)
        found = plan.read()
    assert found == [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://old.example"]}]


def test_an_upload_in_parts_is_begun():
    body = (
        b"<InitiateMultipartUploadResult><UploadId>one</UploadId></InitiateMultipartUploadResult>"
    )
    with canned({"Content-Type": "application/xml"}, body) as endpoint:
        upload = store(endpoint).create_multipart_upload("k", size=1)
    assert upload.upload_id == "one"
    assert "uploadId=one" in upload.part(1).url
