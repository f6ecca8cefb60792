"""Misspelt storage options of GCS are refused, and name the nearest."""

import pytest
from gcsfs import GCSFileSystem

import daypass
from tests.plugins.gcs.conftest import HMAC


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("tokn", "token"), ("endpont_url", "endpoint_url"), ("projet", "project"),
        ("anon", "token"), ("service_account_file", "token"), ("project_id", "project"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "token"),
    ],
)  # fmt: skip
def test_a_misspelt_storage_option_is_refused(name, nearest):
    with pytest.raises(daypass.UnknownOptionError, match=f"did you mean {nearest}[?]$"):
        daypass.create_signed_url("gs://bucket/key", storage_options={name: "x"})


CHALLENGE = ".well-known/acme-challenge/token"


@pytest.mark.parametrize(
    "door",
    [
        lambda store: store.create_signed_url(CHALLENGE),
        lambda store: store.create_signed_url(CHALLENGE, method="PUT"),
        lambda store: store.create_multipart_upload(CHALLENGE, size=10**7),
        lambda store: store.create_upload_form(CHALLENGE),
        lambda store: store.create_signed_urls(["a", ".b", CHALLENGE]),
    ],
    ids=["read", "write", "parts", "form", "many"],
)
def test_an_object_that_cannot_be_is_refused(door):
    """https://docs.cloud.google.com/storage/docs/objects#naming: no name begins with the ACME challenges' folder."""
    store = daypass.Store("gs://bucket", storage_options={"token": "anon"}, signer_options=HMAC)
    with pytest.raises(daypass.InvalidPathError, match=r"begins with \.well-known/acme-challenge/"):
        door(store)


def test_the_row_of_such_an_object_is_named():
    store = daypass.Store("gs://bucket", storage_options={"token": "anon"}, signer_options=HMAC)
    batch = store.create_signed_urls(["a", CHALLENGE, ".well-known/other"], errors="collect")
    assert list(batch.errors) == [1]
    assert store.create_signed_url(".well-known/", method="LIST").url


def test_what_gcsfs_reads_as_a_generation_is_refused_where_it_does():
    """With ``version_aware`` its own ``split_path`` takes it off the name; the link would be for another object."""
    options = {"token": "anon", "version_aware": True, "skip_instance_cache": True}
    fs = GCSFileSystem(**options)
    for key in ("k#12", "k?generation=12", "k?a=b&generation=12", "k#a", "k#12/b", "k?x=12", "k"):
        store = daypass.Store("gs://bucket", storage_options=options, signer_options=HMAC)
        if fs.split_path(f"bucket/{key}")[1] == key:
            assert store.create_signed_url(key).url
            continue
        with pytest.raises(daypass.InvalidPathError, match="say it as version="):
            store.create_signed_url(key)


@pytest.mark.parametrize("place", ["endpoint_url", "public_endpoint"])
@pytest.mark.parametrize(
    "endpoint",
    [
        "https://maps.storage.googleapis.com",
        "https://MAPS.storage.googleapis.com:443",
        "https://storage.googleapis.com/maps/",
    ],
)
def test_an_endpoint_of_google_s_that_names_a_bucket_is_refused(place, endpoint):
    """A link would lead to the object ``maps/k`` of the bucket: users paste what a console shows."""
    given = {place: endpoint}
    public = given.pop("public_endpoint", None)
    store = daypass.Store(
        "gs://maps",
        storage_options={"token": "anon", **given},
        public_endpoint=public,
        signer_options=HMAC,
    )
    with pytest.raises(daypass.InvalidRequestError, match=f"{place} names the bucket '"):
        store.create_signed_url("k")


def test_other_endpoints_may_have_a_path():
    store = daypass.Store(
        "gs://maps",
        storage_options={"token": "anon", "endpoint_url": "https://storage.googleapis.com/"},
        public_endpoint="https://files.example.org/maps",
        signer_options=HMAC,
    )
    assert store.create_signed_url("k").url.startswith("https://files.example.org/maps/maps/k?")
