"""boto3's client for a store that the tests have started, with which a test prepares and looks."""

from __future__ import annotations

from typing import Any


def s3_client(server: Any) -> Any:
    """Return a client with the owner's keys, that signs by Version 4 and goes through no proxy."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name=server.region,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, proxies={}),
    )
