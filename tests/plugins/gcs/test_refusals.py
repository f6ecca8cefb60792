"""What Cloud Storage cannot enforce, and what would lead a link elsewhere: refused by name."""

from datetime import UTC, datetime

import gcsfs
import pytest

import daypass
from tests.each import each
from tests.plugins.gcs.conftest import HMAC

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def sign(path="gs://bucket/k", *, storage=None, signer=None, **options):
    return daypass.create_signed_url(
        path, storage_options=storage, signer_options={**HMAC, **(signer or {})}, **options
    )


@pytest.mark.parametrize(
    ("method", "option", "value"),
    [
        ("GET", "ip_range", "203.0.113.7"),
        ("GET", "https_only", True),
        ("GET", "starts_at", datetime.now(UTC)),
        ("GET", "response_cache_control", "no-store"),
        ("GET", "response_content_encoding", "gzip"),
        ("GET", "response_content_language", "de"),
        ("GET", "response_expires", NOW),
        ("PUT", "checksum_sha256", bytes(32)),
    ],
)
def test_what_is_not_enforced_is_refused(method, option, value):
    with pytest.raises(daypass.UnsupportedOptionError) as raised:
        sign(method=method, **{option: value})

    assert raised.value.option == option
    assert raised.value.backend == "gcs"


def test_restrictions_can_be_waived():
    link = sign(https_only=True, strict=False)

    assert link.unenforced == {"https_only"}


def test_requester_pays_without_a_project_names_the_option():
    with pytest.raises(daypass.UnsupportedOptionError, match="user_project") as raised:
        sign(requester_pays=True)

    assert raised.value.option == "requester_pays"


@pytest.mark.parametrize(
    ("storage", "signer", "expected"),
    [
        ({}, {"user_project": "a"}, "a"),
        ({"project": "b"}, {}, "b"),
        ({"project": "b"}, {"user_project": "a"}, "a"),
        ({"requester_pays": "c", "project": "b"}, {}, "c"),
        ({"requester_pays": "a"}, {"user_project": "a"}, "a"),
    ],
)
def test_the_project_that_pays(storage, signer, expected):
    link = sign(storage=storage, signer=signer, requester_pays=True)

    assert f"&userProject={expected}&" in link.url


def test_a_filesystem_that_pays_pays_for_every_link():
    assert "userProject=p" in sign(storage={"requester_pays": True, "project": "p"}).url
    fs = gcsfs.GCSFileSystem(
        token="anon", project="p", requester_pays=True, skip_instance_cache=True
    )
    link = daypass.create_signed_url("gs://bucket/k", fs=fs, signer_options=HMAC)
    assert "userProject=p" in link.url


@pytest.mark.parametrize(
    ("name", "value"), [("project", 7), ("requester_pays", 7), ("requester_pays", "\ud800")]
)
def test_storage_options_of_another_type(name, value):
    with pytest.raises(daypass.InvalidRequestError) as raised:
        sign(storage={name: value}, requester_pays=True)

    assert raised.value.option == name


def test_two_projects_that_contradict_each_other():
    with pytest.raises(daypass.InvalidRequestError, match="name one of them"):
        sign(storage={"requester_pays": "c"}, signer={"user_project": "a"})


@pytest.mark.parametrize(
    ("signer", "option"),
    [
        ({"hmac_secret": None}, "hmac_secret"),
        ({"hmac_access_id": None}, "hmac_access_id"),
        ({"hmac_secret": ""}, "hmac_secret"),
        ({"hmac_secret": "with space"}, "hmac_secret"),
        ({"hmac_secret": "line\n"}, "hmac_secret"),
        ({"hmac_secret": b"bytes"}, "hmac_secret"),
        ({"hmac_access_id": "a/b"}, "hmac_access_id"),
        ({"service_account_email": "robot@p.iam.gserviceaccount.com"}, "service_account_email"),
        ({"user_project": "../evil"}, "user_project"),
        ({"user_project": "a&b"}, "user_project"),
        ({"virtual_hosted_style": "yes"}, "virtual_hosted_style"),
        ({"virtual_hosted_style": True, "bucket_bound_hostname": "a.b"}, "virtual_hosted_style"),
        ({"bucket_bound_hostname": "a.b/c"}, "bucket_bound_hostname"),
        ({"bucket_bound_hostname": "a.b/"}, "bucket_bound_hostname"),
        ({"bucket_bound_hostname": "user@a.b"}, "bucket_bound_hostname"),
        ({"bucket_bound_hostname": "ftp://a.b"}, "bucket_bound_hostname"),
        ({"bucket_bound_hostname": "a.b:99999"}, "bucket_bound_hostname"),
        ({"iam_endpoint": "http://iam.example"}, "iam_endpoint"),
        ({"iam_endpoint": "http://127.0.0.1.evil.example"}, "iam_endpoint"),
        ({"iam_endpoint": "https://a@b"}, "iam_endpoint"),
        ({"credentials_expire_at": "tomorrow"}, "credentials_expire_at"),
        ({"credentials_expire_at": datetime(2027, 1, 1)}, "credentials_expire_at"),
    ],
    ids=str,
)
def test_signer_options_are_checked_by_name(signer, option):
    with pytest.raises(daypass.InvalidRequestError) as raised:
        sign(signer=signer)

    assert raised.value.option == option
    assert HMAC["hmac_secret"] not in str(raised.value)


@pytest.mark.parametrize("email", ["robot", "robot@", "a/b@c.d", "a@b/c", "a@b?c", "a@b:signBlob"])
def test_an_account_is_an_e_mail_address(email):
    with pytest.raises(daypass.InvalidRequestError, match="service_account_email"):
        daypass.create_signed_url("gs://bucket/k", signer_options={"service_account_email": email})


def test_an_option_nobody_knows_is_refused_with_the_nearest():
    with pytest.raises(daypass.UnknownOptionError, match="did you mean hmac_access_id"):
        daypass.create_signed_url("gs://bucket/k", signer_options={"hmac_acces_id": "x"})


@each("bucket", ["bucket@evil.example", "Bucket", "-bucket", "bucket-", "b..b", "evil.example\\", "b%2F", "bü",
     "b:80", "b?x", "b#x", "b" * 223, "_b"])  # fmt: skip
@pytest.mark.parametrize("signer", [{}, {"virtual_hosted_style": True}], ids=["path", "virtual"])
def test_what_is_no_bucket_names_no_host(bucket, signer):
    with pytest.raises(daypass.InvalidPathError):
        sign(f"gs://{bucket}/k", signer=signer)


@pytest.mark.parametrize(
    ("storage", "path"),
    [
        ({}, "gs://dotted.bucket/k"),
        ({"endpoint_url": "http://127.0.0.1:4443"}, "gs://bucket/k"),
        ({"endpoint_url": "http://[::1]:4443"}, "gs://bucket/k"),
    ],
)
def test_virtual_hosts_that_cannot_work(storage, path):
    with pytest.raises(daypass.InvalidRequestError) as raised:
        sign(path, storage=storage, signer={"virtual_hosted_style": True})

    assert raised.value.option == "virtual_hosted_style"


def test_two_public_hosts_contradict_each_other():
    with pytest.raises(daypass.InvalidRequestError, match="give one of them"):
        sign(signer={"bucket_bound_hostname": "a.example"}, public_endpoint="https://b.example")


@pytest.mark.parametrize(
    "endpoint",
    ["gcs.example", "javascript:alert(1)", "https://a@b", "https://a/?q", "https://a:70000", 7],
)
def test_an_endpoint_is_a_url(endpoint):
    with pytest.raises(daypass.InvalidRequestError) as raised:
        sign(storage={"endpoint_url": endpoint})

    assert raised.value.option == "endpoint_url"


@pytest.mark.parametrize(
    ("endpoint", "place"),
    [
        ("https://GCS.Example:443", "https://gcs.example:443/bucket/k"),
        ("https://gcs.example/", "https://gcs.example/bucket/k"),
        ("http://gcs.example/base", "http://gcs.example/base/bucket/k"),
        ("http://[::1]:4443", "http://[::1]:4443/bucket/k"),
    ],
)
def test_endpoints_of_every_form(endpoint, place):
    assert sign(storage={"endpoint_url": endpoint}).url.partition("?")[0] == place


def test_a_bound_host_is_https_by_default():
    link = sign(signer={"bucket_bound_hostname": "media.example"})

    assert link.url.startswith("https://media.example/k?")


@pytest.mark.parametrize(
    ("headers", "options"),
    [
        ({"x-amz-acl-like": "x"}, {}),
        ({"X-Amz-Storage-Class": "x"}, {}),
        ({"X-Goog-Acl": "private"}, {"acl": "private"}),
        ({"x-goog-content-length-range": "1,2"}, {"max_bytes": 2}),
        ({"x-goog-if-generation-match": "1"}, {"if_absent": True}),
        ({"x-goog-content-sha256": "x"}, {}),
        ({"X-Goog-Date": "20260504T120000Z"}, {}),
        ({"Authorization": "x"}, {}),
        ({"Host": "x"}, {}),
    ],
)
def test_headers_that_are_not_the_caller_s(headers, options):
    with pytest.raises(daypass.InvalidRequestError) as raised:
        sign(method="PUT", headers=headers, **options)

    assert raised.value.option == "headers"


@pytest.mark.parametrize("version", ["latest", "-1", "0", "1.0", "1" * 20, "\u0661", "1 "])
def test_a_version_is_a_generation(version):
    with pytest.raises(daypass.InvalidRequestError) as raised:
        sign(version=version)

    assert raised.value.option == "version"


def test_a_key_longer_than_the_store_s_limit():
    with pytest.raises(daypass.InvalidPathError, match="1024"):
        sign("gs://bucket/" + "é" * 513)


def test_a_filesystem_of_another_kind():
    from fsspec import AbstractFileSystem

    class Other(AbstractFileSystem):
        protocol = "gs"

    with pytest.raises(daypass.InvalidRequestError, match="GCSFileSystem"):
        daypass.create_signed_url("gs://bucket/k", fs=Other(skip_instance_cache=True))


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_a_link_permits_its_method_alone(method):
    link = sign(method=method)

    assert (link.method, link.permits, link.unenforced) == (method, {method}, frozenset())
    assert link.headers == {}


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("x-goog-content-length-range", "max_bytes"),
        ("X-Goog-User-Project", "requester_pays"),
        ("x-goog-acl", "acl"),
    ],
)
def test_a_header_that_an_option_says_is_refused(name, option):
    with pytest.raises(daypass.InvalidRequestError, match=f"option of its own, use {option}="):
        sign(method="PUT", headers={name: "0,5"})
