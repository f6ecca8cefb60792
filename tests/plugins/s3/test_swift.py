"""Links used over real HTTP against a server that verifies them: OpenStack Swift's S3 API."""

import asyncio
import hashlib
import subprocess
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import fsspec
import pytest
import requests
import s3fs

import daypass
from tests.stranger import send

BODY = b"run,value\n42,1\n"
MD5 = b64encode(hashlib.md5(BODY).digest()).decode()
SHA256 = b64encode(hashlib.sha256(BODY).digest()).decode()

#: Keys that encoders, proxies and clients like to change.
ODD_KEYS = [
    "a b.csv",
    "a//b",
    "/leading",
    "trailing/",
    "//",
    "a+b",
    "a%2Fb",
    "%2e%2e/x",
    "a#b",
    "a?b=c&d",
    "a*b",
    "näïve/\U0001f511.txt",
    "e\u0301-not-\u00e9",
    "'()!*",
    "~-_.",
    '[x]{y}|^`<>"\\',
    "a:b::c@d;e=f,g$h&i",
    "ключ",
    "ab" * 450,
    "CaSe",
]


def put(store, key, body=BODY, **options):
    answer = send(store.create_signed_url(key, method="PUT", **options), body)
    assert answer.status == 200, (answer.status, answer.code)


def test_the_readme_journey(server, bucket):
    """Up with every header, metadata read, down under a name: what the front page shows."""
    path = f"s3://{bucket}/in/a b.csv"
    up = daypass.create_signed_url(
        path,
        method="PUT",
        expires_in="15m",
        content_type="text/csv",
        content_md5=MD5,
        add_content_md5_metadata=True,
        metadata={"run": "42"},
        storage_options=server.storage_options,
    )
    assert requests.put(up.url, data=BODY, headers=up.headers, timeout=30).status_code == 200

    meta = daypass.head_metadata(path, storage_options=server.storage_options)
    assert meta.size == len(BODY)
    assert meta.content_type == "text/csv"
    assert meta.content_md5 == MD5
    assert meta.metadata == {"run": "42", "md5chksum": MD5}
    assert meta.key == "in/a b.csv"
    assert '"' not in meta.etag
    assert meta.last_modified.tzinfo is UTC
    assert abs(meta.last_modified - datetime.now(UTC)) < timedelta(minutes=1)

    down = daypass.create_signed_url(
        path, filename="a ü.csv", storage_options=server.storage_options
    )
    answer = requests.get(down.url, headers=down.headers, timeout=30)
    assert answer.content == BODY
    assert "filename*=UTF-8''a%20%C3%BC.csv" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys_name_exactly_themselves(server, bucket, store, key):
    """The object that a link writes is stored under the caller's key, and under no other."""
    body = key.encode()
    put(store, key, body)

    # The listing comes from botocore through the store's own words: no code of daypass.
    fs = fsspec.filesystem("s3", **server.storage_options, skip_instance_cache=True)
    listing = fs.call_s3("list_objects_v2", Bucket=bucket)
    assert [key] == [found["Key"] for found in listing["Contents"]]
    assert body == send(store.create_signed_url(key)).body
    assert len(body) == store.head_metadata(key).size
    assert send(store.create_signed_url(key, method="HEAD")).status == 200
    assert send(store.create_signed_url(key, method="DELETE")).status == 204
    assert store.head_metadata(key, missing_ok=True) is None


@pytest.mark.parametrize("key", ["a/./b", "a/../b", "..", "./x", "x/."])
def test_dot_segments_are_signed_as_stored_when_allowed(server, bucket, store, key):
    """Refused by default; allowed, the link reaches the very key with a client that keeps paths."""
    with pytest.raises(daypass.InvalidPathError, match="allow_dot_segments"):
        store.create_signed_url(key)

    put(store, key, b"dots", allow_dot_segments=True)
    assert send(store.create_signed_url(key, allow_dot_segments=True)).body == b"dots"
    assert store.head_metadata(key).size == 4


@pytest.mark.parametrize(
    ("options", "change"),
    [
        ({"content_type": "text/csv"}, {"Content-Type": "text/html"}),
        ({"content_md5": MD5}, {"Content-MD5": b64encode(b"0" * 16).decode()}),
        ({"metadata": {"run": "42"}}, {"x-amz-meta-run": "43"}),
        ({"headers": {"Cache-Control": "no-store"}}, {"Cache-Control": "public"}),
        ({"acl": "private"}, {"x-amz-acl": "public-read"}),
    ],
)
def test_required_headers_are_required(store, options, change):
    """Sent as listed the upload passes; changed or left out, each header breaks it."""
    link = store.create_signed_url("k", method="PUT", **options)
    (name,) = change

    changed = send(link, BODY, headers={**link.headers, **change})
    omitted = {header: value for header, value in link.headers.items() if header != name}
    missing = send(link, BODY, headers=omitted)

    assert name in link.headers
    assert (changed.status, changed.code) == (403, "SignatureDoesNotMatch")
    assert missing.status in (400, 403)
    assert store.head_metadata("k", missing_ok=True) is None
    assert send(link, BODY).status == 200


def test_md5_is_enforced_on_the_body(store):
    """The right header with the wrong body is a BadDigest."""
    answer = send(store.create_signed_url("k", method="PUT", content_md5=MD5), b"another body!!\n")
    assert answer.code == "BadDigest"


def test_content_length_is_enforced(store):
    """An upload of another size than was signed is refused."""
    link = store.create_signed_url("k", method="PUT", content_length=len(BODY))
    assert link.headers == {"Content-Length": str(len(BODY))}
    longer = send(link, BODY + b"!", headers={})
    assert longer.status == 403
    assert send(link, BODY, headers={}).status == 200


def test_if_absent_never_replaces(store):
    """A create-only link works once: the object that exists stays as it is."""
    link = store.create_signed_url("k", method="PUT", if_absent=True)
    assert link.headers == {"If-None-Match": "*"}
    assert send(link, b"without the header", headers={}).status == 403
    assert send(link, b"first").status == 200
    assert send(link, b"second").status == 412
    assert send(store.create_signed_url("k")).body == b"first"


def test_checksum_sha256_is_enforced_and_read_back(store):
    """The checksum is signed, so that another value is refused."""
    link = store.create_signed_url("k", method="PUT", checksum_sha256=SHA256)
    other = b64encode(hashlib.sha256(b"x").digest()).decode()
    assert send(link, BODY, headers={"x-amz-checksum-sha256": other}).status == 403
    assert send(link, BODY).status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
@pytest.mark.parametrize("other", ["GET", "PUT", "DELETE", "HEAD"])
def test_a_link_permits_its_own_method_only(store, method, other):
    """Used with another method than ``permits`` names, every link is refused."""
    put(store, "k")
    link = store.create_signed_url("k", method=method)
    body = BODY if other == "PUT" else None
    status = send(link, body, method=other).status

    if other in link.permits:
        assert status in (200, 204)
    else:
        assert status == 403


def test_a_tampered_link_is_refused(store):
    """One changed character anywhere that matters, and the store says no."""
    put(store, "k")
    put(store, "l")
    link = store.create_signed_url("k")
    flipped = link.url[:-1] + ("0" if link.url[-1] != "0" else "1")

    assert send(link, url=flipped).code == "SignatureDoesNotMatch"
    assert send(link, url=link.url.replace("/k?", "/l?")).code == "SignatureDoesNotMatch"
    longer = link.url.replace("X-Amz-Expires=3600", "X-Amz-Expires=86400")
    assert send(link, url=longer).code == "SignatureDoesNotMatch"
    added = link.url + "&response-content-type=text/html"
    assert send(link, url=added).status == 403
    assert send(link, url=f"{link.url}&=").status == 403  # which verify knows


def test_an_expired_link_is_refused_and_the_last_second_is_told_truly(store):
    """A link signed in the past is dead from the very end that ``expires_at`` names."""
    put(store, "k")
    past = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    dead = store.create_signed_url("k", signing_time=past, expires_in=3590)
    alive = store.create_signed_url("k", signing_time=past, expires_in=3660)

    assert past + timedelta(seconds=3590) == dead.expires_at
    assert send(dead).status == 403
    assert send(alive).status == 200


def test_seven_days_to_the_second(store):
    """The provider's limit itself is accepted by the store; a second more is refused here."""
    put(store, "k")
    assert send(store.create_signed_url("k", expires_in="7d")).status == 200
    with pytest.raises(daypass.InvalidExpiryError, match="above the 7 days"):
        store.create_signed_url("k", expires_in=604_801)


def test_response_overrides_are_signed(store):
    """A GET link decides what the answer says of itself, and its holder cannot change that."""
    put(store, "k", content_type="text/csv")
    link = store.create_signed_url(
        "k",
        response_content_type="text/plain",
        response_cache_control="no-store",
        response_content_language="de",
        response_expires=datetime(2030, 1, 1, tzinfo=UTC),
        inline=True,
        filename='say "hi" 100%.csv',
    )
    answer = send(link)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Expires"] == "Tue, 01 Jan 2030 00:00:00 GMT"
    assert answer.headers["Content-Disposition"].startswith("inline; filename=")
    assert send(link, url=link.url.replace("text%2Fplain", "text%2Fhtml")).status == 403


def test_virtual_hosts(server, bucket):
    """With virtual addressing the bucket is in the host, and the store accepts that too."""
    options = {
        **server.storage_options,
        "endpoint_url": server.endpoint.replace("127.0.0.1", server.domain),
        "config_kwargs": {"s3": {"addressing_style": "virtual"}},
    }
    link = daypass.create_signed_url(f"s3://{bucket}/a b", method="PUT", storage_options=options)
    host = urlsplit(link.url).netloc
    assert host == f"{bucket}.{urlsplit(server.endpoint).netloc.replace('127.0.0.1', 'localhost')}"
    # Sent to loopback with the virtual host's name, as a resolver would have it.
    url = link.url.replace(host, urlsplit(server.endpoint).netloc)
    assert send(link, BODY, url=url, headers={**link.headers, "Host": host}).status == 200


def test_public_endpoint_signs_for_the_outside_and_reads_inside(server, bucket):
    """Links carry the outside host; metadata is asked of the inside one."""
    outside = server.endpoint.replace("127.0.0.1", "localhost")
    store = daypass.Store(
        f"s3://{bucket}", storage_options=server.storage_options, public_endpoint=outside
    )
    link = store.create_signed_url("k", method="PUT")
    assert link.url.startswith(outside)
    assert send(link, BODY).status == 200
    assert store.head_metadata("k").size == len(BODY)

    unreachable = daypass.Store(
        f"s3://{bucket}",
        storage_options=server.storage_options,
        public_endpoint="https://files.example.com",
    )
    assert unreachable.create_signed_url("k").url.startswith("https://files.example.com/")
    assert unreachable.head_metadata("k").size == len(BODY)


def test_a_filesystem_that_exists(server, bucket):
    """An S3FileSystem in use signs with its own settings, and so does a caching one around it."""
    fs = s3fs.S3FileSystem(**server.storage_options, skip_instance_cache=True)
    store = daypass.Store(f"s3://{bucket}/in", fs=fs)
    put(store, "k")
    assert fs.cat_file(f"{bucket}/in/k") == BODY
    assert send(daypass.create_signed_url(f"{bucket}/in/k", fs=fs)).body == BODY

    cached = fsspec.filesystem("simplecache", fs=fs)
    assert send(daypass.create_signed_url(f"s3://{bucket}/in/k", fs=cached)).body == BODY


def test_chained_caches_are_looked_through(server, bucket, store):
    """simplecache::s3://... is the same object; its nested options are the inner filesystem's."""
    put(store, "k")
    link = daypass.create_signed_url(
        f"simplecache::s3://{bucket}/k", storage_options={"s3": server.storage_options}
    )
    assert send(link).body == BODY


def test_async_twins(server, bucket):
    """Each call has its awaitable twin."""

    async def journey():
        path = f"s3://{bucket}/k"
        options = {"storage_options": server.storage_options}
        up = await daypass.acreate_signed_url(path, method="PUT", **options)
        await asyncio.to_thread(send, up, BODY)
        store = daypass.Store(f"s3://{bucket}", **options)
        down = await store.acreate_signed_url("k")
        return (
            (await asyncio.to_thread(send, down)).body,
            await daypass.ahead_metadata(path, **options),
            await store.ahead_metadata("missing", missing_ok=True),
        )

    body, meta, missing = asyncio.run(journey())
    assert body == BODY
    assert meta.size == len(BODY)
    assert missing is None


def test_an_asynchronous_filesystem(server, bucket):
    """A filesystem made for its owner's event loop works from a coroutine."""

    async def journey():
        fs = s3fs.S3FileSystem(
            **server.storage_options, asynchronous=True, skip_instance_cache=True
        )
        store = daypass.Store(f"s3://{bucket}", fs=fs)
        link = await store.acreate_signed_url("k", method="PUT")
        await asyncio.to_thread(send, link, BODY)
        return await store.ahead_metadata("k")

    assert asyncio.run(journey()).size == len(BODY)


def test_versions(server, bucket, store):
    """``version`` reads, describes and deletes one version; a PUT cannot name one."""
    fs = fsspec.filesystem("s3", **server.storage_options, skip_instance_cache=True)
    fs.call_s3(
        "put_bucket_versioning", Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    put(store, "k", b"old")
    old = store.head_metadata("k").version
    put(store, "k", b"newer")

    assert send(store.create_signed_url("k", version=old)).body == b"old"
    assert send(store.create_signed_url("k")).body == b"newer"
    meta = store.head_metadata("k", version=old)
    assert (meta.size, meta.version) == (3, old)
    assert send(store.create_signed_url("k", method="DELETE", version=old)).status == 204
    with pytest.raises(FileNotFoundError, match="version"):
        store.head_metadata("k", version=old)
    with pytest.raises(daypass.InvalidRequestError, match="version"):
        store.create_signed_url("k", method="PUT", version=old)


def test_head_metadata_is_never_a_stale_listing(server, bucket, store):
    """The answer is the object's HEAD now, whatever the filesystem has listed before."""
    fs = s3fs.S3FileSystem(**server.storage_options, skip_instance_cache=True)
    through_fs = daypass.Store(f"s3://{bucket}", fs=fs)
    put(store, "k", b"1")
    assert fs.ls(bucket, detail=True)[0]["size"] == 1
    put(store, "k", b"22")
    assert through_fs.head_metadata("k").size == 2


def test_head_metadata_reads_what_was_sent(store):
    """Every header of an upload comes back under its own name."""
    put(
        store,
        "k",
        content_type="text/csv",
        headers={
            "Cache-Control": "max-age=60",
            "Content-Disposition": 'attachment; filename="x"',
            "Content-Encoding": "gzip",
            "Content-Language": "de",
        },
    )
    meta = store.head_metadata("k")
    assert meta.cache_control == "max-age=60"
    assert meta.content_disposition == 'attachment; filename="x"'
    assert meta.content_encoding == "gzip"
    assert meta.content_language == "de"
    assert meta.content_md5 is None  # an ETag is no MD5, even where it looks like one


def test_missing_objects_and_buckets(server, store):
    """A missing object is a FileNotFoundError, or None where the caller says so."""
    with pytest.raises(FileNotFoundError):
        store.head_metadata("missing")
    with pytest.raises(daypass.ObjectNotFoundError):
        store.head_metadata("missing")
    assert store.head_metadata("missing", missing_ok=True) is None
    elsewhere = daypass.Store("s3://no-such-bucket", storage_options=server.storage_options)
    with pytest.raises(daypass.StoreError, match="there is no bucket no-such-bucket") as caught:
        elsewhere.head_metadata("k", missing_ok=True)
    assert (caught.value.status, caught.value.store_code) == (404, "NoSuchBucket")


def test_wrong_credentials_and_dead_endpoints(server, bucket):
    """The store's own refusals come back as errors of daypass, without the secret."""
    wrong = {**server.storage_options, "secret": "wr0ng-s3cret"}
    with pytest.raises(daypass.AccessDeniedError) as caught:
        daypass.head_metadata(f"s3://{bucket}/k", storage_options=wrong)
    assert "wr0ng" not in str(caught.value)

    link = daypass.create_signed_url(f"s3://{bucket}/k", storage_options=wrong)
    assert send(link).code == "SignatureDoesNotMatch"

    dead = {
        **server.storage_options,
        "endpoint_url": "http://127.0.0.1:9",
        "config_kwargs": {"retries": {"max_attempts": 0}},
    }
    with pytest.raises(daypass.StoreError):
        daypass.head_metadata(f"s3://{bucket}/k", storage_options=dead)


def test_legacy_signatures_are_accepted(server, bucket):
    """Signature Version 2, when asked: GET, PUT with type, MD5 and metadata, HEAD, DELETE."""
    store = daypass.Store(
        f"s3://{bucket}",
        storage_options=server.storage_options,
        signer_options={"signature_version": "s3"},
    )
    up = store.create_signed_url("a b/é+", method="PUT", content_type="text/csv", content_md5=MD5)
    assert "AWSAccessKeyId=" in up.url
    assert send(up, BODY).status == 200
    assert send(up, BODY, headers={**up.headers, "Content-Type": "text/html"}).status in (400, 403)
    assert send(store.create_signed_url("a b/é+")).body == BODY
    assert send(store.create_signed_url("a b/é+", method="HEAD")).status == 200
    assert send(store.create_signed_url("a b/é+", filename="x.csv")).status == 200
    dead = store.create_signed_url(
        "a b/é+", expires_in=60, signing_time=datetime.now(UTC) - timedelta(hours=1)
    )
    assert send(dead).status == 403
    assert send(store.create_signed_url("a b/é+", method="DELETE")).status == 204


@pytest.mark.parametrize("given", ["link", "upload"])
def test_legacy_uploads_with_metadata_are_accepted(server, bucket, tmp_path, given):
    """Said in headers alone, as they are signed; ``upload`` sets the MD5's copy by itself."""
    store = daypass.Store(
        f"s3://{bucket}",
        storage_options=server.storage_options,
        signer_options={"signature_version": "s3"},
    )
    asked = {"content_type": "text/csv", "metadata": {"run": "4 2"}, "content_md5": MD5}
    if given == "link":
        up = store.create_signed_url("k", method="PUT", add_content_md5_metadata=True, **asked)
        assert {"x-amz-meta-run", "x-amz-meta-md5chksum", "Content-Type"} <= up.headers.keys()
        assert not {"x-amz-meta-run", "content-md5"} & parse_qs(urlsplit(up.url).query).keys()
        assert send(up, BODY).status == 200
        assert send(up, BODY, headers={**up.headers, "x-amz-meta-run": "5"}).status == 403
    else:
        file = tmp_path / "up"
        file.write_bytes(BODY)
        daypass.upload(
            file,
            f"s3://{bucket}/k",
            storage_options=server.storage_options,
            signer_options={"signature_version": "s3"},
            content_type="text/csv",
            metadata={"run": "4 2"},
        )
    found = store.head_metadata("k")
    assert found.metadata == {"run": "4 2", "md5chksum": MD5}
    assert found.content_type == "text/csv"


@pytest.mark.parametrize("key", ["a b.csv", "it's/100%/é \U0001f511.txt", "a//b?c#d", "a folder/"])
def test_the_curl_line_works(store, tmp_path, key):
    """``curl()`` is a command that a shell runs as it stands."""
    source, target = tmp_path / "up", tmp_path / "down"
    source.write_bytes(BODY)
    up = store.create_signed_url(
        key, method="PUT", content_type="text/csv", metadata={"empty": "", "run": "4 2"}
    )
    subprocess.run(up.curl(str(source)), shell=True, check=True, capture_output=True)
    assert store.head_metadata(key).metadata["run"] == "4 2"
    subprocess.run(
        store.create_signed_url(key).curl(str(target)), shell=True, check=True, capture_output=True
    )
    assert target.read_bytes() == BODY


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_the_curl_line_says_no_type_that_nobody_asked_for(server, bucket, tmp_path, version):
    """To a key that ends in a slash, too, where curl has a type of its own, and Version 2 signs each type."""
    source = tmp_path / "up"
    source.write_bytes(BODY)
    store = daypass.Store(
        f"s3://{bucket}",
        storage_options=server.storage_options,
        signer_options={"signature_version": version},
    )
    stored = []
    for key in ("a", "a/"):
        up = store.create_signed_url(key, method="PUT")
        subprocess.run(up.curl(str(source)), shell=True, check=True, capture_output=True)
        found = store.head_metadata(key)
        stored.append((found.size, found.content_type))
    assert stored == [(len(BODY), stored[0][1])] * 2


def test_stable_links_are_equal_and_work(store):
    """Within a bucket of time equal requests give one URL, which ends where it says."""
    put(store, "k")
    now = datetime.now(UTC)
    first = store.create_signed_url("k", stable_for="10m", expires_in="1h", signing_time=now)
    bucket_start = datetime.fromtimestamp(int(now.timestamp()) // 600 * 600, UTC)

    assert bucket_start + timedelta(hours=1) == first.expires_at
    assert send(first).status == 200
    again = store.create_signed_url(
        "k", stable_for="10m", expires_in="1h", signing_time=bucket_start + timedelta(seconds=599)
    )
    assert again.url == first.url
