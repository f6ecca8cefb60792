"""Keys that encrypt: signed as boto3 signs them, held by a store that checks them, and shown nowhere."""

from __future__ import annotations

import os
from base64 import b64encode

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass.errors import DaypassError, InvalidRequestError, StoreError
from daypass.transfer import retries
from tests.conftest import examples
from tests.plugins.s3.sdk import NOW, keys, ours, places, theirs
from tests.servers.counting_proxy import counting_proxy

KEY = bytes(range(32))
TEXT = b64encode(KEY).decode()
MIB = 1 << 20


@examples(60)
@given(places, keys, st.binary(min_size=32, max_size=32), st.sampled_from(["GET", "PUT", "HEAD"]))
def test_links_with_a_key_equal_boto3s(place, key, own, method):
    params = {
        "Bucket": "bucket",
        "Key": key,
        "SSECustomerAlgorithm": "AES256",
        "SSECustomerKey": own,
    }
    expected = theirs(*place, f"{method.lower()}_object", NOW, 600, params)
    link = ours(*place, "bucket").create_signed_url(
        key, method=method, expires_in=600, signing_time=NOW, encryption_key=own
    )
    assert expected == link.url


@pytest.fixture
def path(local_bucket):
    return f"s3://{local_bucket}/k"


def test_nobody_reads_an_object_without_its_key(local, path, tmp_path):
    place = {"storage_options": local.storage_options}
    put = daypass.create_signed_url(path, method="PUT", encryption_key=TEXT, **place)
    assert requests.put(put.url, headers=put.headers, data=b"abc", timeout=30).status_code == 200
    without = {n: v for n, v in put.headers.items() if not n.endswith("-key")}
    assert requests.put(put.url, headers=without, data=b"abc", timeout=30).status_code >= 400

    get = daypass.create_signed_url(path, encryption_key=KEY, **place)
    assert requests.get(get.url, headers=get.headers, timeout=30).content == b"abc"
    bare = daypass.create_signed_url(path, **place)
    assert requests.get(bare.url, timeout=30).status_code == 400

    assert daypass.head_metadata(path, encryption_key=TEXT, **place).size == 3
    for other in (None, os.urandom(32)):
        with pytest.raises(DaypassError):
            daypass.head_metadata(path, encryption_key=other, **place)
    daypass.download(path, tmp_path / "down", encryption_key=TEXT, **place)
    assert (tmp_path / "down").read_bytes() == b"abc"


def test_an_upload_in_parts_has_the_key_in_each_and_keeps_it_nowhere(
    local, path, tmp_path, monkeypatch
):
    monkeypatch.setattr(retries, "_FIRST_PAUSE", 0.001)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "large").write_bytes(os.urandom(MIB) * 11)
    parts = {"multipart_threshold": MIB, "part_size": 5 * MIB}
    with counting_proxy(local.endpoint.partition("://")[2]) as proxy:
        place = {"storage_options": {**local.storage_options, "endpoint_url": proxy.url}}
        proxy.faults = [403]
        with pytest.raises(StoreError):
            daypass.upload(tmp_path / "large", path, jobs=1, encryption_key=TEXT, **parts, **place)
        (journal,) = (tmp_path / "state").rglob("*.jsonl")
        assert TEXT not in journal.read_text()
        with pytest.raises(InvalidRequestError, match="not what the upload was begun with"):
            daypass.upload(
                tmp_path / "large", path, resume=True, encryption_key=bytes(32), **parts, **place
            )
        done = daypass.upload(
            tmp_path / "large", path, resume=True, encryption_key=TEXT, **parts, **place
        )
        assert (done.parts, done.size) == (3, 11 * MIB)
        daypass.download(path, tmp_path / "down", encryption_key=TEXT, **place)
    assert (tmp_path / "down").read_bytes() == (tmp_path / "large").read_bytes()


def test_a_key_is_in_the_links_headers_and_shown_nowhere(caplog):
    store = daypass.Store("s3://maps", storage_options={"key": "AK", "secret": "made-up"})
    link = store.create_signed_url("k", encryption_key=KEY)
    assert link.headers["x-amz-server-side-encryption-customer-key"] == TEXT
    request = daypass.SignRequest(encryption_key=KEY)
    upload = store.create_multipart_upload
    shown = [repr(link), link.url, repr(request), repr(store), caplog.text, repr(upload)]
    assert not any(TEXT in text or repr(KEY) in text for text in shown)


@pytest.mark.parametrize(
    "wrong", [TEXT[:-2], KEY[1:], "hunter2-the-secret", 7, TEXT + "=", "é" * 44]
)
def test_what_is_no_key_is_refused_and_not_shown(wrong):
    with pytest.raises(InvalidRequestError, match="key of 32 bytes") as caught:
        daypass.SignRequest(encryption_key=wrong)
    assert caught.value.option == "encryption_key"
    assert str(wrong) not in str(caught.value)


def test_what_encrypts_is_said_once():
    store = daypass.Store("s3://maps", storage_options={"key": "AK", "secret": "made-up"})
    with pytest.raises(InvalidRequestError, match="use encryption_key="):
        store.create_signed_url(
            "k", encryption_key=KEY, headers={"X-Amz-Server-Side-Encryption": "aws:kms"}
        )


def test_a_key_of_the_stores_own_service_is_asked_for(local, path):
    place = {"storage_options": local.storage_options}
    name = "arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    link = daypass.create_signed_url(path, method="PUT", kms_key=name, **place)
    assert requests.put(link.url, data=b"abc", timeout=30).status_code == 403
    assert requests.put(link.url, headers=link.headers, data=b"abc", timeout=30).status_code == 200
    assert daypass.head_metadata(path, **place).encryption == "aws:kms"


@pytest.mark.parametrize("asked", [{"kms_key": "k"}, {"encryption_key": KEY}])
def test_a_rule_for_uploads_lets_nobody_encrypt_before_it_says_so(asked):
    options = {"key": "AK", "secret": "made-up"}
    headers = daypass.create_signed_url(
        "s3://maps/k", method="PUT", storage_options=options, **asked
    ).headers
    rule = {"name": "up", "paths": ["s3://maps/**"], "methods": ["PUT"]}
    more = {"header_names": list(headers), "upload_options": sorted({"kms_key"} & asked.keys())}
    closed, opened = (
        daypass.Policy(rules=[daypass.Rule(**one)]) for one in (rule, {**rule, **more})
    )
    daypass.set_policy(closed)
    try:
        with pytest.raises(daypass.PolicyError) as caught:
            daypass.create_signed_url("s3://maps/k", method="PUT", storage_options=options, **asked)
        assert TEXT not in str(caught.value)
        daypass.set_policy(opened, replacing=closed)
        closed = opened
        daypass.create_signed_url("s3://maps/k", method="PUT", storage_options=options, **asked)
    finally:
        daypass.set_policy(None, replacing=closed)
