"""Every hook of Azure is used once where nothing is installed but the plugin, core and what they declare.

What the hooks give is proven in the other modules, by the SDK, vectors and Azurite.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

import daypass
from daypass.gate.cors import plan_cors
from daypass.hookspecs.cors_rules import CorsRule
from daypass.hookspecs.parts import UploadedPart
from daypass.testing import BackendConformance
from tests.plugins.azure.conftest import OPTIONS
from tests.servers.azurite import KEY
from tests.servers.canned import canned

pytestmark = pytest.mark.isolated


def at(endpoint):
    """Make a store whose account is elsewhere."""
    account = f"AccountName=contoso;AccountKey={KEY};BlobEndpoint={endpoint}/contoso;"
    return daypass.Store("az://maps", storage_options={"connection_string": account})


class TestContract(BackendConformance):
    """Links, bulk, explanations and verification."""

    protocol = "az"
    sign_only = True
    #: A key of the account signs no headers, and only directories bind a prefix.
    narrowed = frozenset(
        {
            *("add_content_md5_metadata", "content_length", "content_md5", "content_type"),
            *("headers", "metadata", "prefix", "storage_class", "tags"),
        }
    )

    @pytest.fixture
    def store(self):
        return daypass.Store("az://maps", storage_options=OPTIONS)

    @pytest.fixture
    def secrets(self):
        return [KEY]


def test_a_whole_container_is_granted():
    grant = daypass.create_signed_prefix("az://maps", storage_options=OPTIONS)
    assert parse_qs(grant.query)["sr"] == ["c"]


def test_metadata_is_read():
    headers = {
        "Content-Length": "5",
        "ETag": '"abc"',
        "Last-Modified": "Mon, 04 May 2026 12:00:00 GMT",
        "x-ms-blob-type": "BlockBlob",
    }
    with canned(headers) as endpoint:
        found = at(endpoint).head_metadata("k")
    assert (found.size, found.etag) == (5, "abc")
    assert found.last_modified == datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_rules_of_cors_are_read():
    body = (
        b"<StorageServiceProperties><Cors><CorsRule><AllowedOrigins>https://old.example</AllowedOrigins>"
        b"<AllowedMethods>GET</AllowedMethods><MaxAgeInSeconds>60</MaxAgeInSeconds>"
        b"<ExposedHeaders /><AllowedHeaders /></CorsRule></Cors></StorageServiceProperties>"
    )
    with canned({"Content-Type": "application/xml"}, body) as endpoint:
        store = at(endpoint)
        rule = CorsRule(origins=["https://app.example"], methods=["PUT"])
        (found,) = plan_cors(store.backend, store.location, rule).read()
    assert (found["AllowedOrigins"], found["AllowedMethods"]) == (["https://old.example"], ["GET"])


def test_an_upload_in_parts_is_begun_and_its_parts_are_listed():
    with canned({}) as endpoint:
        upload = at(endpoint).create_multipart_upload("k", size=1)
        assert "comp=block" in upload.part(1).url
    body = (
        "<BlockList><UncommittedBlocks><Block><Name>{}</Name><Size>1</Size></Block>"
        "</UncommittedBlocks></BlockList>"
    )
    (name,) = parse_qs(upload.part(1).url.partition("?")[2])["blockid"]
    with canned({"Content-Type": "application/xml"}, body.format(name).encode()) as endpoint:
        resumed = at(endpoint).resume_multipart_upload("k", upload_id=upload.upload_id, size=1)
        assert resumed.list_parts() == [UploadedPart(number=1, size=1)]
