"""Links that copy: what boto3 signs for them, and what real stores let their holder do."""

import subprocess
from contextlib import contextmanager
from urllib.parse import parse_qsl

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass import Policy, PolicyError, Rule
from tests.conftest import examples
from tests.plugins.s3.sdk import BUCKETS, keys, lifetimes, moments, ours, places, theirs
from tests.servers.lenient import lenient
from tests.stranger import send

#: A version is none of a key's.
sources = keys.filter(lambda key: "?versionid=" not in key.lower())
ARN = "arn:aws:s3:us-west-2:123456789012:accesspoint/maps"
#: Keys that would be others, if they were encoded once more or once less, or cut at a mark.
ODD = ["a b+c", "%2F", "ü/é", "a?b=c&d#e", "a%3FversionId=x", "~'()!*@:,;$"]
READ = Rule(name="read", paths=["s3://*/public/**"], methods=["GET"])
WRITE = Rule(name="write", paths=["s3://*/in/**"], methods=["PUT"], upload_options=["copy_source"])


@examples(150)
@given(places, st.sampled_from([*BUCKETS, ARN]), sources, keys, moments, lifetimes)
def test_a_link_that_copies_equals_boto3s(place, bucket, source, key, moment, lifetime):
    """The header is the one that boto3 signs, and so the signature is too, whatever the source is called."""
    params = {"Bucket": "bucket", "Key": key, "CopySource": {"Bucket": bucket, "Key": source}}
    params |= {"ACL": "private", "StorageClass": "STANDARD_IA"}
    expected = theirs(*place, "copy_object", moment, lifetime, params)
    link = ours(*place, "bucket").create_signed_url(
        key,
        method="PUT",
        copy_source=f"s3://{bucket}/{source}",
        acl="private",
        storage_class="STANDARD_IA",
        expires_in=lifetime,
        signing_time=moment,
        allow_dot_segments=True,
    )
    assert sorted(parse_qsl(expected.partition("?")[2])) == sorted(
        parse_qsl(link.url.partition("?")[2])
    )
    assert expected.partition("?")[0] == link.url.partition("?")[0]


@contextmanager
def only(*rules):
    policy = Policy(rules=rules)
    daypass.set_policy(policy)
    try:
        yield
    finally:
        daypass.set_policy(None, replacing=policy)


@pytest.fixture(params=["swift", "localstack"])
def place(request, servers, admin):
    """A store that verifies signatures, its options, and a bucket of the test's own."""
    name = "bucket" if request.param == "swift" else "local_bucket"
    return servers(request.param).storage_options, request.getfixturevalue(name)


def store_of(place, version="s3v4"):
    options, bucket = place
    return daypass.Store(
        f"s3://{bucket}", storage_options=options, signer_options={"signature_version": version}
    )


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_the_holder_makes_a_copy_and_no_other(place, version):
    """The source is signed: without it, with another and with a body of the holder's own nothing else is made."""
    store, (_, bucket) = store_of(place), place
    for key, body in (("public/a", b"public"), ("secret", b"secret")):
        assert send(store.create_signed_url(key, method="PUT"), body).status == 200
    source = f"{bucket}/public/a"
    link = store_of(place, version).create_signed_url(
        "in/b", method="PUT", copy_source=f"s3://{source}"
    )
    assert link.headers == {"x-amz-copy-source": source}
    assert not link.unenforced
    others = (f"{bucket}/secret", f"/{source}", None, f"{source}?versionId=1")
    answers = [
        requests.put(link.url, b"own", headers={"x-amz-copy-source": other}, timeout=30)
        for other in others  # requests sends no header that is None
    ]
    # The last two some stores cannot even read.
    assert [answer.status_code for answer in answers[:2]] == [403, 403]
    assert not any(answer.ok for answer in answers)
    assert send(store.create_signed_url("in/b")).status == 404
    assert requests.put(link.url, headers=link.headers, timeout=30).status_code == 200
    assert send(store.create_signed_url("in/b")).body == b"public"


@pytest.mark.parametrize("key", ODD, ids=range(len(ODD)))
def test_the_copy_is_of_the_very_key(place, key):
    store, (_, bucket) = store_of(place), place
    assert send(store.create_signed_url(key, method="PUT"), key.encode()).status == 200
    link = store.create_signed_url("copy", method="PUT", copy_source=f"s3://{bucket}/{key}")
    assert send(link, b"").status == 200
    assert send(store.create_signed_url("copy")).body == key.encode()


def test_the_curl_line_makes_the_copy(place):
    store, (_, bucket) = store_of(place), place
    assert send(store.create_signed_url("a b", method="PUT"), b"x").status == 200
    link = store.create_signed_url("b", method="PUT", copy_source=f"s3://{bucket}/a b")
    subprocess.run(link.curl(), shell=True, check=True, capture_output=True)
    assert send(store.create_signed_url("b")).body == b"x"


def test_a_copy_has_its_sources_type_and_metadata(place):
    store, (_, bucket) = store_of(place), place
    asked = {"content_type": "text/csv", "metadata": {"run": "42"}}
    assert send(store.create_signed_url("a", method="PUT", **asked), b"x").status == 200
    link = store.create_signed_url("b", method="PUT", copy_source=f"s3://{bucket}/a")
    assert send(link, b"").status == 200
    found = store.head_metadata("b")
    assert (found.content_type, found.metadata) == ("text/csv", {"run": "42"})


def test_what_a_policy_denies_is_copied_by_no_link(place):
    """The one that may be read is copied; for the other there is no link, and so no copy."""
    store, (_, bucket) = store_of(place), place
    for key in ("public/a", "secret"):
        assert send(store.create_signed_url(key, method="PUT"), key.encode()).status == 200
    with only(READ, WRITE):
        link = store.create_signed_url("in/b", method="PUT", copy_source=f"s3://{bucket}/public/a")
        with pytest.raises(
            PolicyError, match=f"no rule of the policy allows GET on s3://{bucket}/secret"
        ):
            store.create_signed_url("in/b", method="PUT", copy_source=f"s3://{bucket}/secret")
    assert send(link, b"").status == 200
    assert send(store.create_signed_url("in/b")).body == b"public/a"


def test_no_store_takes_another_source_than_the_signed_one():
    """Not even one that takes headers which are not signed, as Ceph RGW does: so all that was asked holds."""
    with lenient() as store:
        store.objects["/maps/a"], store.objects["/maps/secret"] = (b"a", None), (b"secret", None)
        link = daypass.create_signed_url(
            "s3://maps/in/k",
            method="PUT",
            copy_source="s3://maps/a",
            acl="private",
            storage_options=store.storage_options,
        )
        assert not link.unenforced
        for source in (None, "maps/secret", "/maps/secret"):
            headers = {**link.headers, "x-amz-copy-source": source}
            assert requests.put(link.url, b"own", headers=headers, timeout=30).status_code == 403
        assert requests.put(link.url, b"own", headers=link.headers, timeout=30).status_code == 200
        assert store.objects["/maps/in/k"] == (b"a", None)


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_the_reader_says_that_a_link_copies_and_what(version):
    options = {"key": "A", "secret": "S", "client_kwargs": {"region_name": "eu-west-1"}}
    link = daypass.create_signed_url(
        "s3://maps/b",
        method="PUT",
        copy_source="s3://maps/a b",
        storage_options=options,
        signer_options={"signature_version": version},
    )
    if version == "s3v4":  # whose URLs name the headers that are signed
        assert "copy" in {finding.code for finding in daypass.explain(link).findings}
    else:  # to which the SDK adds the header
        told = daypass.explain(f"{link.url}&x-amz-copy-source=maps%2Fa%2520b")
        assert told.conditions["x-amz-copy-source"] == "maps/a%20b"
    answer = daypass.verify(link, storage_options=options)
    assert answer.ok
    assert "it makes a copy of 'maps/a b', and keeps no body" in str(answer)
    changed = {"x-amz-copy-source": "maps/secret"}
    assert daypass.verify(link, headers=changed, storage_options=options).ok is False


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("s3://b b/a", "not the name of a bucket"),
        ("s3://bucket--x-s3/a", "directory bucket"),
        ("gs://bucket/a", "name it by s3://bucket/key"),
    ],
)
def test_a_source_that_no_store_could_copy_is_refused(source, words):
    options = {"key": "A", "secret": "S", "client_kwargs": {"region_name": "eu-west-1"}}
    with pytest.raises(daypass.DaypassError, match=words):
        daypass.create_signed_url(
            "s3://b/k", method="PUT", copy_source=source, storage_options=options
        )
