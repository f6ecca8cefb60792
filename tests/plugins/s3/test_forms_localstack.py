"""Upload forms against LocalStack: it enforces their conditions over HTTP.

It does not check their signatures, nor refuse fields that no condition names, as Amazon does.
"""

import base64
import hashlib
import shlex
import subprocess
from urllib.parse import unquote

import pytest
import requests

import daypass


@pytest.fixture
def store(local, local_bucket):
    return daypass.Store(f"s3://{local_bucket}", storage_options=local.storage_options)


@pytest.fixture
def stored(local, local_bucket):
    """Read back what arrived under a key."""
    return lambda key: local.client.get_object(Bucket=local_bucket, Key=key)


def post(form, content=b"content", name="a b.txt", **changes):
    fields = {k: v for k, v in {**form.fields, **changes}.items() if v is not None}
    return requests.post(
        form.url,
        data=fields,
        files={"file": (name, content)},
        timeout=30,
        allow_redirects=False,
    )


def test_a_form_uploads_with_all_that_it_says(store, stored):
    form = store.create_upload_form(
        "in/é b.txt",
        content_type="text/plain",
        metadata={"by": "me"},
        headers={"Cache-Control": "no-store"},
        min_bytes=1,
        max_bytes=10,
        success_status=201,
    )
    answer = post(form)
    assert answer.status_code == 201, answer.text
    found = stored("in/é b.txt")
    assert found["Body"].read() == b"content"
    assert (found["ContentType"], found["Metadata"]) == ("text/plain", {"by": "me"})
    assert found["CacheControl"] == "no-store"


def test_the_file_s_name_ends_the_key(store, stored):
    form = store.create_upload_form("in/${filename}", content_type_prefix="image/")
    assert post(form, name="a b.png", **{"Content-Type": "image/png"}).status_code == 204
    assert stored("in/a b.png")["ContentType"] == "image/png"
    chosen = post(form, key="in/chosen", **{"Content-Type": "image/png"})
    assert chosen.status_code == 204
    assert stored("in/chosen")["ContentLength"] == 7


@pytest.mark.parametrize("kind", ["image/png", "text/html; charset=utf-8"])
def test_a_form_takes_any_type_and_tags(store, local, local_bucket, stored, kind):
    form = store.create_upload_form("k", content_type_prefix="", tags={"run": "4/2"})
    assert post(form, **{"Content-Type": kind}).status_code == 204
    assert stored("k")["ContentType"] == kind
    tags = local.client.get_object_tagging(Bucket=local_bucket, Key="k")["TagSet"]
    assert tags == [{"Key": "run", "Value": "4/2"}]
    others = "<Tagging><TagSet><Tag><Key>run</Key><Value>5</Value></Tag></TagSet></Tagging>"
    assert post(form, tagging=others, **{"Content-Type": kind}).status_code == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"Content-Type": "text/html"},
        {"Content-Type": None},
        {"key": "out/k"},
        {"acl": "public-read"},
        {"x-amz-meta-by": "you"},
        {"success_action_status": "200"},
        {"x-amz-date": "20260101T000000Z"},
    ],
    ids=str,
)
def test_what_deviates_from_the_form_is_refused(store, local, local_bucket, changes):
    form = store.create_upload_form(
        "k", content_type="text/plain", metadata={"by": "me"}, success_status=201, acl="private"
    )
    assert post(form, **changes).status_code in (400, 403)
    assert "Contents" not in local.client.list_objects_v2(Bucket=local_bucket)


@pytest.mark.parametrize(("size", "status"), [(1, 400), (2, 204), (4, 204), (5, 400)])
def test_the_size_is_held(store, size, status):
    form = store.create_upload_form("k", min_bytes=2, max_bytes=4)
    assert post(form, bytes(size)).status_code == status
    exact = store.create_upload_form("k", content_length=3)
    assert post(exact, bytes(size)).status_code == 400
    assert post(exact, bytes(3)).status_code == 204


def test_the_checksum_is_held(store):
    digest = base64.b64encode(hashlib.sha256(b"content").digest()).decode()
    form = store.create_upload_form("k", checksum_sha256=digest)
    assert post(form).status_code == 204
    assert post(form, b"contents").status_code == 400
    without = {"x-amz-checksum-sha256": None, "x-amz-checksum-algorithm": None}
    assert post(form, b"contents", **without).status_code == 403


@pytest.mark.filterwarnings("ignore::daypass.ShortLivedURLWarning")
def test_an_ended_form_is_refused(store):
    from datetime import UTC, datetime, timedelta

    early = datetime.now(UTC) - timedelta(hours=1)
    form = store.create_upload_form("k", signing_time=early, expires_in="59m")
    assert post(form).status_code == 403


def test_a_redirect_leads_on(store):
    form = store.create_upload_form("k", success_redirect="http://127.0.0.1/done")
    answer = post(form)
    assert answer.status_code in (302, 303)
    assert answer.headers["Location"].startswith("http://127.0.0.1/done?")


def test_the_curl_command_uploads_an_oddly_named_file(store, local, local_bucket, tmp_path):
    file = tmp_path / 'a;b,"c" [1].txt'
    file.write_bytes(b"content")
    form = store.create_upload_form("in/${filename}", content_type_prefix="text/")
    command = form.curl(str(file))
    done = subprocess.run(["sh", "-c", command], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert shlex.split(command)[0] == "curl"
    (found,) = local.client.list_objects_v2(Bucket=local_bucket)["Contents"]
    assert unquote(found["Key"]) == f"in/{file.name}"


def test_a_form_holds_its_sender_to_the_key_that_encrypts(store):
    """LocalStack holds the fields against the policy; by them it encrypts the objects of PUTs alone."""
    form = store.create_upload_form("k", encryption_key=b"k" * 32)
    names = [name for name in form.fields if "customer" in name]
    assert len(names) == 3
    for name in names:
        assert post(form, **{name: None}).status_code in (400, 403)
        assert post(form, **{name: "another"}).status_code in (400, 403)
    assert store.head_metadata("k", missing_ok=True) is None
    assert post(form).status_code == 204


def test_a_form_names_the_key_of_the_store_s_own_service(store, local):
    form = store.create_upload_form("k", kms_key="alias/aws/s3")
    names = [name for name in form.fields if "encryption" in name]
    assert len(names) == 2
    for name in names:
        assert post(form, **{name: None}).status_code == 403
    assert post(form).status_code == 204
    assert store.head_metadata("k").encryption == "aws:kms"
