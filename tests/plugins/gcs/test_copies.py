"""Links that copy: what Google's SDK signs for them, and what their holder can do on a front that verifies them."""

from urllib.parse import quote

import pytest
from hypothesis import given

import daypass
from tests.conftest import examples
from tests.plugins.gcs.conftest import HMAC
from tests.plugins.gcs.sdk import BUCKETS, KEYS, LIFETIMES, TIMES, by_google, by_us
from tests.servers.gcs_objects import Bucket
from tests.stranger import send

#: Keys that would be others, if they were encoded once more or once less, or cut at a mark.
ODD = ["a b+c", "%2F", "ü/é", "a?b=c&d#e", "a%3Fgeneration=1", "~'()!*@:,;$"]


@examples(50)
@given(bucket=BUCKETS, source=KEYS, key=KEYS, now=TIMES, lifetime=LIFETIMES)
def test_a_link_that_copies_equals_the_sdk_s(credentials, bucket, source, key, now, lifetime):
    """The SDK is told the header, as boto wrote it for gsutil: the key is quoted, its slashes are not."""
    asked = {"acl": "private", "storage_class": "NEARLINE"}
    path = f"gs://{bucket}/{source}"
    ours = by_us(credentials, "bucket", key, "PUT", lifetime, now, copy_source=path, **asked)
    headers = {
        "x-goog-copy-source": f"{bucket}/{quote(source)}",
        "x-goog-acl": "private",
        "x-goog-storage-class": "NEARLINE",
    }
    assert ours.headers == headers
    assert ours.url == by_google(credentials, "bucket", key, "PUT", lifetime, now, headers=headers)


@pytest.fixture(params=["key", "hmac"])
def store(request, front, account):
    front.buckets |= {"bucket": Bucket(), "other": Bucket()}
    options = HMAC if request.param == "hmac" else {}
    storage = {"endpoint_url": front.url, "token": account}
    return daypass.Store("gs://bucket", storage_options=storage, signer_options=options)


@pytest.mark.parametrize("source", ODD, ids=range(len(ODD)))
def test_the_holder_makes_a_copy_and_no_other(front, store, source):
    """Only of the signed source, with the type and metadata that it has, and without a body."""
    kept = {"content-type": "text/csv", "x-goog-meta-run": "42"}
    front.buckets["other"].put(source, b"public", kept)
    front.buckets["other"].put("secret", b"secret", {})
    link = store.create_signed_url("b", method="PUT", copy_source=f"gs://other/{source}")
    assert not link.unenforced
    for headers in ({}, {"x-goog-copy-source": "other/secret"}):
        assert send(link, b"", headers=headers).status == 403
    assert "b" not in front.buckets["bucket"].objects
    assert send(link, b"").status == 200
    copy = front.buckets["bucket"].get("b", None)
    assert (copy.body, copy.headers) == (b"public", kept)


def test_a_source_whose_bucket_is_none_is_refused(store):
    with pytest.raises(daypass.InvalidPathError, match="not the name of a bucket"):
        store.create_signed_url("b", method="PUT", copy_source="gs://B b/a")
