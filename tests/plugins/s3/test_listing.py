"""LIST links of S3: boto3's bytes, and what a server that verifies them lets a stranger do."""

from __future__ import annotations

import shlex
import subprocess
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

import daypass
from tests.conftest import examples
from tests.core.values import is_path
from tests.plugins.s3.sdk import BUCKETS, lifetimes, moments, ours, places, theirs
from tests.stranger import send

prefixes = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029"), max_size=80
).filter(lambda prefix: not is_path(prefix))


@examples(150)
@given(places, st.sampled_from(BUCKETS), prefixes, moments, lifetimes, st.booleans())
def test_listings_equal_boto3s(place, bucket, prefix, moment, lifetime, pays):
    """Any prefix, the empty one included, is signed as boto3's list_objects_v2 signs it."""
    if place[0] == "accelerate" and bucket != "bucket":
        return
    params = {"Bucket": bucket, "Prefix": prefix}
    if pays:
        params["RequestPayer"] = "requester"
    expected = theirs(*place, "list_objects_v2", moment, lifetime, params)
    link = ours(*place, bucket).create_signed_url(
        prefix,
        method="LIST",
        expires_in=lifetime,
        signing_time=moment,
        requester_pays=pays,
    )
    assert expected == link.url
    assert link.permits == {"LIST"}


@examples(50)
@given(
    prefixes,
    st.none() | prefixes.filter(bool),
    st.none() | st.integers(1, 1000),
    st.none() | st.text("abcXYZ019+/=", min_size=1, max_size=60),
    moments,
)
def test_pages_equal_boto3s(prefix, delimiter, max_keys, token, moment):
    given = {"Delimiter": delimiter, "MaxKeys": max_keys, "ContinuationToken": token}
    params = {name: value for name, value in given.items() if value is not None}
    place = ("region", "plain")
    params |= {"Bucket": "bucket", "Prefix": prefix}
    expected = theirs(*place, "list_objects_v2", moment, 60, params)
    link = ours(*place, "bucket").create_signed_url(
        prefix,
        method="LIST",
        expires_in=60,
        signing_time=moment,
        delimiter=delimiter,
        max_keys=max_keys,
        continuation_token=token,
    )
    assert expected == link.url


def test_one_template_serves_every_prefix(monkeypatch):
    from daypass_s3.oracle import Oracle

    store = daypass.Store("s3://maps", storage_options={"key": "AK", "secret": "SK"})
    store.create_signed_url("a/", method="LIST")
    monkeypatch.setattr(Oracle, "sign", pytest.fail)
    for prefix in ("", "b/", "a?&=#/"):
        assert store.create_signed_url(prefix, method="LIST").path == f"s3://maps/{prefix}"


@pytest.mark.parametrize(
    "bucket",
    [
        "arn:aws:s3:eu-west-1:123456789012:accesspoint:mine",
        "arn:aws:s3-outposts:eu-west-1:123456789012:outpost/op-01234567890123456/accesspoint/mine",
    ],
)
def test_access_points_equal_boto3s(bucket):
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    place = ("region", "plain")
    expected = theirs(*place, "list_objects_v2", moment, 60, {"Bucket": bucket, "Prefix": "a b/"})
    link = ours(*place, bucket).create_signed_url(
        "a b/", method="LIST", expires_in=60, signing_time=moment
    )
    assert expected == link.url


def test_version_2_would_leave_the_prefix_open():
    store = daypass.Store(
        "s3://maps",
        storage_options={"key": "AK", "secret": "SK"},
        signer_options={"signature_version": "s3"},
    )
    for prefix in ("", "a/"):
        with pytest.raises(daypass.UnsupportedOptionError, match="list the whole bucket"):
            store.create_signed_url(prefix, method="LIST")


def test_a_prefix_has_no_grant_and_the_alternatives_are_named():
    store = daypass.Store("s3://maps", storage_options={"key": "AK", "secret": "SK"})
    with pytest.raises(daypass.UnsupportedOptionError, match="Azure directory") as caught:
        store.create_signed_prefix("a/")
    assert caught.value.option == "prefix"


def keys_in(body):
    """Return the keys of a listing, whose encoding-type is url."""
    space = "{http://s3.amazonaws.com/doc/2006-03-01/}"
    found = ET.fromstring(body).iter(f"{space}Key")
    return [unquote(key.text) for key in found]


@pytest.fixture
def filled(store):
    for key in ("a/1", "a/b c", "a/ü", "b/1", "secret", "a+b"):
        assert send(store.create_signed_url(key, method="PUT"), b"body").status == 200
    return store


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("", {"a/1", "a/b c", "a/ü", "b/1", "secret", "a+b"}),
        ("a/", {"a/1", "a/b c", "a/ü"}),
        ("a/b c", {"a/b c"}),
        ("a/ü", {"a/ü"}),
        ("a+", {"a+b"}),
        ("..", set()),
    ],
)
def test_a_stranger_lists_what_lies_below(filled, prefix, found):
    answer = send(filled.create_signed_url(prefix, method="LIST"))
    assert answer.status == 200
    assert set(keys_in(answer.body)) == found


def test_a_stranger_does_nothing_else(filled, bucket):
    link = filled.create_signed_url("a/", method="LIST")
    place, _, query = link.url.partition("?")
    folder = place if place.endswith("/") else place + "/"

    for method in ("HEAD", "PUT", "DELETE"):
        assert send(link, method=method).status == 403, method
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        assert send(link, method=method, url=f"{folder}a/1?{query}").status == 403
    assert send(filled.create_signed_url("a/1")).body == b"body"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("prefix=a%2F", "prefix="),
        ("prefix=a%2F", "prefix=b%2F"),
        ("prefix=a%2F&", ""),
        ("prefix=a%2F", "prefix=a%2F&prefix=b%2F"),
        ("list-type=2", "list-type=2&max-keys=9999"),
        ("list-type=2", "list-type=2&delimiter=%2F"),
        ("X-Amz-Expires=3600", "X-Amz-Expires=7200"),
    ],
)
def test_a_tampered_listing_is_refused(filled, old, new):
    link = filled.create_signed_url("a/", method="LIST")
    assert old in link.url
    assert send(link, url=link.url.replace(old, new, 1)).status == 403


def test_a_stranger_turns_the_pages(filled):
    sizes, found, token = [], [], None
    while True:
        link = filled.create_signed_url(
            "", method="LIST", max_keys=2, delimiter="/", continuation_token=token
        )
        answer = send(link)
        assert answer.status == 200
        page = ET.fromstring(answer.body)
        entries = [f"{{*}}{name}" for name in ("Contents/{*}Key", "CommonPrefixes/{*}Prefix")]
        shown = [unquote(each.text) for name in entries for each in page.findall(name)]
        sizes.append(len(shown))
        found += shown
        token = page.findtext("{*}NextContinuationToken")
        if token is None:
            break
    assert sizes == [2, 2]
    assert sorted(found) == ["a+b", "a/", "b/", "secret"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("max-keys=2", "max-keys=3"), ("delimiter=%2F", "delimiter="), ("&delimiter=%2F", "")],
)
def test_a_page_is_bound(filled, old, new):
    link = filled.create_signed_url("", method="LIST", max_keys=2, delimiter="/")
    assert old in link.url
    assert send(link, url=link.url.replace(old, new, 1)).status == 403


def test_an_expired_listing_is_refused(filled):
    past = datetime.now(UTC) - timedelta(hours=1)
    link = filled.create_signed_url("a/", method="LIST", signing_time=past, expires_in=60)
    assert send(link).status == 403


def test_the_curl_command_lists(filled):
    command = filled.create_signed_url("a/", method="LIST").curl()
    done = subprocess.run(
        [*shlex.split(command), "--silent"], capture_output=True, check=True, timeout=30
    )
    assert keys_in(done.stdout) == ["a/1", "a/b c", "a/ü"]
