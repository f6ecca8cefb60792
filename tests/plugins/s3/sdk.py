"""What boto3 signs, and the values that it is tried with."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from unittest.mock import patch
from urllib.parse import parse_qsl, quote, urlencode

import boto3
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from hypothesis import strategies as st

import daypass
from tests.core.values import is_path

STORES = {
    "region": {"region_name": "eu-west-1", "s3": {"addressing_style": "virtual"}},
    "us-east-1": {"region_name": "us-east-1", "s3": {"addressing_style": "virtual"}},
    "path": {"region_name": "eu-central-1", "s3": {"addressing_style": "path"}},
    "custom": {"region_name": "us-east-1", "endpoint_url": "http://127.0.0.1:9000"},
    "custom virtual": {
        "region_name": "us-east-1",
        "endpoint_url": "https://minio.example.com:9443",
        "s3": {"addressing_style": "virtual"},
    },
    "accelerate": {"region_name": "eu-west-1", "s3": {"use_accelerate_endpoint": True}},
    "dual-stack": {"region_name": "eu-west-1", "use_dualstack_endpoint": True},
    "fips": {"region_name": "us-gov-west-1", "use_fips_endpoint": True},
    "china": {"region_name": "cn-north-1"},
    "gcs interoperability": {
        "region_name": "auto",
        "endpoint_url": "https://storage.googleapis.com",
    },
}
BUCKETS = ["bucket", "dotted.bucket.name", "Upper_case"]
KEYS = {
    "plain": ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None),
    "temporary": ("ASIAEXAMPLE", "secret/+=", "IQoJb3JpZ2luX2VjE//token+with/slashes=="),
    "colon": ("test:tester", "testing", None),
}

keys = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029"),
    min_size=1,
    max_size=80,
).filter(lambda key: not is_path(key) and not {".", ".."} & set(key.split("/")))
header_values = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
spaced_values = st.lists(header_values, min_size=1, max_size=4).map("  ".join)
names = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.", min_size=1, max_size=12)
moments = st.datetimes(
    datetime(2000, 1, 1),
    datetime(2035, 1, 1),
    timezones=st.just(UTC),
).map(lambda moment: moment.replace(microsecond=0))
lifetimes = st.integers(1, 604_800)


def split(store):
    """Return what goes to the client itself, and what to its Config."""
    config = {
        name: value
        for name, value in STORES[store].items()
        if name not in ("region_name", "endpoint_url")
    }
    client = {name: value for name, value in STORES[store].items() if name not in config}
    return client, config


@cache
def boto(store, credentials):
    client, config = split(store)
    access, secret, token = KEYS[credentials]
    if "endpoint_url" not in client:
        config = {**config, "s3": {"addressing_style": "virtual", **config.get("s3", {})}}
    return boto3.client(
        "s3",
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(signature_version="s3v4", **config),
        **client,
    )


@cache
def ours(store, credentials, bucket):
    client, config = split(store)
    access, secret, token = KEYS[credentials]
    return daypass.Store(
        f"s3://{bucket}",
        storage_options={
            "key": access,
            "secret": secret,
            "token": token,
            "endpoint_url": client.pop("endpoint_url", None),
            "client_kwargs": client,
            "config_kwargs": config,
        },
        # Where the token's end is known nothing is uncertain, so nothing warns.
        signer_options={"credentials_expire_at": "2036-01-01T00:00:00+00:00"},
    )


def theirs(store, credentials, operation, moment, lifetime, params):
    naive = moment.replace(tzinfo=None)
    with patch("botocore.auth.get_current_datetime", return_value=naive):
        return boto(store, credentials).generate_presigned_url(
            operation, Params=params, ExpiresIn=lifetime
        )


def theirs_by_url(credentials, method, url, moment, lifetime):
    """Let botocore's signer alone sign a URL with its parameters, whatever they are; return its pairs."""
    access, secret, token = KEYS[credentials]
    place, _, query = url.partition("?")
    given = dict(parse_qsl(query, keep_blank_values=True))
    region = given["X-Amz-Credential"].split("/")[-3]
    rest = {name: value for name, value in given.items() if not name.startswith("X-Amz-")}
    request = AWSRequest(method=method, url=f"{place}?{urlencode(rest, quote_via=quote)}")
    auth = S3SigV4QueryAuth(Credentials(access, secret, token), "s3", region, expires=lifetime)
    with patch("botocore.auth.get_current_datetime", return_value=moment.replace(tzinfo=None)):
        auth.add_auth(request)
    return sorted(request.url.partition("?")[2].split("&"))


places = st.tuples(st.sampled_from(sorted(STORES)), st.sampled_from(sorted(KEYS)))


VECTORS = Path(__file__).parents[2] / "vectors" / "s3"
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


def by_boto3(
    operation="get_object", *, version="s3v4", token=None, lifetime=3600, now=NOW, **client
):
    params = client.pop("params", {"Bucket": "maps", "Key": "a b//é.tif"})
    made = boto3.client(
        "s3",
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="made-up",
        aws_session_token=token,
        region_name=client.pop("region_name", "eu-west-1"),
        config=Config(signature_version=version, s3={"addressing_style": "virtual"}),
        **client,
    )
    with (
        patch("botocore.auth.get_current_datetime", return_value=now.replace(tzinfo=None)),
        patch("botocore.auth.time.time", return_value=now.timestamp()),
    ):
        return made.generate_presigned_url(operation, Params=params, ExpiresIn=lifetime)
