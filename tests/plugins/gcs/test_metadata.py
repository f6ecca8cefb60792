"""``head_metadata``: the object's own record, through gcsfs, within the deadline."""

import asyncio
import base64
import hashlib
import json
import time
import traceback
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

import fsspec
import gcsfs
import pytest
from google.oauth2.credentials import Credentials as Person

import daypass
from daypass.gate.cors import plan_cors
from daypass.testing import networks
from tests.plugins.gcs.conftest import HMAC, hastened
from tests.servers.gcs_objects import Bucket
from tests.servers.serving import serving

ODD_KEYS = ["plain", "a//b", "/leading", "trailing/", "q?x=1#y", "sp ace+%2F", "naïve/\U0001f511"]


@pytest.fixture
def options(front):
    front.buckets["bucket"] = Bucket()
    return {"endpoint_url": front.url, "token": "anon", "project": "p"}


@pytest.fixture
def store(options):
    return daypass.Store("gs://bucket", storage_options=options)


@pytest.mark.isolated
def test_everything_that_the_store_says(front, store):
    body = b"123456789"
    headers = {
        "content-type": "text/csv",
        "content-encoding": "identity",
        "cache-control": "no-store",
        "x-goog-meta-owner": "me",
        "x-goog-storage-class": "NEARLINE",
        "x-goog-encryption-kms-key-name": "projects/p/key",
    }
    stored = front.buckets["bucket"].put("k", body, headers)

    found = store.head_metadata("k")

    md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
    assert found.path == "gs://bucket/k"
    assert found.size == 9
    assert found.content_md5 == md5
    assert found.checksums == {"md5": md5, "crc32c": "4waSgw=="}
    assert found.version == str(stored.generation)
    assert found.storage_class == "NEARLINE"
    assert found.encryption == "projects/p/key"
    assert found.content_type == "text/csv"
    assert found.content_encoding == "identity"
    assert found.cache_control == "no-store"
    assert found.metadata == {"owner": "me"}
    assert timedelta() <= datetime.now(UTC) - found.last_modified < timedelta(minutes=1)


def test_a_bucket_that_is_missing_is_no_missing_object(front, store, options):
    with pytest.raises(daypass.ObjectNotFoundError):
        store.head_metadata("none")
    elsewhere = daypass.Store("gs://no-such-bucket", storage_options=options)
    with pytest.raises(daypass.StoreError, match="there is no bucket no-such-bucket") as caught:
        elsewhere.head_metadata("k", missing_ok=True)
    assert (caught.value.status, caught.value.store_code) == (404, "NoSuchBucket")


@contextmanager
def telling_of_the_bucket(status, body):
    """Have no object, and answer so to who asks for the bucket."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found = (404, b"{}") if "/o/" in self.path else (status, body)
            self.send_response(found[0])
            self.send_header("Content-Length", str(len(found[1])))
            self.end_headers()
            self.wfile.write(found[1])

        def log_message(self, *_):
            pass

    with serving(Handler) as port:
        yield daypass.Store(
            "gs://bucket",
            storage_options={"endpoint_url": f"http://127.0.0.1:{port}", "token": "anon"},
        )


@pytest.mark.parametrize("status", [400, 401, 403])
def test_who_may_not_ask_for_a_bucket_is_told_of_the_object(status):
    said = json.dumps({"error": {"code": status, "message": "no"}}).encode()
    with (
        telling_of_the_bucket(status, said) as store,
        pytest.raises(daypass.ObjectNotFoundError, match="gs://bucket/k does not exist"),
    ):
        store.head_metadata("k")


def test_a_page_in_a_buckets_place_is_not_taken_for_one_that_is_there():
    with (
        telling_of_the_bucket(200, b"<html>log in</html>") as store,
        pytest.raises(daypass.StoreError, match="the store could not be asked") as caught,
    ):
        store.head_metadata("k", missing_ok=True)
    assert caught.value.status is None


def test_whoever_says_that_he_pays_is_billed(front, store, options):
    front.buckets["bucket"].put("k", b"123", {})
    front.buckets["bucket"].requester_pays = True
    with pytest.raises(daypass.AccessDeniedError, match="requester-pays"):
        store.head_metadata("k")
    assert store.head_metadata("k", requester_pays=True).size == 3
    nobody = daypass.Store("gs://bucket", storage_options={**options, "project": ""})
    with pytest.raises(daypass.UnsupportedOptionError, match="user_project"):
        nobody.head_metadata("k", requester_pays=True)


@pytest.mark.parametrize("key", ODD_KEYS, ids=ascii)
def test_any_key_is_asked_for_as_it_stands(front, store, key):
    front.buckets["bucket"].put(key, b"body", {})

    assert store.head_metadata(key).key == key
    assert store.head_metadata(f"{key}x", missing_ok=True) is None


def test_a_generation_is_its_own(front, store):
    first = front.buckets["bucket"].put("k", b"1", {})
    front.buckets["bucket"].put("k", b"22", {})

    assert store.head_metadata("k").size == 2
    assert store.head_metadata("k", version=str(first.generation)).size == 1
    with pytest.raises(FileNotFoundError, match="generation 7"):
        store.head_metadata("k", version="7")
    with pytest.raises(daypass.InvalidRequestError, match="generation"):
        store.head_metadata("k", version="latest")


def test_a_listing_made_earlier_is_not_asked(front, options):
    fs = gcsfs.GCSFileSystem(**options, skip_instance_cache=True)
    fs.dircache["bucket"] = [{"name": "bucket/k", "size": 1, "type": "file"}]
    front.buckets["bucket"].put("k", b"22", {})

    assert daypass.head_metadata("gs://bucket/k", fs=fs).size == 2
    front.buckets["bucket"].delete("k", None)
    with pytest.raises(daypass.ObjectNotFoundError):
        daypass.head_metadata("gs://bucket/k", fs=fs)


def test_what_is_not_there(options):
    with pytest.raises(daypass.ObjectNotFoundError, match="does not exist"):
        daypass.head_metadata("gs://bucket/missing", storage_options=options)


def test_an_anonymous_reader_is_refused(front, store):
    front.tokens = {"good"}

    with pytest.raises(daypass.AccessDeniedError, match="anonymous"):
        store.head_metadata("k")


@pytest.mark.isolated
@pytest.mark.parametrize(("token", "size"), [("good", 4), ("bad", None)])
def test_a_token_is_sent(front, options, token, size):
    front.tokens = {"good"}
    front.buckets["bucket"].put("k", b"body", {})
    options["token"] = Person(token)

    if size is None:
        with pytest.raises(daypass.AccessDeniedError, match="refuses to show"):
            daypass.head_metadata("gs://bucket/k", storage_options=options)
    else:
        assert daypass.head_metadata("gs://bucket/k", storage_options=options).size == size


def test_a_credential_that_has_ended(front, options):
    front.tokens = {"good"}
    options["token"] = Person("good", expiry=datetime(2020, 1, 1))  # naive: google-auth's way

    with pytest.raises(daypass.CredentialsError, match="log in again"):
        daypass.head_metadata("gs://bucket/k", storage_options=options)


def test_a_passing_failure_is_asked_again(front, store):
    front.buckets["bucket"].put("k", b"body", {})
    front.faults = [503]

    assert store.head_metadata("k").size == 4


def test_a_failing_store_ends_within_the_deadline(front, store):
    front.faults = [503] * 50
    begin = time.monotonic()

    with pytest.raises(daypass.DeadlineError):
        hastened(store).head_metadata("k")

    assert time.monotonic() - begin < 10


def test_a_refusal_that_is_none_of_these(front, store):
    front.faults = [418]

    with pytest.raises(daypass.StoreError, match="could not be asked"):
        store.head_metadata("k")


def test_requester_pays_needs_its_project(front, options):
    front.buckets["bucket"].requester_pays = True
    front.buckets["bucket"].put("k", b"body", {})

    with pytest.raises(daypass.AccessDeniedError, match="requester_pays in storage_options"):
        daypass.head_metadata("gs://bucket/k", storage_options=options)
    paying = {**options, "requester_pays": "payer"}
    assert daypass.head_metadata("gs://bucket/k", storage_options=paying).size == 4
    store = daypass.Store(
        "gs://bucket", storage_options=options, signer_options={"user_project": "payer"}
    )
    assert store.head_metadata("k").size == 4


def test_a_filesystem_of_another_event_loop(front, options):
    front.buckets["bucket"].put("k", b"body", {})

    async def ask():
        fs = gcsfs.GCSFileSystem(**options, asynchronous=True, skip_instance_cache=True)
        return await daypass.ahead_metadata("gs://bucket/k", fs=fs)

    assert asyncio.run(ask()).size == 4


def test_a_token_that_cannot_be_opened():
    with pytest.raises(daypass.DaypassError, match=r"storage_options|credentials"):
        daypass.head_metadata("gs://bucket/k", storage_options={"token": {"type": "nonsense"}})


def test_what_hmac_signs_an_anonymous_filesystem_may_read(front, options):
    front.buckets["bucket"].put("k", b"body", {})
    store = daypass.Store("gs://bucket", storage_options=options, signer_options=HMAC)

    assert store.head_metadata("k").size == 4


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"service_account","private_key":"planted"}',
        "-----BEGIN PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----",
        "planted key.json",
        "~/planted.json",
    ],
)
@pytest.mark.parametrize("door", ["head", "cors", "open", "profile"])
def test_text_that_is_no_access_token_reaches_neither_google_nor_a_traceback(
    monkeypatch, tmp_path, text, door
):
    """Gcsfs takes any text for a token, and asks Google about it in a URL."""
    options = {"token": text}
    (tmp_path / "config.toml").write_text(
        f'[profiles.p]\nurl = "gs://bucket"\nstorage_options.token = {json.dumps(text)}\n'
    )
    monkeypatch.setenv("DAYPASS_CONFIG", str(tmp_path / "config.toml"))
    store = daypass.Store("gs://bucket", storage_options=options)
    rule = daypass.CorsRule(origins=["*"], methods=["GET"])
    doors = {
        "head": lambda: store.head_metadata("k"),
        "cors": lambda: plan_cors(store.backend, store.location.at(""), rule).read(),
        "open": lambda: store.location.fs,
        "profile": lambda: fsspec.filesystem("daypass", skip_instance_cache=True).ls("p/"),
    }
    with networks.without() as tried, pytest.raises(daypass.CredentialsError) as caught:
        doors[door]()
    assert tried == []
    assert "planted" not in "".join(traceback.format_exception(caught.value))


def test_an_access_token_goes_in_a_header_alone(front, options, monkeypatch):
    front.buckets["bucket"].put("k", b"body", {})
    monkeypatch.setattr("gcsfs.credentials.requests.get", lambda *_, **__: pytest.fail("asked"))
    bare = {**options, "token": "ya29.planted-token"}
    with suppress(daypass.DaypassError):  # whatever the server makes of the token
        daypass.head_metadata("gs://bucket/k", storage_options=bare)
    fs = daypass.Store("gs://bucket", storage_options=bare).location.fs
    assert fs.credentials.credentials.token == "ya29.planted-token"
