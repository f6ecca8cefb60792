"""Every kind of link against a server that verifies it: accepted as made, refused when touched."""

import base64
import hashlib
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

import pytest

import daypass
from tests.plugins.gcs.conftest import HMAC
from tests.servers.gcs_objects import Bucket
from tests.stranger import send

ODD_KEYS = [
    "plain.txt",
    "a//b",
    "/leading",
    "trailing/",
    "sp ace+plus%20percent%2Fslash",
    "naïve/\U0001f511",
    "q?query#fragment&and=equals",
    "~tilde-_.!*'();:@,$",
    "x" * 1024,
]


@pytest.mark.parametrize("key", ODD_KEYS, ids=ascii)
def test_a_stranger_uploads_reads_and_deletes_exactly_this_object(store, front, key):
    body = key.encode()

    assert send(store.create_signed_url(key, method="PUT"), body).status == 200
    assert list(front.buckets["bucket"].objects) == [key]
    assert send(store.create_signed_url(key)).body == body
    assert send(store.create_signed_url(key, method="HEAD")).status == 200
    assert send(store.create_signed_url(key, method="DELETE")).status == 204
    assert front.buckets["bucket"].objects == {}


def test_a_touched_link_is_worth_nothing(store, front):
    front.buckets["bucket"].put("k", b"secret", {})
    front.buckets["bucket"].put("other", b"other", {})
    link = store.create_signed_url("k", expires_in=60)
    place, _, query = link.url.partition("?")

    assert send(link).status == 200
    for url in (
        link.url.replace("/k?", "/other?"),
        link.url.replace("X-Goog-Expires=60", "X-Goog-Expires=61"),
        f"{link.url}&userProject=p",
        f"{link.url}&response-content-type=text/html",
        link.url[:-1] + ("0" if link.url[-1] != "0" else "1"),
        f"{place}?{query.replace('X-Goog-SignedHeaders=host', 'X-Goog-SignedHeaders=host%3Brange')}",
    ):
        assert send(link, url=url).status == 403
    for method in ("PUT", "DELETE", "HEAD"):
        assert send(link, method=method).status == 403
    assert send(link, headers={"x-goog-user-project": "p"}).status == 400
    assert front.buckets["bucket"].get("k", None).body == b"secret"


def test_an_expired_link_ends_at_the_second_it_names(store, front):
    front.buckets["bucket"].put("k", b"", {})
    link = store.create_signed_url("k", expires_in=120)
    remaining = link.expires_at - front.now

    front.ahead = remaining - timedelta(seconds=60)
    assert send(link).status == 200
    front.ahead = remaining
    answer = send(link)

    assert (answer.status, answer.code) == (400, "ExpiredToken")


def test_create_only_creates_once(store):
    link = store.create_signed_url("k", method="PUT", if_absent=True)

    assert link.headers == {"x-goog-if-generation-match": "0"}
    assert send(link, b"first").status == 200
    assert send(link, b"second").code == "PreconditionFailed"
    assert send(link, b"second", headers={}).status == 403
    assert send(link, b"second", headers={"x-goog-if-generation-match": "7"}).status == 403


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ({"max_bytes": 3}, {0: 200, 3: 200, 4: 400}),
        ({"content_length": 3}, {2: 400, 3: 200, 4: 400}),
        ({"content_length": 0}, {0: 200, 1: 400}),
        ({"content_length": 2, "max_bytes": 3}, {2: 200, 3: 400}),
    ],
)
def test_the_size_of_an_upload_is_enforced(store, options, sizes):
    link = store.create_signed_url("k", method="PUT", **options)

    assert {size: send(link, b"x" * size).status for size in sizes} == sizes
    assert send(link, b"x" * 99, headers={}).status == 403


def test_the_md5_of_an_upload_is_enforced_and_kept(store):
    body = b"the body"
    link = store.create_signed_url(
        "k",
        method="PUT",
        content_md5=hashlib.md5(body).digest(),
        add_content_md5_metadata=True,
        content_type="text/plain",
        metadata={"Owner": "me"},
        acl="bucket-owner-read",
    )

    assert send(link, b"another").code == "BadDigest"
    assert send(link, body).status == 200
    for name in link.headers:
        without = {key: value for key, value in link.headers.items() if key != name}
        assert send(link, body, headers=without).status == 403
    answer = send(store.create_signed_url("k"))
    md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
    assert answer.headers["x-goog-meta-md5chksum"] == md5
    assert answer.headers["x-goog-meta-owner"] == "me"
    assert answer.headers["content-type"] == "text/plain"


def test_the_answer_is_shaped_by_what_was_signed(store, front):
    front.buckets["bucket"].put("k", b"", {"content-type": "text/html"})

    answer = send(
        store.create_signed_url("k", filename="naïve.csv", response_content_type="text/csv")
    )

    assert answer.headers["content-type"] == "text/csv"
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"na_ve.csv\"; filename*=UTF-8''na%C3%AFve.csv"
    )


def test_a_generation_is_read_and_deleted_alone(store, front):
    first = front.buckets["bucket"].put("k", b"first", {})
    front.buckets["bucket"].put("k", b"second", {})
    version = str(first.generation)

    assert send(store.create_signed_url("k")).body == b"second"
    assert send(store.create_signed_url("k", version=version)).body == b"first"
    assert send(store.create_signed_url("k", version=version, method="DELETE")).status == 204
    assert send(store.create_signed_url("k", version=version)).status == 404
    assert send(store.create_signed_url("k")).body == b"second"


def test_customer_supplied_keys_travel_as_signed_headers(store):
    key = base64.b64encode(bytes(32)).decode()
    headers = {
        "x-goog-encryption-algorithm": "AES256",
        "x-goog-encryption-key": key,
        "x-goog-encryption-key-sha256": base64.b64encode(
            hashlib.sha256(bytes(32)).digest()
        ).decode(),
    }
    upload = store.create_signed_url("k", method="PUT", headers=headers)

    assert upload.headers == headers
    assert send(upload, b"body").status == 200
    assert send(store.create_signed_url("k")).status == 400
    assert send(store.create_signed_url("k", headers=headers)).body == b"body"


def test_keys_as_options_are_those_headers(store, front):
    own = base64.b64encode(hashlib.sha256(bytes(32)).digest()).decode()
    upload = store.create_signed_url("k", method="PUT", encryption_key=bytes(32))
    assert upload.headers == {
        "x-goog-encryption-algorithm": "AES256",
        "x-goog-encryption-key": base64.b64encode(bytes(32)).decode(),
        "x-goog-encryption-key-sha256": own,
    }
    assert send(upload, b"body").status == 200
    assert send(store.create_signed_url("k")).status == 400
    assert send(store.create_signed_url("k", encryption_key=bytes(32))).body == b"body"
    name = "projects/p/locations/eu/keyRings/r/cryptoKeys/k"
    assert send(store.create_signed_url("k", method="PUT", kms_key=name), b"").status == 200
    assert front.buckets["bucket"].get("k", None).headers["x-goog-encryption-kms-key-name"] == name


def test_a_kms_key_is_signed(store, front):
    name = "projects/p/locations/eu/keyRings/r/cryptoKeys/k"
    link = store.create_signed_url(
        "k", method="PUT", headers={"x-goog-encryption-kms-key-name": name}
    )

    assert send(link, b"").status == 200
    assert front.buckets["bucket"].get("k", None).headers["x-goog-encryption-kms-key-name"] == name


def test_requester_pays_bills_the_project_that_was_named(front):
    front.buckets["bucket"] = Bucket()
    front.buckets["bucket"].requester_pays = True
    front.buckets["bucket"].put("k", b"body", {})
    storage = {"endpoint_url": front.url, "token": "anon"}
    store = daypass.Store(
        "gs://bucket", storage_options=storage, signer_options={**HMAC, "user_project": "payer"}
    )

    assert send(store.create_signed_url("k")).code == "UserProjectMissing"
    link = store.create_signed_url("k", requester_pays=True)
    assert "userProject=payer" in link.url
    assert send(link).body == b"body"


@pytest.mark.parametrize(
    "signer", [{"virtual_hosted_style": True}, {"bucket_bound_hostname": None}]
)
def test_virtual_and_bound_hosts_reach_the_same_object(front, signer):
    front.buckets["bucket"] = Bucket()
    front.buckets["bucket"].put("a/k", b"body", {})
    front.bound["media.localhost"] = "bucket"
    if "bucket_bound_hostname" in signer:
        signer = {"bucket_bound_hostname": f"http://media.localhost:{front.port}"}
    link = daypass.create_signed_url(
        "gs://bucket/a/k",
        storage_options={"endpoint_url": f"http://localhost:{front.port}"},
        signer_options={**HMAC, **signer},
    )
    split = urlsplit(link.url)
    # Not every resolver knows names below localhost: connect by address, and name the host.
    url = urlunsplit(("http", f"127.0.0.1:{front.port}", *split[2:]))

    assert split.path == "/a/k"
    assert send(link, url=url, headers={"Host": split.netloc}).body == b"body"
    assert send(link, url=url).status == 403


def test_the_public_endpoint_is_signed_and_the_filesystem_s_is_not(front):
    front.buckets["bucket"] = Bucket()
    front.buckets["bucket"].put("k", b"body", {})

    link = daypass.create_signed_url(
        "gs://bucket/k",
        storage_options={"endpoint_url": "http://inside.example:4443"},
        public_endpoint=front.url,
        signer_options=HMAC,
    )

    assert send(link).body == b"body"


def test_an_emulator_is_found_as_gcsfs_finds_it(front, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", front.url.removeprefix("http://"))
    front.buckets["bucket"] = Bucket()
    front.buckets["bucket"].put("k", b"body", {})

    assert send(daypass.create_signed_url("gs://bucket/k", signer_options=HMAC)).body == b"body"


def test_a_day_s_end_and_equal_seconds_share_no_key(front):
    """The derived HMAC key is a day's own."""
    front.buckets["bucket"] = Bucket()
    front.buckets["bucket"].put("k", b"body", {})
    store = daypass.Store(
        "gs://bucket", storage_options={"endpoint_url": front.url}, signer_options=HMAC
    )
    now = front.now.replace(microsecond=0)
    midnight = now.replace(hour=0, minute=0, second=0)

    for moment in (midnight - timedelta(seconds=1), midnight):
        front.ahead = moment - now
        assert send(store.create_signed_url("k", signing_time=moment)).status == 200
