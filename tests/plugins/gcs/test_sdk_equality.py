"""Our bytes against google-cloud-storage's: any key, header, bucket, time and style."""

from base64 import b64encode
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass.model.checks import is_owned
from daypass.model.headers import folded
from tests.conftest import examples
from tests.plugins.gcs.sdk import (
    BUCKETS,
    KEYS,
    LIFETIMES,
    STYLES,
    TIMES,
    TOKENS,
    VALUES,
    by_google,
    by_us,
)

UPLOADS = st.fixed_dictionaries(
    {},
    optional={
        "content_type": VALUES,
        "content_md5": st.binary(min_size=16, max_size=16).map(lambda raw: b64encode(raw).decode()),
        "max_bytes": st.integers(0, 2**50),
        "storage_class": st.sampled_from(["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"]),
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
        "query": st.dictionaries(
            st.from_regex(r"x-[a-z0-9._~-]{1,9}", fullmatch=True).filter(
                lambda name: not is_owned(folded(name))
            ),
            KEYS,
            min_size=1,
            max_size=4,
        ).filter(lambda query: sorted(query) == sorted(query, key=lambda name: f"{name}=")),
    },
)


@pytest.mark.parametrize(
    "names", [("x-0", "x-00"), ("x", "x-a"), ("a", "a.b"), ("X",), ("generation-x", "y")]
)
def test_parameters_that_google_sorts_in_two_ways_are_refused(credentials, names):
    """The SDK signs another canonical request than its documentation says, so either link may be dead."""
    query = dict.fromkeys(names, "1")
    with pytest.raises(daypass.InvalidRequestError, match="sort such parameters differently"):
        by_us(
            credentials,
            "bucket",
            "key",
            "GET",
            60,
            datetime(2026, 5, 4, tzinfo=UTC),
            query=query,
            version="5",
        )


def headers_of(options):
    """Translate options into the headers that Google's SDK wants to be told."""
    headers = {f"x-goog-meta-{name}": value for name, value in options.get("metadata", {}).items()}
    headers.update(options.get("headers", {}))
    if "max_bytes" in options:
        headers["x-goog-content-length-range"] = f"0,{options['max_bytes']}"
    if "storage_class" in options:
        headers["x-goog-storage-class"] = options["storage_class"]
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
        query_parameters=options.get("query"),
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
