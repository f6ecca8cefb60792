"""A server of S3 that the tests have started, and how clients reach it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
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


@dataclass(frozen=True)
class S3Server:
    """A running server."""

    #: ``http://127.0.0.1:port``.
    endpoint: str
    access_key: str
    secret: str
    region: str = "us-east-1"

    @property
    def storage_options(self) -> dict[str, Any]:
        """Options with which ``s3fs`` and daypass reach the server, and nothing beyond it."""
        return {
            "key": self.access_key,
            "secret": self.secret,
            "endpoint_url": self.endpoint,
            "client_kwargs": {"region_name": self.region},
            "config_kwargs": {"proxies": {}, "s3": {"addressing_style": "path"}},
        }

    @functools.cached_property
    def client(self) -> Any:
        """boto3's client, with which a test prepares and looks."""
        return s3_client(self)
