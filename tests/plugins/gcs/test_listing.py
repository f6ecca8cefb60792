"""LIST links of Cloud Storage: Google's bytes, and what a front that verifies them allows."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from google.cloud.storage import _signing
from hypothesis import given
from hypothesis import strategies as st

import daypass
from tests.conftest import examples
from tests.core.values import is_path
from tests.plugins.gcs.conftest import HMAC
from tests.plugins.gcs.sdk import BUCKETS, LIFETIMES, STYLES, TIMES, client
from tests.servers.gcs_objects import Bucket
from tests.servers.gcs_signatures import rsa_verifier
from tests.stranger import send

VECTORS = Path(__file__).parents[2] / "vectors" / "gcs"
PREFIXES = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\u2028\u2029"), max_size=60
).filter(lambda prefix: not is_path(prefix))


def by_google(credentials, bucket, prefix, lifetime, now, style="path", **more):
    """Let the SDK sign a GET of the bucket with the prefix in its query."""
    stamp = f"{now:%Y%m%dT%H%M%SZ}"
    with patch.object(_signing, "get_v4_now_dtstamps", return_value=(stamp, stamp[:8])):
        return (
            client(credentials)
            .bucket(bucket)
            .generate_signed_url(
                version="v4",
                expiration=timedelta(seconds=lifetime),
                method="GET",
                query_parameters={**({"prefix": prefix} if prefix else {}), **more} or None,
                **STYLES[style][1],
            )
        )


def by_us(credentials, bucket, prefix, lifetime, now, style="path", **more):
    signer, _, endpoint = STYLES[style]
    store = daypass.Store(
        f"gs://{bucket}",
        storage_options={"token": credentials, "endpoint_url": endpoint},
        signer_options=signer,
    )
    given = {"method": "LIST", "expires_in": lifetime, "signing_time": now, **more}
    return store.create_signed_url(prefix, **given).url


@examples(25)
@given(bucket=BUCKETS, prefix=PREFIXES, now=TIMES, lifetime=LIFETIMES)
def test_listings_equal_the_sdk_s(credentials, bucket, prefix, now, lifetime):
    ours = by_us(credentials, bucket, prefix, lifetime, now)

    assert ours == by_google(credentials, bucket, prefix, lifetime, now)


@pytest.mark.parametrize("style", [style for style in STYLES if style != "endpoint"])
@examples(10)
@given(prefix=PREFIXES, now=TIMES)
def test_every_style_equals_the_sdk_s(credentials, style, prefix, now):
    ours = by_us(credentials, "bucket", prefix, 60, now, style)

    assert ours == by_google(credentials, "bucket", prefix, 60, now, style)


@examples(25)
@given(
    prefix=PREFIXES,
    delimiter=st.none() | st.sampled_from(["/", "--", "a b", "&=+"]),
    most=st.none() | st.integers(1, 1000),
    token=st.none() | st.text("abcXYZ019+/=", min_size=1, max_size=60),
    now=TIMES,
)
def test_pages_equal_the_sdk_s(credentials, prefix, delimiter, most, token, now):
    """What shapes them goes with the second version of listings, which alone has tokens."""
    words = {"delimiter": delimiter, "max-keys": most, "continuation-token": token}
    words = {name: str(value) for name, value in words.items() if value is not None}
    words |= {"list-type": "2"} if words else {}
    given = {"delimiter": delimiter, "max_keys": most, "continuation_token": token}

    ours = by_us(credentials, "bucket", prefix, 60, now, **given)

    assert ours == by_google(credentials, "bucket", prefix, 60, now, **words)


def test_a_stranger_turns_the_pages(store):
    found, token = [], None
    while True:
        link = store.create_signed_url(
            "", method="LIST", max_keys=1, delimiter="/", continuation_token=token
        )
        page = ET.fromstring(send(link).body)
        found += [each.text for each in page.findall("{*}CommonPrefixes/{*}Prefix")]
        token = page.findtext("{*}NextContinuationToken")
        if token is None:
            break
        assert send(link, url=link.url.replace("max-keys=1", "max-keys=9", 1)).status == 403
    assert found == ["a/", "b/"]


def test_the_published_listing(credentials):
    """The vector ``gcs-list-objects``: a whole bucket, byte for byte."""
    cases = json.loads((VECTORS / "v4_signed_url.json").read_text())["cases"]
    case = next(case for case in cases if case["id"] == "gcs-list-objects")
    now = datetime.fromisoformat(case["req"]["now"])

    ours = by_us(credentials, case["req"]["bucket"], "", case["req"]["expires"], now)

    assert ours == case["expect"]["url"]


@pytest.fixture(params=["service account", "HMAC key", "keyless"])
def store(request, front, credentials, iam):
    bucket = front.buckets["bucket"] = Bucket()
    for key in ("a/1", "a/b c", "a/ü<&", "b/1"):
        bucket.put(key, b"body", {})
    storage, signer = {"endpoint_url": front.url}, {}
    if request.param == "service account":
        storage["token"] = credentials
    elif request.param == "HMAC key":
        signer = HMAC
    else:
        storage["token"] = "fake-token"
        signer = {"service_account_email": iam.email, "iam_endpoint": iam.url}
        front.keys["GOOG4-RSA-SHA256", iam.email] = rsa_verifier(iam.private_key)
    return daypass.Store("gs://bucket", storage_options=storage, signer_options=signer)


def keys_in(body):
    return [found.text for found in ET.fromstring(body).iter() if found.tag.endswith("Key")]


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("", ["a/1", "a/b c", "a/ü<&", "b/1"]),
        ("a/", ["a/1", "a/b c", "a/ü<&"]),
        ("a/b c", ["a/b c"]),
        ("a/ü<&", ["a/ü<&"]),
        ("..", []),
    ],
)
def test_a_stranger_lists_what_lies_below(store, prefix, found):
    answer = send(store.create_signed_url(prefix, method="LIST"))

    assert answer.status == 200
    assert keys_in(answer.body) == found


def test_a_stranger_does_nothing_else(store, front):
    link = store.create_signed_url("a/", method="LIST")
    place, _, query = link.url.partition("?")

    for method in ("HEAD", "PUT", "DELETE", "POST"):
        assert send(link, method=method).status == 403
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        assert send(link, method=method, url=f"{place}/a/1?{query}").status == 403
    assert front.buckets["bucket"].get("a/1", None).body == b"body"


def test_a_tampered_listing_is_refused(store):
    link = store.create_signed_url("a/", method="LIST")
    for old, new in (
        ("prefix=a%2F", "prefix=b%2F"),
        ("prefix=a%2F", "prefix="),
        ("prefix=a%2F&", ""),
        ("prefix=a%2F", "prefix=a%2F&marker=a"),
        ("/bucket?", "/bucket/?"),
    ):
        assert old in link.url
        assert send(link, url=link.url.replace(old, new, 1)).status == 403
    whole = store.create_signed_url("", method="LIST")
    assert send(whole, url=f"{whole.url}&prefix=a%2F").status == 403


def test_an_expired_listing_is_refused(store, front):
    link = store.create_signed_url("a/", method="LIST", expires_in=120)
    front.ahead = timedelta(seconds=121)

    assert send(link).code == "ExpiredToken"


def test_a_host_that_is_the_bucket_lists_too(front, credentials):
    front.bound["127.0.0.1"] = "bucket"
    front.buckets["bucket"] = Bucket()
    front.buckets["bucket"].put("a/1", b"", {})
    store = daypass.Store(
        "gs://bucket",
        storage_options={"token": credentials},
        signer_options={"bucket_bound_hostname": front.url},
    )
    answer = send(store.create_signed_url("a/", method="LIST"))

    assert keys_in(answer.body) == ["a/1"]


def test_many_prefixes_are_signed_one_by_one(credentials):
    now = datetime(2026, 5, 4, tzinfo=UTC)
    store = daypass.Store("gs://bucket", storage_options={"token": credentials})

    batch = store.create_signed_urls(["", "a/"], method="LIST", signing_time=now)

    assert batch[1].url == store.create_signed_url("a/", method="LIST", signing_time=now).url


def test_a_prefix_has_no_grant_and_the_alternatives_are_named(credentials):
    store = daypass.Store("gs://bucket", storage_options={"token": credentials})

    with pytest.raises(daypass.UnsupportedOptionError, match="create_signed_urls"):
        store.create_signed_prefix("a/")
