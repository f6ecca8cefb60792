"""Links that start a session: what Google's SDK signs for them, and what their holder can do on a front that verifies them."""

import subprocess
from datetime import UTC, datetime

import pytest
from google.cloud.storage._media.requests import ResumableUpload
from hypothesis import given
from requests import Session

import daypass
from daypass.errors import InvalidRequestError, PolicyError, UnsupportedOptionError
from daypass.policy import in_force
from daypass.policy.enforcer import Enforcer
from daypass.transfer import retries
from tests.conftest import examples
from tests.plugins.gcs.sdk import BUCKETS, KEYS, LIFETIMES, STYLES, TIMES, by_google, by_us
from tests.plugins.gcs.test_sdk_equality import UPLOADS, headers_of
from tests.stranger import send

NOW = datetime(2026, 5, 4, tzinfo=UTC)
BODY = bytes(range(256)) * 4096
#: What is said of the bytes, which a link does not sign.
OF_BODIES = {"content_md5", "max_bytes"}


@examples(50)
@given(bucket=BUCKETS, key=KEYS, now=TIMES, lifetime=LIFETIMES, options=UPLOADS)
def test_the_start_of_an_upload_equals_the_sdk_s(credentials, bucket, key, now, lifetime, options):
    asked = {name: value for name, value in options.items() if name not in OF_BODIES}
    ours = by_us(credentials, bucket, key, "PUT", lifetime, now, resumable=True, **asked)
    theirs = by_google(
        credentials,
        bucket,
        key,
        "RESUMABLE",
        lifetime,
        now,
        headers=headers_of(asked),
        content_type=asked.get("content_type"),
    )
    assert ours.url == theirs
    assert (ours.method, ours.http_method, ours.permits) == ("PUT", "POST", {"PUT"})
    assert ours.headers["x-goog-resumable"] == "start"


@pytest.mark.parametrize("style", STYLES)
@examples(10)
@given(key=KEYS, now=TIMES)
def test_every_style_equals_the_sdk_s(credentials, style, key, now):
    ours = by_us(credentials, "bucket", key, "PUT", 60, now, style, resumable=True)
    theirs = by_google(credentials, "bucket", key, "RESUMABLE", 60, now, **STYLES[style][1])
    assert ours.url == theirs


def test_many_are_signed_as_one_is(credentials):
    store = daypass.Store("gs://bucket", storage_options={"token": credentials})
    asked = {"method": "PUT", "resumable": True, "signing_time": NOW, "content_type": "text/csv"}
    batch = store.create_signed_urls(["a", "b"], **asked)
    for key, link in zip(["a", "b"], batch, strict=True):
        assert link == store.create_signed_url(key, **asked)
        assert link.http_method == "POST"


def test_a_put_and_the_start_of_one_share_no_template(credentials):
    def link(**options):
        return by_us(credentials, "bucket", "k", "PUT", 60, NOW, **options)

    first, start, last = link(), link(resumable=True), link()
    assert first.url == last.url
    assert start.url == by_google(credentials, "bucket", "k", "RESUMABLE", 60, NOW)
    assert (first.http_method, start.http_method) == ("PUT", "POST")


def test_the_holder_brings_the_bytes_to_the_session_and_asks_how_far_it_came(store, front):
    link = store.create_signed_url("a b/ü", method="PUT", resumable=True, content_type="text/x")
    answer = send(link, b"")
    session, size, piece = answer.headers["Location"], len(BODY), 256 << 10
    assert answer.status == 201
    assert "a b/ü" not in front.buckets["bucket"].objects

    def put(body, place):
        return send(link, body, method="PUT", url=session, headers={"Content-Range": place})

    assert put(b"", f"bytes */{size}").status == 308
    answer = put(BODY[:piece], f"bytes 0-{piece - 1}/{size}")
    assert (answer.status, answer.headers["Range"]) == (308, f"bytes=0-{piece - 1}")
    assert put(b"", f"bytes */{size}").headers["Range"] == f"bytes=0-{piece - 1}"
    assert put(BODY[piece:], f"bytes {piece}-{size - 1}/{size}").status == 200
    stored = front.buckets["bucket"].get("a b/ü", None)
    assert (stored.body, stored.headers["content-type"]) == (BODY, "text/x")


def test_google_s_own_uploader_goes_on_with_the_session(store, front, tmp_path):
    """Its client of resumable uploads is another implementation of the same documents."""
    session = send(store.create_signed_url("k", method="PUT", resumable=True), b"").headers[
        "Location"
    ]
    (tmp_path / "k").write_bytes(BODY)
    upload = ResumableUpload("http://127.0.0.1/", 256 << 10, checksum=None)
    with (tmp_path / "k").open("rb") as stream, Session() as transport:
        upload._stream, upload._content_type = stream, "text/x"
        upload._total_bytes, upload._resumable_url = len(BODY), session
        front.sessions.faults.append(503)
        while not upload.finished:
            upload.transmit_next_chunk(transport)
    assert front.buckets["bucket"].get("k", None).body == BODY


@pytest.mark.parametrize("options", [{}, {"encryption_key": b"k" * 32}], ids=["", "own key"])
def test_a_file_goes_up_through_the_link_alone_on_from_where_it_was_broken_off(
    store, front, tmp_path, options, monkeypatch
):
    monkeypatch.setattr(retries, "_FIRST_PAUSE", 0.001)
    (tmp_path / "k").write_bytes(BODY)
    link = store.create_signed_url("k", method="PUT", resumable=True, **options)
    front.sessions.faults[:] = [503]  # of all that came with it nothing is kept
    front.sessions.breaks[:] = [None, 300_000, 0, 600_000]
    done = daypass.upload(tmp_path / "k", link)
    assert front.buckets["bucket"].get("k", None).body == BODY
    assert done.size == len(BODY)
    came = [(place, count) for place, count in front.sessions.asked if count]
    assert came[-1] == (f"bytes 786432-{len(BODY) - 1}/{len(BODY)}", len(BODY) - 786432)


@pytest.mark.parametrize("changed", [{}, {"x-goog-resumable": "stop"}])
def test_a_link_starts_a_session_and_does_nothing_else(store, front, changed):
    link = store.create_signed_url("k", method="PUT", resumable=True)
    assert send(link, b"", headers=changed).status == 403
    assert send(link, BODY, method="PUT").status == 403
    plain = store.create_signed_url("k", method="PUT")
    assert send(plain, b"", method="POST", headers={"x-goog-resumable": "start"}).status in (
        400,
        403,
    )
    assert not front.sessions.open
    assert not front.buckets["bucket"].objects


def test_if_absent_holds_for_the_session(store, front):
    link = store.create_signed_url("k", method="PUT", resumable=True, if_absent=True)
    session = send(link, b"").headers["Location"]
    front.buckets["bucket"].put("k", b"first", {})
    answer = send(link, b"second", method="PUT", url=session, headers={})
    assert (answer.status, answer.code) == (412, "PreconditionFailed")


@pytest.mark.parametrize("key", ["up.csv", "a b/it's (1) [x] é.csv", "folder/"])
@pytest.mark.parametrize("options", [{}, {"encryption_key": b"k" * 32}], ids=["", "own key"])
def test_curl_carries_out_the_whole_upload(store, front, tmp_path, key, options):
    link = store.create_signed_url(key, method="PUT", resumable=True, **options)
    (tmp_path / "a [file].csv").write_bytes(BODY)
    command = link.curl("a [file].csv")
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    assert front.buckets["bucket"].get(key, None).body == BODY


def test_curl_fails_where_no_session_is_started(store, front, tmp_path):
    (tmp_path / "k").write_bytes(BODY)
    command = store.create_signed_url("k", method="PUT", resumable=True).curl()
    command = command.replace("x-goog-resumable: start", "x-goog-resumable: stop")
    done = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, check=False, capture_output=True, timeout=60
    )
    assert done.returncode != 0
    assert b"403" in done.stderr


# What a session is not held to.


@pytest.mark.parametrize(
    "option", [{"content_md5": bytes(16)}, {"content_length": 7}, {"max_bytes": 7}], ids=str
)
def test_what_no_session_is_known_to_be_held_to_is_refused_or_named(store, option):
    (name,) = option
    with pytest.raises(UnsupportedOptionError, match=f"gcs cannot enforce {name} here") as caught:
        store.create_signed_url("k", method="PUT", resumable=True, **option)
    assert caught.value.option == name
    link = store.create_signed_url("k", method="PUT", resumable=True, strict=False, **option)
    assert link.unenforced == {name}
    assert link.headers == {"x-goog-resumable": "start"}


def test_an_md5_that_is_not_enforced_is_kept_as_metadata_all_the_same(store):
    asked = {"content_md5": bytes(16), "add_content_md5_metadata": True, "strict": False}
    link = store.create_signed_url("k", method="PUT", resumable=True, **asked)
    assert link.headers["x-goog-meta-md5chksum"] == "AAAAAAAAAAAAAAAAAAAAAA=="
    assert link.unenforced == {"content_md5"}


@pytest.mark.parametrize("name", ["X-Goog-Resumable", "x_goog_resumable"])
def test_nothing_else_starts_a_session(store, name):
    with pytest.raises(InvalidRequestError, match="start of a session by resumable="):
        store.create_signed_url("k", method="PUT", headers={name: "start"})


@pytest.mark.parametrize("method", ["GET", "DELETE", "LIST", "HEAD"])
def test_only_an_upload_starts_one(store, method):
    with pytest.raises(InvalidRequestError, match="resumable describes an upload"):
        store.create_signed_url("k", method=method, resumable=True)


def test_a_copy_and_an_upload_in_parts_start_none(store):
    with pytest.raises(InvalidRequestError, match="leave resumable out"):
        store.create_signed_url("k", method="PUT", resumable=True, copy_source="gs://bucket/a")
    with pytest.raises(UnsupportedOptionError, match="has no parts: leave resumable out"):
        store.create_multipart_upload("k", size=7, resumable=True)


# The policy.

UPLOAD = {"name": "up", "paths": ["gs://bucket/**"], "methods": ["PUT"]}


@pytest.fixture
def ruled(monkeypatch):
    def put(**more):
        policy = daypass.Policy(rules=[daypass.Rule(**UPLOAD, **more)])
        monkeypatch.setattr(in_force, "_application", [Enforcer(policy)])

    return put


def test_a_policy_judges_it_as_an_upload_that_its_rule_names(store, ruled):
    ruled()
    with pytest.raises(PolicyError, match=r'upload_options = \["resumable"\]'):
        store.create_signed_url("k", method="PUT", resumable=True)
    ruled(upload_options=["resumable"])
    assert store.create_signed_url("k", method="PUT", resumable=True).http_method == "POST"
    with pytest.raises(PolicyError, match="upload_options"):
        store.create_signed_url("k", method="PUT", resumable=True, storage_class="NEARLINE")


@pytest.mark.parametrize("limit", [{"max_bytes": 100}, {"require": ["content_md5"]}])
def test_a_rule_on_the_bytes_lets_no_session_start(store, ruled, limit):
    ruled(upload_options=["resumable"], **limit)
    asked = {"max_bytes": 10, "content_md5": bytes(16), "strict": False}
    with pytest.raises(PolicyError):
        store.create_signed_url("k", method="PUT", resumable=True, **asked)


# What explain and verify say.


def test_explain_says_that_it_starts_a_session(store):
    said = daypass.explain(store.create_signed_url("k", method="PUT", resumable=True))
    assert said.headers == ("x-goog-resumable",)
    (finding,) = (one for one in said.findings if one.code == "session")
    assert "sent as a POST" in finding.message


def test_verify_knows_that_it_is_a_post(account, credentials):
    place = {"storage_options": {"token": account}}
    link = daypass.create_signed_url("gs://bucket/k", method="PUT", resumable=True, **place)
    assert daypass.verify(link, **place).ok
    said = daypass.verify(link.url, method="PUT", headers=link.headers, **place)
    assert not said.ok
    assert "POST was signed" in str(said.findings)


@pytest.mark.parametrize("path", ["s3://b/k", "az://c/k"])
def test_other_stores_refuse_it_by_name(path):
    options = (
        {"key": "AKIDEXAMPLE", "secret": "made-up"}
        if path.startswith("s3")
        else {"account_name": "a", "account_key": "bWFkZS11cA=="}
    )
    with pytest.raises(UnsupportedOptionError, match="cannot enforce resumable: gcs can") as caught:
        daypass.create_signed_url(path, method="PUT", resumable=True, storage_options=options)
    assert caught.value.option == "resumable"
