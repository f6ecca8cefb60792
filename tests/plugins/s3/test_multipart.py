"""Uploads in parts on S3: signed as boto3 signs them, accepted by a server that verifies them."""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass import InvalidRequestError, Policy, Rule, StoreError, UnsupportedOptionError
from daypass.model.requests import SignRequest
from daypass.policy import in_force
from daypass.policy.enforcer import Enforcer
from daypass.toolkit.xml_uploads import Step
from tests.conftest import examples
from tests.plugins.s3.sdk import (
    KEYS,
    NOW,
    keys,
    lifetimes,
    moments,
    names,
    ours,
    places,
    spaced_values,
    theirs,
)
from tests.stranger import send

PART = 5 << 20
#: Ids as stores write them, and worse.
ids = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=120)


def pairs(url):
    """Return a URL's place, and its parameters in no order: the SDK's order is that of its arguments."""
    place, _, query = url.partition("?")
    return place, sorted(query.split("&"))


@pytest.mark.parametrize("place", [("region", "plain"), ("path", "temporary")])
def test_own_parameters_are_part_of_every_parts_link(place):
    upload = ours(*place, "bucket").resume_multipart_upload(
        "a b/c", "id/+=", size=2 * PART, part_size=PART, signing_time=NOW, query={"x-job": "4 2"}
    )
    link = upload.part(2)
    pairs = sorted(link.url.partition("?")[2].split("&"))
    assert {"partNumber=2", "uploadId=id%2F%2B%3D", "x-job=4%202"} <= {*pairs}


def test_if_absent_in_parts_is_named_where_no_store_is_known_to_hold_it():
    """Amazon documents it for the completion; Ceph RGW 16 makes the object all the same."""
    asked = {"size": 2 * PART, "part_size": PART, "if_absent": True}
    for place, loose in (("region", frozenset()), ("custom", {"if_absent"})):
        upload = ours(place, "plain", "bucket").resume_multipart_upload("k", "id", **asked)
        assert upload.unenforced == loose
        assert upload.part(1).unenforced & {"if_absent"} == loose
    plain = ours("custom", "plain", "bucket").resume_multipart_upload("k", "id", size=PART)
    assert plain.unenforced == frozenset()


def test_a_rule_that_needs_it_refuses_the_parts(monkeypatch):
    rule = Rule(name="once", paths=["s3://bucket/**"], methods=["PUT"], require=["if_absent"])
    monkeypatch.setattr(in_force, "_application", [Enforcer(Policy(rules=[rule]))])
    asked = {"size": 2 * PART, "part_size": PART, "if_absent": True}
    parts = {
        place: ours(place, "plain", "bucket").resume_multipart_upload("k", "id", **asked)
        for place in ("region", "custom")
    }
    assert parts["region"].part(1).url
    with pytest.raises(daypass.PolicyError, match="if_absent"):
        parts["custom"].part(1)


@examples(100)
@given(
    places,
    keys,
    moments,
    lifetimes,
    ids,
    st.integers(1, 10_000),
    st.none() | st.binary(min_size=16, max_size=16),
    st.booleans(),
)
def test_a_parts_link_equals_boto3s(place, key, moment, lifetime, upload_id, number, md5, pays):
    size = (number - 1) * PART + 7
    upload = ours(*place, "bucket").resume_multipart_upload(
        key,
        upload_id,
        size=size,
        part_size=PART,
        signing_time=moment,
        expires_in=lifetime,
        requester_pays=pays,
    )
    link = upload.part(number, content_md5=md5)
    params = {
        "Bucket": "bucket",
        "Key": key,
        "UploadId": upload_id,
        "PartNumber": number,
        "ContentLength": 7,
    }
    if md5 is not None:
        params["ContentMD5"] = b64encode(md5).decode()
    if pays:
        params["RequestPayer"] = "requester"
    expected = theirs(*place, "upload_part", moment, lifetime, params)
    assert pairs(link.url) == pairs(expected)
    signed = link.url.partition("X-Amz-SignedHeaders=")[2].partition("&")[0].split("%3B")
    assert sorted(signed) == sorted(["host", *map(str.lower, link.headers)])
    assert link.headers["Content-Length"] == "7"


@examples(60)
@given(
    places,
    keys,
    moments,
    ids,
    st.integers(1, 9999),
    st.fixed_dictionaries(
        {},
        optional={
            "content_type": spaced_values,
            "metadata": st.dictionaries(names, spaced_values, max_size=3),
            "acl": st.sampled_from(["private", "bucket-owner-full-control"]),
            "requester_pays": st.just(True),
            "if_absent": st.just(True),
            "headers": st.just({"Cache-Control": "no-store"}),
            "tags": st.just({"a": "b"}),
        },
    ),
)
def test_every_other_step_equals_boto3s(place, key, moment, upload_id, marker, options):
    upload = ours(*place, "bucket").resume_multipart_upload(
        key, upload_id, size=25 << 20, signing_time=moment, **options
    )
    now = SignRequest(method="PUT", expires_in=900, signing_time=moment).resolve(moment)
    common = {"Bucket": "bucket", "Key": key}
    if options.get("requester_pays"):
        common["RequestPayer"] = "requester"
    described = {
        told: options[name]
        for name, told in (
            ("content_type", "ContentType"),
            ("metadata", "Metadata"),
            ("acl", "ACL"),
        )
        if name in options
    }
    if "headers" in options:
        described["CacheControl"] = "no-store"
    if "tags" in options:
        described["Tagging"] = "a=b"
    absent = {"IfNoneMatch": "*"} if options.get("if_absent") else {}
    own = {"UploadId": upload_id}
    steps = [
        ("begin", "POST", {"uploads": ""}, "create_multipart_upload", described),
        ("list", "GET", {"uploadId": upload_id}, "list_parts", own),
        (
            "list",
            "GET",
            {"uploadId": upload_id, "part-number-marker": str(marker)},
            "list_parts",
            {**own, "PartNumberMarker": marker},
        ),
        (
            "complete",
            "POST",
            {"uploadId": upload_id},
            "complete_multipart_upload",
            {**own, **absent},
        ),
        ("abort", "DELETE", {"uploadId": upload_id}, "abort_multipart_upload", own),
    ]
    for name, method, query, operation, params in steps:
        link = upload._session.of_backend.sign_inside(Step(name, method, query), now)
        assert link.method == method
        assert pairs(link.url) == pairs(
            theirs(*place, operation, moment, 900, {**common, **params})
        )


def test_a_customers_own_key_comes_with_every_part():
    own = "x-amz-server-side-encryption-customer-"
    headers = {f"{own}algorithm": "AES256", f"{own}key": "a2V5", f"{own}key-MD5": "bWQ1"}
    upload = ours("region", "plain", "bucket").resume_multipart_upload(
        "k", "id", size=5, headers={**headers, "Cache-Control": "no-store"}
    )
    assert headers.items() <= upload.part(1).headers.items()
    assert "Cache-Control" not in upload.part(1).headers
    assert "a2V5" not in repr(upload.part(1)) + repr(upload)


def test_what_would_be_wanted_of_every_part_is_refused_by_name():
    store = ours("region", "plain", "bucket")
    with pytest.raises(UnsupportedOptionError) as caught:
        store.resume_multipart_upload(
            "k", "id", size=5, headers={"x-amz-checksum-algorithm": "CRC32"}
        )
    assert caught.value.option == "headers"


def test_what_the_filesystem_adds_goes_where_the_sdk_sends_it():
    own = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    now = SignRequest(method="PUT", expires_in=900, signing_time=moment).resolve(moment)
    for added in ({"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "key-id"}, own):
        store = daypass.Store(
            "s3://bucket",
            storage_options={
                "key": KEYS["plain"][0],
                "secret": KEYS["plain"][1],
                "client_kwargs": {"region_name": "eu-west-1"},
                "s3_additional_kwargs": added,
            },
        )
        upload = store.resume_multipart_upload(
            "k", "id", size=5, signing_time=moment, expires_in=900
        )
        place = {"Bucket": "bucket", "Key": "k"}
        begin = upload._session.of_backend.sign_inside(Step("begin", "POST", {"uploads": ""}), now)
        expected = theirs(
            "region", "plain", "create_multipart_upload", moment, 900, {**place, **added}
        )
        assert pairs(begin.url) == pairs(expected)
        part = {**place, "UploadId": "id", "PartNumber": 1, "ContentLength": 5}
        if added is own:
            part |= own
        expected = theirs("region", "plain", "upload_part", moment, 900, part)
        assert pairs(upload.part(1).url) == pairs(expected)


def test_checksums_that_the_filesystem_asks_for_are_refused_by_name():
    store = daypass.Store(
        "s3://bucket",
        storage_options={
            "key": "AK",
            "secret": "SK",
            "s3_additional_kwargs": {"ChecksumAlgorithm": "SHA256"},
        },
    )
    with pytest.raises(UnsupportedOptionError, match="ChecksumAlgorithm"):
        store.create_multipart_upload("k", size=5)


def test_version_2_is_refused_by_name():
    store = daypass.Store(
        "s3://bucket",
        storage_options={"key": "AK", "secret": "SK"},
        signer_options={"signature_version": "s3"},
    )
    upload = store.resume_multipart_upload("k", "id", size=5)
    with pytest.raises(UnsupportedOptionError) as caught:
        upload.part(1)
    assert caught.value.option == "signature_version"
    with pytest.raises(UnsupportedOptionError):
        store.create_multipart_upload("k", size=5)


def test_links_end_with_the_credentials():
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=3)
    store = daypass.Store(
        "s3://bucket",
        storage_options={"key": "AK", "secret": "SK", "token": "made-up"},
        signer_options={"credentials_expire_at": end},
    )
    upload = store.resume_multipart_upload("k", "id", size=5, expires_in="1h")
    with pytest.warns(daypass.ShortLivedURLWarning, match="credentials"):
        assert upload.part(1).expires_at == end
    early = store.resume_multipart_upload("k", "id", size=5, expires_in=60)
    assert early.part(1).expires_because == "requested"


def body_of(size):
    return os.urandom(1 << 16) * (size >> 16) + b"end"[: size % (1 << 16)]


def upload_all(upload, body, *, md5=True):
    """Upload every part as a stranger would; return the ETags that were answered."""
    etags = {}
    for number in range(1, upload.part_count + 1):
        begin = (number - 1) * upload.part_size
        piece = body[begin : begin + upload.size_of(number)]
        digest = hashlib.md5(piece).digest() if md5 else None
        answer = send(upload.part(number, content_md5=digest), piece)
        assert answer.status == 200, answer
        etags[number] = answer.headers["ETag"]
    return etags


@pytest.mark.parametrize("key", ["plain.bin", "a b//ü+%2F#?.bin", "~'()!*;:@&=$,"])
def test_an_object_goes_up_in_parts(store, key):
    body = body_of((PART << 1) + 3)
    upload = store.create_multipart_upload(
        key, size=len(body), part_size=PART, content_type="text/x-parts", metadata={"who": "me"}
    )
    etags = upload_all(upload, body)
    parts = upload.list_parts()
    assert [(part.number, part.size) for part in parts] == [(1, PART), (2, PART), (3, 3)]
    assert [f'"{part.etag}"' for part in parts] == list(etags.values())
    done = upload.complete(etags)
    head = store.head_metadata(key)
    assert (head.size, head.content_type) == (len(body), "text/x-parts")
    assert head.metadata == {"who": "me"}
    assert head.etag == done.etag
    assert send(store.create_signed_url(key)).body == body


def test_nothing_is_there_before_it_is_completed_and_nothing_after_it_is_aborted(store):
    body = body_of(PART + 3)
    upload = store.create_multipart_upload("k", size=len(body), part_size=PART)
    upload_all(upload, body)
    assert store.head_metadata("k", missing_ok=True) is None
    upload.abort()
    upload.abort()
    with pytest.raises(daypass.ObjectNotFoundError, match="no such upload"):
        upload.list_parts()
    assert store.head_metadata("k", missing_ok=True) is None


def test_a_parts_link_is_for_that_part_alone(store):
    upload = store.create_multipart_upload("k", size=PART + 3, part_size=PART)
    other = store.create_multipart_upload("other", size=PART + 3, part_size=PART)
    link = upload.part(2, content_md5=hashlib.md5(b"end").digest())
    swaps = {
        "another part": link.url.replace("partNumber=2", "partNumber=1"),
        "another upload": link.url.replace(upload.upload_id, other.upload_id),
        "another key": link.url.replace("/k?", "/other?"),
        "the object itself": link.url.replace("partNumber=2&", "").replace("uploadId=", "x="),
    }
    for what, url in swaps.items():
        assert url != link.url, what
        assert send(link, b"end", url=url).status == 403, what
    assert send(link, b"eNd").status == 400  # another MD5
    assert send(link, method="DELETE").status == 403
    assert send(link, b"longer", headers={**link.headers, "Content-Length": "6"}).status == 403
    assert send(link, b"end").status == 200


def test_only_create_holds_when_the_upload_is_completed(store):
    body = body_of(PART)
    upload = store.create_multipart_upload("k", size=len(body), part_size=PART, if_absent=True)
    upload_all(upload, body)
    send(store.create_signed_url("k", method="PUT"), b"somebody was faster")
    with pytest.raises(StoreError, match="exists") as caught:
        upload.complete()
    assert caught.value.status == 412
    assert send(store.create_signed_url("k")).body == b"somebody was faster"
    upload.abort()


def test_another_process_goes_on(server, bucket):
    path = f"s3://{bucket}/k"
    body = body_of(PART + 3)
    upload = daypass.create_multipart_upload(
        path, size=len(body), part_size=PART, storage_options=server.storage_options
    )
    send(upload.part(1), body[:PART])
    again = daypass.resume_multipart_upload(
        **upload.to_dict(), storage_options=server.storage_options
    )
    assert [part.number for part in again.list_parts()] == [1]
    send(again.part(2), body[PART:])
    again.complete()
    assert daypass.head_metadata(path, storage_options=server.storage_options).size == len(body)


def test_a_rule_of_a_size_is_not_passed_by_going_on_with_another_part_size(
    server, bucket, monkeypatch
):
    """15 MiB are allowed, and the links of two plans are enough for 20."""
    store = daypass.Store(
        f"s3://{bucket}",
        storage_options=server.storage_options,
        signer_options={"refuses_unsigned_headers": True},  # so that it holds the size of a part
    )
    rule = Rule(name="small", paths=["s3://**"], methods=["PUT"], max_bytes=3 * PART)
    monkeypatch.setattr(in_force, "_application", [Enforcer(Policy(rules=[rule]))])
    one = store.create_multipart_upload("k", size=3 * PART, part_size=PART)
    half = 3 * PART // 2
    two = store.resume_multipart_upload("k", one.upload_id, size=3 * PART, part_size=half)
    sent = [(two, 1, half), (two, 2, half), (one, 3, PART)]
    etags = {n: send(plan.part(n), body_of(size)).headers["ETag"] for plan, n, size in sent}
    assert sum(part.size for part in one.list_parts()) == 4 * PART
    for parts in (None, etags):
        with pytest.raises(InvalidRequestError, match=f"must have {PART} bytes"):
            one.complete(parts)
    assert store.head_metadata("k", missing_ok=True) is None
    two.complete({n: etags[n] for n in (1, 2)})
    assert store.head_metadata("k").size == 3 * PART


def test_links_lead_outside_and_the_store_is_asked_inside(server, bucket):
    outside = server.endpoint.replace("127.0.0.1", "localhost")
    store = daypass.Store(
        f"s3://{bucket}", storage_options=server.storage_options, public_endpoint=outside
    )
    upload = store.create_multipart_upload("k", size=3)
    link = upload.part(1)
    assert urlsplit(link.url).hostname == "localhost"
    assert send(link, b"end").status == 200
    unreachable = daypass.Store(
        f"s3://{bucket}",
        storage_options=server.storage_options,
        public_endpoint="https://files.example",
    ).resume_multipart_upload("k", upload.upload_id, size=3)
    assert unreachable.part(1).url.startswith("https://files.example/")
    assert len(unreachable.list_parts()) == 1
    unreachable.complete()
    assert store.head_metadata("k").size == 3


def test_a_store_that_is_not_there_or_says_no_is_named(server, bucket):
    options = {**server.storage_options, "endpoint_url": "http://127.0.0.1:9"}
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:9"):
        daypass.create_multipart_upload(f"s3://{bucket}/k", size=3, storage_options=options)
    options = {**server.storage_options, "secret": "wrong"}
    with pytest.raises(daypass.AccessDeniedError, match="SignatureDoesNotMatch") as caught:
        daypass.create_multipart_upload(f"s3://{bucket}/k", size=3, storage_options=options)
    assert "X-Amz" not in str(caught.value)
    with pytest.raises(StoreError) as caught:
        daypass.create_multipart_upload(
            "s3://no-such-bucket/k", size=3, storage_options=server.storage_options
        )
    assert caught.value.store_code == "NoSuchBucket"
