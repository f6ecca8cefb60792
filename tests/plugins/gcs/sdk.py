"""What Google's SDK signs, and the values that it is tried with."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from unittest.mock import patch

import pytest
from google.cloud.storage import Client, _signing
from hypothesis import strategies as st

import daypass
from tests.core.values import is_path
from tests.plugins.gcs.conftest import VECTORS

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


def vectors():
    cases = json.loads((VECTORS / "v4_signed_url.json").read_text())["cases"]
    return [pytest.param(case, id=case["id"]) for case in cases]


#: Any character that is no control and no surrogate; dot segments are for the core's tests.
KEYS = (
    st.text(
        st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\u2028\u2029"),
        min_size=1,
        max_size=60,
    )
    .filter(lambda key: len(key.encode()) <= 1024)
    .filter(lambda key: not is_path(key) and not {".", ".."} & set(key.split("/")))
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
