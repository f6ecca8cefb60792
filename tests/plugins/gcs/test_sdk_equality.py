"""Our bytes against google-cloud-storage's: any key, header, bucket, time and style."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from functools import cache
from unittest.mock import patch

import pytest
from google.cloud.storage import Client, _signing
from hypothesis import given
from hypothesis import strategies as st

import daypass
from tests.conftest import examples

#: Any character that is no control and no surrogate; dot segments are for the core's tests.
KEYS = (
    st.text(
        st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\u2028\u2029"),
        min_size=1,
        max_size=60,
    )
    .filter(lambda key: len(key.encode()) <= 1024)
    .filter(lambda key: not {".", ".."} & set(key.split("/")))
    .filter(lambda key: "::" not in key)  # a path with it is a chain of filesystems
)
BUCKETS = st.sampled_from(["bucket", "with-dash", "under_score", "dotted.bucket.name", "b2"])
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(9990, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)
TOKENS = st.from_regex(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,20}", fullmatch=True)
VALUES = (
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40)
    .map(str.strip)
    .filter(bool)
)
LIFETIMES = st.integers(1, 604_800)
UPLOADS = st.fixed_dictionaries(
    {},
    optional={
        "content_type": VALUES,
        "content_md5": st.binary(min_size=16, max_size=16).map(lambda raw: b64encode(raw).decode()),
        "max_bytes": st.integers(0, 2**50),
        "if_absent": st.just(value=True),
        "metadata": st.dictionaries(TOKENS.map(str.lower), VALUES, max_size=3),
        "headers": st.dictionaries(
            TOKENS.map(lambda name: f"x-goog-custom-audit-{name}".lower()), VALUES, max_size=3
        ),
    },
)
DOWNLOADS = st.fixed_dictionaries(
    {},
    optional={
        "response_content_type": VALUES,
        "response_content_disposition": VALUES,
        "version": st.integers(1, 2**62).map(str),
    },
)
STYLES = {
    "path": ({}, {}, None),
    "virtual": ({"virtual_hosted_style": True}, {"virtual_hosted_style": True}, None),
    "bound": (
        {"bucket_bound_hostname": "media.example"},
        {"bucket_bound_hostname": "media.example", "scheme": "https"},
        None,
    ),
    "bound http": (
        {"bucket_bound_hostname": "http://media.example"},
        {"bucket_bound_hostname": "media.example", "scheme": "http"},
        None,
    ),
    "endpoint": (
        {},
        {"api_access_endpoint": "https://gcs.example:8443"},
        "https://gcs.example:8443",
    ),
}


@cache
def client(credentials):
    return Client("p", credentials)


def by_google(credentials, bucket, key, method, lifetime, now, **options):
    """Let the SDK sign at a given second; it has no clock to inject but these two."""
    stamp = f"{now:%Y%m%dT%H%M%SZ}"
    with patch.object(_signing, "get_v4_now_dtstamps", return_value=(stamp, stamp[:8])):
        blob = client(credentials).bucket(bucket).blob(key)
        return blob.generate_signed_url(
            version="v4", expiration=timedelta(seconds=lifetime), method=method, **options
        )


def by_us(credentials, bucket, key, method, lifetime, now, style="path", **options):
    signer, _, endpoint = STYLES[style]
    return daypass.create_signed_url(
        f"gs://{bucket}/{key}",
        method=method,
        expires_in=lifetime,
        signing_time=now,
        storage_options={"token": credentials, "endpoint_url": endpoint},
        signer_options=signer,
        **options,
    )


def headers_of(options):
    """Translate options into the headers that Google's SDK wants to be told."""
    headers = {f"x-goog-meta-{name}": value for name, value in options.get("metadata", {}).items()}
    headers.update(options.get("headers", {}))
    if "max_bytes" in options:
        headers["x-goog-content-length-range"] = f"0,{options['max_bytes']}"
    if options.get("if_absent"):
        headers["x-goog-if-generation-match"] = "0"
    return headers


@examples(50)
@given(bucket=BUCKETS, key=KEYS, now=TIMES, lifetime=LIFETIMES, options=UPLOADS)
def test_uploads_equal_the_sdk_s(credentials, bucket, key, now, lifetime, options):
    ours = by_us(credentials, bucket, key, "PUT", lifetime, now, **options)
    theirs = by_google(
        credentials,
        bucket,
        key,
        "PUT",
        lifetime,
        now,
        headers=headers_of(options),
        content_type=options.get("content_type"),
        content_md5=options.get("content_md5"),
    )

    assert ours.url == theirs


@examples(50)
@given(
    bucket=BUCKETS,
    key=KEYS,
    now=TIMES,
    lifetime=LIFETIMES,
    options=DOWNLOADS,
    method=st.sampled_from(["GET", "HEAD"]),
)
def test_downloads_equal_the_sdk_s(credentials, bucket, key, now, lifetime, options, method):
    ours = by_us(credentials, bucket, key, method, lifetime, now, **options)
    theirs = by_google(
        credentials,
        bucket,
        key,
        method,
        lifetime,
        now,
        response_type=options.get("response_content_type"),
        response_disposition=options.get("response_content_disposition"),
        generation=options.get("version"),
    )

    assert ours.url == theirs


@pytest.mark.parametrize("style", STYLES)
@examples(25)
@given(key=KEYS, now=TIMES, method=st.sampled_from(["GET", "PUT", "DELETE", "HEAD"]))
def test_every_style_equals_the_sdk_s(credentials, style, key, now, method):
    ours = by_us(credentials, "bucket", key, method, 60, now, style)
    theirs = by_google(credentials, "bucket", key, method, 60, now, **STYLES[style][1])

    assert ours.url == theirs


@examples(25)
@given(key=KEYS, now=TIMES, project=st.from_regex(r"[a-z][a-z0-9-]{4,20}[a-z0-9]", fullmatch=True))
def test_requester_pays_equals_the_sdk_s(credentials, key, now, project):
    ours = daypass.create_signed_url(
        f"gs://bucket/{key}",
        signing_time=now,
        expires_in=60,
        requester_pays=True,
        storage_options={"token": credentials},
        signer_options={"user_project": project},
    )
    theirs = by_google(
        credentials, "bucket", key, "GET", 60, now, query_parameters={"userProject": project}
    )

    assert ours.url == theirs


def test_we_part_from_the_sdk_where_it_signs_a_port_that_is_not_sent(credentials):
    now = datetime(2026, 5, 4, tzinfo=UTC)
    endpoint = "https://storage.googleapis.com:443"

    theirs = by_google(credentials, "bucket", "k", "GET", 60, now, api_access_endpoint=endpoint)
    ours = daypass.create_signed_url(
        "gs://bucket/k",
        signing_time=now,
        expires_in=60,
        storage_options={"token": credentials, "endpoint_url": endpoint},
    ).url

    assert ours.partition("&X-Goog-Signature=")[0] == theirs.partition("&X-Goog-Signature=")[0]
    assert ours != theirs
