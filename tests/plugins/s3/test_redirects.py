"""No request that carries a credential is sent on to another host."""

from __future__ import annotations

import pytest

import daypass
from daypass.errors import DaypassError, StoreError
from tests.servers.redirecting import serving


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_head_follows_no_redirect_to_another_host(status):
    with serving(404) as other, serving(status, other.url) as first:
        options = {
            "endpoint_url": first.url,
            "key": "AK",
            "secret": "planted-secret",
            "token": "planted-token",
            "client_kwargs": {"region_name": "eu-west-1"},
        }
        with pytest.raises(DaypassError):
            daypass.head_metadata("s3://bucket/k", storage_options=options)
    assert any("authorization" in request.lower() for request in first.seen)
    assert other.seen == []


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_head_says_which_redirect_was_answered(status):
    """The SDK asks where the bucket is, once, and is led astray again."""
    with serving(status, "http://127.0.0.1:1") as store:
        options = {
            "endpoint_url": store.url,
            "key": "AK",
            "secret": "planted-secret",
            "client_kwargs": {"region_name": "eu-west-1"},
        }
        with pytest.raises(StoreError, match=f"it answered {status}") as caught:
            daypass.head_metadata("s3://bucket/k", storage_options=options)
    assert caught.value.status == status
    assert len(store.seen) <= 3
