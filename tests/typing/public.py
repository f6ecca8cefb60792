"""What a type checker sees of the public names. Nobody runs this; mypy reads it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import assert_type

import daypass


def signing() -> None:
    """Every option has a type, and the answer's parts too."""
    link = daypass.create_signed_url(
        "s3://bucket/key",
        method="PUT",
        expires_in=timedelta(minutes=15),
        content_md5=b"0123456789abcdef",
        metadata={"origin": "sensor"},
        signing_time=datetime.now(UTC),
        storage_options={"anon": False},
    )
    assert_type(link, daypass.SignedURL)
    assert_type(link.headers, dict[str, str])
    assert_type(link.expires_at, datetime)
    assert_type(link.permits, frozenset[str])


def mistakes() -> None:
    """A misspelt option and a wrong type are found before anything runs."""
    daypass.create_signed_url("s3://bucket/key", expire_in=60)  # type: ignore[call-arg]
    daypass.create_signed_url("s3://bucket/key", if_absent="yes")  # type: ignore[arg-type]


def reading(store: daypass.Store) -> None:
    """Only ``missing_ok`` makes the answer optional."""
    assert_type(store.head_metadata("key"), daypass.ObjectMetadata)
    assert_type(store.head_metadata("key", missing_ok=True), daypass.ObjectMetadata | None)
    assert_type(daypass.head_metadata("s3://bucket/key").size, int | None)


async def asynchronous(store: daypass.Store) -> None:
    """The asynchronous face answers the same."""
    assert_type(await store.acreate_signed_url("key", expires_in="1h"), daypass.SignedURL)
    assert_type(await daypass.acreate_signed_url("s3://bucket/key"), daypass.SignedURL)
