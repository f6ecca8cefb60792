"""A store that lets pages of any origin send, and a service before it."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def bucket(local, bucket):
    """A bucket that lets pages of any origin read and send, as the demo's does."""
    rule = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "PUT", "POST"], "AllowedHeaders": ["*"]}  # fmt: skip
    local.client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    local.client.put_object(Bucket=bucket, Key="a.csv", Body=b"content")
    return bucket


@pytest.fixture(scope="module")
def service(local):
    """A service whose store is this one."""
    from tests.servers.links import links_service  # which daypass-notebook alone has not

    env = {
        "AWS_ACCESS_KEY_ID": local.access_key,
        "AWS_SECRET_ACCESS_KEY": local.secret,
        "AWS_ENDPOINT_URL": local.endpoint,
        "AWS_DEFAULT_REGION": local.region,
    }
    with links_service("", env) as running:
        yield running
