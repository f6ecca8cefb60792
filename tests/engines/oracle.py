"""What is signed, and what boto3 signs for the second in which a row was signed."""

from __future__ import annotations

import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import boto3
from botocore.config import Config

from daypass.demo.server import Server

#: What lies in the bucket `maps`. Some names need encoding, which engines are known to do once more.
KEYS = [*(f"{number}.tif" for number in range(198)), "a b+c%20.tif", "ü/é.tif"]
_DAY = timedelta(days=1)


def assert_signed(table: Any, server: Server) -> None:
    """Hold links that a day is left of against boto3's, and read by some of them."""
    rows = table.to_pylist()
    assert sorted(row["path"] for row in rows) == sorted(f"s3://maps/{key}" for key in KEYS)
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret,
        region_name=server.region,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    for row in rows:
        url = row["url"]
        (said,) = parse_qs(urlsplit(url).query)["X-Amz-Date"]
        signed = datetime.strptime(said, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        params = {"Bucket": "maps", "Key": row["path"].removeprefix("s3://maps/")}
        with patch("botocore.auth.get_current_datetime", return_value=signed.replace(tzinfo=None)):
            theirs = client.generate_presigned_url("get_object", Params=params, ExpiresIn=86_400)
        assert url == theirs
        assert row["expires_at"].replace(tzinfo=UTC) == signed + _DAY
    for row in rows[::20]:
        with urllib.request.urlopen(row["url"], timeout=60) as answer:
            assert f"s3://maps/{answer.read().decode()}" == row["path"]
