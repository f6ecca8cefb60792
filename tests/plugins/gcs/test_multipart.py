"""Uploads in parts on Cloud Storage: against a front that verifies signatures and the order of the steps."""

from __future__ import annotations

import hashlib
import os
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
from tests.plugins.gcs.conftest import HMAC
from tests.plugins.gcs.sdk import KEYS, by_google
from tests.servers.gcs_objects import Bucket
from tests.servers.gcs_refusals import RefusedError
from tests.servers.gcs_uploads import SMALLEST_PART
from tests.stranger import send

PART = SMALLEST_PART
NOW = datetime(2026, 11, 2, 9, 0, 0, tzinfo=UTC)


@pytest.fixture
def bucket(front):
    front.buckets["bucket"] = Bucket()
    return front.buckets["bucket"]


@pytest.fixture
def store(front, bucket):
    storage = {"endpoint_url": front.url, "token": "anon"}
    return daypass.Store("gs://bucket", storage_options=storage, signer_options=HMAC)


def upload_all(upload, body):
    etags = {}
    for number in range(1, upload.part_count + 1):
        begin = (number - 1) * upload.part_size
        piece = body[begin : begin + upload.size_of(number)]
        answer = send(upload.part(number, content_md5=hashlib.md5(piece).digest()), piece)
        assert answer.status == 200, answer
        etags[number] = answer.headers["ETag"]
    return etags


@pytest.mark.isolated
@pytest.mark.parametrize("key", ["plain.bin", "a b//ü+%2F#?.bin"])
def test_an_object_goes_up_in_parts(store, bucket, key):
    body = os.urandom((PART << 1) + 3)
    upload = store.create_multipart_upload(
        key,
        size=len(body),
        part_size=PART,
        content_type="text/x-parts",
        metadata={"who": "me"},
        query={"x-job": "4 2"},
    )
    assert "&x-job=4%202&" in upload.part(1).url
    etags = upload_all(upload, body)
    assert [(part.number, part.size) for part in upload.list_parts()] == [
        (1, PART),
        (2, PART),
        (3, 3),
    ]
    done = upload.complete(etags)
    stored = bucket.get(key, None)
    assert stored.body == body
    assert stored.headers["content-type"] == "text/x-parts"
    assert stored.headers["x-goog-meta-who"] == "me"
    assert done.version == str(stored.generation)
    assert bucket.uploads == {}


def test_the_list_of_parts_is_read_to_its_end(store, bucket):
    bucket.page = 2
    upload = store.create_multipart_upload("k", size=(4 * PART) + 3, part_size=PART)
    body = os.urandom(1 << 16) * ((4 * PART) >> 16) + b"end"
    upload_all(upload, body)
    assert [part.number for part in upload.list_parts()] == [1, 2, 3, 4, 5]
    upload.complete()
    assert bucket.get("k", None).body == body


def test_aborted_it_is_forgotten(store, bucket):
    upload = store.create_multipart_upload("k", size=3)
    upload_all(upload, b"end")
    upload.abort()
    assert (bucket.uploads, bucket.objects) == ({}, {})
    upload.abort()
    with pytest.raises(daypass.ObjectNotFoundError, match="no such upload"):
        upload.complete()


def test_a_parts_link_is_for_that_part_alone(store):
    upload = store.create_multipart_upload("k", size=PART + 3, part_size=PART)
    link = upload.part(2, content_md5=hashlib.md5(b"end").digest())
    touched = {
        "another part": link.url.replace("partNumber=2", "partNumber=1"),
        "another key": link.url.replace("/k?", "/other?"),
        "the object itself": link.url.replace("partNumber=2&", ""),
    }
    for what, url in touched.items():
        assert url != link.url
        assert send(link, b"end", url=url).status == 403, what
    assert send(link, b"longer", headers={**link.headers, "Content-Length": "6"}).status == 403
    assert send(link, b"eNd").code == "BadDigest"
    assert send(link, b"end").status == 200


def test_what_cloud_storage_does_not_check_is_refused_by_name(store, bucket):
    with pytest.raises(UnsupportedOptionError, match="takes no preconditions") as caught:
        store.create_multipart_upload("k", size=3, if_absent=True)
    assert (caught.value.option, caught.value.backend) == ("if_absent", "gcs")
    assert bucket.uploads == {}


def test_a_customers_own_key_comes_with_parts_and_completion(store, bucket):
    own = {
        "x-goog-encryption-algorithm": "AES256",
        "x-goog-encryption-key": "a2V5",
        "x-goog-encryption-key-sha256": "c2hh",
    }
    upload = store.create_multipart_upload("k", size=3, headers=own)
    upload_all(upload, b"end")
    upload.complete()
    assert bucket.get("k", None).headers["x-goog-encryption-key"] == "a2V5"


def test_whoever_pays_is_named_in_every_step(front, bucket):
    bucket.requester_pays = True
    store = daypass.Store(
        "gs://bucket",
        storage_options={"endpoint_url": front.url, "token": "anon"},
        signer_options={**HMAC, "user_project": "payer"},
    )
    upload = store.create_multipart_upload("k", size=3, requester_pays=True)
    upload_all(upload, b"end")
    upload.complete()
    assert bucket.get("k", None).body == b"end"
    with pytest.raises(StoreError, match="UserProjectMissing"):
        store.create_multipart_upload("k", size=3)


def test_links_lead_outside_and_the_store_is_asked_inside(front, bucket):
    store = daypass.Store(
        "gs://bucket",
        storage_options={"endpoint_url": front.url, "token": "anon"},
        public_endpoint="https://files.example",
        signer_options=HMAC,
    )
    upload = store.create_multipart_upload("k", size=3)
    assert urlsplit(upload.part(1).url).netloc == "files.example"
    assert upload.list_parts() == []
    upload.abort()


def test_links_end_with_the_credentials(store):
    end = NOW + timedelta(minutes=3)
    store = daypass.Store(
        "gs://bucket",
        storage_options={"token": "anon"},
        signer_options={**HMAC, "credentials_expire_at": end},
    )
    upload = store.resume_multipart_upload("k", "id", size=3, signing_time=NOW)
    with pytest.warns(daypass.ShortLivedURLWarning, match="credentials"):
        assert upload.part(1).expires_at == end


@examples(25)
@given(
    KEYS,
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60),
    st.integers(1, 10_000),
)
def test_every_step_equals_the_sdk_s(credentials, key, upload_id, number):
    store = daypass.Store("gs://bucket", storage_options={"token": credentials})
    upload = store.resume_multipart_upload(
        key,
        upload_id,
        size=(number - 1) * PART + 7,
        part_size=PART,
        signing_time=NOW,
        expires_in=900,
    )
    now = SignRequest(method="PUT", expires_in=900, signing_time=NOW).resolve(NOW)
    own = {"uploadId": upload_id}
    steps = {
        "begin": ("POST", {"uploads": ""}),
        "list": ("GET", own),
        "complete": ("POST", own),
        "abort": ("DELETE", own),
    }
    for name, (method, query) in steps.items():
        link = upload._session.of_backend.sign_inside(Step(name, method, query), now)
        theirs = by_google(credentials, "bucket", key, method, 900, NOW, query_parameters=query)
        assert link.url == theirs
    query = {"partNumber": str(number), **own}
    theirs = by_google(
        credentials, "bucket", key, "PUT", 900, NOW, query_parameters=query, headers={"content-length": "7"}
    )  # fmt: skip
    assert upload.part(number).url == theirs


def test_a_rule_of_a_size_is_not_passed_by_going_on_with_another_part_size(
    store, bucket, monkeypatch
):
    """15 MiB are allowed, and the links of two plans are enough for 20."""
    rule = Rule(name="small", paths=["gs://**"], methods=["PUT"], max_bytes=3 * PART)
    monkeypatch.setattr(in_force, "_application", [Enforcer(Policy(rules=[rule]))])
    one = store.create_multipart_upload("k", size=3 * PART, part_size=PART)
    half = 3 * PART // 2
    two = store.resume_multipart_upload("k", one.upload_id, size=3 * PART, part_size=half)
    sent = [(two, 1, half), (two, 2, half), (one, 3, PART)]
    etags = {n: send(plan.part(n), bytes(size)).headers["ETag"] for plan, n, size in sent}
    assert sum(part.size for part in one.list_parts()) == 4 * PART
    for parts in (None, etags):
        with pytest.raises(InvalidRequestError, match=f"must have {PART} bytes"):
            one.complete(parts)
    with pytest.raises(RefusedError, match="NoSuchKey"):
        bucket.get("k", None)
    two.complete({n: etags[n] for n in (1, 2)})
    assert len(bucket.get("k", None).body) == 3 * PART
