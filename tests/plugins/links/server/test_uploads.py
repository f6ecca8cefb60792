"""Uploads in parts for callers who hold no credentials, by the service as a process, into LocalStack."""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.error
import urllib.request

import pytest

import daypass_links
from daypass.errors import (
    InvalidRequestError,
    ObjectNotFoundError,
    RefusedError,
    UnsupportedOptionError,
)

MIB = 1 << 20
BODY = bytes(range(256)) * (6 * MIB // 256)


def of(process, principal, **asked):
    """Return a client with a key of its own."""
    body = json.dumps({"principal": principal, "scopes": ["sign"], **asked}).encode()
    headers = {"authorization": f"Bearer {process.key}", "content-type": "application/json"}
    request = urllib.request.Request(f"{process.address}/v1/keys", body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return daypass_links.Client(process.address, key=json.load(answer)["key"])


@pytest.fixture(scope="module")
def ann(process):
    return of(process, "ann")


def send(link, body):
    """Upload a part and return its ETag."""
    request = urllib.request.Request(link.url, body, link.headers, method=link.method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.headers["ETag"]


def test_an_object_is_uploaded_in_parts_by_whoever_holds_no_credentials(ann, kit):
    client, bucket = kit
    upload = ann.create_upload(
        "daypass://kit/in/a.bin", size=len(BODY), part_size=5 * MIB, content_type="text/csv"
    )
    assert (upload.part_count, upload.parts) == (2, ())
    links = ann.sign_parts(upload.upload_id, [2, 1])
    assert [*links] == [2, 1]
    tags = {2: send(links[2], BODY[5 * MIB :])}
    assert [part.number for part in ann.show_upload(upload.upload_id).parts] == [2]
    with pytest.raises(InvalidRequestError, match="1 of 2 parts are missing"):
        ann.complete_upload(upload.upload_id)
    tags[1] = send(links[1], BODY[: 5 * MIB])
    made = ann.complete_upload(upload.upload_id, tags)
    stored = client.get_object(Bucket=bucket, Key="in/a.bin")
    assert stored["Body"].read() == BODY
    assert stored["ContentType"] == "text/csv"
    assert made.etag == stored["ETag"].strip('"')
    with pytest.raises(ObjectNotFoundError, match="is complete or aborted"):
        ann.complete_upload(upload.upload_id, tags)


def test_the_link_of_a_part_is_bound_to_its_md5(ann):
    upload = ann.create_upload("daypass://kit/in/b.bin", size=4)
    md5 = base64.b64encode(hashlib.md5(b"good").digest()).decode()
    link = ann.sign_parts(upload.upload_id, {1: md5})[1]
    with pytest.raises(urllib.error.HTTPError) as raised:
        send(link, b"evil")
    raised.value.close()
    send(link, b"good")
    assert ann.complete_upload(upload.upload_id).etag


def test_what_was_aborted_is_gone_from_the_store_too(ann, kit):
    client, bucket = kit
    upload = ann.create_upload("daypass://kit/in/gone.bin", size=4)
    mine = {"Bucket": bucket, "Prefix": "in/gone.bin"}
    assert len(client.list_multipart_uploads(**mine)["Uploads"]) == 1
    ann.abort_upload(upload.upload_id)
    assert "Uploads" not in client.list_multipart_uploads(**mine)
    with pytest.raises(ObjectNotFoundError, match="you have begun no upload"):
        ann.sign_parts(upload.upload_id, [1])


def test_nobody_goes_on_with_the_upload_of_another(process, ann):
    upload = ann.create_upload("daypass://kit/in/mine.bin", size=4)
    for other in (of(process, "bob"), process.client):
        for ask in (
            lambda: other.show_upload(upload.upload_id),  # noqa: B023 - called at once
            lambda: other.sign_parts(upload.upload_id, [1]),  # noqa: B023
            lambda: other.complete_upload(upload.upload_id),  # noqa: B023
            lambda: other.abort_upload(upload.upload_id),  # noqa: B023
        ):
            with pytest.raises(ObjectNotFoundError):
                ask()
    ann.abort_upload(upload.upload_id)


def test_who_lost_the_right_goes_on_with_nothing(process):
    key = {"prefixes": ["daypass://kit/in/sub"]}
    wide, narrow = of(process, "eve"), of(process, "eve", **key)
    upload = wide.create_upload("daypass://kit/in/wide.bin", size=4)
    with pytest.raises(RefusedError, match="for paths below"):
        narrow.sign_parts(upload.upload_id, [1])
    with pytest.raises(RefusedError, match="only in/"):
        wide.create_upload("daypass://kit/out/x.bin", size=4)
    wide.abort_upload(upload.upload_id)


@pytest.mark.parametrize(
    ("asked", "kind", "said"),
    [
        ({"size": 0}, InvalidRequestError, "size"),
        ({"size": "4"}, InvalidRequestError, "size"),
        ({"size": 4, "encryption_key": "x"}, UnsupportedOptionError, "encryption_key"),
        ({"size": 4, "headers": {"x-amz-acl": "private"}}, UnsupportedOptionError, "headers"),
        ({"size": 4, "content_length": 4}, UnsupportedOptionError, "content_length"),
        ({"size": 4, "method": "GET"}, InvalidRequestError, "method"),
        ({"size": 4, "sise": 4}, InvalidRequestError, "sise"),
    ],
)
def test_what_is_no_upload_is_refused_by_name(ann, asked, kind, said):
    with pytest.raises(kind, match=said):
        ann.create_upload("daypass://kit/in/x.bin", **asked)


def test_a_part_that_there_is_not_is_refused_by_its_number(ann):
    upload = ann.create_upload("daypass://kit/in/c.bin", size=4)
    with pytest.raises(InvalidRequestError, match="there is no part 2"):
        ann.sign_parts(upload.upload_id, [2])
    with pytest.raises(InvalidRequestError):
        ann.sign_parts(upload.upload_id, [])
    ann.abort_upload(upload.upload_id)


def test_it_takes_a_key_for_signing(process):
    with pytest.raises(RefusedError, match="needs the scope sign"):
        of(process, "zoe", scopes=["links:write"]).create_upload("daypass://kit/in/x", size=4)
