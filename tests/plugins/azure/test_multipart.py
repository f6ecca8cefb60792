"""Uploads in parts on Azure: blocks through links, committed as one blob; against Azurite."""

from __future__ import annotations

import os
from base64 import b64encode
from datetime import timedelta
from hashlib import md5
from urllib.parse import quote

import attrs
import pytest
from azure.storage.blob import generate_blob_sas
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass import InvalidRequestError, StoreError, UnsupportedOptionError, UploadedPart
from tests.plugins.azure.conftest import NOW, OPTIONS
from tests.plugins.azure.sdk import DELEGATED, DELEGATION_KEY, IPV4, NAMES, SECONDS, STARTS, STORE
from tests.servers.azurite import KEY

PART = 1 << 20
BODY = os.urandom((PART << 1) + 3)
KEYS = ["plain.bin", "a b//ü+%2F#?.bin"]


def begin(bench, key="k", **options):
    return bench.store.create_multipart_upload(key, size=len(BODY), part_size=PART, **options)


def piece(upload, number):
    start = (number - 1) * upload.part_size
    return BODY[start : start + upload.size_of(number)]


def upload_all(bench, upload):
    for number in range(1, upload.part_count + 1):
        assert bench.use(upload.part(number), piece(upload, number)).status_code == 201


@pytest.mark.parametrize("key", KEYS)
def test_a_blob_goes_up_in_blocks(bench, key):
    upload = begin(
        bench,
        key,
        content_type="text/x-parts",
        metadata={"who": "me"},
        storage_class="Cool",
        tags={"run no": "4/2"},
    )
    upload_all(bench, upload)
    sizes = [(part.number, part.size) for part in upload.list_parts()]
    assert sizes == [(1, PART), (2, PART), (3, 3)]
    done = upload.complete()
    head = bench.store.head_metadata(key)
    assert (head.size, head.content_type, head.metadata, head.storage_class) == (
        len(BODY),
        "text/x-parts",
        {"who": "me"},
        "Cool",
    )
    assert head.etag == done.etag
    assert bench.admin.get_blob_client(key).get_blob_tags() == {"run no": "4/2"}
    assert bench.read(key) == BODY
    assert upload.list_parts() == []


def test_etags_are_not_needed(key_bench):
    upload = begin(key_bench)
    upload_all(key_bench, upload)
    upload.complete(UploadedPart(number=number) for number in (1, 2, 3))
    assert key_bench.read("k") == BODY


def test_two_uploads_to_one_blob_do_not_mix(key_bench):
    one, other = begin(key_bench), begin(key_bench)
    upload_all(key_bench, one)
    key_bench.use(other.part(1), piece(other, 1))
    assert [part.number for part in other.list_parts()] == [1]
    one.complete()
    # The commit dropped every block that it does not name, the other upload's too.
    assert other.list_parts() == []
    with pytest.raises(StoreError, match="does not have all blocks"):
        other.complete(UploadedPart(number=number) for number in (1, 2, 3))


def test_nothing_is_there_before_it_is_completed(key_bench):
    upload = begin(key_bench)
    upload_all(key_bench, upload)
    assert key_bench.store.head_metadata("k", missing_ok=True) is None
    upload.abort()  # Azure has nothing to abort: the blocks go by themselves
    assert key_bench.store.head_metadata("k", missing_ok=True) is None


def test_only_create_holds_when_the_list_is_committed(key_bench):
    upload = begin(key_bench, if_absent=True)
    upload_all(key_bench, upload)
    assert "if_absent" in upload.part(1).unenforced
    assert "if_absent" not in upload.unenforced
    key_bench.put("k", b"somebody was faster")
    upload = begin(key_bench, if_absent=True)
    upload_all(key_bench, upload)
    with pytest.raises(StoreError, match="exists"):
        upload.complete()
    assert key_bench.read("k") == b"somebody was faster"


def test_an_account_key_binds_neither_size_nor_md5(key_bench):
    upload = begin(key_bench)
    assert upload.part(1).unenforced == {"content_length"}
    with pytest.raises(UnsupportedOptionError, match="account key") as caught:
        upload.part(1, content_md5=bytes(16))
    assert caught.value.option == "content_md5"
    waived = begin(key_bench, strict=False).part(1, content_md5=md5(piece(upload, 1)).digest())
    assert waived.unenforced == {"content_length", "content_md5"}
    assert key_bench.use(waived, b"another body").status_code == 400  # whoever sends it is checked
    assert key_bench.use(waived, piece(upload, 1)).status_code == 201


def test_a_delegation_key_binds_both(monkeypatch, entra_bench):
    store = entra_bench.make_store(signer_options={"sign_headers": True})
    upload = store.create_multipart_upload("k", size=len(BODY), part_size=PART)
    link = upload.part(3, content_md5=bytes(16))
    assert link.unenforced == frozenset()
    assert link.headers == {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA==", "Content-Length": "3"}
    assert "srh=content-length,content-md5" in link.url


def test_a_link_writes_its_blob_and_nothing_else(key_bench):
    link = attrs.evolve(begin(key_bench).part(1), headers={})
    place, _, query = link.url.partition("?")
    assert key_bench.use(link, method="DELETE").status_code == 403
    assert key_bench.use(link, method="GET").status_code in (400, 403, 404)
    assert key_bench.use(attrs.evolve(link, url=f"{place}2?{query}"), b"x").status_code == 403
    assert key_bench.use(link, b"x").status_code == 201


def test_what_no_commit_carries_is_refused_by_name(key_bench):
    with pytest.raises(UnsupportedOptionError) as caught:
        begin(key_bench, headers={"x-ms-lease-id": "a"})
    assert (caught.value.option, caught.value.backend) == ("headers", "azure")
    with pytest.raises(UnsupportedOptionError) as caught:
        begin(key_bench, acl="private")
    assert caught.value.option == "acl"
    with pytest.raises(InvalidRequestError, match="identifiers"):
        begin(key_bench, metadata={"a-b": "c"})
    with pytest.raises(InvalidRequestError, match="ASCII letters"):
        begin(key_bench, tags={"a@b": "c"})
    with pytest.raises(InvalidRequestError, match="Archive, Cool"):
        begin(key_bench, storage_class="STANDARD_IA")


def test_the_read_only_copy_takes_no_parts():
    store = daypass.Store("az://maps", storage_options={**OPTIONS, "location_mode": "secondary"})
    upload = store.resume_multipart_upload("k", "0" * 32, size=5)
    with pytest.raises(InvalidRequestError, match="read-only"):
        upload.part(1)


@pytest.mark.parametrize("upload_id", ["short", "G" * 32, "0" * 33])
def test_an_id_is_what_the_upload_was_begun_with(upload_id):
    store = daypass.Store("az://maps", storage_options=OPTIONS)
    with pytest.raises(InvalidRequestError) as caught:
        store.resume_multipart_upload("k", upload_id, size=5)
    assert caught.value.option == "upload_id"


def test_the_block_is_named_in_the_url_and_all_names_are_of_one_length():
    store = daypass.Store("az://maps", storage_options=OPTIONS)
    upload = store.resume_multipart_upload(
        "a b", "0" * 32, size=50_000, part_size=1, signing_time=NOW, expires_in="5m"
    )
    for number in (1, 50_000):
        name = b64encode(f"{'0' * 32}-{number:05}".encode()).decode()
        link = upload.part(number)
        assert f"/maps/a%20b?comp=block&blockid={name.replace('=', '%3D')}&" in link.url
        assert "&sp=w&" in link.url
        assert link.expires_at == NOW + timedelta(minutes=5)
    # https://learn.microsoft.com/rest/api/storageservices/put-block: 64 bytes before it is encoded
    assert len(f"{'0' * 32}-50000") <= 64


@given(NAMES, SECONDS, STARTS, st.none() | IPV4, st.booleans(), st.integers(1, 50_000))
def test_a_blocks_link_equals_the_sdk_s(name, seconds, start, ip, delegated, number):
    """The signature is the one that the SDK makes for the permission to write this blob."""
    upload = (DELEGATED if delegated else STORE).resume_multipart_upload(
        name,
        "0" * 32,
        size=50_000 * 7,
        part_size=7,
        signing_time=NOW,
        expires_in=seconds,
        starts_at=start,
        ip_range=ip,
    )
    link = upload.part(number)
    key = {"user_delegation_key": DELEGATION_KEY} if delegated else {"account_key": KEY}
    headers = {"request_headers": {"content-length": "7"}} if delegated else {}
    token = generate_blob_sas(
        "contoso",
        "c0ntainer",
        name,
        permission="w",
        expiry=NOW + timedelta(seconds=seconds),
        start=start,
        ip=ip,
        protocol="https",
        **key,
        **headers,
    )
    block = quote(b64encode(f"{'0' * 32}-{number:05}".encode()).decode(), safe="")
    assert link.url == (
        f"https://contoso.blob.core.windows.net/c0ntainer/{quote(name, safe='/~')}"
        f"?comp=block&blockid={block}&{token}"
    )


def test_another_process_goes_on(key_bench):
    upload = begin(key_bench, content_type="text/x-parts")
    key_bench.use(upload.part(2), piece(upload, 2))
    again = daypass.resume_multipart_upload(**upload.to_dict(), fs=key_bench.fs)
    assert [part.number for part in again.list_parts()] == [2]
    for number in (1, 3):
        key_bench.use(again.part(number), piece(again, number))
    again.complete()
    assert key_bench.store.head_metadata("k").content_type == "text/x-parts"
    assert key_bench.read("k") == BODY
